"""What the licenses' side keeps about a person: theirs to take with them. Nothing that others wrote for
themselves: no votes, no notes of staff, no reviewer's name, no message of somebody else's."""

from collections.abc import Iterator
from typing import Any

from licenses.models import Acceptance, DestructionCertificate, Grant, Message, Party, Request, RequestVersion
from licenses.queries.timeline import timeline
from portal.accounts.models import User
from portal.accounts.principals import Principal

Row = dict[str, Any]
_AT_ONCE = 100


def requests(user: User, principal: Principal) -> Iterator[Row]:
    """Yield the person's own requests with every version, decision, message and step."""
    own = Request.objects.filter(applicant=user).order_by("created_at", "id")
    found = own.select_related("license_version__license").prefetch_related(
        "releases", "versions", "decisions", "parties"
    )
    for request in found.iterator(chunk_size=_AT_ONCE):
        yield {
            "id": request.pk,
            "releases": [release.slug for release in request.releases.all()],
            "state": request.state,
            "created_at": request.created_at,
            "submitted_at": request.submitted_at,
            "decided_at": request.decided_at,
            "renews": request.renews_id,
            "license": str(request.license_version) if request.license_version else None,
            "versions": [_version(version) for version in request.versions.all()],
            "decisions": [
                {"at": decision.at, "outcome": decision.outcome, "reason": decision.reason}
                for decision in request.decisions.all()
            ],
            "team": [_party(party) for party in request.parties.all()],
            "messages": list(_messages(request, user)),
            "timeline": [
                {"at": entry.at, "title": entry.title, "detail": entry.detail, "by": entry.actor_label}
                for entry in timeline(request, principal)
            ],
        }


def _version(version: RequestVersion) -> Row:
    return {
        "number": version.number,
        "created_at": version.created_at,
        "submitted_at": version.submitted_at,
        "questions": version.questions,
        "answers": version.answers,
        "evidence": version.evidence,
        "summary_of_use": version.summary_of_use,
        "appeal": version.appeal,
        "license_sha256": version.license_sha256,
    }


def _party(party: Party) -> Row:
    """As the person themself wrote it, and what became of it."""
    return {
        "role": party.role,
        "full_name": party.full_name,
        "email": party.email,
        "state": party.state,
        "asked_at": party.asked_at,
    }


def _messages(request: Request, user: User) -> Iterator[Row]:
    """What the person wrote, and what staff wrote to them."""
    shared = request.messages.filter(kind=Message.Kind.MESSAGE).order_by("at", "id")
    for message in shared:
        mine = message.author_id == user.pk
        if mine or message.by_staff:
            author = "you" if mine else "the reviewers"
            yield {"at": message.at, "by": author, "asks": message.asks, "text": message.text}


def places(user: User) -> Iterator[Row]:
    """Yield the places that the person was asked to take in others' requests."""
    fields = ("id", "request", "role", "state", "state_at", "asked_at")
    yield from Party.objects.filter(user=user).order_by("asked_at", "id").values(*fields)


def messages_elsewhere(user: User) -> Iterator[Row]:
    """Yield what the person wrote in requests that are not their own, not what they wrote there as staff."""
    others = Message.objects.filter(author=user, by_staff=False).exclude(request__applicant=user)
    fields = ("request", "at", "text")
    yield from others.order_by("at", "id").values(*fields).iterator(chunk_size=_AT_ONCE)


def acceptances(user: User) -> Iterator[Row]:
    """Yield which license texts the person accepted, when and how."""
    own = Acceptance.objects.filter(user=user).select_related("license_version__license")
    for each in own.order_by("at", "id"):
        yield {
            "request": each.request_id,
            "license": str(each.license_version),
            "sha256": each.sha256,
            "typed_name": each.typed_name,
            "how": each.how,
            "at": each.at,
        }


def grants(user: User) -> Iterator[Row]:
    """Yield the person's grants."""
    own = Grant.objects.filter(user=user).select_related(
        "release", "license_version__license", "organization"
    )
    for each in own.order_by("starts_at", "id"):
        yield {
            "id": each.pk,
            "request": each.request_id,
            "release": each.release.slug,
            "license": str(each.license_version),
            "organization": each.organization.name if each.organization else None,
            "state": each.state,
            "reason": each.state_reason,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "reaccept_by": each.reaccept_by,
        }


def certificates(user: User) -> Iterator[Row]:
    """Yield what the person declared about copies that they destroyed."""
    fields = ("grant", "copies", "method", "destroyed_on", "typed_name", "at")
    own = DestructionCertificate.objects.filter(grant__user=user)
    yield from own.order_by("at", "id").values(*fields)
