"""What a passkey signs counts for one key, one challenge, one portal, if the device knew its user."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.assertions import Assertion, AssertionRefused, origin_of, rp_id_of, verify
from tests.authenticator import UP, UV, Passkey

PORTAL = "https://weights.example.org"
CHALLENGE = b"\x07" * 32
NAMES = ["id", "rawId", "response", "type", "clientDataJSON", "authenticatorData", "signature"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=len(NAMES))
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def key() -> Passkey:
    return Passkey(PORTAL)


def check(key: Passkey, challenge: bytes = CHALLENGE, **changes: Any) -> int:
    return verify(
        key.signed(CHALLENGE, **changes), public_key=key.public_key, portal_url=PORTAL, challenge=challenge
    )


def test_own_key_over_the_challenge_is_taken(key: Passkey) -> None:
    assert check(key) == 0


def test_counter_is_told() -> None:
    assert check(Passkey(PORTAL, counter=7)) == 8


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"origin": "https://evil.example.org"}, "another site"),
        ({"origin": "https://a.weights.example.org"}, "another site"),
        ({"origin": "http://weights.example.org"}, "another site"),
        ({"origin": "https://weights.example.org:8443"}, "another site"),
        ({"origin": "https://weights.example.org/"}, "another site"),
        ({"cross_origin": True}, "another site"),
        ({"rp": "https://evil.example.org"}, "for another site"),
        ({"kind": "webauthn.create"}, "not an assertion"),
        ({"flags": UP}, "who uses it"),
        ({"flags": UV}, "who uses it"),
        ({"flags": 0}, "who uses it"),
    ],
)
def test_g8_what_does_not_fit_is_refused(key: Passkey, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(AssertionRefused, match=reason):
        check(key, **changes)


def test_other_challenge_is_refused(key: Passkey) -> None:
    with pytest.raises(AssertionRefused, match="something else"):
        check(key, b"\x08" * 32)


def test_other_key_is_refused(key: Passkey) -> None:
    with pytest.raises(AssertionRefused, match="signature"):
        verify(
            key.signed(CHALLENGE),
            public_key=Passkey(PORTAL).public_key,
            portal_url=PORTAL,
            challenge=CHALLENGE,
        )


@pytest.mark.parametrize("part", ["authenticatorData", "clientDataJSON", "signature"])
def test_every_changed_byte_is_refused(key: Passkey, part: str) -> None:
    said = key.assertion(CHALLENGE)
    blob = base64.urlsafe_b64decode(said["response"][part] + "==")
    for place in range(len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        text = base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("=")
        broken = {**said, "response": {**said["response"], part: text}}
        with pytest.raises(AssertionRefused):
            verify(
                Assertion.parse(json.dumps(broken)),
                public_key=key.public_key,
                portal_url=PORTAL,
                challenge=CHALLENGE,
            )


@given(st.text(max_size=300) | JSON.map(json.dumps))
def test_s5_anything_else_is_refused_and_nothing_more(text: str) -> None:
    with pytest.raises(AssertionRefused):
        Assertion.parse(text)


@pytest.mark.parametrize(
    ("url", "origin", "rp_id"),
    [
        ("https://weights.example.org", "https://weights.example.org", "weights.example.org"),
        ("https://Weights.example.org:443", "https://weights.example.org", "weights.example.org"),
        ("http://localhost:8000", "http://localhost:8000", "localhost"),
    ],
)
def test_origin_is_written_as_browsers_write_it(url: str, origin: str, rp_id: str) -> None:
    assert (origin_of(url), rp_id_of(url)) == (origin, rp_id)
