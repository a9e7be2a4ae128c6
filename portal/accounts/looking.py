"""Looking at the site as another role: to see what its people see, and to do nothing meanwhile.

Kept in the browser session, so it ends with it. Judged anew at each request against the roles that the person
has then: whoever loses the role that let them look sees the site as who they are. `LookingOnly` lets nothing
through that could change something.
"""

from collections.abc import Iterable, MutableMapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from portal.accounts import matrix
from portal.accounts.models import User
from portal.accounts.policies import may_look_as
from portal.accounts.presence import require_present
from portal.accounts.principals import LOOKING, Principal
from portal.accounts.roles import RESEARCHER
from portal.core import audit
from portal.core.problems import Invalid, NotPermitted

LASTS: Final = timedelta(minutes=30)

Session = MutableMapping[str, Any]


def open_to(roles: Iterable[str]) -> list[str]:
    """Return the roles as which somebody with these may look: other ones, that read no more than theirs."""
    held = frozenset(roles)
    if not matrix.allows(held, matrix.LOOK_AS):
        return []
    others = [role for role in matrix.MATRIX if role not in held and matrix.reads_within(role, held)]
    return [RESEARCHER, *others]


def begin(*, session: Session, role: str, by: Principal, now: datetime) -> None:
    """Show the site to this session as `role` sees it, for half an hour.

    Raises: NotPermitted. Invalid: no role that this person may look as.
    """
    verdict = may_look_as(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    if role not in open_to(by.roles):
        raise Invalid(
            detail="You cannot look as that role.", errors={"role": ["Choose one that reads no more."]}
        )
    with transaction.atomic():
        require_present(by)
        until = now + LASTS
        _note("began", by.person, now, role=role, until=until.isoformat())
    session[LOOKING] = {"role": role, "user": by.person.public_id, "until": until.timestamp()}


def leave(*, session: Session, user: User, now: datetime) -> None:
    """See the site as oneself again; without having looked, nothing happens."""
    kept = session.pop(LOOKING, None)
    if kept is None:
        return
    with transaction.atomic():
        _note("left", user, now, role=kept["role"])


def _note(what: str, user: User, now: datetime, **data: Any) -> None:
    subject = f"user:{user.public_id}"
    audit.record(f"look_as.{what}", by=user.public_id, subject=subject, now=now, **data)
