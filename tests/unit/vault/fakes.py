"""What stands in for the licenses and for the smoke worker when the vault is tested alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from portal.accounts.principals import Principal
from portal.core.verdicts import Allowed, Denied, Verdict
from weights_vault.models import RecipientKey, Release, Revision
from weights_vault.ports import Evidence

GRANT = "grt_test"


class FakePolicy:
    """Lets everybody have everything under GRANT, until a test sets `refusal` or `publishing`."""

    refusal: Denied | None = None
    publishing: Denied | None = None
    asked: list[tuple[str, str | None, bool]] = []

    @classmethod
    def reset(cls) -> None:
        cls.refusal, cls.publishing, cls.asked = None, None, []

    def judge(
        self,
        principal: Principal,
        release: Release,
        purpose: str,
        *,
        now: datetime,
        revision: Revision | None = None,
        key: RecipientKey | None = None,
        grant: str | None = None,
        lock: bool = False,
    ) -> Verdict:
        self.asked.append((purpose, grant, lock))
        return Allowed(GRANT) if self.refusal is None else self.refusal

    def evidence(self, grant: str) -> Evidence:
        return Evidence(person="", release="", votes=())

    def may_publish(self, release: Release) -> Verdict:
        return Allowed() if self.publishing is None else self.publishing

    def visible_releases(self, principal: Principal) -> QuerySet[Release]:
        return Release.objects.all()


def passes(job: Mapping[str, Any]) -> dict[str, Any]:
    """A smoke worker that is content with everything."""
    return {"version": 1, "verdict": "passed", "levels": []}


def fails(job: Mapping[str, Any]) -> dict[str, Any]:
    problem = {"code": "logits-differ", "where": "layer 3", "detail": "the logits are far off"}
    level = {"level": "logits", "verdict": "failed", "problems": [problem]}
    return {"version": 1, "verdict": "failed", "levels": [level]}
