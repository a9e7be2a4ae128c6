"""What the portal's tokens look like: personal ("wp_"), of a device ("wpd_"), and its renewal ("wpr_").

A token is its prefix, 40 random base62 characters (238 bits), and 6 characters of CRC-32 of those. Prefix and
checksum let secret scanners and typing errors be recognized without asking the database. Only the SHA-256
of a token is kept: it has too many bits to be guessed, so that needs no salt and no slow hash.
"""

import hashlib
import secrets
import string
import zlib

from allauth.mfa.models import Authenticator

from portal.accounts.models import User

PERSONAL = "wp_"
DEVICE = "wpd_"
RENEWAL = "wpr_"
PREFIXES = (PERSONAL, DEVICE, RENEWAL)

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_CHARACTERS = 40
_CHECKSUM_CHARACTERS = 6


def new_secret(prefix: str) -> str:
    """Return a fresh token that begins with one of PREFIXES."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return prefix + body + _checksum(body)


def is_well_formed(secret: str, prefix: str) -> bool:
    """True when `secret` has the form and the checksum of such a token, so that asking for it makes sense."""
    body = secret.removeprefix(prefix)
    if len(secret) != len(prefix) + _RANDOM_CHARACTERS + _CHECKSUM_CHARACTERS or body == secret:
        return False
    return body[_RANDOM_CHARACTERS:] == _checksum(body[:_RANDOM_CHARACTERS])


def digest(secret: str) -> str:
    """Return what is kept of a token: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def binding(user: User) -> str:
    """Return a digest of the owner's password and second factors as they are now.

    A token keeps the one of its making. Whoever changes the password, adds a factor or takes one away thereby
    ends every token of the account, in every process, with nothing left to be done. Recovery codes are no
    factor of their own: new ones are printed without proving anything anew.
    """
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    state = "\0".join([user.password, *map(str, sorted(factors.values_list("pk", flat=True)))])
    return hashlib.sha256(b"weights-portal token binding\0" + state.encode()).hexdigest()


def still_bound(user: User, kept: str) -> bool:
    """True while nothing of what `binding` covers has changed."""
    return secrets.compare_digest(kept, binding(user))


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    characters = []
    for _ in range(_CHECKSUM_CHARACTERS):
        rest, digit = divmod(rest, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))
