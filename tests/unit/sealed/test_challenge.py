"""Section 6: proof of possession of a recipient key."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.sealed.build import NOW, PORTAL
from tests.vectors.age_reference import X25519Key, raw_base64, seal, stanza, x25519_parts
from weights_vault.sealed import keys
from weights_vault.sealed.challenge import Challenge, answer, check_answer, open_challenge, seal_challenge
from weights_vault.sealed.errors import ChallengeMalformed, ChallengeRefused, SealedError

X25519 = X25519Key()
IDENTITY = keys.parse_identity(X25519.identity)
CHALLENGE = Challenge(PORTAL, "usr_1", X25519.recipient, bytes(range(32)), NOW + timedelta(minutes=10))
PLAINTEXT = (
    "weights-portal key challenge v1\n"
    f"origin: {PORTAL}\n"
    "account: usr_1\n"
    f"recipient: {X25519.recipient}\n"
    f"nonce: {bytes(range(32)).hex()}\n"
    "expires: 2026-11-20T12:10:00Z\n"
)


def opened(sealed: bytes, **changes: object) -> Challenge:
    arguments = {"origin": PORTAL, "account": "usr_1", "now": NOW} | changes
    return open_challenge(sealed, IDENTITY, **arguments)  # type: ignore[arg-type]


def sealed_text(text: bytes) -> bytes:
    """Any plaintext, sealed to the right key: what a portal that wants something opened could send."""
    file_key = os.urandom(16)
    share, body = x25519_parts(file_key, X25519.public)
    return seal(text, stanza("X25519", raw_base64(share), body=body), file_key=file_key)


def refused(sealed: bytes, **changes: object) -> ChallengeRefused:
    with pytest.raises(ChallengeRefused) as caught:
        opened(sealed, **changes)
    return caught.value


@pytest.mark.parametrize("kind", ["x25519", "mlkem768x25519"])
def test_the_holder_of_the_identity_answers(kind: str) -> None:
    identity = keys.generate_identity(kind)
    challenge = replace(CHALLENGE, recipient=str(identity.recipient))
    sealed = seal_challenge(challenge)
    assert len(sealed) <= 16_384
    read = open_challenge(sealed, identity, origin=PORTAL, account="usr_1", now=NOW)
    assert read == challenge
    assert check_answer(challenge, answer(read))


def test_the_plaintext_is_that_of_the_specification() -> None:
    assert opened(sealed_text(PLAINTEXT.encode())) == CHALLENGE


def test_another_identity_cannot_open_it() -> None:
    stranger = keys.generate_identity("x25519")
    with pytest.raises(ChallengeRefused):
        open_challenge(seal_challenge(CHALLENGE), stranger, origin=PORTAL, account="usr_1", now=NOW)


@pytest.mark.parametrize("change", [{"origin": "https://other.example.org"}, {"account": "usr_2"}])
def test_a_challenge_of_another_portal_or_account_is_refused(change: dict[str, str]) -> None:
    assert refused(seal_challenge(CHALLENGE), **change).reference == "challenge-elsewhere"


def test_a_challenge_that_names_another_key_than_it_is_sealed_to_is_refused() -> None:
    text = PLAINTEXT.replace(X25519.recipient, X25519Key().recipient)
    assert refused(sealed_text(text.encode())).reference == "challenge-elsewhere"


@pytest.mark.parametrize("minutes", [10, 1440, -11])
def test_a_challenge_that_is_over_or_lives_too_long_is_refused(minutes: int) -> None:
    assert (
        refused(seal_challenge(CHALLENGE), now=NOW + timedelta(minutes=minutes)).reference
        == "challenge-expired"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a file key or whatever else",
        PLAINTEXT[:-1],
        PLAINTEXT + "\n",
        "\n" + PLAINTEXT,
        PLAINTEXT.replace("v1", "v2"),
        PLAINTEXT.replace("\n", "\r\n"),
        PLAINTEXT.replace("account: usr_1\n", ""),
        PLAINTEXT.replace("account: usr_1\n", "account: usr_1\naccount: usr_1\n"),
        PLAINTEXT.replace("usr_1", "usr 1"),
        PLAINTEXT.replace("nonce: 00", "nonce: "),
        PLAINTEXT.replace("0a0b", "0A0B"),
        PLAINTEXT.replace("12:10:00Z", "12:10:00+00:00"),
        PLAINTEXT.replace("12:10:00Z", "25:10:00Z"),
        PLAINTEXT.replace("usr_1", "usr_é"),
    ],
    ids=range(15),
)
def test_any_other_plaintext_is_refused_and_not_shown(text: str) -> None:
    error = refused(sealed_text(text.encode()))
    assert error.reference == "challenge-unknown"
    assert not text or text not in str(error)


@pytest.mark.parametrize("sealed", [b"", b"no age file", bytes(20_000), seal_challenge(CHALLENGE)[:-1]])
def test_what_cannot_be_opened_is_refused(sealed: bytes) -> None:
    refused(sealed)


def test_s1_every_bit_of_a_challenge_flipped_is_refused() -> None:
    sealed = bytearray(seal_challenge(CHALLENGE))
    for bit in range(len(sealed) * 8):
        sealed[bit // 8] ^= 1 << bit % 8
        refused(bytes(sealed))
        sealed[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://weights.example.com"},
        {"account": "usr_2"},
        {"recipient": X25519Key().recipient},
        {"nonce": bytes(32)},
        {"expires": NOW + timedelta(minutes=9)},
    ],
    ids=["origin", "account", "recipient", "nonce", "expires"],
)
def test_the_answer_depends_on_every_field(change: dict[str, object]) -> None:
    other = replace(CHALLENGE, **change)  # type: ignore[arg-type]
    assert not check_answer(CHALLENGE, answer(other))


@pytest.mark.parametrize(
    "given",
    ["", "00" * 32, answer(CHALLENGE).upper(), answer(CHALLENGE)[:-1], "é" * 64],
    ids=["empty", "zeros", "upper case", "cut", "not ASCII"],
)
def test_a_wrong_answer_is_wrong(given: str) -> None:
    assert not check_answer(CHALLENGE, given)


@pytest.mark.parametrize(
    "change", [{"origin": "a b"}, {"account": ""}, {"account": "a\nb"}, {"nonce": b"short"}], ids=range(4)
)
def test_a_challenge_that_its_form_cannot_hold_is_not_made(change: dict[str, object]) -> None:
    with pytest.raises(ChallengeMalformed):
        replace(CHALLENGE, **change)  # type: ignore[arg-type]


def test_no_challenge_is_made_for_an_unsuitable_key() -> None:
    with pytest.raises(SealedError):
        seal_challenge(replace(CHALLENGE, recipient="age1nothing"))


def test_nothing_printed_holds_the_nonce() -> None:
    assert "nonce" not in repr(CHALLENGE)
