"""Tags of the queue: how long a request has waited, and whose turn it is."""

from datetime import datetime

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from licenses.models import Request
from portal.web.templatetags.portal import icon, rested, spell

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


def _since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()
