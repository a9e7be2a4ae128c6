"""What the portal's tokens look like: personal ("wp_"), of a device ("wpd_"), and its renewal ("wpr_").

A token is its prefix, 40 random base62 characters (238 bits), and 6 characters of CRC-32 of those. Prefix and
checksum let secret scanners and typing errors be recognized without asking the database. Only the SHA-256
of a token is kept: it has too many bits to be guessed, so that needs no salt and no slow hash.
"""

import hashlib
import secrets
import string
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from allauth.mfa.models import Authenticator
from django.db.models import F, FilteredRelation, Q, QuerySet

from portal.accounts.models import AccessToken, Device, User

Owned = TypeVar("Owned", AccessToken, Device)

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
    return _binding(user, factors.values_list("pk", flat=True))


def with_factors(rows: QuerySet[Owned, Owned]) -> QuerySet[Owned, Owned]:
    """Return rows of what has a `user`, fetched with them, once for each second factor that they have.

    This stands before every call: one query tells everything that `still_bound` asks.
    """
    theirs = ~Q(user__authenticator__type=Authenticator.Type.RECOVERY_CODES)
    joined = rows.select_related("user").alias(
        held_factor=FilteredRelation("user__authenticator", condition=theirs)
    )
    return joined.annotate(factor=F("held_factor__pk"))


def _binding(user: User, factors: Iterable[int]) -> str:
    state = "\0".join([user.password, *map(str, sorted(factors))])
    return hashlib.sha256(b"weights-portal token binding\0" + state.encode()).hexdigest()


def still_bound(rows: Sequence[Any]) -> bool:
    """True while nothing of what `binding` covers has changed. rows: of `with_factors`, at least one."""
    now = _binding(rows[0].user, (row.factor for row in rows if row.factor is not None))
    return secrets.compare_digest(rows[0].binding, now)


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    characters = []
    for _ in range(_CHECKSUM_CHARACTERS):
        rest, digit = divmod(rest, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))
