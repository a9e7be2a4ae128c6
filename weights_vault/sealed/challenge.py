"""Enrollment challenges: proof that whoever enrolls a recipient key holds its identity.

The client must not become something that opens what the portal hands it: it opens only this one plaintext,
for the origin and the account it knows, and answers a keyed digest, never plaintext.

Specification: docs/reference/sealed-format.md, section 6.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .age import read_header, write_header
from .body import new_file_key, new_nonce, open_body, seal_body
from .errors import ChallengeMalformed, ChallengeRefused, SealedError
from .fields import DIGEST, VISIBLE, read_time, whole_second, write_time
from .key_types import Identity
from .keys import parse_recipient
from .validity import MAX_CLOCK_SKEW

NONCE_SIZE = 32
LIFETIME = timedelta(minutes=10)
MAX_CHALLENGE_SIZE = 16_384  # bytes of the whole age file

_TITLE = "weights-portal key challenge v1"
_ANSWER_DOMAIN = b"weights-portal key answer v1\n"
_PLAINTEXT = re.compile(
    re.escape(_TITLE)
    + r"\norigin: (\S+)\naccount: (\S+)\nrecipient: (\S+)\nnonce: ([0-9a-f]{64})\nexpires: (\S+)\n"
)


@dataclass(frozen=True)
class Challenge:
    """What a portal asks: who it is, whom it asks, for which recipient, once, until when.

    origin: of the portal, "https://…". account: the person's public id. recipient: the `age1…` text.
    nonce: NONCE_SIZE random bytes, the key of the answer. expires: UTC, whole seconds.
    """

    origin: str
    account: str
    recipient: str
    nonce: bytes = field(repr=False)
    expires: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "expires", whole_second(self.expires))
        if not VISIBLE.fullmatch(self.origin) or not VISIBLE.fullmatch(self.account):
            raise ChallengeMalformed("origin and account are 1 to 255 visible ASCII characters")
        if len(self.nonce) != NONCE_SIZE:
            raise ChallengeMalformed(f"the nonce has {NONCE_SIZE} bytes")


def seal_challenge(challenge: Challenge) -> bytes:
    """Return the challenge as a whole age file to its recipient, at most MAX_CHALLENGE_SIZE bytes.

    Raises: KeyMalformed, KeyUnsuitable: no challenge can be made for that recipient.
    """
    recipient = parse_recipient(challenge.recipient)
    file_key = new_file_key()
    header = write_header(file_key, (recipient.wrap(file_key),))
    return header + seal_body(file_key, new_nonce(), _write(challenge))


def open_challenge(
    sealed: bytes, identity: Identity, *, origin: str, account: str, now: datetime
) -> Challenge:
    """Return the challenge if it is one that `identity` may answer.

    sealed: the whole age file. origin, account: of the portal that is talked to and the person signed in
        there.
    Raises: ChallengeRefused: anything else than a challenge of this portal, to this account and identity,
        in its time.
    Source: docs/reference/sealed-format.md, section 6.
    """
    challenge = _read(_decrypt(sealed, identity))
    expected = (origin, account, str(identity.recipient))
    if (challenge.origin, challenge.account, challenge.recipient) != expected:
        raise ChallengeRefused(
            "the challenge is of another portal, account or key", reference="challenge-elsewhere"
        )
    if not now < challenge.expires <= now + LIFETIME + MAX_CLOCK_SKEW:
        raise ChallengeRefused("the challenge is not of this moment", reference="challenge-expired")
    return challenge


def answer(challenge: Challenge) -> str:
    """Return the proof of possession: hex HMAC-SHA-256 over all fields, keyed by the nonce."""
    return hmac.new(challenge.nonce, _ANSWER_DOMAIN + _write(challenge), hashlib.sha256).hexdigest()


def check_answer(challenge: Challenge, given: str) -> bool:
    """Say whether `given` answers `challenge`, in constant time.

    That a challenge is answered once and in its time is the caller's to keep.
    """
    return bool(DIGEST.fullmatch(given)) and hmac.compare_digest(answer(challenge), given)


def _write(challenge: Challenge) -> bytes:
    return (
        f"{_TITLE}\n"
        f"origin: {challenge.origin}\n"
        f"account: {challenge.account}\n"
        f"recipient: {challenge.recipient}\n"
        f"nonce: {challenge.nonce.hex()}\n"
        f"expires: {write_time(challenge.expires)}\n"
    ).encode("ascii")


def _read(plaintext: bytes) -> Challenge:
    try:
        found = _PLAINTEXT.fullmatch(plaintext.decode("ascii"))
        if found:
            origin, account, recipient, nonce, expires = found.groups()
            return Challenge(origin, account, recipient, bytes.fromhex(nonce), read_time(expires))
    except (UnicodeDecodeError, SealedError):
        pass
    raise ChallengeRefused("what the portal sent is no challenge", reference="challenge-unknown")


def _decrypt(sealed: bytes, identity: Identity) -> bytes:
    if len(sealed) > MAX_CHALLENGE_SIZE:
        raise ChallengeRefused(f"a challenge has at most {MAX_CHALLENGE_SIZE} bytes")
    try:
        opened = read_header(sealed, [identity])
        return open_body(opened.file_key, sealed[opened.size :])
    except SealedError as error:
        raise ChallengeRefused(f"the challenge cannot be opened: {error}") from None
