"""Section 5 and G9: recipient keys as people paste them."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.vectors.age_reference import HybridKey, X25519Key, bech32
from tests.vectors.make_age_vectors import LOW_ORDER
from weights_vault.sealed import bech32 as bech32_code
from weights_vault.sealed import keys
from weights_vault.sealed.errors import KeyMalformed, KeyUnsuitable, SealedError

X25519, HYBRID = X25519Key(), HybridKey()
PRIME = 2**255 - 19
PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def refusal(text: str) -> SealedError:
    with pytest.raises((KeyMalformed, KeyUnsuitable)) as caught:
        keys.parse_recipient(text)
    return caught.value


@pytest.mark.parametrize("kind", ["x25519", "mlkem768x25519"])
def test_a_new_key_has_texts_that_are_read_back(kind: str) -> None:
    identity = keys.generate_identity(kind)
    assert keys.parse_identity(identity.to_text()).to_text() == identity.to_text()
    assert keys.parse_recipient(str(identity.recipient)) == identity.recipient
    assert (identity.kind, identity.recipient.kind) == (kind, kind)


def test_new_keys_are_hybrid_unless_asked_otherwise() -> None:
    assert keys.generate_identity().recipient.postquantum
    assert not keys.generate_identity("x25519").recipient.postquantum
    with pytest.raises(RuntimeError):
        keys.generate_identity("rsa")


def test_hybrid_recipient_has_its_length_and_prefix() -> None:
    text = str(keys.generate_identity().recipient)
    assert text.startswith("age1pq1")
    assert len(text) == 1959


def test_white_space_around_a_key_is_dropped() -> None:
    assert str(keys.parse_recipient(f"\n {X25519.recipient}\t\r\n")) == X25519.recipient


def test_fingerprint_is_short_steady_and_differs() -> None:
    one, other = keys.generate_identity().recipient, keys.generate_identity().recipient
    assert one.fingerprint == keys.parse_recipient(str(one)).fingerprint != other.fingerprint
    assert [len(group) for group in one.fingerprint.split("-")] == [4, 4, 4, 4]


@pytest.mark.parametrize("key", [X25519, HYBRID], ids=["x25519", "hybrid"])
def test_nothing_printed_holds_the_secret(key: X25519Key | HybridKey) -> None:
    identity = keys.parse_identity(key.identity)
    for text in (repr(identity), str(identity), f"{identity}", repr(identity.recipient)):
        assert key.identity not in text
        assert "SECRET" not in text


@pytest.mark.parametrize("name", LOW_ORDER)
def test_g9_an_x25519_key_of_low_order_is_refused_in_both_kinds(name: str) -> None:
    low = LOW_ORDER[name]
    for text in (bech32("age", low), bech32("age1pq", HYBRID.public[:1184] + low)):
        error = refusal(text)
        # The point with its high bit set is refused already for its second encoding.
        assert error.reference == ("key-malformed" if name == "order_8_high_bit" else "key-low-order")


@pytest.mark.parametrize("u", [PRIME, PRIME + 2, 2**255 - 1, 2**255 + 9, 2**256 - 1])
def test_g9_a_second_encoding_of_a_key_is_refused(u: int) -> None:
    raw = u.to_bytes(32, "little")
    assert isinstance(refusal(bech32("age", raw)), KeyMalformed)
    assert isinstance(refusal(bech32("age1pq", HYBRID.public[:1184] + raw)), KeyMalformed)


@pytest.mark.parametrize("coefficient", [3329, 4095])
@pytest.mark.parametrize("position", [0, 381, 1149])
def test_g9_an_mlkem_key_beyond_the_modulus_is_refused(position: int, coefficient: int) -> None:
    raw = bytearray(HYBRID.public)
    raw[position : position + 2] = coefficient.to_bytes(2, "little")
    assert refusal(bech32("age1pq", bytes(raw))).reference == "key-mlkem-invalid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "age1",
        "age",
        "hello",
        X25519.recipient[:-1],
        X25519.recipient[:-1] + ("q" if X25519.recipient[-1] != "q" else "p"),
        X25519.recipient + "q",
        X25519.recipient.upper(),
        X25519.recipient[:10] + X25519.recipient[10:].upper(),
        X25519.recipient.replace("1", "1b", 1),
        X25519.recipient + " " + X25519.recipient,
        HYBRID.recipient.upper(),
        HYBRID.recipient[:-20],
        "é" + X25519.recipient,
        bech32("age", X25519.public[:-1]),
        bech32("age", X25519.public + b"\x00"),
        bech32("age", b""),
        bech32("age1pq", HYBRID.public[:-1]),
        bech32("age1pq", X25519.public),
        bech32("age", HYBRID.public),
        bech32("bc", X25519.public),
        "age1" * 2000,
    ],
    ids=str.__len__,
)
def test_g9_text_that_is_no_key_is_malformed(text: str) -> None:
    assert isinstance(refusal(text), KeyMalformed)


def test_g9_every_changed_character_of_a_key_is_refused() -> None:
    text = X25519.recipient
    for position in range(len(text)):
        for character in "ql7b1A":
            changed = text[:position] + character + text[position + 1 :]
            if changed != text:
                refusal(changed)


def test_g9_padding_bits_that_are_not_zero_are_refused() -> None:
    """256 bits leave four bits of padding: the same key would have 16 texts."""
    bits = f"{int.from_bytes(X25519.public, 'big') << 4 | 1:0260b}"
    values = [int(bits[i : i + 5], 2) for i in range(0, 260, 5)]
    text = "age1" + "".join(bech32_code._CHARSET[v] for v in values + bech32_code._checksum("age", values))
    assert "canonical" in str(refusal(text))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (X25519.identity, X25519.identity[16:]),
        (HYBRID.identity, HYBRID.identity[19:]),
        (X25519.identity.lower(), X25519.identity[16:]),
        (f"  {HYBRID.identity}\n", HYBRID.identity[19:]),
        (f"# public key: {X25519.recipient}\n{X25519.identity}\n", X25519.identity[16:]),
        (X25519.identity[:-5], X25519.identity[16:-5]),
        ("AGE-PLUGIN-YUBIKEY-1QPZRY9X8GF2TVDW0", "QPZRY9X8GF2TVDW0"),
        (PEM, PEM.splitlines()[1]),
        (PEM.replace("PRIVATE", "OPENSSH PRIVATE"), PEM.splitlines()[1]),
    ],
    ids=["x25519", "hybrid", "lower", "spaces", "file", "cut", "plugin", "pem", "openssh"],
)
def test_g9_a_private_key_pasted_is_refused_by_name_and_never_repeated(text: str, secret: str) -> None:
    error = refusal(text)
    told = f"{error} {error!r} {error.args}".lower()
    assert isinstance(error, KeyUnsuitable)
    assert error.reference == "private-key-pasted"
    assert not any(secret[i : i + 6].lower() in told for i in range(len(secret) - 6))


def test_g9_no_refusal_repeats_what_was_pasted() -> None:
    secret = X25519.identity[16:]
    for text in (secret, secret.lower(), "age1" + secret.lower(), secret * 100, f"age1pq1{secret}"):
        assert secret.lower()[:12] not in str(refusal(text)).lower()


@pytest.mark.parametrize(
    "text",
    [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN me@host",
        "ssh-rsa AAAAB3NzaC1yc2E=",
        "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----",
        "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt",
        "age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e",
    ],
    ids=["ssh", "rsa", "pem", "plugin", "tag"],
)
def test_g9_keys_of_other_kinds_are_refused_by_name(text: str) -> None:
    assert refusal(text).reference == "key-kind-unsupported"


@pytest.mark.parametrize(
    "text",
    [
        X25519.recipient,
        X25519.identity.lower(),
        "",
        "AGE-SECRET-KEY-1",
        bech32("age-secret-key-", os.urandom(31)).upper(),
    ],
    ids=["public", "lower", "empty", "cut", "short"],
)
def test_text_that_is_no_identity_is_malformed_and_not_repeated(text: str) -> None:
    with pytest.raises(KeyMalformed) as caught:
        keys.parse_identity(text)
    assert not text or text[20:40] == "" or text[20:40] not in str(caught.value)


def test_identity_file_with_comments_empty_lines_and_two_kinds() -> None:
    text = f"# a comment\r\n\r\n{X25519.identity}\r\n\n  \n{HYBRID.identity}\n"
    assert [identity.kind for identity in keys.parse_identity_file(text)] == ["x25519", "mlkem768x25519"]


@pytest.mark.parametrize(
    "text",
    ["", "# only a comment\n", "AGE-SECRET-KEY-1QQ\n", f"{X25519.recipient}\n", "x" * 70_000],
    ids=["empty", "comment", "cut", "recipient", "long"],
)
def test_identity_file_without_an_identity_is_malformed(text: str) -> None:
    with pytest.raises(KeyMalformed):
        keys.parse_identity_file(text)


def test_identity_file_names_the_line_that_is_wrong_and_not_its_text() -> None:
    with pytest.raises(KeyMalformed, match="line 3") as caught:
        keys.parse_identity_file(f"#\n{X25519.identity}\n{HYBRID.identity[:-1]}\n")
    assert HYBRID.identity[20:30] not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("age-encryption.org/v1\n-> scrypt x 18\n", "key-file-encrypted"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\n", "key-file-encrypted"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "key-kind-unsupported"),
    ],
)
def test_identity_files_of_other_kinds_are_refused_by_name(text: str, reference: str) -> None:
    with pytest.raises(KeyUnsuitable) as caught:
        keys.parse_identity_file(text)
    assert caught.value.reference == reference
