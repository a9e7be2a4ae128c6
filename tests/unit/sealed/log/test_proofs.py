"""Sections 9 and 10: proofs of entries and of growth."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.sealed.log import by_the_specification as spec
from tests.unit.sealed.log.small_log import (
    LOG,
    ORIGIN,
    REASON,
    SALT,
    VERIFIERS,
    WITNESS,
    event,
    log_of,
    note_of,
    proof_of,
)
from weights_vault.sealed.errors import LogMalformed, LogTampered, SealedError, WrongSubject
from weights_vault.sealed.log.checkpoint import Checkpoint, open_checkpoint
from weights_vault.sealed.log.growth import format_growth, parse_growth, verify_growth
from weights_vault.sealed.log.note import NoteSigner, sign
from weights_vault.sealed.log.proof import (
    MAX_PROOF_SIZE,
    format_extra,
    format_proof,
    parse_proof,
    verify_proof,
)
from weights_vault.sealed.log.tree import consistency_proof, inclusion_proof
from weights_vault.sealed.signing import SigningKey

STORED = log_of(300)
PROOF = proof_of(STORED, 17)
VKEYS = [each.text for each in VERIFIERS]
OLDER = open_checkpoint(note_of(STORED, 120), VERIFIERS).checkpoint
GROWTH = format_growth(120, consistency_proof(120, 300, STORED.subtree), note_of(STORED))


def test_a_proof_shows_its_entry_what_is_disclosed_and_who_signed() -> None:
    shown = verify_proof(PROOF, VERIFIERS, ORIGIN)
    assert (shown.entry["event"], shown.position, shown.checkpoint.size) == (17, 17, 300)
    assert shown.disclosed == {"reason": REASON}
    assert (shown.signed_by, shown.witnesses) == ((ORIGIN, WITNESS), (WITNESS,))


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257])
def test_another_implementation_shows_the_same(size: int) -> None:
    stored = log_of(size)
    for position in {0, size // 2, size - 1}:
        text = proof_of(stored, position)
        shown = verify_proof(text, VERIFIERS)
        assert spec.proved(text, VKEYS) == (shown.entry, shown.disclosed)
        assert shown.entry["event"] == position


def test_after_an_erasure_the_event_is_proved_without_its_words() -> None:
    shown = verify_proof(proof_of(STORED, 17, shown=False), VERIFIERS)
    assert shown.disclosed == {}
    assert shown.entry["data"]["reason"].keys() == {"commitment"}
    assert REASON not in json.dumps(shown.entry, ensure_ascii=False)


def test_every_bit_of_a_proof_flipped_is_refused() -> None:
    raw = proof_of(log_of(5), 2, witnessed=False).encode()
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            with pytest.raises(SealedError):
                verify_proof(changed.decode("utf-8", "surrogateescape"), VERIFIERS, ORIGIN)


def test_a_proof_by_a_key_that_is_not_known_is_refused() -> None:
    stranger = NoteSigner(ORIGIN, SigningKey.generate())
    with pytest.raises(LogTampered) as caught:
        verify_proof(PROOF, [stranger.verifier])
    assert caught.value.reference == "log-not-signed"


def test_a_proof_from_another_log_is_refused_by_name() -> None:
    with pytest.raises(WrongSubject):
        verify_proof(PROOF, VERIFIERS, "other.example/log")


def _extra(change: Callable[[dict[str, Any]], object]) -> str:
    """The proof with something else in its extra line, written canonically."""
    first, line, rest = PROOF.split("\n", 2)
    value = json.loads(base64.b64decode(line.removeprefix("extra ")))
    change(value)
    return "\n".join((first, f"extra {base64.b64encode(spec.canonical(value)).decode()}", rest))


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["entry"].update(by="usr_b2"),
        lambda v: v["entry"].update(at="2026-11-21T13:00:18.000000Z"),
        lambda v: v["entry"]["data"].update(more=1),
        lambda v: v["entry"]["data"]["reason"].update(commitment="0" * 64),
        lambda v: v["disclosed"]["reason"].update(value="A research use."),
        lambda v: v["disclosed"]["reason"].update(salt=base64.b64encode(bytes(16)).decode()),
        lambda v: v["disclosed"].update(version={"salt": base64.b64encode(SALT).decode(), "value": 2}),
        lambda v: v["disclosed"].update(words=v["disclosed"].pop("reason")),
    ],
    ids=["by", "at", "data", "commitment", "value", "salt", "plain field", "another field"],
)
def test_what_does_not_belong_to_the_leaf_is_tampering(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(LogTampered):
        verify_proof(_extra(change), VERIFIERS)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(more=1),
        lambda v: v.pop("disclosed"),
        lambda v: v.update(entry=[]),
        lambda v: v.update(disclosed=[]),
        lambda v: v["entry"].update(v=2),
        lambda v: v["entry"].update(v=True),
        lambda v: v["entry"].update(more=1),
        lambda v: v["entry"].pop("by"),
        lambda v: v["entry"].update(data=[]),
        lambda v: v["disclosed"].update(reason=REASON),
        lambda v: v["disclosed"]["reason"].update(more=1),
        lambda v: v["disclosed"]["reason"].update(salt=1),
        lambda v: v["disclosed"]["reason"].update(salt="AAAA"),
    ],
)
def test_what_is_no_entry_is_malformed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(LogMalformed):
        verify_proof(_extra(change), VERIFIERS)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text.replace("@v1", "@v2", 1),
        lambda text: text.replace("\n\n", "\n", 1),
        lambda text: text.replace("\nindex 17\n", "\n"),
        lambda text: text.replace("\nindex 17\n", "\nindex 017\n"),
        lambda text: text.replace("\nindex 17\n", "\nindex 17\nindex 17\n"),
        lambda text: text.replace("\nindex 17\n", "\nindex 17\nAAAA\n"),
        lambda text: text.replace("\nindex 17\n", "\nindex 17\n" + f"{'A' * 43}=\n" * 64),
        lambda text: "\n".join(line for line in text.split("\n") if not line.startswith("extra ")),
        lambda text: text.replace("extra ", "extra  ", 1),
        lambda text: text.replace("extra ", "extra e30=", 1),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + " " * MAX_PROOF_SIZE,
    ],
)
def test_a_file_that_is_no_proof_is_malformed(change: Callable[[str], str]) -> None:
    with pytest.raises(LogMalformed):
        verify_proof(change(PROOF), VERIFIERS)


def test_json_that_is_not_canonical_is_refused() -> None:
    """One content has one file: else two proofs of one event could look as if they were of two."""
    first, line, rest = PROOF.split("\n", 2)
    loose = json.dumps(json.loads(base64.b64decode(line.removeprefix("extra ")))).encode()
    with pytest.raises(LogMalformed):
        verify_proof(f"{first}\nextra {base64.b64encode(loose).decode()}\n{rest}", VERIFIERS)


def test_a_proof_is_read_as_written() -> None:
    hashes = inclusion_proof(17, 300, STORED.subtree)
    extra, note = format_extra(event(17), {}), note_of(STORED)
    proof = parse_proof(format_proof(17, hashes, note, extra))
    assert (proof.position, list(proof.hashes), proof.note, proof.extra) == (17, hashes, note, extra)


def test_what_a_reader_would_refuse_is_not_made_a_proof() -> None:
    """An event of many items is proved; one nested past all bounds is refused when the proof is made."""
    many = {**event(1), "data": {"files": list(range(20_000))}}
    assert b"19999" in format_extra(many, {})
    deep: list[object] = []
    for _ in range(20):
        deep = [deep]
    with pytest.raises(LogMalformed, match="deeper"):
        format_extra({**event(1), "data": {"deep": deep}}, {})


def test_growth_is_shown_and_another_implementation_agrees() -> None:
    later = verify_growth(GROWTH, OLDER, VERIFIERS)
    assert (later.checkpoint.size, later.note.witnesses) == (300, [WITNESS])
    hashes = list(parse_growth(GROWTH).hashes)
    roots = spec.roots_of_proof(120, 300, hashes, OLDER.root)
    assert roots == (OLDER.root, later.checkpoint.root)


def test_a_log_that_was_rewritten_did_not_grow() -> None:
    """A6: every entry after the first one is another, and all is signed anew by the right key."""
    rewritten = log_of(1)
    rewritten.grow(STORED.leaves[2:] + STORED.leaves[:1])
    text = format_growth(120, consistency_proof(120, 300, rewritten.subtree), note_of(rewritten))
    with pytest.raises(LogTampered) as caught:
        verify_growth(text, OLDER, VERIFIERS)
    assert caught.value.reference == "log-inconsistent"


def test_growth_from_another_size_or_log_is_refused() -> None:
    with pytest.raises(LogTampered, match="begins at 119"):
        verify_growth(GROWTH.replace("old 120", "old 119"), OLDER, VERIFIERS)
    shrunk = format_growth(120, [], note_of(STORED, 100))
    with pytest.raises(LogTampered) as caught:
        verify_growth(shrunk, OLDER, VERIFIERS)
    assert caught.value.reference == "log-shrunk"
    other = NoteSigner("other.example/log", LOG.key)
    foreign = GROWTH.split("\n\n")[0] + "\n\n" + _signed_as(other)
    with pytest.raises(WrongSubject):
        verify_growth(foreign, OLDER, [*VERIFIERS, other.verifier])


def test_every_bit_of_a_proof_of_growth_flipped_is_refused() -> None:
    small = log_of(7)
    older = open_checkpoint(note_of(small, 3), VERIFIERS).checkpoint
    raw = format_growth(3, consistency_proof(3, 7, small.subtree), note_of(small, witnessed=False)).encode()
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            with pytest.raises(SealedError):
                verify_growth(changed.decode("utf-8", "surrogateescape"), older, VERIFIERS)


@pytest.mark.parametrize(
    "text",
    ["", "old 1", "new 1\n\nx", "old x\n\nx", "old 1\nAAAA\n\nx", "old 1\n\n" + "x" * 80_000],
    ids=["empty", "no note", "no old", "no size", "no hash", "too long"],
)
def test_a_file_that_is_no_proof_of_growth_is_malformed(text: str) -> None:
    with pytest.raises(LogMalformed):
        verify_growth(text, OLDER, VERIFIERS)


def _signed_as(signer: NoteSigner) -> str:
    return sign(Checkpoint(signer.name, 300, spec.mth(STORED.leaves)).text(), [signer])
