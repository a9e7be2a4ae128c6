"""grants: what you may download, until when, and what each grant needs of you."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import typer

from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from datetime import datetime

    from weights_vault.client.answers import Json

LIVE = ("active", "suspended")


def grants(context: typer.Context) -> None:
    """List your grants: what you may download, until when, and what each needs of you."""
    from weights_vault.client import clock

    work: Workplace = context.obj
    with work.portal() as api:
        found = api.listing("/grants")
        portal, now = api.portal, api.portal_time or clock.now()
    rows = [_row(grant, now) for grant in found]
    empty = f"You have no grant yet. Ask for a release: weights request RELEASE   (or at {portal})"
    columns = ("GRANT", "RELEASE", "STATE", "UNTIL", "DAYS LEFT", "NEXT", "REASON")
    work.output.table({"grants": found}, columns, rows, empty)


def _row(grant: Json, now: datetime) -> tuple[str, ...]:
    from weights_vault.client.answers import needed_text, text
    from weights_vault.client.output import moment_text

    return (
        needed_text(grant, "id"),
        needed_text(grant, "release"),
        text(grant, "state"),
        moment_text(text(grant, "ends_at")),
        days_left(grant, now),
        _next(grant, now),
        text(grant, "reason"),
    )


def days_left(grant: Json, now: datetime) -> str:
    """Days until its end, counted by the calendar in UTC as the portal's pages and mails count them; `-` for
    one that gives no access."""
    ends = _moment(grant, "ends_at")
    if ends is None or grant.get("state") not in LIVE:
        return "-"
    days = (ends.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    return str(days) if days > 0 else "less than 1"


def _next(grant: Json, now: datetime) -> str:
    """What it needs of its holder: the most urgent thing."""
    from weights_vault.client.answers import needed_text, part, text
    from weights_vault.client.output import moment_text

    release, state = needed_text(grant, "release"), text(grant, "state")
    if part(grant, "license_to_accept"):
        due = moment_text(text(grant, "reaccept_by"))
        return f"a new license version, by {due}: weights sign {needed_text(grant, 'id')}"
    start = _moment(grant, "renewable_from")
    if start is not None and start <= now and state in (*LIVE, "expired"):
        return f"renew: weights request {release}"
    if state == "active":
        from_then = f"   (renewable from {moment_text(text(grant, 'renewable_from'))})" if start else ""
        return f"weights download {release}{from_then}"
    return "-" if state == "suspended" else f"weights request {release}"


def _moment(grant: Json, name: str) -> datetime | None:
    from datetime import UTC, datetime

    from weights_vault.client.answers import text

    try:
        found = datetime.fromisoformat(text(grant, name))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
