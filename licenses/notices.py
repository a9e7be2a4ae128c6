"""The mails that transitions send: to whom, and what they are told. Texts are in templates/licenses/mail/.

A mail points to a page and carries no credential. Its key is the audit event's number, so that one event
never mails the same person twice.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from licenses import links
from licenses.models import Grant, LicenseVersion, Message, Request, Vote
from licenses.queries.facts import decided_reason
from licenses.queries.messages import audience as other_side
from licenses.queries.reviewers import eligible_reviewers
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.core.outbox import queue_mail
from weights_vault.models import Release

TEMPLATES = "licenses/mail"
TO_REVIEWERS = {"review_wanted", "review_again"}
ABOUT_MESSAGES = {"question_asked", "message_received"}


def send_for_request(notices: Iterable[str], request: Request, event: AuditEvent) -> None:
    """Queue the mails of one move of a request."""
    for notice in notices:
        if notice in ABOUT_MESSAGES:
            _send_message(notice, request, event)
            continue
        for user in _audience(notice, request):
            _queue(notice, user, event, _about_request(request))


def send_for_grant(notices: Iterable[str], grant: Grant, event: AuditEvent) -> None:
    """Queue the mails of one move of a grant, to its holder."""
    for notice in notices:
        _queue(notice, grant.user, event, {**_about_grant(grant), "reason": event.data.get("reason", "")})


def send_license_changed(request: Request, version: LicenseVersion, event: AuditEvent) -> None:
    """Tell an applicant in review that a newer license text will have to be confirmed."""
    _queue("license_changed", request.applicant, event, {**_about_request(request), "new_version": version})


def _send_message(notice: str, request: Request, event: AuditEvent) -> None:
    message = Message.objects.select_related("request__assignee", "author").get(pk=event.data["message"])
    told = {"message": message, "answers": event.kind == "request.answered"}
    for user in other_side(message):
        _queue(notice, user, event, {**_about_request(request), **told})


def _audience(notice: str, request: Request) -> list[User]:
    if notice not in TO_REVIEWERS:
        return [request.applicant]
    reviewers = eligible_reviewers(request)
    if notice == "review_again":
        voted = Vote.objects.filter(request=request, version=request.version - 1).values("reviewer")
        reviewers = reviewers.filter(pk__in=voted)
    return list(reviewers)


def _about_request(request: Request) -> dict[str, Any]:
    releases = list(request.releases.all())
    return {
        "request": request,
        "applicant": request.applicant,
        "titles": _titles(releases),
        "slugs": [release.slug for release in releases],
        "license": request.license_version,
        "reason": decided_reason(request),
        "request_page": links.page(links.REQUEST, id=request.pk),
        "sign_page": links.page(links.SIGN, id=request.pk),
        "review_page": links.page(links.REVIEW, id=request.pk),
        "review_target_days": settings.REVIEW_TARGET_DAYS,
        "sign_within_days": settings.SIGN_WITHIN_DAYS,
    }


def _about_grant(grant: Grant) -> dict[str, Any]:
    return {
        "grant": grant,
        "titles": grant.release.title,
        "slugs": [grant.release.slug],
        "reason": grant.state_reason,
        "grant_page": links.page(links.GRANT, id=grant.pk),
        "release_page": links.page(links.RELEASE, slug=grant.release.slug),
        "url_lifetime_minutes": max(1, settings.URL_LIFETIME_S // 60),
    }


def _titles(releases: list[Release]) -> str:
    names = [release.title for release in releases]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _queue(notice: str, user: User, event: AuditEvent, context: dict[str, Any]) -> None:
    if not user.is_active:
        return
    queue_mail(
        to=user.email,
        template=f"{TEMPLATES}/{notice}",
        context={"person": user, **context},
        key=f"licenses:{notice}:{event.pk}:{user.public_id}",
    )
