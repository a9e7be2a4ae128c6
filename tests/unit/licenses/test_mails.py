"""The mails of every step: to the right person, pointing to a page, carrying no credential. A5."""

import re
from datetime import datetime
from typing import Any

import pytest

from licenses import actions, states
from licenses.actions.reaccepting import want_reacceptance
from licenses.clock.ends import record_ends, remind_of_ends
from licenses.clock.reacceptance import remind_of_reacceptance
from licenses.clock.reviews import remind_reviewers
from licenses.clock.signatures import remind_of_signatures
from licenses.states import NOTICES
from portal.core.models import OutboxMessage
from portal.core.secrecy import holds_secret
from tests.unit.licenses.team import Team
from tests.unit.licenses.world import DAY, NOW, World, apply, person, session, tell_reviewers

pytestmark = pytest.mark.database

HOSTILE = "<script>alert(1)</script> {{7*7}} javascript:alert(1)"


def live_it_all(world: World) -> None:
    """Make every mail that there is."""
    request = world.request_in(states.SUBMITTED)
    actions.ask(request=request, text=HOSTILE, by=world.rita, now=NOW)
    actions.say(request=request, text=HOSTILE, by=world.ada, now=NOW)
    actions.assign(request=request, to=world.rob.user, by=world.rita, now=NOW)
    actions.nudge(request=request, by=world.ada, now=NOW + 5 * DAY)
    world.vote(request, world.rita)
    actions.edit(request=request, answers={"purpose": "Edited."}, by=world.ada, now=NOW)
    world.vote(request, world.rita, "request_changes", HOSTILE)
    world.submit(request)
    world.vote(request, world.rita, "reject", HOSTILE)
    world.vote(request, world.rob, "reject", HOSTILE)
    actions.appeal(request=request, text=HOSTILE, by=world.ada, now=NOW)
    actions.withdraw(request=request, by=world.ada, now=NOW)
    lapsing = world.request_in(states.APPROVED)
    remind_of_signatures(now=NOW + 24 * DAY)
    actions.lapse(now=NOW + 30 * DAY)
    assert lapsing
    grant = world.grant_in(states.SUSPENDED)
    actions.resume(grant=grant, reason=HOSTILE, by=world.rita, now=NOW)
    actions.extend(grant=grant, ends_at=NOW + 400 * DAY, reason=HOSTILE, by=world.rita, now=NOW)
    actions.revoke(grant=grant, reason=HOSTILE, by=world.rita, now=NOW)
    world.close_out(world.grant_in(states.ACTIVE))
    world.request_in(states.SUBMITTED)
    tell_reviewers()
    live_as_a_team(world)
    apply(world.release, text="New.", now=NOW + DAY)
    want_the_newest(world)
    let_time_pass(NOW + DAY, NOW + 3 * DAY, NOW + 9 * DAY, NOW + 360 * DAY, NOW + 365 * DAY)


def let_time_pass(*times: datetime) -> None:
    for now in times:
        remind_of_reacceptance(now=now)
        remind_reviewers(now=now)
        remind_of_ends(now=now)
        record_ends(now=now)


def want_the_newest(world: World) -> None:
    """Publish a version that live grants must accept."""
    dates = {"effective_at": NOW + 2 * DAY, "reaccept_by": NOW + 9 * DAY}
    newest = actions.publish_license_version(
        license=world.license.license, text="Newest.", by=world.rita, now=NOW + DAY, **dates
    )
    want_reacceptance(version=newest, now=NOW + DAY)


def live_as_a_team(world: World) -> None:
    team, bo = Team(world), session(person("bo"))
    request = world.draft(bo)
    for guest in (team.cora, team.cyd):
        team.joined(request, guest, by=bo)
    actions.decline(party=team.invite(request, team.sig, by=bo), by=team.sig, now=NOW)
    world.submit(request, bo)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    team.accept(request, team.cora)
    actions.lapse(now=NOW + 30 * DAY)


def test_every_notice_is_mailed_and_none_is_half_filled(world: World) -> None:
    live_it_all(world)
    mails = list(OutboxMessage.objects.all())
    assert {mail.template.rpartition("/")[2] for mail in mails} == {*NOTICES, "license_changed"}
    for mail in mails:
        assert "{{" not in mail.subject + mail.text.replace(HOSTILE, ""), mail.template
        assert "None" not in mail.text, mail.template
        assert "\n\n\n" not in mail.text, mail.template
        assert re.search(
            r"http://localhost:\d+/(requests|review|grants|invitations|releases)/(req|grt|pty|opt)[_-]",
            mail.text,
        ), mail.template
        assert not holds_secret(mail.text), mail.template
        assert mail.text.startswith("Hello "), mail.template


def test_a5_the_html_of_each_mail_is_inert_and_leads_nowhere_else(world: World) -> None:
    live_it_all(world)
    for mail in OutboxMessage.objects.all():
        assert "<script" not in mail.html, mail.template
        links = re.findall(r'(?:href|src)="([^"]*)"', mail.html)
        assert links, mail.template
        assert all(re.match(r"http://localhost:\d+(/|$)", link) for link in links), mail.template


def test_what_people_write_arrives_as_they_wrote_it(world: World) -> None:
    live_it_all(world)
    told = OutboxMessage.objects.filter(template__endswith="grant_revoked").get()
    assert HOSTILE in told.text
    assert not any(HOSTILE in mail.subject for mail in OutboxMessage.objects.all())


def test_a_name_cannot_write_into_the_header_of_a_mail(db: None) -> None:
    world = World()
    mallory = session(person("mallory"))
    assert mallory.user is not None
    mallory.user.full_name = "Mallory\r\nBcc: everybody@example.org"
    mallory.user.save()
    world.submit(world.draft(mallory), mallory)
    tell_reviewers()
    wanted = OutboxMessage.objects.filter(template__endswith="review_wanted")
    assert wanted.exists()
    assert not any("\n" in mail.subject or "\r" in mail.subject for mail in wanted)


def test_disabled_reviewers_get_no_mail(world: World) -> None:
    assert world.rosa.user is not None
    world.rosa.user.is_active = False
    world.rosa.user.save()
    world.request_in(states.SUBMITTED)
    tell_reviewers()
    told = OutboxMessage.objects.filter(template__endswith="review_wanted").values_list("to", flat=True)
    assert sorted(told) == ["rita@example.org", "rob@example.org"]


@pytest.mark.django_db
def test_an_approval_says_until_when_it_can_be_signed() -> None:
    World().request_in(states.APPROVED)
    mail = OutboxMessage.objects.get(template="licenses/mail/request_approved")

    assert "Please do so by 20 Dec 2026, 12:00 UTC; after that the approval lapses." in mail.text


@pytest.mark.django_db
@pytest.mark.parametrize("state", [states.SUSPENDED, states.REVOKED])
def test_who_lost_access_is_told_whom_to_write_to(state: str, settings: Any) -> None:
    settings.CONTACT_EMAIL = "weights-help@example.org"
    World().grant_in(state)
    mail = OutboxMessage.objects.get(template=f"licenses/mail/grant_{state}")

    assert "reply to this mail, or write to weights-help@example.org." in mail.text


@pytest.mark.django_db
def test_staff_read_in_the_subject_whose_grant_is_closed() -> None:
    world = World()
    world.close_out(world.grant_in(states.ACTIVE))
    mails = OutboxMessage.objects.filter(template="licenses/mail/grant_closed")
    subjects = {mail.to.partition("@")[0]: mail.subject for mail in mails}

    assert subjects.pop("ada") == "The grant for OPT-175B is closed"
    assert set(subjects.values()) == {f"{world.ada.person.get_full_name()} closed the grant for OPT-175B"}


@pytest.mark.django_db
def test_who_wrote_about_a_request_of_theirs_is_named_once() -> None:
    world = World()
    request = world.request_in(states.SUBMITTED)
    actions.say(request=request, text="One more thing.", by=world.ada, now=NOW)
    mail = OutboxMessage.objects.filter(template="licenses/mail/message_received")[0]

    assert f"{world.ada.person.get_full_name()} wrote about their request for OPT-175B:" in mail.text
