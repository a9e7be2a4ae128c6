"""R8: every state × every action × every role, through the real actions on the database.

What the table does not provide for is refused and changes nothing: no row, no audit event, no mail.
"""

from collections.abc import Callable
from functools import partial
from itertools import product

import pytest
from django.db import transaction

from licenses import actions, states
from licenses.actions.reaccepting import want_reacceptance
from licenses.models import Acceptance, Decision, Grant, Party, Request, RequestVersion, Vote
from portal.accounts.principals import ANONYMOUS, Principal
from portal.core.models import AuditEvent, Job, OutboxMessage
from portal.core.problems import Conflict, NotPermitted
from tests.unit.licenses.team import TEAM_ACTIONS, guests
from tests.unit.licenses.world import DAY, NOW, World, person, session

pytestmark = [pytest.mark.database, pytest.mark.slow]

Act = Callable[[World, Request, Principal], object]


def cast(verdict: str) -> Act:
    return lambda world, request, by: actions.vote(
        request=request, version=request.version, verdict=verdict, reason="Why.", note="", by=by, now=NOW
    )


def answer(world: World, request: Request, by: Principal) -> None:
    """Say something where a question waits: that answers it."""
    with transaction.atomic():
        Request.objects.filter(pk=request.pk).update(asked_at=NOW)
        actions.say(request=request, text="Because.", by=by, now=NOW)
        if not AuditEvent.objects.filter(kind="request.answered").exists():
            raise Conflict("not_answered", "It was said, and answered nothing.")


# action: (what does it, the role that may)
REQUEST_ACTIONS: dict[str, tuple[Act, str]] = {
    "edit": (
        lambda w, r, by: actions.edit(request=r, answers={"purpose": "Edited."}, by=by, now=NOW),
        "applicant",
    ),
    "submit": (lambda w, r, by: w.submit(r, by), "applicant"),
    "confirm_license": (
        lambda w, r, by: actions.confirm_license(request=r, license_sha256=w.license.sha256, by=by, now=NOW),
        "applicant",
    ),
    "withdraw": (lambda w, r, by: actions.withdraw(request=r, by=by, now=NOW), "applicant"),
    "appeal": (lambda w, r, by: actions.appeal(request=r, text="Again.", by=by, now=NOW), "applicant"),
    "sign": (
        lambda w, r, by: actions.sign(
            request=r, typed_name="Ada Example", license_sha256=w.license.sha256, by=by, now=NOW
        ),
        "applicant",
    ),
    "nudge": (lambda w, r, by: actions.nudge(request=r, by=by, now=NOW + 5 * DAY), "applicant"),
    "approve": (cast("approve"), "reviewer"),
    "reject": (cast("reject"), "reviewer"),
    "request_changes": (cast("request_changes"), "reviewer"),
    "assign": (lambda w, r, by: actions.assign(request=r, to=w.rosa.user, by=by, now=NOW), "staff"),
    "ask": (lambda w, r, by: actions.ask(request=r, text="Why?", by=by, now=NOW), "staff"),
    "answer": (answer, "applicant"),
    **TEAM_ACTIONS,
}
LEGAL = {"reviewer", "legal lead"}
GRANT_ACTIONS = {
    "suspend": (actions.suspend, LEGAL),
    "resume": (actions.resume, LEGAL),
    "revoke": (actions.revoke, {"legal lead"}),
    "extend": (partial(actions.extend, ends_at=NOW + 400 * DAY), {"legal lead"}),
}


def roles(world: World) -> dict[str, Principal]:
    return {
        "anonymous": ANONYMOUS,
        "stranger": session(person("eve")),
        "applicant": world.ada,
        # Rosa has not voted on anything that the world prepares.
        "reviewer": world.rosa,
        "legal lead": session(person("lena", "legal_lead")),
        "administrator": world.admin,
        "auditor": world.auditor,
        "release manager": session(person("max", "release_manager")),
        **guests(),
    }


def everything() -> list[object]:
    """What there is, to see that nothing changed."""
    kept = [Request, RequestVersion, Party, Acceptance, Vote, Decision, Grant, OutboxMessage, Job, AuditEvent]
    return [list(model.objects.order_by("pk").values()) for model in kept]  # type: ignore[attr-defined]


class Undo(Exception):
    """Ends a trial: what it did is rolled back."""


def trial(act: Callable[[], object]) -> bool:
    """True when the act was done; False when it was refused and changed nothing. Rolled back either way."""
    before = everything()
    try:
        with transaction.atomic():
            try:
                act()
            except (NotPermitted, Conflict):
                assert everything() == before
                return False
            raise Undo
    except Undo:
        return True


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_every_request_action_by_every_role(world: World, state: str) -> None:
    request, everybody = world.request_in(state), roles(world)
    for action, role in product(REQUEST_ACTIONS, everybody):
        act, who = REQUEST_ACTIONS[action]
        request.refresh_from_db()
        provided = states.find(states.REQUEST_TRANSITIONS, state, action) is not None
        done = trial(lambda act=act, role=role: act(world, request, everybody[role]))  # type: ignore[misc]
        may = role in LEGAL if who in ("staff", "reviewer") else role == who
        assert done is (provided and may), (action, role)


@pytest.mark.parametrize("state", list(states.GRANT_STATES))
def test_every_grant_action_by_every_role(world: World, state: str) -> None:
    grant, everybody = world.grant_in(state), roles(world)
    for action, role in product(GRANT_ACTIONS, everybody):
        provided = states.find(states.GRANT_TRANSITIONS, state, action) is not None
        act, who = GRANT_ACTIONS[action]
        done = trial(lambda act=act, role=role: act(grant=grant, reason="Why.", by=everybody[role], now=NOW))  # type: ignore[misc]
        assert done is (provided and role in who), (action, role)


@pytest.mark.parametrize("state", list(states.GRANT_STATES))
def test_a_grant_is_closed_by_its_holder_alone(world: World, state: str) -> None:
    grant, everybody = world.grant_in(state), roles(world)
    provided = states.find(states.GRANT_TRANSITIONS, state, "close") is not None
    for role, by in everybody.items():
        done = trial(lambda by=by: world.close_out(grant, by))  # type: ignore[misc]
        assert done is (provided and role == "applicant"), role


def newer_version(world: World) -> None:
    """Publish a version that live grants must accept, and ask their holders."""
    license = world.license.license
    version = actions.publish_license_version(
        license=license, text="New.", effective_at=NOW, reaccept_by=NOW + DAY, by=world.rita, now=NOW
    )
    want_reacceptance(version=version, now=NOW)


@pytest.mark.parametrize("state", list(states.GRANT_STATES))
def test_a_new_version_is_accepted_by_the_holder_alone(world: World, state: str) -> None:
    grant, everybody = world.grant_in(state), roles(world)
    newer_version(world)
    provided = states.find(states.GRANT_TRANSITIONS, state, "reaccept") is not None
    sha256 = world.license.license.versions.get(number=2).sha256
    given = {"grant": grant, "typed_name": "Ada Example", "license_sha256": sha256, "now": NOW}
    for role, by in everybody.items():
        done = trial(lambda by=by: actions.reaccept(by=by, **given))  # type: ignore[misc]
        assert done is (provided and role == "applicant"), role
