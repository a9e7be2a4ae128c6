"""What the portal keeps about a person as an account: theirs to take with them. No secret stands in it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import QuerySet

from portal.accounts.models import AccessToken, Affiliation, Device, PendingAction, RoleGrant, User
from portal.core import audit
from portal.core.models import AuditEvent

Row = dict[str, Any]
_AT_ONCE = 500


def account(user: User) -> Row:
    """Return the account itself."""
    return {
        "id": user.public_id,
        "full_name": user.full_name,
        "email": user.email,
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "organization": user.organization.name if user.organization else None,
        "affiliations": [_affiliation(each) for each in user.affiliations.select_related("organization")],
        "speaks_for": [
            {"organization": each.organization.name, "since": each.at}
            for each in user.manages.select_related("organization")
        ],
        "country": user.country,
        "joined": user.date_joined,
        "last_login": user.last_login,
        "roles": list(RoleGrant.objects.filter(user=user).values_list("role", flat=True)),
        "second_factors": list(
            Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")
        ),
        "connected_accounts": list(
            SocialAccount.objects.filter(user=user).values("provider", "uid", "date_joined", "last_login")
        ),
    }


def _affiliation(row: Affiliation) -> Row:
    """Who else ended it is somebody else's."""
    by = "you" if row.ended_by == row.user.public_id else "others"
    return {
        "organization": row.organization.name,
        "began_at": row.began_at,
        "ends_at": row.ends_at,
        "ended_at": row.ended_at,
        "ended_by": by if row.ended_by else None,
    }


def tokens(user: User) -> Iterator[Row]:
    """Yield the names of the person's tokens and when they were used, never what opens anything."""
    fields = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at", "ended_at")
    yield from (
        AccessToken.objects.filter(user=user).order_by("created_at").values(*fields, "grant", "address")
    )
    yield from Device.objects.filter(user=user).order_by("created_at").values(*fields, "address", "reused")


def pending_actions(user: User) -> Iterator[Row]:
    """Yield what was proposed from the command line for the person to confirm."""
    fields = ("id", "kind", "summary", "state", "created_at", "decided_at")
    yield from PendingAction.objects.filter(user=user).order_by("created_at").values(*fields)


def log(user: User, subjects: frozenset[str]) -> Iterator[Row]:
    """Yield the lines of the log that the person wrote, and those about their account.

    subjects: what else is theirs, as the log names it. Of a line that somebody else wrote there is no name,
    and of a line about what is not theirs no more than that it was written.
    """
    own = {f"user:{user.public_id}", *subjects}
    written = AuditEvent.objects.filter(by=user.public_id)
    about = AuditEvent.objects.filter(subject=f"user:{user.public_id}").exclude(by=user.public_id)
    for event in _with_private_values(written.order_by("index")):
        told = {"data": audit.plain(event)} if event.subject in own else {}
        yield {"at": event.at, "kind": event.kind, "subject": event.subject, "by": "you", **told}
    for event in about.order_by("index").iterator(chunk_size=_AT_ONCE):
        by = event.by if event.by.startswith("system:") else "staff"
        yield {"at": event.at, "kind": event.kind, "subject": event.subject, "by": by}


def _with_private_values(events: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    rows = events.iterator(chunk_size=_AT_ONCE)
    while batch := list(islice(rows, _AT_ONCE)):
        yield from audit.tell(batch)
