"""Reasons that staff keep ready. The log holds each text as it was, so that no version of it is lost."""

from datetime import datetime

from django.db import transaction

from licenses import policies, queries, shipped_reasons, texts
from licenses.actions.moving import require
from licenses.models import ReasonTemplate
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Conflict, Invalid

VERDICTS = ("approve", "request_changes", "reject", "grant")
MAX_TITLE_CHARACTERS = 80


def keep_reason(
    *, template: ReasonTemplate | None, verdict: str, title: str, text: str, by: Principal, now: datetime
) -> ReasonTemplate:
    """Keep a new reason ready, or change `template`, and return it.

    verdict: "approve", "request_changes", "reject", or "grant" for changes of a grant.
    Raises: NotPermitted. Conflict(reason_archived). Invalid: no title, no text, no such verdict.
    """
    title, text = _checked(verdict, title, text)
    with transaction.atomic():
        require(policies.may_keep_reasons(queries.person(by)))
        kept = _locked(template) if template is not None else ReasonTemplate()
        kept.verdict, kept.title, kept.text = verdict, title, text
        kept.updated_at, kept.updated_by = now, by.actor
        kept.save()
        audit.record(
            "reason.kept",
            by=by.actor,
            subject=f"reason:{kept.pk}",
            now=now,
            private={"title": title, "text": text},
            verdict=verdict,
        )
    return kept


def archive_reason(*, template: ReasonTemplate, by: Principal, now: datetime) -> ReasonTemplate:
    """Offer a reason no longer, and return it. What it was used for stays.

    Raises: NotPermitted. Conflict(reason_archived).
    """
    with transaction.atomic():
        require(policies.may_keep_reasons(queries.person(by)))
        kept = _locked(template)
        kept.archived_at, kept.updated_at, kept.updated_by = now, now, by.actor
        kept.save()
        audit.record("reason.archived", by=by.actor, subject=f"reason:{kept.pk}", now=now)
    return kept


def keep_shipped_reasons(*, by: Principal, now: datetime) -> list[ReasonTemplate]:
    """Keep the reasons that come with the portal, those of them whose title is not in use, and return them.

    Raises: NotPermitted.
    """
    with transaction.atomic():
        require(policies.may_keep_reasons(queries.person(by)))
        used = set(ReasonTemplate.objects.filter(archived_at__isnull=True).values_list("title", flat=True))
        return [
            keep_reason(template=None, verdict=verdict, title=title, text=text, by=by, now=now)
            for verdict, title, text in shipped_reasons.REASONS
            if title not in used
        ]


def _checked(verdict: str, title: str, text: str) -> tuple[str, str]:
    named, wrong_title = texts.clean(title, multiline=False, max_characters=MAX_TITLE_CHARACTERS)
    said, wrong_text = texts.clean(text, multiline=True)
    errors = {}
    if wrong_title or not named:
        errors["title"] = [wrong_title or "Give it a name by which you find it."]
    if wrong_text or not said:
        errors["text"] = [wrong_text or "Write the reason."]
    if verdict not in VERDICTS:
        errors["verdict"] = [f"This must be one of {', '.join(VERDICTS)}."]
    if errors:
        raise Invalid("reason_invalid", "The reason needs a second look.", errors=errors)
    return named, said


def _locked(template: ReasonTemplate) -> ReasonTemplate:
    kept = ReasonTemplate.objects.select_for_update().get(pk=template.pk)
    if kept.archived_at is not None:
        raise Conflict("reason_archived", "This reason is archived.", "Keep a new one in its place.")
    return kept
