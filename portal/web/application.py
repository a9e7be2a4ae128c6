"""The request form: what it asks, what it knows already, where its answers go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.http import QueryDict

from licenses import actions, policies, queries
from licenses.actions import contents
from licenses.actions.moving import require
from licenses.models import LicenseVersion, ReleaseTerms, Request
from licenses.queries.earlier import Earlier, earlier_answers
from licenses.queries.evidence import evidence_asked
from portal.accounts.principals import Principal
from portal.core.problems import Conflict
from portal.core.verdicts import Denied
from portal.web.forms.questionnaire import QuestionnaireForm
from portal.web.sizes import Sizes, sizes_of
from portal.web.team import team_of
from weights_vault.models import Release

# Where a person is led who asks for a release and has a request under way.
INSTEAD: Final = {
    "request_draft": "request_edit",
    "request_pending": "request_detail",
    "changes_requested": "request_edit",
    "license_unsigned": "request_sign",
}


@dataclass
class Sheet:
    """One request form, for a new request (`request` is None) or for one that is changed.

    in_review: reviewers have it now, so a change goes to them at once. sends: it is to go to the reviewers,
    not only to be kept. seen: what stood in the request when this form was shown, as `contents.mark` says.
    elsewhere: what was saved meanwhile in another tab, as the problem draft_changed tells it.
    """

    principal: Principal
    now: datetime
    release: Release
    terms: ReleaseTerms
    license: LicenseVersion | None
    form: QuestionnaireForm
    request: Request | None
    in_review: bool
    sends: bool
    seen: str
    sizes: Sizes
    earlier: dict[str, Earlier] = field(default_factory=dict)
    elsewhere: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        principal: Principal,
        release: Release,
        now: datetime,
        data: QueryDict | None,
        *,
        empty: bool = False,
    ) -> "Sheet":
        """A form for a new request; `empty`: without what the person said in an earlier one.

        Raises: NotPermitted, Conflict: the rule does not allow a request.
        """
        require(policies.may_draft(queries.facts(principal, release), now))
        terms = queries.terms_by_release([release])[release.pk]
        sheet = cls._make(principal, release, terms, now, data, None, in_review=False)
        if data is None and not empty:
            sheet.earlier = earlier_answers(principal.person, release, terms.questions)
            sheet.form.prefill(sheet.earlier)
        return sheet

    @classmethod
    def resume(cls, principal: Principal, request: Request, now: datetime, data: QueryDict | None) -> "Sheet":
        """A form for the request as it stands. Raises: NotPermitted, Conflict: it cannot be changed."""
        case = queries.request_case(principal, request, now)
        require(policies.may_edit(case))
        release = request.releases.all()[0]
        in_review = bool(policies.may_confirm_license(case))
        return cls._make(
            principal, release, queries.terms_of(request), now, data, request, in_review=in_review
        )

    @classmethod
    def _make(
        cls,
        principal: Principal,
        release: Release,
        terms: ReleaseTerms,
        now: datetime,
        data: QueryDict | None,
        request: Request | None,
        *,
        in_review: bool,
    ) -> "Sheet":
        version = request.versions.get(number=request.version) if request else None
        kept = contents.of(version) if version else contents.NOTHING
        sends = in_review or data is None or data.get("do") != "save"
        asked = evidence_asked(principal)
        initial = {**QuestionnaireForm.initial_of(**kept.fields), "idempotency_key": uuid4().hex}
        form = QuestionnaireForm(
            data,
            questions=terms.questions,
            complete=sends,
            evidence=asked,
            renewal=request is not None and request.renews_id is not None,
            initial=initial,
        )
        organization = queries.confirmed_organization(principal)
        if request is not None and in_review:
            organization = request.organization
        license = queries.license_in_force(terms.license, now, organization)
        seen = contents.mark(version) if version else ""
        sizes = sizes_of(principal, release, request, now, data)
        return cls(principal, now, release, terms, license, form, request, in_review, sends, seen, sizes)

    def keep(self) -> Request:
        """Keep what was said and, where that was asked, send it. Raises what the actions raise."""
        self.request, cleaned = self._kept(), self.form.cleaned_data
        self.seen = contents.mark(self.request.versions.get(number=self.request.version))
        if not self.sends:
            return self.request
        given: dict[str, Any] = {
            "license_sha256": cleaned["license_sha256"],
            "by": self.principal,
            "now": self.now,
        }
        if self.in_review:
            return actions.confirm_license(request=self.request, **given)
        key = cleaned["idempotency_key"] or None
        return actions.submit(request=self.request, idempotency_key=key, **given)

    def _kept(self) -> Request:
        cleaned = self.form.cleaned_data
        given: dict[str, Any] = {
            "answers": cleaned["answers"],
            "evidence": cleaned["evidence"],
            "by": self.principal,
            "now": self.now,
        }
        if self.request is not None:
            # The answers first: where they meet what another tab saved, the choice stays as it was, too.
            edited = actions.edit(
                request=self.request,
                summary_of_use=cleaned["summary_of_use"],
                seen=self.form.data.get("seen"),
                **given,
            )
            if not self.sizes.open:
                return edited
            chosen = self.sizes.releases
            return actions.choose_releases(request=edited, releases=chosen, by=self.principal, now=self.now)
        key = cleaned["idempotency_key"] or None
        return actions.draft(release=self.release, also=self.sizes.also, idempotency_key=key, **given)

    def clash(self, problem: Conflict) -> None:
        """Show beside the form what was saved elsewhere. Saved once more, the form then stands."""
        self.elsewhere, self.seen = problem.extra["difference"], problem.extra["now"]

    @property
    def said(self) -> str:
        """What to tell the applicant once it is kept."""
        if not self.sends:
            return "Your draft is saved. Nobody reads it before you send it."
        return "Your request is sent. You get mail as soon as something is decided."

    @property
    def context(self) -> dict[str, Any]:
        asked = [queries.decided_reason(self.request)] if self.request else []
        return {
            "form": self.form,
            "the_request": self.request,
            "release": self.release,
            "terms": self.terms,
            "license": self.license,
            "sizes": self.sizes,
            "team": team_of(self.principal, self.request, self.now) if self.request else None,
            "asked": [reason for reason in asked if reason],
            "in_review": self.in_review,
            "seen": self.seen,
            "earlier": self.earlier,
            "elsewhere": self.elsewhere,
        }


def instead(verdict: Denied) -> str:
    """Name of the page of the request under way that bars a new one, or nothing."""
    return INSTEAD.get(verdict.code, "")
