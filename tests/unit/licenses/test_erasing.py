"""What erasing a person leaves of requests, decisions, agreements and grants. R12"""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from licenses import actions, queries, states
from licenses.models import (
    Acceptance,
    Decision,
    Grant,
    MasterAgreement,
    MasterMember,
    Message,
    Party,
    Request,
    RequestVersion,
)
from portal.accounts import tokens
from portal.accounts.actions.details import correct_details
from portal.accounts.actions.erasing import ERASED_MAIL, ERASED_NAME, bars_of, erase
from portal.accounts.forgetting import FORGET_ABOUT, forget_mail, forget_mail_about
from portal.accounts.models import User
from portal.core import audit
from portal.core.models import AuditDisclosure, AuditEvent, Job, OutboxMessage
from portal.core.outbox import deliver, queue_rendered
from portal.core.problems import Conflict, NotFound, NotPermitted
from tests.unit.licenses.team import Team
from tests.unit.licenses.test_mastering import propose, sign
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, person, session
from weights_vault.actions import keys as vault_keys
from weights_vault.sealed.keys import generate_identity

pytestmark = pytest.mark.database

PROOF = {"references": [{"name": "Grace", "email": "grace@uni.example.edu", "relation": "Adviser"}]}


def erase_ada(world: World, now: object = NOW) -> None:
    erase(user=world.ada.person, address=world.ada.person.email, by=world.ada, now=now)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [states.DRAFT, states.SUBMITTED, states.CHANGES_REQUESTED, states.APPROVED])
def test_an_open_request_stands_in_the_way(world: World, state: str) -> None:
    request = world.request_in(state)

    assert [bar.path for bar in bars_of(world.ada.person, NOW)] == [f"/requests/{request.pk}/"]
    with pytest.raises(Conflict):
        erase_ada(world)


@pytest.mark.parametrize("state", [states.ACTIVE, states.SUSPENDED])
def test_a_grant_that_holds_stands_in_the_way_until_it_ends(world: World, state: str) -> None:
    grant = world.grant_in(state)

    assert [bar.path for bar in bars_of(world.ada.person, NOW)] == [f"/grants/{grant.pk}/"]
    assert bars_of(world.ada.person, grant.ends_at) == []


def _say(world: World) -> None:
    actions.say(request=Request.objects.get(), text="Still there.", by=world.ada, now=NOW)


def _correct(world: World) -> None:
    given = {"full_name": "Ada Example", "organization": "Lab", "country": "CH"}
    correct_details(user=world.ada.person, by=world.ada, now=NOW, **given)


def _enroll(world: World) -> None:
    key = str(generate_identity().recipient)
    vault_keys.start_enrollment(by=world.ada, recipient=key, name="laptop", now=NOW)


WRITES: dict[str, Callable[[World], object]] = {
    "draft": World.draft,
    "renew": lambda world: actions.renew(request=Request.objects.get(), by=world.ada, now=NOW),
    "say": _say,
    "sign_master": lambda world: sign(MasterAgreement.objects.get(), world.ada, typed_name="Ada Example"),
    "correct": _correct,
    "token": lambda world: tokens.create_token(
        user=world.ada.person, name="cluster", scopes=["read"], lifetime=DAY, by=world.ada, now=NOW
    ),
    "enroll": _enroll,
    "erase": lambda world: erase_ada(world),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_session_that_was_read_before_writes_nothing_after(world: World, name: str) -> None:
    world.request_in(states.REJECTED)
    propose(world, signatory_email="ada@example.org", signatory_name="Ada Example")
    erase(user=User.objects.get(pk=world.ada.person.pk), address="ada@example.org", by=world.ada, now=NOW)
    lines = AuditEvent.objects.count()

    with pytest.raises(NotPermitted) as refused:
        WRITES[name](world)
    assert refused.value.code == "account_disabled"
    assert AuditEvent.objects.count() == lines


def test_a_request_that_came_to_nothing_is_emptied(world: World) -> None:
    request = world.draft()
    actions.edit(request=request, answers=ANSWERS, evidence=PROOF, by=world.ada, now=NOW)
    actions.invite(
        request=request,
        role="co_applicant",
        email="colleague@example.org",
        full_name="A Colleague",
        by=world.ada,
        now=NOW,
    )
    actions.withdraw(request=request, by=world.ada, now=NOW)
    erase_ada(world)
    version = RequestVersion.objects.get(request=request)

    assert (version.answers, version.evidence) == ({}, {})
    assert Party.objects.get().full_name == ERASED_NAME
    assert "colleague" not in Party.objects.get().email


def test_what_was_decided_and_signed_stays_and_names_no_reference(world: World) -> None:
    request = world.draft()
    actions.edit(request=request, answers=ANSWERS, evidence=PROOF, by=world.ada, now=NOW)
    world.submit(request)
    actions.say(request=request, text="One more thing.", by=world.ada, now=NOW)
    world.vote(request, world.rita)
    world.vote(request, world.rob)
    [grant] = world.sign(Request.objects.get(pk=request.pk))
    lines = list(AuditEvent.objects.values())
    erase_ada(world, grant.ends_at + DAY)
    version = RequestVersion.objects.get(request=request)

    assert (version.answers, version.evidence) == (ANSWERS, {})
    assert Decision.objects.get().outcome == "approved"
    assert Acceptance.objects.get().typed_name == "Ada Example"
    assert Message.objects.get().text == "One more thing."
    assert Grant.objects.get().user.public_id == world.ada.person.public_id
    assert list(AuditEvent.objects.values())[: len(lines)] == lines


def test_the_search_finds_the_person_no_more(world: World) -> None:
    request = world.request_in(states.REJECTED)
    erase_ada(world)
    request.refresh_from_db()

    assert "ada" not in request.search_text.split()


def test_a_member_of_somebody_elses_team_is_found_by_no_search_any_more(db: None) -> None:
    world = World(max_co_applicants=3)
    team = Team(world)
    request = team.approved()
    team.accept(request, world.ada)
    [cyds] = team.accept(request, team.cyd)
    erase(user=team.cyd.person, address=team.cyd.person.email, by=team.cyd, now=cyds.ends_at)
    request.refresh_from_db()

    assert "cora" in request.search_text
    assert "cyd" not in request.search_text


def test_names_and_addresses_leave_master_agreements(world: World) -> None:
    """The address may be another person's one day: nothing that was agreed before covers them."""
    other = EmailAddress.objects.create(user=world.ada.person, email="Ada@uni.example.org", verified=True)
    master = propose(world, signatory_email="boss@example.org")
    sign(master, session(person("boss")), typed_name="Boss Example")
    for email in (world.ada.person.email, other.email):
        actions.name_member(master=master, email=email, full_name="Ada Example", by=world.rita, now=NOW)
    asked = propose(world, signatory_email=world.ada.person.email, signatory_name="Ada Example")
    erase_ada(world)
    asked.refresh_from_db()

    assert not MasterMember.objects.filter(email__contains="ada").exists()
    assert not MasterMember.objects.filter(full_name__contains="Ada").exists()
    assert not MasterMember.objects.filter(removed_at__isnull=True).exists()
    assert AuditEvent.objects.filter(kind="master.member_removed").count() == 2
    assert (asked.signatory_name, "ada" in asked.signatory_email) == (ERASED_NAME, False)


def test_a_signed_master_agreement_is_its_signatorys_and_not_an_addresses(world: World) -> None:
    boss = session(person("boss"))
    master = propose(world, signatory_email="boss@example.org")
    sign(master, boss, typed_name="Boss Example")
    erase(user=boss.person, address=boss.person.email, by=boss, now=NOW)
    heir = session(person("boss"))

    with pytest.raises(NotFound):
        queries.master_to_sign(heir, master.pk, NOW)


def test_an_address_of_nobodys_gets_no_mail(world: World) -> None:
    message = queue_rendered(to="usr-x@erased.invalid", template="x", subject="Old", text="Words of old.")
    mail.outbox.clear()
    deliver({"message": message.pk}, now=NOW)
    message.refresh_from_db()

    assert (mail.outbox, message.sent_at, message.text) == ([], NOW, "")


def test_mails_to_others_that_name_the_address_are_forgotten_and_after_a_season_all_are(world: World) -> None:
    told = queue_rendered(to="rita@example.org", template="x", subject="A", text="ada@example.org asks.")
    other = queue_rendered(to="rita@example.org", template="x", subject="B", text="Somebody asks.")
    erase_ada(world)
    OutboxMessage.objects.update(sent_at=NOW)
    forget_mail({}, now=NOW)
    told.refresh_from_db()
    other.refresh_from_db()

    assert (told.to, told.text, told.html) == ("nobody@erased.invalid", "", "")
    assert (other.to, other.text) == ("rita@example.org", "Somebody asks.")
    forget_mail({}, now=NOW + 91 * DAY)
    other.refresh_from_db()
    assert (other.to, other.text, other.html) == ("nobody@erased.invalid", "", "")


def test_mails_to_staff_that_name_the_person_are_forgotten_once_they_are_sent(world: World) -> None:
    world.close_out(world.grant_in(states.ACTIVE))
    name = world.ada.person.full_name
    erase_ada(world)
    job = Job.objects.get(kind=FORGET_ABOUT)
    unsent = OutboxMessage.objects.filter(template__endswith="grant_closed", to="rita@example.org").get()
    OutboxMessage.objects.exclude(pk=unsent.pk).update(sent_at=NOW)
    assert name in unsent.text

    forget_mail_about(job.payload, now=NOW)

    told = OutboxMessage.objects.exclude(template=ERASED_MAIL).filter(text__contains=name)
    assert list(told) == [unsent]
    again = Job.objects.filter(kind=FORGET_ABOUT).exclude(pk=job.pk).get()
    assert again.run_at > NOW
    told.update(sent_at=NOW)
    forget_mail_about(again.payload, now=again.run_at)
    assert not told.exists()


def test_the_log_forgets_why_and_keeps_that_it_was(world: World) -> None:
    """R12: the decision keeps its reason, the log its line; what the line committed to is gone."""
    request = world.request_in(states.REJECTED)
    about = {"subject": f"request:{request.pk}", "kind": "request.rejected"}
    before = AuditEvent.objects.get(**about)
    reason = Decision.objects.get().reason
    assert audit.told(before, "reason") == reason
    erase_ada(world)
    after = AuditEvent.objects.get(**about)

    assert after.data == before.data
    assert not AuditDisclosure.objects.filter(about=world.ada.person.public_id).exists()
    assert audit.wording(after, "reason") == audit.ERASED
    assert Decision.objects.get().reason == reason
    told = [entry.detail for entry in queries.timeline(request, world.rita) if entry.kind == after.kind]
    assert told == [audit.ERASED]
