"""A backup of the database was restored: what the log says was taken from grants since then stays taken (J3).

The grant as the backup has it may be live, although staff revoked it afterwards. It is put on hold until
staff decide again; nobody's grant is ended by a machine.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from licenses import states
from licenses.actions.moving import lock_grant, move_grant
from licenses.events import GrantChanged
from licenses.models import Grant
from portal.core import events
from portal.core.events import subscribe
from portal.core.log import recovering
from portal.core.log.recovering import EventsLost, Lost

BY: Final = "system:log_signer"
TAKEN: Final = {
    "grant.suspended": "suspended",
    "grant.revoked": "revoked",
    "grant.closed": "closed",
}
GIVEN_BACK: Final = frozenset({"grant.resumed"})

recovering.register(held=TAKEN)


@subscribe(EventsLost)
def on_events_lost(event: EventsLost) -> None:
    """Put each live grant on hold that was suspended, revoked or closed in what was lost.

    One that the backup has as suspended gets the reason that it was revoked or closed since.
    """
    for number, kind in sorted(_taken(event.lost).items()):
        grant = Grant.objects.filter(pk=number).first()
        if grant is not None:
            _hold(grant, TAKEN[kind], event.now)


def _taken(lost: Iterable[Lost]) -> dict[str, str]:
    """The grants that the lost events left without access, and the kind of the last event of each."""
    last: dict[str, str] = {}
    for each in lost:
        noun, _, number = str(each.fields["subject"]).partition(":")
        if noun == "grant" and each.fields["kind"] in TAKEN.keys() | GIVEN_BACK:
            last[number] = each.fields["kind"]
    return {number: kind for number, kind in last.items() if kind in TAKEN}


def _hold(grant: Grant, what: str, now: datetime) -> None:
    grant = lock_grant(grant)
    said = (
        f"The portal's database was put back to an earlier day. By the audit log this grant was {what} after "
        "that day, so it is suspended until staff decide."
    )
    if grant.state == states.ACTIVE:
        move_grant(grant, "hold", reason=said, by=BY, now=now)
    elif grant.state == states.SUSPENDED and what != "suspended":
        # Who would resume it by the reason that the backup has reads what came after. The first reason stays
        # in front: by it staff find those who left their organization.
        said = f"{grant.state_reason} {said}"
        move_grant(grant, "hold", reason=said, by=BY, now=now, state_reason=said)
    else:
        return
    events.publish(GrantChanged(grant, said, BY, now))
