"""Close a grant for good, with the holder's certificate of what became of the copies."""

from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import transaction

from licenses import policies, queries, texts
from licenses.actions.moving import lock_grant, move_grant, require, who
from licenses.actions.typed_names import checked_name
from licenses.agreements import order
from licenses.events import GrantChanged
from licenses.models import DestructionCertificate, Grant
from portal.accounts import pending
from portal.accounts.models import PendingAction
from portal.accounts.principals import Principal
from portal.core import audit, events, times
from portal.core.problems import Invalid, NotPermitted

CLOSE_OUT: Final = "close_out"
MOST_COPIES: Final = 1_000_000
NOT_CLOSED: Final = "The grant was not closed."


def close_out(
    *,
    grant: Grant,
    copies: int,
    method: str,
    destroyed_on: date,
    typed_name: str,
    by: Principal,
    now: datetime,
    how: str = "session",
) -> DestructionCertificate:
    """Close the grant, an expired one too, and return the certificate; its document is ordered with it.

    copies: how many the holder had, at most 1,000,000; none is 0. method: how they were destroyed, in words.
    destroyed_on: the day of the last one, between the grant's start and today (UTC). typed_name: must be the
    name in the account. how: as in `sign`.
    Raises: NotPermitted, Conflict(state_changed). Invalid: one of them cannot be.
    """
    with transaction.atomic():
        grant = lock_grant(grant, by)
        require(policies.may_close(queries.grant_case(by, grant)))
        said = _checked(grant, copies, method, destroyed_on, now)
        name = checked_name(who(by), typed_name, refusal=NOT_CLOSED)
        certificate = DestructionCertificate.objects.create(
            grant=grant,
            copies=copies,
            method=said,
            destroyed_on=destroyed_on,
            typed_name=name,
            how=how,
            at=now,
        )
        _close(grant, certificate, by, now)
        order(certificate=certificate, now=now)
    return certificate


def _checked(grant: Grant, copies: int, method: str, destroyed_on: date, now: datetime) -> str:
    """Return the method as it is kept. Raises: Invalid."""
    said, wrong = texts.clean(method, multiline=True)
    errors: dict[str, list[str]] = {}
    if wrong or not said:
        errors["method"] = [wrong or "Say how the copies were destroyed, or that none was made."]
    if not 0 <= copies <= MOST_COPIES:
        errors["copies"] = [f"This must be a number from 0 to {MOST_COPIES:,}."]
    if not grant.starts_at.astimezone(UTC).date() <= destroyed_on <= now.astimezone(UTC).date():
        errors["destroyed_on"] = ["This must be a day between the start of the grant and today (UTC)."]
    if errors:
        raise Invalid("close_out_invalid", NOT_CLOSED, errors=errors)
    return said


def _close(grant: Grant, certificate: DestructionCertificate, by: Principal, now: datetime) -> None:
    copies = "1 copy" if certificate.copies == 1 else f"{certificate.copies} copies"
    reason = f"Closed by its holder; {copies} destroyed by {times.day(certificate.destroyed_on)}."
    move_grant(grant, "close", reason=reason, by=by.actor, now=now)
    audit.record(
        "grant.certified",
        by=by.actor,
        subject=f"grant:{grant.pk}",
        now=now,
        private={"method": certificate.method},
        about=grant.user.public_id,
        how=certificate.how,
        copies=certificate.copies,
        destroyed_on=certificate.destroyed_on.isoformat(),
    )
    events.publish(GrantChanged(grant, reason, by.actor, now))


def propose_close_out(
    *,
    grant: Grant,
    copies: int,
    method: str,
    destroyed_on: date,
    by: Principal,
    now: datetime,
    typed_name: str | None = None,
) -> PendingAction:
    """Prepare, from the command line, a close-out that the holder confirms in a browser; return it.

    typed_name: the name to certify with; left out, the name in the account. The rest: as in `close_out`.
    Raises: NotPermitted, Conflict(state_changed). Invalid: one of them cannot be.
    """
    require(policies.may_propose_close(queries.grant_case(by, grant)))
    said = _checked(grant, copies, method, destroyed_on, now)
    user = who(by)
    name = checked_name(user, typed_name or user.full_name, refusal=NOT_CLOSED)
    held = "1 copy" if copies == 1 else f"{copies} copies"
    return pending.propose(
        kind=CLOSE_OUT,
        by=by,
        payload={
            "grant": grant.pk,
            "copies": copies,
            "method": said,
            "destroyed_on": destroyed_on.isoformat(),
            "typed_name": name,
        },
        summary=f"Close your grant for {grant.release.title} for good, and certify as {name} that every copy "
        f"is destroyed: {held}, the last on {times.day(destroyed_on)}. How: {said}",
        now=now,
    )


def _perform(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    """Close what was proposed, in the confirming transaction."""
    payload = action.payload
    grant = Grant.objects.filter(pk=payload["grant"], user=action.user).first()
    if grant is None or by.user is None or by.user.pk != action.user_id:
        raise NotPermitted.from_denied(policies.NOT_HOLDER)
    certificate = close_out(
        grant=grant,
        copies=payload["copies"],
        method=payload["method"],
        destroyed_on=date.fromisoformat(payload["destroyed_on"]),
        typed_name=payload["typed_name"],
        by=by,
        now=now,
        how=f"pending:{action.pk}",
    )
    return {"grant": grant.pk, "agreement": certificate.agreement.pk}


pending.register(CLOSE_OUT, _perform)
