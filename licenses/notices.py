"""The mails that transitions send: to whom, and what they are told. Texts are in templates/licenses/mail/.

A mail points to a page and carries no credential. Its key is the audit event's number, so that one event
never mails the same person twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects

from licenses import links, states
from licenses.models import Grant, LicenseVersion, Message, Party, Reminder, Request, Vote
from licenses.queries.facts import decided_reason
from licenses.queries.masters import master_covering
from licenses.queries.messages import audience as other_side
from licenses.queries.parties import standing
from licenses.queries.reminded import who_is_reminded
from licenses.queries.reviewers import eligible_reviewers
from portal.accounts import matrix
from portal.accounts.models import User
from portal.accounts.staff import people_who
from portal.core import audit, times
from portal.core.jobs import enqueue
from portal.core.models import AuditEvent
from portal.core.outbox import queue_mail, queue_mails
from weights_vault.models import Release

TEMPLATES = "licenses/mail"
# Late requests that one mail names; the queue has the others.
MOST_NAMED = 20
TO_REVIEWERS = {"review_wanted", "review_again", "review_nudged"}
# To all of the legal staff, however many: a job writes these, and whoever submits does not wait for it.
TO_EVERY_REVIEWER = {"review_wanted"}
TELL_REVIEWERS = "licenses.tell_reviewers"
ABOUT_MESSAGES = {"question_asked", "message_received"}
TO_LEGAL_STAFF = {"grant_closed"}
TO_PARTIES = {"party_invited", "party_dropped", "signature_wanted"}
TO_WHOLE_TEAM = {"request_rejected", "request_withdrawn", "request_lapsed"}


def send_for_request(notices: Iterable[str], request: Request, event: AuditEvent) -> None:
    """Queue the mails of one move of a request."""
    for notice in notices:
        if notice in ABOUT_MESSAGES:
            _send_message(notice, request, event)
        elif notice in TO_PARTIES:
            _send_parties(notice, request, event)
        elif notice in TO_EVERY_REVIEWER:
            told = {"notice": notice, "request": request.pk, "event": event.pk}
            enqueue(TELL_REVIEWERS, told, key=f"{TELL_REVIEWERS}:{notice}:{event.pk}")
        else:
            _send_audience(notice, request, event)


def tell_reviewers(notice: str, request: Request, event: AuditEvent) -> None:
    """Queue the mails that TELL_REVIEWERS is about, unless nobody has to review the request any more."""
    if request.state != states.SUBMITTED:
        return
    with transaction.atomic():
        _send_audience(notice, request, event)


def send_for_grant(notices: Iterable[str], grant: Grant, event: AuditEvent) -> None:
    """Queue the mails of one move of a grant, to its holder."""
    for notice in notices:
        told = {"reason": audit.wording(event, "reason"), **_about_new_version(notice, event)}
        _queue(notice, grant.user, event, {**_about_grant(grant), **told})
        for user in _staff_who_hear(notice, grant):
            review = links.page(links.REVIEW, id=grant.request_id)
            _queue(notice, user, event, {**_about_grant(grant), **told, "grant_page": review})


def _staff_who_hear(notice: str, grant: Grant) -> list[User]:
    """Legal staff, of what a holder did for good."""
    if notice not in TO_LEGAL_STAFF:
        return []
    staff = people_who(matrix.GRANT_SUSPEND)
    return list(staff.exclude(pk=grant.user_id).order_by("pk"))


def remind_holder(
    notice: str,
    grant: Grant,
    reminder: Reminder,
    renewal: Request | None = None,
    *,
    days_left: int,
    new_version: LicenseVersion | None = None,
) -> None:
    """Queue the mail of a reminder to a grant's holder.

    renewal: the request under way that renews it. new_version: of the license, that they are to accept.
    """
    page = links.page(links.REQUEST, id=renewal.pk) if renewal else ""
    more = {"renewal": renewal, "renewal_page": page, "days_left": days_left, "new_version": new_version}
    _queue(notice, grant.user, reminder, {**_about_grant(grant), **more})


def remind_reviewers(late: Mapping[User, Sequence[Request]], reminder: Reminder, now: datetime) -> None:
    """Queue to each of these people one mail about all of their late requests.

    late: in the order in which the mail names them; it names at most MOST_NAMED. reminder: one that was
    written for this mail, after which it is called.
    """
    about = {
        "most_named": MOST_NAMED,
        "queue_page": links.page(links.QUEUE),
        "review_target_days": settings.REVIEW_TARGET_DAYS,
    }
    named = {request.pk: request for requests in late.values() for request in requests[:MOST_NAMED]}
    prefetch_related_objects(list(named.values()), "applicant", "releases")
    told = {pk: _late(request, now) for pk, request in named.items()}
    mails = {}
    for user, requests in late.items():
        if not user.is_active:
            continue
        waiting = [told[request.pk] for request in requests[:MOST_NAMED]]
        counts = {"count": len(requests), "more": len(requests) - len(waiting)}
        context = {"person": user, "waiting": waiting, **counts, **about}
        mails[_key("review_late", reminder, user)] = (user.email, context)
    queue_mails(template=f"{TEMPLATES}/review_late", mails=mails)


def _late(request: Request, now: datetime) -> dict[str, Any]:
    return {
        "titles": _titles(list(request.releases.all())),
        "applicant": request.applicant,
        "days_waited": (now - request.submitted_at).days if request.submitted_at else 0,
        "review_page": links.page(links.REVIEW, id=request.pk),
    }


def remind_signers(request: Request, reminder: Reminder, **more: Any) -> int:
    """Queue the mails to everybody who has still to accept the license; return how many."""
    about = {**_about_request(request), **more}
    waiting = [party for party in standing(request) if party.state != Party.State.ACCEPTED]
    for party in waiting:
        invitation = links.page(links.INVITATION, id=party.pk)
        queue_mail(
            to=party.email,
            template=f"{TEMPLATES}/signature_due",
            context={**about, "party": party, "person": party.user, "sign_page": invitation},
            key=f"licenses:signature_due:{reminder.pk}:{party.pk}",
        )
    accepted = request.acceptances.filter(license_version=request.license_version_id)
    if accepted.filter(user=request.applicant_id).exists():
        return len(waiting)
    _queue("signature_due", request.applicant, reminder, about)
    return len(waiting) + 1


def send_license_changed(request: Request, version: LicenseVersion, event: AuditEvent) -> None:
    """Tell an applicant in review that a newer license text will have to be confirmed."""
    _queue("license_changed", request.applicant, event, {**_about_request(request), "new_version": version})


def _send_audience(notice: str, request: Request, event: AuditEvent) -> None:
    if audience := [user for user in _audience(notice, request, event) if user.is_active]:
        about = {**_about_request(request), **_about_party(request, event)}
        mails = {_key(notice, event, user): (user.email, {"person": user, **about}) for user in audience}
        queue_mails(template=f"{TEMPLATES}/{notice}", mails=mails)


def _send_message(notice: str, request: Request, event: AuditEvent) -> None:
    message = Message.objects.select_related("request__assignee", "author").get(pk=event.data["message"])
    told = {"message": message, "answers": event.kind == "request.answered"}
    for user in other_side(message):
        _queue(notice, user, event, {**_about_request(request), **told})


def _send_parties(notice: str, request: Request, event: AuditEvent) -> None:
    """To the address that was asked: whoever it belongs to may have no account yet."""
    about = _about_request(request)
    for party in _parties(notice, request, event):
        invitation = links.page(links.INVITATION, id=party.pk)
        queue_mail(
            to=party.email,
            template=f"{TEMPLATES}/{notice}",
            context={**about, "party": party, "invitation_page": invitation},
            key=f"licenses:{notice}:{event.pk}:{party.pk}",
        )


def _parties(notice: str, request: Request, event: AuditEvent) -> list[Party]:
    if notice == "signature_wanted":
        return [party for party in standing(request) if not _is_covered(request, party, event)]
    return list(request.parties.filter(pk=event.data["party"]))


def _is_covered(request: Request, party: Party | None, event: AuditEvent) -> bool:
    """Whether a master agreement signs in the place of the party; for None, of the applicant.

    The same transaction then starts their grants, and the mail about that says all. Where the applicant is
    covered the institution has signed, and its signatory need not.
    """
    if master_covering(request.applicant, request.license_version, event.at) is None:
        return False
    if party is None or party.role == Party.Role.SIGNATORY:
        return True
    return party.user is not None and bool(master_covering(party.user, request.license_version, event.at))


def _audience(notice: str, request: Request, event: AuditEvent) -> list[User]:
    if notice == "request_approved" and _is_covered(request, None, event):
        return []
    if notice == "request_signed":
        return list(User.objects.filter(public_id__in=event.data["holders"]))
    if notice in TO_WHOLE_TEAM:
        joined = [party.user for party in standing(request) if party.user is not None]
        return [request.applicant, *joined]
    if notice == "review_assigned":
        # Who took it themselves knows.
        given = request.assignee if event.data["to"] not in (None, event.by) else None
        return [given] if given is not None else []
    if notice not in TO_REVIEWERS:
        return [request.applicant]
    if notice == "review_nudged":
        # Where everybody voted, and it is still undecided, all of them may think again.
        return who_is_reminded(request, event.at) or list(eligible_reviewers(request))
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
        "release_page": links.page(links.RELEASE, slug=releases[0].slug),
        "sign_page": links.page(links.SIGN, id=request.pk),
        "review_page": links.page(links.REVIEW, id=request.pk),
        "review_target_days": settings.REVIEW_TARGET_DAYS,
        "sign_within_days": settings.SIGN_WITHIN_DAYS,
        "sign_by": _sign_by(request),
    }


def _sign_by(request: Request) -> str:
    """Until when an approval waits; empty for what is not decided."""
    if request.decided_at is None:
        return ""
    return times.moment(request.decided_at + timedelta(days=settings.SIGN_WITHIN_DAYS))


def _about_party(request: Request, event: AuditEvent) -> dict[str, Any]:
    """The party that the event speaks of, if any."""
    named = event.data.get("party")
    return {"party": request.parties.get(pk=named)} if named else {}


def _about_grant(grant: Grant) -> dict[str, Any]:
    return {
        "grant": grant,
        "titles": grant.release.title,
        "slugs": [grant.release.slug],
        "reason": grant.state_reason,
        "grant_page": links.page(links.GRANT, id=grant.pk),
        "accept_page": links.page(links.ACCEPT, id=grant.pk),
        "release_page": links.page(links.RELEASE, slug=grant.release.slug),
        "url_lifetime_minutes": max(1, settings.URL_LIFETIME_S // 60),
    }


def _about_new_version(notice: str, event: AuditEvent) -> dict[str, Any]:
    """The license version that the event asks the holder to accept."""
    if notice != "reacceptance_wanted":
        return {}
    return {"new_version": LicenseVersion.objects.select_related("license").get(pk=event.data["license"])}


def _titles(releases: list[Release]) -> str:
    names = [release.title for release in releases]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _queue(notice: str, user: User, event: AuditEvent | Reminder, context: dict[str, Any]) -> None:
    if not user.is_active:
        return
    queue_mail(
        to=user.email,
        template=f"{TEMPLATES}/{notice}",
        context={"person": user, **context},
        key=_key(notice, event, user),
    )


def _key(notice: str, event: AuditEvent | Reminder, user: User) -> str:
    return f"licenses:{notice}:{event.pk}:{user.public_id}"
