"""What signs documents: the stand-in, what is refused, and that nobody else can read it."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from portal.core import certificates
from portal.core.checks import keys_are_there, stand_ins_are_gone

NOW = datetime.now(UTC)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *certificates_of: x509.Certificate) -> bytes:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text + b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates_of)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, commits: bool | None = True, days: int = 30
) -> x509.Certificate:
    """A certificate for people's signatures; commits None: without any key usage."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example University")])
    unused = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    usage = dict.fromkeys((*unused, "encipher_only", "decipher_only"), False)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(NOW + timedelta(days=days))
    )
    if commits is not None:
        purpose = x509.KeyUsage(digital_signature=True, content_commitment=commits, **usage)
        made = made.add_extension(purpose, critical=True)
    return made.sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_stand_in_is_made_once_for_its_owner_alone_and_says_what_it_is(settings: Any, tmp_path: Path) -> None:
    settings.AGREEMENT_KEY = str(tmp_path / "keys" / "agreement.pem")
    certificates.ensure_stand_in()
    first = certificates.load()
    certificates.ensure_stand_in()
    assert certificates.load().fingerprint == first.fingerprint
    assert stat.S_IMODE(Path(settings.AGREEMENT_KEY).stat().st_mode) == 0o600
    assert first.stand_in
    assert "Stand-in (not for production)" in first.subject
    assert first.not_before < NOW < first.not_after
    assert "key=" not in repr(first)


def test_stand_in_fails_the_check_for_production(settings: Any, tmp_path: Path) -> None:
    settings.AGREEMENT_KEY = str(tmp_path / "agreement.pem")
    certificates.ensure_stand_in()
    assert "core.E108" in {found.id for found in stand_ins_are_gone(None)}


def test_certificate_of_an_organization_is_taken_with_its_issuers(
    settings: Any, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    settings.AGREEMENT_KEY = str(tmp_path / "agreement.pem")
    issuer = certificate(rsa.generate_private_key(65537, 2048))
    Path(settings.AGREEMENT_KEY).write_bytes(pem(key, issuer, certificate(key)))
    seal = certificates.load()
    assert (seal.stand_in, len(seal.chain)) == (False, 1)
    assert seal.fingerprint == certificate(key).fingerprint(hashes.SHA256()).hex()
    assert "core.E108" not in {found.id for found in stand_ins_are_gone(None)}


@pytest.mark.parametrize("path", ["", "/nowhere/agreement.pem"])
def test_key_that_is_missing_is_named_with_a_hint(settings: Any, path: str) -> None:
    settings.AGREEMENT_KEY = path
    with pytest.raises(ImproperlyConfigured, match=r"AGREEMENT_KEY.*PEM file.*nonRepudiation"):
        certificates.load()
    assert any("AGREEMENT_KEY" in found.msg for found in keys_are_there(None))


def test_what_cannot_sign_documents_is_refused(key: rsa.RSAPrivateKey) -> None:
    curve, other = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505
    wrong = {
        "no private key": b"hello",
        "or no certificate": pem(key),
        "is not RSA": pem(curve, certificate(curve)),
        "at least 2048 bits": pem(small, certificate(small)),
        "none of its certificates is of its key": pem(key, certificate(other)),
        "lacks the key usage nonRepudiation": pem(key, certificate(key, commits=False)),
        "names no key usage": pem(key, certificate(key, commits=None)),
    }
    for said, file in wrong.items():
        with pytest.raises(ValueError, match=said):
            certificates.parse(file)
