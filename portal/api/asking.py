"""What a request for a release takes: what is asked, of whom, and what the caller said before."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from licenses import policies, queries
from licenses.models import ReleaseTerms
from licenses.queries.earlier import earlier_answers
from licenses.queries.evidence import evidence_asked
from licenses.queries.siblings import siblings
from portal.accounts.principals import Principal
from portal.core.verdicts import Verdict
from weights_vault.models import Release


@dataclass(frozen=True)
class Asking:
    """verdict: may the caller begin a request now. evidence: "", "offered" or "required" of the caller.

    together: slugs of the releases that the same request can ask for too. earlier_answers: by question id.
    """

    verdict: Verdict
    evidence: str
    max_co_applicants: int
    signatory: bool
    quorum: int
    grant_days: int
    target_days: int
    together: list[str]
    earlier_answers: dict[str, str]

    @classmethod
    def read(
        cls, principal: Principal, release: Release, terms: ReleaseTerms | None, now: datetime
    ) -> "Asking | None":
        """Return it; None for a release without terms, for which nobody can ask."""
        if terms is None:
            return None
        # A token for one grant is for no request, and reads nothing of others.
        user = None if principal.grant else principal.user
        earlier = earlier_answers(user, release, terms.questions) if user is not None else {}
        return cls(
            verdict=policies.may_draft(queries.facts(principal, release), now),
            evidence=evidence_asked(principal),
            max_co_applicants=terms.max_co_applicants,
            signatory=terms.signatory,
            quorum=terms.quorum,
            grant_days=terms.grant_days,
            target_days=settings.REVIEW_TARGET_DAYS,
            together=[each.slug for each in siblings(principal, release, now)] if user is not None else [],
            earlier_answers={name: said.answer for name, said in earlier.items()},
        )
