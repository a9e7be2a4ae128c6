"""Witnesses: others who sign that each head they saw grew out of the one before (C2SP tlog-witness).

LOG_WITNESSES lists them as URL VKEY pairs, with commas between the pairs. A head that a witness cosigned
cannot be taken back by anybody who holds the log's key and the database.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from portal.core.log.keys import verifiers
from portal.core.log.proofs import consistency
from portal.core.log.signing import read_head
from portal.core.log.stored import head_at
from portal.core.models import LogCheckpoint
from weights_vault.sealed.errors import LogMalformed, LogTampered, SealedError
from weights_vault.sealed.log.checkpoint import parse_checkpoint
from weights_vault.sealed.log.note import COSIGNATURE, NoteVerifier, open_note

logger = logging.getLogger(__name__)

TIMEOUT_S = 3.0
AGAIN_S = 60.0  # a witness that did not sign is left alone for so long: the next head must not wait for it
MAX_ANSWER = 8_192  # bytes
_SEARCHED = 1_000  # newest heads in which its line is looked for; a witness corrects what is wrong (409)
_AT_ONCE = 50
_SIZE_ANSWER = "text/x.tlog.size"

_left_alone: dict[str, float] = {}


@dataclass(frozen=True)
class Witness:
    """url: where `add-checkpoint` is. key: its cosigning key."""

    url: str
    key: NoteVerifier


class WitnessRefused(Exception):
    """A witness did not sign. Its text says why, in words for operators."""


def configured() -> list[Witness]:
    """Return the witnesses of LOG_WITNESSES. Raises: ImproperlyConfigured."""
    return [_witness(pair) for pair in settings.LOG_WITNESSES.split(",") if pair.strip()]


def ask_and_keep(witness: Witness, row: LogCheckpoint) -> None:
    """Ask one witness for its line under a head, and keep it with the head.

    What it answers instead is logged, and it is left alone for AGAIN_S: the log goes on without it.
    """
    try:
        add_line(row, ask(witness, row))
    except WitnessRefused as error:
        _left_alone[witness.url] = time.monotonic() + AGAIN_S
        logger.warning("witness %s did not sign the head of %d: %s", witness.key.name, row.size, error)


def ask(witness: Witness, row: LogCheckpoint) -> str:
    """Return the witness's signature lines for a head.

    It is offered growth from the head that it signed last, as far as we know; where it knows another one
    (409), from that. Raises: WitnessRefused.
    """
    old = _last_cosigned(witness)
    for _ in range(2):
        answer = _post(witness, row, old)
        if answer.status_code == httpx.codes.OK:
            return _text(answer)
        told = _told_size(answer)
        if told is None or told == old or told > row.size:
            raise WitnessRefused(_in_words(answer, told, row))
        old = told
    raise WitnessRefused("it names another head each time")


@transaction.atomic
def add_line(row: LogCheckpoint, lines: str) -> list[str]:
    """Keep signature lines with a checkpoint, those that a configured witness made over it.

    Returns: the names of these witnesses. Raises: WitnessRefused: there is none, or one does not fit.
    """
    # Another witness may have signed while this one was asked, or the signer the same head again.
    kept = LogCheckpoint.objects.select_for_update().filter(size=row.size).first()
    row.note = row.note if kept is None else kept.note
    keys = [witness.key for witness in configured()]
    theirs = tuple(f"— {key.name} " for key in keys)  # others would take the room of those to come
    fresh = [line for line in lines.splitlines(keepends=True) if line.startswith(theirs)]
    fresh = [line for line in fresh if line not in row.note]
    note = row.note + "".join(line if line.endswith("\n") else f"{line}\n" for line in fresh)
    try:
        opened = open_note(note, [*verifiers(), *keys])
    except (LogMalformed, LogTampered) as error:
        raise WitnessRefused(str(error)) from error
    if not opened.witnesses:
        raise WitnessRefused("no line of it is from a witness that LOG_WITNESSES names")
    row.note = note
    if kept is None:
        row.save(force_insert=True)  # it was thinned: that a witness signed it is worth a row
    else:
        LogCheckpoint.objects.filter(size=row.size).update(note=note)
    return opened.witnesses


def row_of(note: str) -> LogCheckpoint | None:
    """Return the row of a checkpoint that came back from a witness; a thinned one as it was, not yet saved.

    None: it is no checkpoint of this log, or not of the entries that the log has.
    """
    text, _, lines = note.rpartition("\n\n")
    try:
        size = parse_checkpoint(f"{text}\n").size
    except SealedError:
        return None
    if (row := LogCheckpoint.objects.filter(size=size).first()) is not None:
        return row if row.note.startswith(f"{text}\n\n") else None
    ours = tuple(f"— {each.name} " for each in verifiers())
    own = f"{text}\n\n" + "".join(line for line in lines.splitlines(keepends=True) if line.startswith(ours))
    try:
        head = read_head(own)
        fits = head_at(head.size) == head
    except SealedError:
        return None
    later = LogCheckpoint.objects.filter(size__gt=head.size).order_by("size").first()
    if not fits or later is None:
        return None
    return LogCheckpoint(size=head.size, root=head.root, note=own, signed_at=later.signed_at)


def cosigned(row: LogCheckpoint) -> list[str]:
    """Return the names of the configured witnesses under a checkpoint; none where a line does not fit."""
    try:
        return open_note(row.note, [*verifiers(), *(each.key for each in configured())]).witnesses
    except SealedError:
        return []


def missing(row: LogCheckpoint) -> Iterator[Witness]:
    """Yield the witnesses whose line a head lacks, without those that are left alone."""
    signed = set(cosigned(row))
    for witness in configured():
        if witness.key.name not in signed and time.monotonic() >= _left_alone.get(witness.url, 0.0):
            yield witness


def _post(witness: Witness, row: LogCheckpoint, old: int) -> httpx.Response:
    try:
        body = consistency(old, row.size)
    except LogMalformed as error:
        raise WitnessRefused(f"no growth can be shown to it: {error}. Run manage.py audit verify") from error
    if body is None:
        raise WitnessRefused("there is no such head any more")
    url = f"{witness.url.rstrip('/')}/add-checkpoint"
    try:
        with httpx.stream(
            "POST", url, content=body.encode(), headers={"Accept-Encoding": "identity"}, timeout=TIMEOUT_S
        ) as answer:
            content = _read(answer)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WitnessRefused(f"it does not answer ({type(error).__name__})") from error
    kind = answer.headers.get("content-type", "")
    return httpx.Response(answer.status_code, headers={"content-type": kind}, content=content)


def _read(answer: httpx.Response) -> bytes:
    """Return the answer's body, as long as it comes in time: httpx's own limit is for each piece of it."""
    content, ends = b"", time.monotonic() + TIMEOUT_S
    for piece in answer.iter_raw():
        content += piece
        if len(content) > MAX_ANSWER:
            raise WitnessRefused("its answer is too long")
        if time.monotonic() > ends:
            raise WitnessRefused("its answer takes too long")
    return content


def _text(answer: httpx.Response) -> str:
    # Not `answer.text`: the charset is the witness's word, and Python has some that decode no text.
    return answer.content.decode("utf-8", "replace")


def _last_cosigned(witness: Witness) -> int:
    mark = f"\n— {witness.key.name} "
    newest = LogCheckpoint.objects.order_by("-size").values_list("size", "note")[:_SEARCHED]
    return next((size for size, note in newest.iterator(_AT_ONCE) if mark in note), 0)


def _told_size(answer: httpx.Response) -> int | None:
    """The size of the head that the witness has, where it says that it has another one."""
    text = _text(answer).strip()
    if answer.status_code != httpx.codes.CONFLICT or not text.isdecimal() or len(text) > 18:
        return None
    return int(text) if answer.headers.get("content-type", "").startswith(_SIZE_ANSWER) else None


def _in_words(answer: httpx.Response, told: int | None, row: LogCheckpoint) -> str:
    if told is not None and told > row.size:
        return f"it signed a head of {told} entries, which this log does not have: look for a second signer"
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return "the head does not grow out of the one that it signed before: run manage.py audit verify"
    reasons = {403: "it does not know the log's key", 404: "it does not know this log"}
    return reasons.get(answer.status_code, f"it answered {answer.status_code}")


def _witness(pair: str) -> Witness:
    url, _, vkey = pair.strip().partition(" ")
    try:
        key = NoteVerifier.from_text(vkey.strip())
    except SealedError as error:
        raise ImproperlyConfigured(f"LOG_WITNESSES: {url}: {error}. It is URL VKEY[,URL VKEY].") from error
    if not url.startswith(("https://", "http://")) or key.kind != COSIGNATURE:
        raise ImproperlyConfigured(f"LOG_WITNESSES: {url} needs an address and a key that cosigns (kind 4).")
    return Witness(url, key)
