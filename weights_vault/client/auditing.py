"""Checks proofs from the audit log, offline: the log's signature, the place in the tree, what is disclosed.

Trust comes from keys alone: those given on the command line, else those that the portal's trust document
named when this machine last accepted one. What else is held of the log (an earlier or later checkpoint) makes
a log visible that shows different people different entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weights_vault.client.errors import IntegrityFailure, WrongUsage, machine_fault
from weights_vault.client.pins import Pins
from weights_vault.client.settings import Settings
from weights_vault.sealed.errors import LogTampered, SealedError, WrongSubject
from weights_vault.sealed.log.checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from weights_vault.sealed.log.growth import GROWTH, Growth, parse_growth, verify_growth
from weights_vault.sealed.log.note import COSIGNATURE, LOG_SIGNATURE, NoteVerifier
from weights_vault.sealed.log.proof import HEADER, MAX_PROOF_SIZE, VerifiedEntry, verify_proof

_READABLE = "Name a file that you may read."


@dataclass(frozen=True)
class Keys:
    """Whom to believe. needed: how many of `witnesses` (by name) must have signed."""

    log: tuple[NoteVerifier, ...]
    witnesses: tuple[NoteVerifier, ...] = ()
    needed: int = 0

    @property
    def all(self) -> list[NoteVerifier]:
        return [*self.log, *self.witnesses]


@dataclass(frozen=True)
class Held:
    """What is held of the log beside the proofs. growths: text and parts of each file."""

    checkpoint: OpenedCheckpoint | None = None
    growths: tuple[tuple[str, Growth], ...] = ()


@dataclass(frozen=True)
class Shown:
    """What one proof shows.

    consistent_with: sizes of other checkpoints that it was held against. witnesses: who signed the proof's
    checkpoint, or a later one that grew out of it.
    """

    entry: VerifiedEntry
    consistent_with: tuple[int, ...] = ()
    witnesses: tuple[str, ...] = ()


def choose_keys(settings: Settings, log: Sequence[str], witnesses: Sequence[str], needed: int | None) -> Keys:
    """The keys of the command line, else those that this machine knows of the portal's log.

    needed: how many witnesses; None: all that are named.
    Raises: WrongUsage(log-key-unusable | log-key-unknown | portal-url-unusable | witnesses-too-few).
    """
    known = tuple(_verifier(text, LOG_SIGNATURE) for text in log or _pinned(settings))
    named = tuple(_verifier(text, COSIGNATURE) for text in witnesses)
    names, keys = {each.name for each in named}, {each.key.raw for each in named}
    if len(keys) < len(set(named)):
        raise _unusable("Two witnesses have one key: their signatures are those of one.")
    if keys & {each.key.raw for each in known}:
        raise _unusable("A witness has the log's own key: it would vouch for itself.")
    wanted = len(names) if needed is None else needed
    if wanted > len(names):
        raise WrongUsage(
            "witnesses-too-few",
            f"{wanted} witnesses cannot have signed.",
            f"--witness names {len(names) or 'none'}, and no other is believed.",
            "Name each with --witness VKEY, or ask for fewer with --witnesses N.",
        )
    return Keys(known, named, wanted)


def read_held(checkpoint: Path | None, growths: Sequence[Path], keys: Keys) -> Held:
    """What is held of the log beside the proofs.

    Raises: WrongUsage(file-missing | not-a-checkpoint | not-a-growth); IntegrityFailure; MachineFault.
    """
    with_text = [(path, _growth_text(path)) for path in growths]
    try:
        opened = open_checkpoint(_checkpoint_text(checkpoint), keys.all) if checkpoint else None
    except SealedError as error:
        raise _refused(error, f"The checkpoint in {checkpoint} is refused.") from None
    parsed = []
    for path, text in with_text:
        try:
            parsed.append((text, parse_growth(text)))
        except SealedError as error:
            raise _refused(error, f"{path} does not show that the log grew.") from None
    return Held(opened, tuple(parsed))


def check_proof(path: Path, keys: Keys, held: Held) -> Shown:
    """What the proof in a file shows.

    Raises: WrongUsage(not-a-proof | growth-missing | growth-unrelated); IntegrityFailure; MachineFault.
    """
    text = read_text(path)
    if not text.startswith(HEADER + "\n"):
        raise WrongUsage(
            "not-a-proof",
            f"{path} is not a proof from an audit log.",
            f"Such a file begins with {HEADER}.",
            "Name a file as the portal gave it, ending with .tlog-proof: mail and editors change lines.",
        )
    try:
        entry = verify_proof(text, keys.all)
        later = _compared(entry.checkpoint, keys, held)
    except SealedError as error:
        raise _refused(error, f"{path} proves nothing.") from None
    seen = [entry.witnesses, *(each.note.witnesses for each in later)]
    best = max(map(tuple, seen), key=len)
    if len(best) < keys.needed:
        raise IntegrityFailure(
            "witnesses-missing",
            f"{path} was not seen by enough witnesses.",
            f"{len(best)} of {keys.needed} signed: {', '.join(best) or 'none'}.",
            "Ask for a proof under a later checkpoint; if it stays, the log may show others something else.",
        )
    sizes = [each.checkpoint.size for each in later]
    if held.checkpoint:
        sizes.append(held.checkpoint.checkpoint.size)
    return Shown(entry, tuple(sorted(set(sizes))), best)


def read_text(path: Path) -> str:
    """The text of a file. Bytes that are no UTF-8 are kept apart, for the reader to refuse."""
    try:
        with path.expanduser().open("rb") as file:
            return file.read(4 * MAX_PROOF_SIZE + 1).decode("utf-8", "surrogateescape")
    except (FileNotFoundError, IsADirectoryError):
        raise WrongUsage(
            "file-missing", f"{path} is not a file.", "There is none of this name.", _READABLE
        ) from None
    except OSError as error:
        raise machine_fault(error, f"{path} cannot be read.", _READABLE) from None


def _checkpoint_text(path: Path) -> str:
    text = read_text(path)
    if text.startswith((HEADER, GROWTH)):
        raise WrongUsage(
            "not-a-checkpoint",
            f"{path} is not a checkpoint.",
            "It is a proof: of an entry, or of the log's growth.",
            "A proof of an entry stands without an option; one of growth behind --consistency.",
        )
    return text


def _growth_text(path: Path) -> str:
    text = read_text(path)
    if not text.startswith(GROWTH):
        raise WrongUsage(
            "not-a-growth",
            f"{path} is not a proof of growth.",
            f"Such a file begins with “{GROWTH}” and a number of entries.",
            "Name a file of /api/v1/audit/consistency. A checkpoint stands behind --checkpoint.",
        )
    return text


def _compared(own: Checkpoint, keys: Keys, held: Held) -> list[OpenedCheckpoint]:
    """Hold a proof's checkpoint against what else is held. Returns: later checkpoints, shown to have grown.

    Raises: LogTampered and other SealedErrors; WrongUsage(growth-missing | growth-unrelated).
    """
    later = [
        verify_growth(text, own, keys.all) for text, growth in held.growths if growth.old_size == own.size
    ]
    if held.checkpoint is None:
        if held.growths and not later:
            raise _unrelated(own)
        return later
    other = held.checkpoint.checkpoint
    if other.origin != own.origin:
        raise WrongSubject("the checkpoint is of another log than the proof", reference="log-wrong-origin")
    older, newer = sorted((own, other), key=lambda each: each.size)
    if older.size < newer.size:
        _show_growth(older, newer, keys, held)
    elif older.root != newer.root:
        raise _split(older.size)
    return [*later, held.checkpoint] if own.size < other.size else later


def _show_growth(older: Checkpoint, newer: Checkpoint, keys: Keys, held: Held) -> None:
    """Return if one of the files held shows that the one checkpoint grew out of the other."""
    for text, growth in held.growths:
        if growth.old_size == older.size:
            shown = verify_growth(text, older, keys.all).checkpoint
            if shown.size == newer.size:
                if shown.root != newer.root:
                    raise _split(newer.size)
                return
    raise WrongUsage(
        "growth-missing",
        f"Nothing here shows how the log grew from {older.size} to {newer.size} entries.",
        "The proof and the checkpoint are of different sizes, and each may be of a log of its own.",
        f"The portal gives it at /api/v1/audit/consistency?old={older.size}&new={newer.size}: "
        "pass it with --consistency FILE.",
    )


def _unrelated(own: Checkpoint) -> WrongUsage:
    return WrongUsage(
        "growth-unrelated",
        f"No proof of growth here begins at the proof's checkpoint of {own.size} entries.",
        "It would say nothing about that checkpoint.",
        "Pass one that begins there, or the other checkpoint too, with --checkpoint FILE.",
    )


def _split(size: int) -> LogTampered:
    return LogTampered(
        f"the log signed two different trees of {size} entries: it showed somebody something else",
        reference="log-split",
    )


def _pinned(settings: Settings) -> tuple[str, ...]:
    try:
        portal = settings.portal_url()
    except WrongUsage as error:
        if error.reference != "no-portal":
            raise
        raise _unknown("The key of the audit log is not known on this machine.", "https://HOST") from None
    pins = Pins(settings.home, portal)
    # What another root named says nothing about the one that the person insists on.
    same = settings.portal_key is None or settings.portal_key.strip().lower() == pins.root
    keys = pins.log if same else ()
    if not keys:
        raise _unknown(f"The key of {portal}'s audit log is not known on this machine.", portal)
    return keys


def _unknown(what: str, portal: str) -> WrongUsage:
    return WrongUsage(
        "log-key-unknown",
        what,
        "A proof cannot vouch for itself: it must be signed by a key that you trust.",
        f"Run `weights login --portal {portal}` once, or pass the key with --log-key VKEY.",
    )


def _verifier(text: str, kind: int) -> NoteVerifier:
    try:
        verifier = NoteVerifier.from_text(text.strip())
    except SealedError as error:
        raise _unusable(f"{error}.") from None
    if verifier.kind != kind:
        raise _unusable(
            "It is a key of a witness."
            if kind == LOG_SIGNATURE
            else "It is a key of a log, not of a witness."
        )
    return verifier


def _unusable(why: str) -> WrongUsage:
    return WrongUsage(
        "log-key-unusable",
        "A key of the log or of a witness cannot be used.",
        why,
        "It looks like name+0123abcd+base64; copy it whole, from a place that you trust.",
    )


def _refused(error: SealedError, what: str) -> IntegrityFailure:
    return IntegrityFailure(
        error.reference,
        what,
        f"{error}.",
        "Keep the file as it is, and show it to somebody who does not depend on the portal.",
    )
