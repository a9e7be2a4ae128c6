"""audit verify: proofs from the log are believed by keys alone, offline; what does not hold is exit 5."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client.conftest import Ran, Weights
from tests.simulators.portal import TOKEN, Answer, SimulatedPortal
from tests.unit.sealed.log.small_log import (
    LOG,
    NOW,
    ORIGIN,
    REASON,
    WITNESS,
    WITNESS_VERIFIER,
    Stored,
    log_of,
    note_of,
    proof_of,
)
from weights_vault.sealed.log.growth import format_growth
from weights_vault.sealed.log.note import COSIGNATURE, NoteVerifier, cosign
from weights_vault.sealed.log.tree import consistency_proof
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import fingerprint

Place = Callable[[str, str], str]
Verify = Callable[..., Ran]

SMALL, GROWN = log_of(7), log_of(20)
OTHER_WITNESS = SigningKey.generate()
OTHER_VERIFIER = NoteVerifier("witness.example/w2", OTHER_WITNESS.public, COSIGNATURE)
SAME_KEY = NoteVerifier("witness.example/w3", WITNESS_VERIFIER.key, COSIGNATURE)
ITSELF = NoteVerifier("witness.example/w4", LOG.verifier.key, COSIGNATURE)


def growth(stored: Stored, old: int, note: str | None = None) -> str:
    hashes = consistency_proof(old, len(stored.leaves), stored.subtree)
    return format_growth(old, hashes, note or note_of(stored))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Writes a file and returns its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def verify(bare_weights: Weights) -> Verify:
    """`weights audit verify` with the log's key."""
    return lambda *words: bare_weights("audit", "verify", "--log-key", LOG.verifier.text, *words)


def test_a_proof_is_told_in_plain_lines(verify: Verify, place: Place) -> None:
    done = verify(place("a.tlog-proof", proof_of(SMALL, 3)))
    assert done.code == 0
    assert f"in the log of {ORIGIN}, position 3 of 0 to 6" in done.out
    assert "2026-11-21T13:00:03.000000Z  request.rejected  request:req_3  by usr_a1" in done.out
    assert f"reason: {REASON}" in done.out


def test_a_proof_after_an_erasure_says_what_is_not_disclosed(verify: Verify, place: Place) -> None:
    done = verify(place("a.tlog-proof", proof_of(SMALL, 3, shown=False)))
    assert (done.code, REASON in done.out, "reason: (not disclosed)" in done.out) == (0, False, True)


def test_several_proofs_make_one_document(verify: Verify, place: Place) -> None:
    files = [place(f"{n}.tlog-proof", proof_of(SMALL, n)) for n in (0, 6)]
    done = verify("--json", *files)
    assert (done.code, done.json["verified"]) == (0, True)
    assert [(each["file"], each["position"]) for each in done.json["proofs"]] == list(
        zip(files, (0, 6), strict=True)
    )
    assert done.json["proofs"][0]["checkpoint"]["root"] == done.json["proofs"][1]["checkpoint"]["root"]
    assert done.json["proofs"][0]["disclosed"] == {"reason": REASON}


def test_a_changed_proof_is_5_and_the_sound_ones_are_still_named(verify: Verify, place: Place) -> None:
    sound = place("sound.tlog-proof", proof_of(SMALL, 3))
    bent = place("bent.tlog-proof", proof_of(SMALL, 4).replace("index 4", "index 5"))
    done = verify(bent, sound)
    assert (done.code, "error[log-inclusion]" in done.err, f"ok: {sound}" in done.err) == (5, True, True)
    document = verify("--json", bent, sound).json
    assert (document["verified"], [each["file"] for each in document["proofs"]]) == (False, [sound])
    assert document["error"]["exit_code"] == 5


def test_of_two_faults_the_worse_one_ends_it_and_both_are_told(verify: Verify, place: Place) -> None:
    done = verify(
        place("other.txt", "a letter\n"), place("bent", proof_of(SMALL, 4).replace("index 4", "index 5"))
    )
    assert (done.code, "not-a-proof" in done.err, "log-inclusion" in done.err) == (5, True, True)


def test_a_proof_by_another_key_is_5(bare_weights: Weights, place: Place) -> None:
    stranger = NoteVerifier(ORIGIN, SigningKey.generate().public)
    done = bare_weights("audit", "verify", place("a", proof_of(SMALL, 3)), "--log-key", stranger.text)
    assert (done.code, "error[log-not-signed]" in done.err) == (5, True)


def test_bytes_that_are_no_text_are_5(verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "a.tlog-proof"
    path.write_bytes(proof_of(SMALL, 3).encode() + b"\xff")
    assert verify(str(path)).code == 5


@pytest.mark.parametrize("name", ["nothing", "."], ids=["absent", "a folder"])
def test_a_file_that_is_none_is_2(verify: Verify, tmp_path: Path, name: str) -> None:
    done = verify(str(tmp_path / name))
    assert (done.code, "error[file-missing]" in done.err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ["--log-key", "nonsense"],
        ["--log-key", WITNESS_VERIFIER.text],
        ["--witness", LOG.verifier.text],
        ["--witness", WITNESS_VERIFIER.text, "--witness", SAME_KEY.text],
        ["--witness", ITSELF.text],
    ],
    ids=["no key", "a witness for the log", "the log for a witness", "one key of two witnesses", "itself"],
)
def test_keys_that_cannot_be_used_are_2(verify: Verify, place: Place, words: list[str]) -> None:
    done = verify(place("a", proof_of(SMALL, 3)), *words)
    assert (done.code, "error[log-key-unusable]" in done.err) == (2, True)


def test_without_a_key_nothing_is_said_to_be_right(
    bare_weights: Weights, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIGHTS_PORTAL", "https://portal.example.org")
    done = bare_weights("audit", "verify", place("a", proof_of(SMALL, 3)))
    assert (done.code, "error[log-key-unknown]" in done.err) == (2, True)


def test_where_no_portal_was_ever_named_the_way_with_the_key_alone_is_told(
    bare_weights: Weights, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEIGHTS_PORTAL", raising=False)
    done = bare_weights("audit", "verify", place("a", proof_of(SMALL, 3)))
    assert (done.code, "error[log-key-unknown]" in done.err, "--log-key VKEY" in done.err) == (2, True, True)


def test_the_log_key_comes_with_the_pinned_portal_and_then_needs_no_network(
    weights: Weights, portal: SimulatedPortal, place: Place
) -> None:
    portal.always("/trust", Answer(body=portal.trust(log=(LOG.verifier.text,))))
    assert weights("login", "--token", stdin=f"{TOKEN}\n").code == 0
    portal.asked.clear()
    done = weights("audit", "verify", place("a", proof_of(SMALL, 3)))
    assert (done.code, portal.asked) == (0, [])


def test_the_log_key_of_another_root_than_the_given_one_is_not_used(
    weights: Weights, portal: SimulatedPortal, place: Place
) -> None:
    portal.always("/trust", Answer(body=portal.trust(log=(LOG.verifier.text,))))
    assert weights("login", "--token", stdin=f"{TOKEN}\n").code == 0
    file = place("a", proof_of(SMALL, 3))
    done = weights("audit", "verify", file, "--portal-key", "wp1-" + "-".join(["aaaa"] * 8))
    assert (done.code, "error[log-key-unknown]" in done.err) == (2, True)
    root = fingerprint(portal.signing["root"].public)
    assert weights("audit", "verify", file, "--portal-key", root.upper()).code == 0


def test_a_quorum_of_witnesses_is_asked_for(verify: Verify, place: Place) -> None:
    file = place("a", proof_of(SMALL, 3))
    both = ["--witness", WITNESS_VERIFIER.text, "--witness", OTHER_VERIFIER.text]
    done = verify(file, *both, "--witnesses", "1")
    assert (done.code, f"witnessed by {WITNESS}" in done.out) == (0, True)
    done = verify(file, *both)
    assert (done.code, f"1 of 2 signed: {WITNESS}" in done.err) == (5, True)
    assert "error[witnesses-missing]" in done.err
    done = verify(file, *both, "--witnesses", "3")
    assert (done.code, "error[witnesses-too-few]" in done.err) == (2, True)


def test_a_witness_of_a_later_checkpoint_saw_the_entry_too(verify: Verify, place: Place) -> None:
    file = place("a", proof_of(SMALL, 3, witnessed=False))
    words = ["--witness", OTHER_VERIFIER.text]
    assert verify(file, *words).code == 5
    later = cosign(note_of(GROWN), OTHER_VERIFIER.name, OTHER_WITNESS, NOW)
    done = verify(file, *words, "--consistency", place("growth", growth(GROWN, 7, later)))
    assert (done.code, "one log with the checkpoint of 20 entries" in done.out) == (0, True)


def test_the_same_checkpoint_agrees(verify: Verify, place: Place) -> None:
    done = verify(place("a", proof_of(SMALL, 3)), "--checkpoint", place("c", note_of(SMALL)))
    assert (done.code, "one log with the checkpoint of 7 entries" in done.out) == (0, True)


@pytest.mark.parametrize("of", ["earlier", "later"])
def test_a_checkpoint_of_another_size_needs_the_growth_between(verify: Verify, place: Place, of: str) -> None:
    stored, held = (GROWN, SMALL) if of == "earlier" else (SMALL, GROWN)
    words = [place("a", proof_of(stored, 3)), "--checkpoint", place("c", note_of(held))]
    done = verify(*words)
    assert (done.code, "error[growth-missing]" in done.err) == (2, True)
    done = verify(*words, "--consistency", place("g", growth(GROWN, 7)))
    assert (done.code, f"checkpoint of {len(held.leaves)} entries" in done.out) == (0, True)
    done = verify(*words, "--consistency", place("g", growth(GROWN, 6)))
    assert (done.code, "error[growth-missing]" in done.err) == (2, True)


def test_a6_a_log_signed_anew_with_other_entries_is_5(verify: Verify, place: Place) -> None:
    """The same size with another root, and another past under a later checkpoint."""
    swapped = Stored([*GROWN.leaves[:4], *reversed(GROWN.leaves[4:7])])
    file = place("a", proof_of(SMALL, 3))
    done = verify(file, "--checkpoint", place("c", note_of(swapped)))
    assert (done.code, "error[log-split]" in done.err) == (5, True)
    swapped.grow(GROWN.leaves[7:])
    done = verify(file, "--consistency", place("g", growth(swapped, 7)))
    assert (done.code, "error[log-inconsistent]" in done.err) == (5, True)
    words = ["--checkpoint", place("c", note_of(swapped)), "--consistency", place("g", growth(GROWN, 7))]
    done = verify(file, *words)
    assert (done.code, "error[log-split]" in done.err) == (5, True)


def test_a_growth_of_other_checkpoints_is_2(verify: Verify, place: Place) -> None:
    done = verify(place("a", proof_of(SMALL, 3)), "--consistency", place("g", growth(GROWN, 6)))
    assert (done.code, "error[growth-unrelated]" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("option", "held"),
    [
        ("--checkpoint", note_of(SMALL).replace("\n7\n", "\n8\n")),
        ("--checkpoint", "a letter\n"),
        ("--consistency", growth(GROWN, 7).replace("\n20\n", "\n21\n")),
    ],
)
def test_what_is_held_is_checked_too(verify: Verify, place: Place, option: str, held: str) -> None:
    done = verify(place("a", proof_of(SMALL, 3)), option, place("held", held))
    assert (done.code, "error[log-" in done.err) == (5, True)


@pytest.mark.parametrize(
    ("option", "held", "reference"),
    [
        ("--checkpoint", proof_of(SMALL, 3), "not-a-checkpoint"),
        ("--checkpoint", growth(GROWN, 7), "not-a-checkpoint"),
        ("--consistency", proof_of(SMALL, 3), "not-a-growth"),
        ("--consistency", note_of(SMALL), "not-a-growth"),
    ],
)
def test_files_that_change_places_are_a_mistake_and_no_tampering(
    verify: Verify, place: Place, option: str, held: str, reference: str
) -> None:
    done = verify(place("a", proof_of(SMALL, 3)), option, place("held", held))
    assert (done.code, f"error[{reference}]" in done.err) == (2, True)


def test_a_proof_whose_lines_a_mail_program_changed_is_2_and_says_so(verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "a.tlog-proof"
    path.write_bytes(proof_of(SMALL, 3).replace("\n", "\r\n").encode())
    done = verify(str(path))
    assert (done.code, "error[not-a-proof]" in done.err, "mail and editors" in done.err) == (2, True, True)
