"""What the vault needs from above and does not know: who may have what.

`settings.ACCESS_POLICY` names the class. Nothing here caches an answer: each call is asked afresh.
"""

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
