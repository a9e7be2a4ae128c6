"""R10: the audit write fails, or the outbox write fails, and nothing else happened."""

from collections.abc import Callable

import pytest

from licenses import actions, states
from licenses.models import ReleaseTerms, Request
from portal.accounts.actions import erasing
from tests.unit.licenses.breaking import Prepared, changes_nothing
from tests.unit.licenses.team import SIGNATORY, Team, sent_under_example
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = pytest.mark.database


def draft(world: World) -> Prepared:
    return world.draft


def edit(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    return lambda: actions.edit(request=request, answers={"purpose": "Edited."}, by=world.ada, now=NOW)


def submit(world: World) -> Prepared:
    request = world.request_in(states.CHANGES_REQUESTED)
    return lambda: world.submit(request)


def withdraw(world: World) -> Prepared:
    request = world.request_in(states.APPROVED)
    return lambda: actions.withdraw(request=request, by=world.ada, now=NOW)


def appeal(world: World) -> Prepared:
    request = world.request_in(states.REJECTED)
    return lambda: actions.appeal(request=request, text="Again.", by=world.ada, now=NOW)


def approve(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    return lambda: world.vote(request, world.rob)


def reject(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita, "reject")
    return lambda: world.vote(request, world.rob, "reject")


def sign(world: World) -> Prepared:
    request = world.request_in(states.APPROVED)
    return lambda: world.sign(request)


def revoke(world: World) -> Prepared:
    grant = world.grant_in(states.ACTIVE)
    return lambda: actions.revoke(grant=grant, reason="Why.", by=world.rita, now=NOW)


def ask(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    return lambda: actions.ask(request=request, text="Which corpus?", by=world.rita, now=NOW)


def answer(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    actions.ask(request=request, text="Which corpus?", by=world.rita, now=NOW)
    return lambda: actions.say(request=request, text="This one.", by=world.ada, now=NOW)


def say(world: World) -> Prepared:
    request = world.request_in(states.SIGNED)
    return lambda: actions.say(request=request, text="May I publish?", by=world.ada, now=NOW)


def note(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    return lambda: actions.note(request=request, text="Known.", by=world.rita, now=NOW)


def recuse(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    return lambda: actions.recuse(request=request, reason="Friends.", by=world.rita, now=NOW)


def nudge(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    return lambda: actions.nudge(request=request, by=world.ada, now=NOW + 5 * DAY)


def renew(world: World) -> Prepared:
    grant = world.grant_in(states.ACTIVE)
    return lambda: actions.renew(request=grant.request, by=world.ada, now=grant.ends_at)


def erase(world: World) -> Prepared:
    ada, grant = world.ada.person, world.grant_in(states.ACTIVE)
    return lambda: erasing.erase(user=ada, address=ada.email, by=world.ada, now=grant.ends_at)


def suspend(world: World) -> Prepared:
    grant = world.grant_in(states.ACTIVE)
    return lambda: actions.suspend(grant=grant, reason="Why.", by=world.rita, now=NOW)


def close_out(world: World) -> Prepared:
    grant = world.grant_in(states.ACTIVE)
    return lambda: world.close_out(grant)


def assign(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    return lambda: actions.assign(request=request, to=world.rob.person, by=world.rita, now=NOW)


def confirm_license(world: World) -> Prepared:
    request = world.request_in(states.SUBMITTED)
    world.vote(request, world.rita)
    version = actions.publish_license_version(
        license=world.license.license, text="New.", effective_at=NOW, by=world.rita, now=NOW
    )
    return lambda: actions.confirm_license(
        request=request, license_sha256=version.sha256, by=world.ada, now=NOW
    )


def lapse(world: World) -> Prepared:
    world.request_in(states.APPROVED)
    return lambda: actions.lapse(now=NOW + 30 * DAY)


def invite(world: World) -> Prepared:
    request, team = _with_a_team(world)
    return lambda: team.invite(request, team.cora)


def join(world: World) -> Prepared:
    request, team = _with_a_team(world)
    party = team.invite(request, team.cora)
    return lambda: actions.join(party=party, by=team.cora, now=NOW)


def decline(world: World) -> Prepared:
    request, team = _with_a_team(world)
    party = team.joined(request, team.cora)
    return lambda: actions.decline(party=party, by=team.cora, now=NOW)


def take_out(world: World) -> Prepared:
    request, team = _with_a_team(world)
    party = team.joined(request, team.cora)
    return lambda: actions.remove(party=party, by=world.ada, now=NOW)


def replace_signatory(world: World) -> Prepared:
    ReleaseTerms.objects.update(signatory=True)
    request, team = _with_a_team(world)
    team.invite(request, team.sig, SIGNATORY)
    world.submit(request)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    sent_under_example(request)
    return lambda: team.invite(request, team.cora, SIGNATORY)


def name_signatory(world: World) -> Prepared:
    replace_signatory(world)
    request = Request.objects.get()
    return lambda: actions.name_signatory(
        request=request, email="dean@uni.example", full_name="Dean", by=world.rosa, now=NOW
    )


def _with_a_team(world: World) -> tuple[Request, Team]:
    return world.draft(), Team(world)


def new_license(world: World) -> Prepared:
    world.request_in(states.SUBMITTED)
    license = world.license.license
    given = {"text": "New.", "effective_at": NOW, "by": world.rita, "now": NOW}
    return lambda: actions.publish_license_version(license=license, **given)


EVERY = [
    draft,
    edit,
    submit,
    withdraw,
    appeal,
    approve,
    reject,
    sign,
    revoke,
    new_license,
    ask,
    answer,
    say,
    note,
    recuse,
    nudge,
    renew,
    erase,
    suspend,
    close_out,
    assign,
    confirm_license,
    lapse,
    invite,
    join,
    decline,
    take_out,
    replace_signatory,
    name_signatory,
]
MAILING = [each for each in EVERY if each not in (draft, note, recuse, renew, erase, join, take_out)]


@pytest.mark.parametrize("prepare", EVERY, ids=lambda each: each.__name__)
def test_without_its_audit_event_nothing_happens(
    world: World, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[World], Prepared]
) -> None:
    changes_nothing(prepare(world), monkeypatch, "portal.core.audit.record")


@pytest.mark.parametrize("prepare", MAILING, ids=lambda each: each.__name__)
def test_without_its_mail_nothing_happens(
    world: World, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[World], Prepared]
) -> None:
    changes_nothing(
        prepare(world), monkeypatch, "licenses.notices.queue_mail", "licenses.notices.queue_mails"
    )


@pytest.mark.parametrize("prepare", [submit, appeal], ids=lambda each: each.__name__)
def test_without_the_job_that_tells_the_reviewers_nothing_happens(
    world: World, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[World], Prepared]
) -> None:
    changes_nothing(prepare(world), monkeypatch, "licenses.notices.enqueue")
