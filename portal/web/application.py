"""The request form and the request's page: what the form asks, where its answers go, what the page tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.http import QueryDict

from licenses import actions, policies, queries
from licenses.actions.moving import require
from licenses.models import LicenseVersion, ReleaseTerms, Request
from portal.accounts.principals import Principal
from portal.core.verdicts import Denied
from portal.web import answers as answer_sheet
from portal.web.forms.questionnaire import QuestionnaireForm
from portal.web.journey import next_panel, progress
from portal.web.story import told
from weights_vault.models import Release

# Where a person is led who asks for a release and has a request under way.
INSTEAD: Final = {
    "request_draft": "request_edit",
    "request_pending": "request_detail",
    "changes_requested": "request_edit",
    "license_unsigned": "request_sign",
}
# What decides whether the page offers a step.
_STEPS: Final = {
    "request_edit": policies.may_edit,
    "request_withdraw": policies.may_withdraw,
    "request_sign": policies.may_sign,
    "request_appeal": policies.may_appeal,
}


@dataclass
class Sheet:
    """One request form, for a new request (`request` is None) or for one that is changed.

    in_review: reviewers have it now, so a change goes to them at once.
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

    @classmethod
    def begin(cls, principal: Principal, release: Release, now: datetime, data: QueryDict | None) -> "Sheet":
        """A form for a new request. Raises: NotPermitted, Conflict: the rule does not allow one."""
        require(policies.may_draft(queries.facts(principal, release), now))
        terms = queries.terms_by_release([release])[release.pk]
        return cls._make(principal, release, terms, now, data, None, {}, in_review=False)

    @classmethod
    def resume(cls, principal: Principal, request: Request, now: datetime, data: QueryDict | None) -> "Sheet":
        """A form for the request as it stands. Raises: NotPermitted, Conflict: it cannot be changed."""
        case = queries.request_case(principal, request, now)
        require(policies.may_edit(case))
        release = request.releases.all()[0]
        kept = request.versions.get(number=request.version).answers
        in_review = bool(policies.may_confirm_license(case))
        return cls._make(
            principal, release, queries.terms_of(request), now, data, request, kept, in_review=in_review
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
        kept: dict[str, Any],
        *,
        in_review: bool,
    ) -> "Sheet":
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
        return cls(principal, now, release, terms, license, form, request, in_review, sends, seen)

    def keep(self) -> Request:
        """Keep the answers and, where that was asked, send them. Raises what the actions raise."""
        request, cleaned = self._kept(), self.form.cleaned_data
        if not self.sends:
            return request
        given: dict[str, Any] = {
            "license_sha256": cleaned["license_sha256"],
            "by": self.principal,
            "now": self.now,
        }
        if self.in_review:
            return actions.confirm_license(request=request, **given)
        return actions.submit(request=request, idempotency_key=cleaned["idempotency_key"] or None, **given)

    def _kept(self) -> Request:
        cleaned = self.form.cleaned_data
        if self.request is not None:
            return actions.edit(
                request=self.request, answers=cleaned["answers"], by=self.principal, now=self.now
            )
        return actions.draft(
            release=self.release,
            answers=cleaned["answers"],
            idempotency_key=cleaned["idempotency_key"] or None,
            by=self.principal,
            now=self.now,
        )

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
            "asked": [reason for reason in asked if reason],
            "in_review": self.in_review,
        }


def instead(verdict: Denied) -> str:
    """Name of the page of the request under way that bars a new one, or nothing."""
    return INSTEAD.get(verdict.code, "")


def page_of(principal: Principal, request: Request, now: datetime) -> dict[str, Any]:
    """Context of the applicant's page of a request."""
    case = queries.request_case(principal, request, now)
    release = request.releases.all()[0]
    closed = [page for page, may in _STEPS.items() if not may(case)]
    if not policies.may_draft(queries.facts(principal, release), now):
        closed.append("request_form")
    next_ = next_panel(
        request.state,
        request.pk,
        release.slug,
        closed=closed,
        target_days=settings.REVIEW_TARGET_DAYS,
        sign_days=settings.SIGN_WITHIN_DAYS,
    )
    return {
        "the_request": request,
        "progress": progress(request.state),
        "next": next_,
        "reason": queries.decided_reason(request),
        "answers": answer_sheet.latest(request),
        "timeline": told(queries.timeline(request)),
    }
