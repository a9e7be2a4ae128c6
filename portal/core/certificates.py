"""The key and certificate with which the portal signs documents: one PEM file that AGREEMENT_KEY names.

The file holds the private key, its certificate, and the certificates of who issued that, up to the root. The
embedded settings make a stand-in at first start; it names itself one, and `check --deploy` refuses it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys import make_once

SMALLEST_BITS: Final = 2048
STAND_IN: Final = "Stand-in (not for production)"
STAND_IN_LIVES: Final = timedelta(days=30 * 365)
HINT: Final = (
    "It is a PEM file (mode 0600) with an RSA private key, its certificate, which must have the key "
    "usage nonRepudiation, and the certificates of its issuers."
)


@dataclass(frozen=True)
class Seal:
    """What signs. fingerprint: SHA-256 of the certificate, hex. not_after: signs up to, not at, that time."""

    certificate: asn1_x509.Certificate
    chain: tuple[asn1_x509.Certificate, ...]
    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime
    stand_in: bool
    key: asn1_keys.PrivateKeyInfo = field(repr=False)


def load() -> Seal:
    """Return what AGREEMENT_KEY names.

    Raises: ImproperlyConfigured: missing, unreadable, no key or certificate in it, not of one another, too
        weak, or a certificate that may not sign documents.
    """
    if not settings.AGREEMENT_KEY:
        raise ImproperlyConfigured(f"AGREEMENT_KEY is not set. {HINT}")
    path = Path(settings.AGREEMENT_KEY)
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ImproperlyConfigured(
            f"AGREEMENT_KEY: {path} cannot be read ({error.strerror}). {HINT}"
        ) from error
    except ValueError as error:
        raise ImproperlyConfigured(f"AGREEMENT_KEY: {path}: {error}. {HINT}") from error


def parse(pem: bytes) -> Seal:
    """Return the seal of a PEM file. Raises: ValueError: what is wrong with it."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
        certificates = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError) as error:
        raise ValueError("it holds no private key without a password, or no certificate") from error
    # An EC signature needs PDF 2.0, and PDF/A-2 stands on 1.7.
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < SMALLEST_BITS:
        raise ValueError(f"the key is not RSA with at least {SMALLEST_BITS} bits")
    own = [each for each in certificates if each.public_key() == key.public_key()]
    if not own:
        raise ValueError("none of its certificates is of its key")
    _may_sign_documents(own[0])
    return _seal(key, own[0], [each for each in certificates if each is not own[0]])


def _may_sign_documents(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise ValueError("the certificate names no key usage") from error
    if not usage.content_commitment:
        raise ValueError("the certificate lacks the key usage nonRepudiation")


def _seal(
    key: rsa.RSAPrivateKey,
    own: x509.Certificate,
    chain: Sequence[x509.Certificate],
) -> Seal:
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    organizations = [name.value for name in own.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return Seal(
        certificate=_asn1(own),
        chain=tuple(_asn1(each) for each in chain),
        fingerprint=own.fingerprint(hashes.SHA256()).hex(),
        subject=own.subject.rfc4514_string(),
        not_before=own.not_valid_before_utc,
        not_after=own.not_valid_after_utc,
        stand_in=STAND_IN in organizations,
        key=asn1_keys.PrivateKeyInfo.load(der),
    )


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def is_stand_in() -> bool:
    """True where documents are signed with what the portal made for itself."""
    try:
        return load().stand_in
    except ImproperlyConfigured:
        return False  # it cannot be read at all, and another check says so


def fingerprint(certificate: asn1_x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, hex."""
    return hashlib.sha256(certificate.dump()).hexdigest()


def stand_in_pem(name: str, now: datetime) -> bytes:
    """Return a new key and a certificate that it signed itself, as AGREEMENT_KEY wants them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=SMALLEST_BITS)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, STAND_IN),
            x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
        ]
    )
    began = now - timedelta(days=1)  # a clock that is a little behind still finds it valid
    usage = dict.fromkeys(
        (
            *("digital_signature", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"),
            *("crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + STAND_IN_LIVES)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(content_commitment=True, **{**usage, "digital_signature": True}), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def ensure_stand_in() -> None:
    """Make the stand-in that the embedded settings name, unless it is there."""
    make_once(Path(settings.AGREEMENT_KEY), lambda: stand_in_pem(settings.PORTAL_NAME, datetime.now(UTC)))
