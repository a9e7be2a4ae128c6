"""Say when one is away from the desk, and who stands in."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from licenses import policies, queries
from licenses.actions.moving import require, who
from licenses.models import Absence
from licenses.queries import desk
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Invalid

MAX_DAYS = 366


def be_away(*, starts_on: date, ends_on: date, cover: User | None, by: Principal, now: datetime) -> Absence:
    """Note that the person is away from one day to another, both included, and return that.

    Meanwhile nothing is put on their desk, and reminders go to `cover`.
    Raises: NotPermitted. Invalid: the days are in disorder or over, or overlap with another absence; the
    cover is no reviewer, the person themselves, or away in that time.
    """
    require(policies.may_keep_desk(queries.person(by)))
    user = who(by)
    with transaction.atomic():
        # Held, so that two forms sent at once do not overlap unseen.
        User.objects.select_for_update().get(pk=user.pk)
        if errors := _faults(user, starts_on, ends_on, cover, now):
            raise Invalid("absence_invalid", "The absence was not noted.", errors=errors)
        absence = Absence.objects.create(reviewer=user, starts_on=starts_on, ends_on=ends_on, cover=cover)
        told: dict[str, Any] = {
            "starts_on": starts_on.isoformat(),
            "ends_on": ends_on.isoformat(),
            "cover": cover.public_id if cover else None,
        }
        audit.record("desk.away", by=by.actor, subject=f"user:{user.public_id}", now=now, **told)
    return absence


def be_back(*, absence: Absence, by: Principal, now: datetime) -> None:
    """Take an absence of one's own back. Raises: NotPermitted: not legal staff. RuntimeError: another's."""
    require(policies.may_keep_desk(queries.person(by)))
    user = who(by)
    if absence.reviewer_id != user.pk:
        raise RuntimeError("an absence of somebody else's")
    with transaction.atomic():
        gone, _ = Absence.objects.filter(pk=absence.pk).delete()
        if gone:
            audit.record(
                "desk.back",
                by=by.actor,
                subject=f"user:{user.public_id}",
                now=now,
                starts_on=absence.starts_on.isoformat(),
            )


def _faults(
    user: User, starts_on: date, ends_on: date, cover: User | None, now: datetime
) -> dict[str, list[str]]:
    if ends_on < starts_on:
        return {"ends_on": ["This is before the first day."]}
    if ends_on < now.date():
        return {"ends_on": ["This day is over."]}
    if ends_on - starts_on > timedelta(days=MAX_DAYS):
        return {"ends_on": ["This is longer than a year: ask an administrator to take the role instead."]}
    if _between(user, starts_on, ends_on):
        return {"starts_on": ["You are away in that time already."]}
    if cover is None:
        return {}
    if cover.pk == user.pk:
        return {"cover": ["Choose somebody else than yourself."]}
    if not desk.people(now).filter(pk=cover.pk).exists():
        return {"cover": ["Only a reviewer can stand in."]}
    return {"cover": [f"{cover} is away in that time."]} if _between(cover, starts_on, ends_on) else {}


def _between(user: User, starts_on: date, ends_on: date) -> bool:
    return Absence.objects.filter(reviewer=user, starts_on__lte=ends_on, ends_on__gte=starts_on).exists()
