"""Sections 7 and 8: signed notes, witnesses, checkpoints; examples of C2SP and of Go's implementation."""

import base64
from datetime import UTC, datetime

import pytest

from tests.unit.sealed.log import by_the_specification as spec
from tests.unit.sealed.log.small_log import (
    LOG,
    NOW,
    ORIGIN,
    VERIFIERS,
    WITNESS,
    WITNESS_KEY,
    WITNESS_VERIFIER,
    log_of,
    note_of,
)
from weights_vault.sealed.errors import KeyUnsuitable, LogMalformed, LogTampered, SealedError, WrongSubject
from weights_vault.sealed.log.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from weights_vault.sealed.log.note import (
    COSIGNATURE,
    MAX_NOTE_SIZE,
    NoteSigner,
    NoteVerifier,
    cosign,
    cosignature,
    open_note,
    sign,
)
from weights_vault.sealed.log.tree import EMPTY_ROOT
from weights_vault.sealed.signing import SigningKey

# c2sp.org/signed-note, "Example".
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Zt"
    "g1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# golang.org/x/mod/sumdb/note, its example.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFY"
    "C2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NOTE = note_of(log_of(9))
BARE = note_of(log_of(9), witnessed=False)


@pytest.mark.parametrize(("vkey", "note"), [(C2SP_KEY, C2SP_NOTE), (GO_KEY, GO_NOTE)], ids=["c2sp", "go"])
def test_notes_of_others_open_with_their_keys(vkey: str, note: str) -> None:
    verifier = NoteVerifier.from_text(vkey)
    assert verifier.text == vkey
    assert open_note(note, [verifier]).text == note.split("\n\n")[0] + "\n"
    assert spec.opened(note, [vkey])[0] == note.split("\n\n")[0] + "\n"


def test_our_notes_open_with_another_implementation() -> None:
    text, signed = spec.opened(NOTE, [LOG.verifier.text, WITNESS_VERIFIER.text])
    assert signed == {ORIGIN: None, WITNESS: int(NOW.timestamp())}
    assert spec.checkpoint(text) == (ORIGIN, 9, spec.mth(log_of(9).leaves))


def test_a_note_opens_to_its_text_and_signers() -> None:
    opened = open_note(NOTE, VERIFIERS)
    assert (opened.by, opened.witnesses) == ([ORIGIN, WITNESS], [WITNESS])
    assert [each.at for each in opened.signatures] == [None, NOW]


def test_a_text_with_empty_lines_ends_at_the_last_one() -> None:
    text = "\nErste\n\nzweite\n\n"
    note = sign(text, [LOG])
    assert open_note(note, VERIFIERS).text == text == spec.opened(note, [LOG.verifier.text])[0]


def test_lines_of_unknown_keys_are_ignored_and_alone_they_are_nothing() -> None:
    stranger = NoteSigner(ORIGIN, SigningKey.generate())
    note = sign("text\n", [stranger, LOG])
    assert open_note(note, [LOG.verifier]).by == [ORIGIN]
    with pytest.raises(LogTampered) as caught:
        open_note(sign("text\n", [stranger]), [LOG.verifier])
    assert caught.value.reference == "log-not-signed"
    with pytest.raises(LogTampered):
        open_note(note, [])


def test_one_known_signature_that_does_not_fit_refuses_the_note() -> None:
    other = NoteSigner("other.example/log", SigningKey.generate())
    line = other.line("another text\n")
    with pytest.raises(LogTampered) as caught:
        open_note(sign("text\n", [LOG]) + line, [LOG.verifier, other.verifier])
    assert caught.value.reference == "log-signature"


def test_two_keys_of_one_witness_are_one_witness() -> None:
    new = SigningKey.generate()
    note = cosign(NOTE, WITNESS, new, NOW)
    opened = open_note(note, [*VERIFIERS, NoteVerifier(WITNESS, new.public, COSIGNATURE)])
    assert opened.witnesses == [WITNESS]
    assert len(opened.signatures) == 3


def test_a_cosignature_is_over_its_time() -> None:
    """The same text cosigned a second later has another signature; one's time does not fit the other's."""
    early, late = (cosignature(BARE, WITNESS, WITNESS_KEY, at) for at in (NOW, NOW.replace(second=1)))
    assert early != late
    raw_early, raw_late = (spec.from_base64(line.split(" ")[2].strip()) for line in (early, late))
    with pytest.raises(LogTampered):
        WITNESS_VERIFIER.verify(raw_early[4:12] + raw_late[12:], open_note(BARE, VERIFIERS).text)


def test_a_cosignature_of_no_possible_time_or_size_is_refused() -> None:
    for signature in (b"\xff" * 72, bytes(71), bytes(64), b""):
        with pytest.raises(LogTampered):
            WITNESS_VERIFIER.verify(signature, "text\n")


def test_every_bit_of_a_note_flipped_is_refused() -> None:
    for text in _bits_flipped(BARE):
        with pytest.raises(SealedError):
            open_checkpoint(text, VERIFIERS, ORIGIN)


def test_every_bit_of_a_witnessed_note_flipped_is_refused_or_loses_the_witness() -> None:
    """A changed name or id makes the line a stranger's: it is ignored, and counts for nobody."""
    kept = 0
    for text in _bits_flipped(NOTE):
        try:
            opened = open_checkpoint(text, VERIFIERS, ORIGIN)
        except SealedError:
            continue
        assert opened.note.witnesses == []
        kept += 1
    assert 0 < kept <= 8 * (len(WITNESS) + 6)


def test_a_note_with_anything_between_its_lines_is_none() -> None:
    head, line = BARE.rstrip("\n").rsplit("\n", 1)
    for note in (
        "",
        "\n",
        "\n\n",
        line + "\n",
        head + "\n" + line,
        head + "\n" + line + "\n\n",
        head + "\n" + line + "\r\n",
        head + "\n" + line + " \n",
        head + "\n " + line + "\n",
        head + "\n" + line.replace(" ", "  ", 1) + "\n",
        head + "\n- " + line[2:] + "\n",
        head + "\n" + line[:-3] + "\n",
        f"{head}\n— {ORIGIN} AAAA\n",
        f"{head}\n—  AAAAAAAA\n",
        BARE + "x\n",
        BARE.replace("\n", "\r\n"),
        BARE.replace("\n9\n", "\n\t9\n"),
        BARE + "\ud800",
    ):
        with pytest.raises(LogMalformed):
            open_note(note, VERIFIERS)


def test_a_note_is_bounded() -> None:
    with pytest.raises(LogMalformed, match="bytes"):
        open_note("€" * (MAX_NOTE_SIZE // 2) + "\n\n" + LOG.line("x\n"), VERIFIERS)
    with pytest.raises(LogMalformed, match="signatures"):
        open_note("text\n\n" + LOG.line("text\n") * 65, VERIFIERS)


@pytest.mark.parametrize("text", ["", "no end", "a\tb\n", "a\r\n"])
def test_what_cannot_be_signed_is_a_mistake(text: str) -> None:
    with pytest.raises(RuntimeError):
        sign(text, [LOG])


def test_nobody_is_no_signer() -> None:
    with pytest.raises(RuntimeError):
        sign("text\n", [])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+530d903a",
        C2SP_KEY.replace("530d903a", "530d903b"),
        C2SP_KEY.replace("530d903a", "530D903A"),
        C2SP_KEY.replace("foo", "fob"),
        C2SP_KEY.replace("example.com/foo", ""),
        C2SP_KEY.replace("example", "exam ple"),
        C2SP_KEY[:-1] + "l",
        C2SP_KEY[:-4],
        C2SP_KEY.replace("+Aeky", "+Auky"),
        "\ud800" + C2SP_KEY,
    ],
)
def test_a_key_that_is_not_written_as_one_is_refused(vkey: str) -> None:
    with pytest.raises(LogMalformed):
        NoteVerifier.from_text(vkey)


def test_a_key_of_small_order_is_refused() -> None:
    raw = b"\x01" + bytes([1, *bytes(31)])
    key_id = spec.sha256(b"name\n", raw)[:4].hex()
    with pytest.raises(KeyUnsuitable):
        NoteVerifier.from_text(f"name+{key_id}+{_base64(raw)}")


def test_a_checkpoint_is_read_as_written() -> None:
    checkpoint = Checkpoint(ORIGIN, 9, bytes(32))
    assert checkpoint.text() == f"{ORIGIN}\n9\n{'A' * 43}=\n"
    assert parse_checkpoint(checkpoint.text()) == checkpoint
    more = Checkpoint(ORIGIN, 9, bytes(32), ("a further line",))
    assert parse_checkpoint(more.text()) == more
    assert parse_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text()).size == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n9\n",
        f"o\n9\n{'A' * 43}=",
        f"\n9\n{'A' * 43}=\n",
        f"o\n09\n{'A' * 43}=\n",
        f"o\n-1\n{'A' * 43}=\n",
        f"o\n+1\n{'A' * 43}=\n",
        f"o\n٣\n{'A' * 43}=\n",
        f"o\n{2**63}\n{'A' * 43}=\n",
        f"o\n{'9' * 5000}\n{'A' * 43}=\n",
        f"o\n9\n{'A' * 43}\n",
        f"o\n9\n{'A' * 42}B=\n",
        "o\n9\nAAAA\n",
        f"o\n9\n{'A' * 43}=\n\n",
        f"o\n0\n{'A' * 43}=\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(LogMalformed):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, bytes(32)),
        Checkpoint("two\nlines", 1, bytes(32)),
        Checkpoint("o", -1, bytes(32)),
        Checkpoint("o", 1, bytes(31)),
        Checkpoint("o", 0, bytes(32)),
        Checkpoint("o", 1, bytes(32), ("",)),
        Checkpoint("o", 1, bytes(32), ("a\nb",)),
    ],
)
def test_a_checkpoint_that_would_not_be_read_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(RuntimeError):
        checkpoint.text()


def test_a_checkpoint_needs_the_key_of_its_own_log() -> None:
    """A witness alone, or the key of another log, makes no checkpoint."""
    text = open_note(BARE, VERIFIERS).text
    other = NoteSigner("other.example/log", SigningKey.generate())
    foreign = sign(text, [other])
    for note in (foreign, cosign(foreign, WITNESS, WITNESS_KEY, NOW)):
        with pytest.raises(LogTampered) as caught:
            open_checkpoint(note, [*VERIFIERS, other.verifier])
        assert caught.value.reference == "log-not-signed"


def test_a_witness_of_the_logs_name_is_not_the_log() -> None:
    text = open_note(BARE, VERIFIERS).text
    verifier = NoteVerifier(ORIGIN, WITNESS_KEY.public, COSIGNATURE)
    note = cosign(sign(text, [NoteSigner("x.example", SigningKey.generate())]), ORIGIN, WITNESS_KEY, NOW)
    with pytest.raises(LogTampered):
        open_checkpoint(note, [verifier])


def test_a_checkpoint_of_another_log_is_refused_by_name() -> None:
    with pytest.raises(WrongSubject) as caught:
        open_checkpoint(NOTE, VERIFIERS, "other.example/log")
    assert caught.value.reference == "log-wrong-origin"


def test_times_of_witnesses_are_whole_seconds() -> None:
    at = datetime(2026, 11, 21, 13, 0, 0, 999_999, tzinfo=UTC)
    opened = open_note(cosign(BARE, WITNESS, WITNESS_KEY, at), VERIFIERS)
    assert opened.signatures[-1].at == NOW


def _bits_flipped(text: str) -> list[str]:
    """The text with each bit flipped, as a reader gets it; what is no UTF-8 does not come this far."""
    raw = text.encode()
    texts = []
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            texts.append(changed.decode("utf-8", "surrogateescape"))
    return texts


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
