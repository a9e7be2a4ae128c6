"""What the vault needs from above and does not know: who may have what.

`settings.ACCESS_POLICY` names the class. Nothing here caches an answer: each call is asked afresh.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal, Protocol

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from portal.accounts.principals import Principal
from portal.core.verdicts import Verdict
from weights_vault.models import RecipientKey, Release, Revision

Purpose = Literal["see", "request", "manifest", "headers", "urls"]
PURPOSES: tuple[Purpose, ...] = ("see", "request", "manifest", "headers", "urls")


@dataclass(frozen=True)
class SignedVote:
    """One approval, under its reviewer's passkey. quorum: how many approvals its document asks for.

    person: public id. credential: id of the passkey, lower-case hex. challenge: the bytes that it signed,
    made anew from the documents.
    """

    person: str
    quorum: int
    credential: str
    challenge: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


@dataclass(frozen=True)
class Evidence:
    """What proves a grant: whose it is, of which release (its slug), and the votes for just that."""

    person: str
    release: str
    votes: tuple[SignedVote, ...]


class AccessPolicy(Protocol):
    """The one rule of access (design: section 4)."""

    def judge(
        self,
        principal: Principal,
        release: Release,
        purpose: Purpose,
        *,
        now: datetime,
        revision: Revision | None = None,
        key: RecipientKey | None = None,
        grant: str | None = None,
        lock: bool = False,
    ) -> Verdict:
        """May `principal` do this with `release` now, under `grant` if one is named?

        lock: hold the grant's row until the transaction ends, so that a revocation stands wholly before
            or wholly after what is being issued.
        """
        ...

    def evidence(self, grant: str) -> Evidence:
        """What proves the grant of this public id. Signatures are not checked here."""
        ...

    def may_publish(self, release: Release) -> Verdict:
        """Do the release's terms let a revision of it be published at all?"""
        ...

    def visible_releases(self, principal: Principal) -> QuerySet[Release]:
        """The releases that `judge(…, "see")` allows this principal."""
        ...


@cache
def _policy(path: str) -> AccessPolicy:
    policy: AccessPolicy = import_string(path)()
    return policy


def access_policy() -> AccessPolicy:
    """The policy that the settings name."""
    return _policy(settings.ACCESS_POLICY)
