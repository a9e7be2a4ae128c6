"""What the log says of itself, in sentences."""

from typing import Final

from portal.core.log import sentences

SENTENCES: Final = {
    "log.folder_renewed": "The log signer's folder was made anew, decided by {decided_by}[: “{reason}”].",
    "log.key_replaced": (
        "The log’s key {before} was replaced by {after}, decided by {decided_by}[: “{reason}”]."
    ),
    "log.repaired": (
        "{entries} entries that a restored database lacked were adopted, "
        "decided by {decided_by}[: “{reason}”]."
    ),
}

sentences.register(SENTENCES)
sentences.register_things({"log": ("the log", "")})
