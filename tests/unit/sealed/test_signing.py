"""Section 8: signing keys and envelopes."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from weights_vault.sealed.errors import (
    EnvelopeMalformed,
    KeyMalformed,
    KeyUnsuitable,
    SealedError,
    SignatureInvalid,
)
from weights_vault.sealed.signing import PublicKey, SigningKey, open_envelope, seal_envelope

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
TYPE, PAYLOAD = "application/x-test", b'{"a":1}'
ENVELOPE = seal_envelope(TYPE, PAYLOAD, [KEY])
LIMIT = 10_000


def opened(envelope: bytes, *trusted: PublicKey) -> bytes:
    return open_envelope(envelope, TYPE, trusted or (KEY.public,), max_bytes=LIMIT)


def bent(change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(ENVELOPE)
    change(value)
    return json.dumps(value).encode()


def test_an_envelope_opens_with_the_key_that_signed_it() -> None:
    assert opened(ENVELOPE) == PAYLOAD
    assert opened(ENVELOPE, OTHER.public, KEY.public) == PAYLOAD


def test_the_signature_is_over_the_encoding_that_dsse_gives() -> None:
    """The example of DSSE's protocol description."""
    envelope = json.loads(seal_envelope("http://example.com/HelloWorld", b"hello world", [KEY]))
    signed = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    KEY.public.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
    assert base64.b64decode(envelope["payload"]) == b"hello world"


def test_s1_every_bit_of_an_envelope_flipped_is_refused() -> None:
    envelope = bytearray(ENVELOPE)
    for bit in range(len(envelope) * 8):
        envelope[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealedError):
            opened(bytes(envelope))
        envelope[bit // 8] ^= 1 << bit % 8


def test_an_envelope_of_another_key_is_refused() -> None:
    with pytest.raises(SignatureInvalid) as caught:
        opened(ENVELOPE, OTHER.public)
    assert caught.value.reference == "signature-not-trusted"


def test_without_trusted_keys_nothing_opens() -> None:
    with pytest.raises(SignatureInvalid):
        open_envelope(ENVELOPE, TYPE, (), max_bytes=LIMIT)


def test_signatures_of_unknown_keys_beside_a_trusted_one_are_ignored() -> None:
    assert opened(seal_envelope(TYPE, PAYLOAD, [OTHER, KEY])) == PAYLOAD


def test_a_trusted_key_whose_signature_fails_refuses_the_whole_envelope() -> None:
    value = json.loads(seal_envelope(TYPE, PAYLOAD, [OTHER, KEY]))
    value["signatures"][0]["sig"] = base64.b64encode(OTHER.sign(b"something else")).decode()
    with pytest.raises(SignatureInvalid):
        opened(json.dumps(value).encode(), KEY.public, OTHER.public)


def test_a_signature_under_another_keys_id_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        opened(bent(lambda v: v["signatures"][0].update(keyid=OTHER.public.keyid)), OTHER.public)


def test_d12_a_document_of_another_type_is_refused_though_signed() -> None:
    with pytest.raises(EnvelopeMalformed) as caught:
        open_envelope(ENVELOPE, "application/x-other", (KEY.public,), max_bytes=LIMIT)
    assert caught.value.reference == "envelope-type"


def test_the_type_cannot_be_changed_after_signing() -> None:
    changed = bent(lambda v: v.update(payloadType="application/x-other"))
    with pytest.raises(SignatureInvalid):
        open_envelope(changed, "application/x-other", (KEY.public,), max_bytes=LIMIT)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.pop("payload"),
        lambda v: v.pop("signatures"),
        lambda v: v.update(more=1),
        lambda v: v.update(payload=1),
        lambda v: v.update(payload=v["payload"].rstrip("=") + "?"),
        lambda v: v.update(payload=v["payload"].rstrip("=")),
        lambda v: v.update(payload=v["payload"] + "\n"),
        lambda v: v.update(payload="YR=="),
        lambda v: v.update(signatures=[]),
        lambda v: v.update(signatures=v["signatures"] * 2),
        lambda v: v.update(signatures=v["signatures"] * 9),
        lambda v: v["signatures"][0].pop("keyid"),
        lambda v: v["signatures"][0].update(keyid=v["signatures"][0]["keyid"].upper()),
        lambda v: v["signatures"][0].update(alg="none"),
        lambda v: v["signatures"][0].update(sig=""),
        lambda v: v["signatures"][0].update(sig="AAAA"),
        lambda v: v["signatures"].append("x"),
    ],
    ids=range(17),
)
def test_d12_what_is_no_envelope_is_malformed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(EnvelopeMalformed):
        opened(bent(change))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"x" * (LIMIT + 1), b"[" * 300, ENVELOPE + ENVELOPE])
def test_d12_other_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        opened(data)


@pytest.mark.parametrize("keys", [[], [KEY, KEY], [SigningKey.generate() for _ in range(9)]], ids=len)
def test_an_envelope_has_one_to_eight_distinct_signers(keys: list[SigningKey]) -> None:
    with pytest.raises(RuntimeError):
        seal_envelope(TYPE, PAYLOAD, keys)


def test_keys_are_read_back_from_their_texts() -> None:
    assert PublicKey.from_text(str(KEY.public)) == KEY.public
    assert SigningKey.from_pem(KEY.to_pem()).public == KEY.public
    assert hash(PublicKey(KEY.public.raw)) == hash(KEY.public)
    assert KEY.public != OTHER.public


def test_nothing_printed_holds_the_private_key() -> None:
    secret = KEY.to_pem().splitlines()[1].decode()
    assert secret not in repr(KEY) + str(KEY)
    assert repr(KEY) == f"<SigningKey {KEY.public.keyid[:16]}>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        str(KEY.public)[8:],
        str(KEY.public).upper(),
        str(KEY.public).rstrip("="),
        str(KEY.public) + "\n",
        "ed25519:AAAA",
        "ed25519:" + base64.b64encode(bytes(33)).decode(),
    ],
    ids=range(7),
)
def test_text_that_is_no_public_key_is_malformed(text: str) -> None:
    with pytest.raises(KeyMalformed):
        PublicKey.from_text(text)


@pytest.mark.parametrize(
    "raw",
    [
        bytes(32),
        bytes(31) + b"\x80",
        b"\x01" + bytes(31),
        b"\x01" + bytes(30) + b"\x80",
        b"\xec" + b"\xff" * 30 + b"\x7f",
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    ],
    ids=range(9),
)
def test_a_signing_key_of_small_order_is_refused(raw: bytes) -> None:
    with pytest.raises(KeyUnsuitable):
        PublicKey(raw)


@pytest.mark.parametrize("y", [2**255 - 19, 2**255 - 18, 2**255 - 1])
def test_a_second_encoding_of_a_signing_key_is_refused(y: int) -> None:
    with pytest.raises(KeyMalformed):
        PublicKey(y.to_bytes(32, "little"))


def test_a_pem_that_is_no_ed25519_private_key_is_malformed() -> None:
    elliptic = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    locked = KEY._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    for pem in (b"", b"no pem", elliptic, locked, KEY.to_pem()[:-40]):
        with pytest.raises(KeyMalformed):
            SigningKey.from_pem(pem)
