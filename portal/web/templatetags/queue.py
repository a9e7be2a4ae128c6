"""Tags of the queue: how long a request has waited, and whose turn it is."""

from datetime import datetime

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from licenses.models import Request
from portal.web.templatetags.portal import icon, spell

register = template.Library()

_DAY_S = 86_400
SOON = 0.6  # of the target


@register.simple_tag
def waited(request: Request) -> SafeString | str:
    """The age of a request in words, with a bar against the target; the bar says nothing that they do not."""
    if request.submitted_at is None:
        return "—"
    if rests := rested(request, getattr(request, "returned_at", None)):
        return format_html('<span class="age">{}</span>', rests)
    age_s, target_s = _since(request.submitted_at), settings.REVIEW_TARGET_DAYS * _DAY_S
    if request.asked_at is not None:
        since = spell(_since(request.asked_at))
        return format_html(
            '<span class="age calm">{} {}</span><span class="cell-note">asked {} ago</span>',
            icon("circle-pause"), spell(age_s), since,
        )  # fmt: skip
    bar = format_html(
        '<meter class="age-bar" min="0" max="{0}" value="{1}" aria-hidden="true"></meter>',
        int(target_s),
        int(min(age_s, target_s)),
    )
    if age_s > target_s:
        return format_html(
            '<span class="age bad">{} {}, over the target</span>{}<span class="cell-note">by {}</span>',
            icon("triangle-alert"), spell(age_s), bar, spell(age_s - target_s),
        )  # fmt: skip
    tone = "wait" if age_s > target_s * SOON else "calm"
    left = spell(target_s - age_s)
    return format_html(
        '<span class="age {}">{} {}</span>{}<span class="cell-note">{} left</span>',
        tone, icon("clock"), spell(age_s), bar, left,
    )  # fmt: skip


@register.simple_tag
def age(request: Request, returned_at: datetime | None = None) -> SafeString | str:
    """How long a request has waited, against the published target; where nobody waits, what became of it.

    returned_at: when it was last handed back to the applicant, of one that is with them.
    """
    if request.submitted_at is None:
        return "—"
    rests = rested(request, returned_at)
    if rests:
        return format_html('<span class="age">{}</span>', rests)
    waited_s = _since(request.submitted_at)
    text = spell(waited_s)
    if request.asked_at is not None:
        waits = spell(_since(request.asked_at))
        return format_html(
            '<span class="age calm">{} {}, asked {} ago</span>', icon("circle-pause"), text, waits
        )
    target_s = settings.REVIEW_TARGET_DAYS * _DAY_S
    if waited_s > target_s:
        return format_html(
            '<span class="age bad">{} {}, over the target</span>', icon("triangle-alert"), text
        )
    tone = "wait" if waited_s > target_s * SOON else "calm"
    return format_html('<span class="age {}">{} {}</span>', tone, icon("clock"), text)


def rested(request: Request, returned_at: datetime | None) -> str:
    """What became of a request that waits for no reviewer, and when; empty while it is in review.

    Nothing changes a withdrawn request: its last change is the withdrawal.
    """
    sent = request.submitted_at
    if sent is None or request.state == Request.State.SUBMITTED:
        return ""
    if request.state == Request.State.WITHDRAWN:
        return _decided_in((request.updated_at - sent).total_seconds(), done="withdrawn")
    if request.decided_at is not None:
        return _decided_in((request.decided_at - sent).total_seconds())
    return f"with the applicant for {spell(_since(returned_at or request.updated_at))}"


def _decided_in(seconds: float, *, done: str = "decided") -> str:
    """How long a decision took, or what `done` names, in words."""
    return f"{done} {'in' if seconds < 60 else 'after'} {spell(seconds)}"


def _since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()
