"""Why the signer signs nothing: what the database says and what its own files say do not agree.

    LogRefused
    ├── HeadLost      no checkpoint that can be read in the folder, though the database has some
    ├── HeadUnknown   the database has a later checkpoint than the folder: another signer, or an old folder
    ├── KeyChanged    another key than the signer's signed the last head
    ├── KeyUnlisted   a key signed it that LOG_VERIFIER does not list
    ├── Behind        the database lost entries: it was put back to an earlier day (J3)
    └── Rewritten     the database contradicts what was signed or journaled

Each message says what was found and, after an arrow, what to do. None of them goes away by itself.
"""


class LogRefused(Exception):
    """code: a stable word. Its text: what was found, and the next step."""

    code = "log-refused"


class HeadLost(LogRefused):
    code = "log-head-lost"

    def __init__(self, folder: object, why: str) -> None:
        super().__init__(
            f"The last signed head of the log is not in {folder} ({why}), but the database holds heads.\n"
            "→ Put the folder back from its disk. Where it is gone for good: python manage.py audit verify, "
            "then python manage.py audit repair --trust-database --by YOUR-NAME"
        )


class HeadUnknown(LogRefused):
    code = "log-head-unknown"

    def __init__(self, row: object, file: object) -> None:
        super().__init__(
            f"The database holds a signed head of {row}, the signer's folder only one of {file}: another "
            "signer works on this database, or the folder was put back to an earlier day.\n"
            "→ Stop the other signer. Give this one the newest folder (LOG_CHECKPOINTS)."
        )


class KeyChanged(LogRefused):
    code = "log-key-changed"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The last head, of {size} entries, was signed by another key than LOG_KEY. Was it replaced?\n"
            "→ If LOG_KEY is the new one: python manage.py log_signer --replace-key --by YOUR-NAME. If it is "
            "the old one, start the signer with the new one."
        )


class KeyUnlisted(LogRefused):
    code = "log-key-unlisted"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The last head, of {size} entries, was signed by no key that LOG_VERIFIER lists.\n"
            "→ While the key is replaced, LOG_VERIFIER lists both, the new one first: NEW,OLD. If nobody "
            "replaces it, give LOG_VERIFIER back what it was."
        )


class KeyStands(LogRefused):
    code = "log-key-stands"

    def __init__(self) -> None:
        super().__init__(
            "Nothing is to be replaced: LOG_KEY signed the last head, or nothing is signed yet.\n"
            "→ To replace it, make another key (--make-key PATH), and set LOG_KEY and LOG_VERIFIER to it."
        )


class Behind(LogRefused):
    code = "log-behind"

    def __init__(self, held: object, known: int, lost: int) -> None:
        """held: the database's head. known: entries that the files know. lost: how many of them are gone."""
        super().__init__(
            f"The database holds {held}; {known} entries were journaled. {lost} are lost: a backup was "
            "restored. What they took away is held: python manage.py audit repair lists it.\n"
            "→ Restore a newer backup, or take the lost entries over from the journal: "
            "python manage.py audit repair --adopt --by YOUR-NAME"
        )
        self.lost = lost


class Rewritten(LogRefused):
    code = "log-rewritten"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"The database contradicts what was signed: {where}. Somebody changed the log in the database.\n"
            "→ Run: python manage.py audit verify. Keep the database as it is for whoever investigates, and "
            "restore a backup from before the change. The signer signs no second version."
        )
