"""Master agreements: proposed, signed by whom they ask, and the people whom they name."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from licenses import actions, queries, states
from licenses.models import Acceptance, Agreement, Grant, MasterAgreement, MasterMember
from portal.accounts.models import Organization
from portal.accounts.principals import ANONYMOUS, Principal
from portal.core import audit
from portal.core.models import OutboxMessage
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from tests.unit.licenses.test_every_action import trial
from tests.unit.licenses.world import DAY, NOW, World, person, session, token

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def world() -> World:
    return World()


def propose(world: World, by: Principal | None = None, **fields: Any) -> MasterAgreement:
    given: dict[str, Any] = {
        "organization": Organization.objects.get_or_create(name="Lab")[0],
        "license_version": world.license,
        "ends_at": NOW + 365 * DAY,
        "signatory_email": "Sina@example.org",
        "signatory_name": "Sina Example",
        "by": by or world.rita,
        "now": NOW,
        **fields,
    }
    return actions.propose_master(**given)


def sign(master: MasterAgreement, by: Principal, now: datetime = NOW, **fields: Any) -> MasterAgreement:
    given = {"typed_name": "Sina Example", "license_sha256": master.license_version.sha256, **fields}
    return actions.sign_master(master=master, by=by, now=now, **given)


def signed(world: World, *names: str) -> MasterAgreement:
    """A signed agreement that names "<name>@example.org" for each of `names`."""
    master = sign(propose(world), session(person("sina")))
    for name in names:
        email = f"{name}@example.org"
        actions.name_member(master=master, email=email, full_name=name, by=world.rita, now=NOW)
    return master


def test_a_proposal_asks_its_signatory_by_mail_that_carries_no_secret(world: World) -> None:
    master = propose(world)
    [mail] = OutboxMessage.objects.filter(template__endswith="master_proposed")
    assert (mail.to, master.signatory_email) == ("sina@example.org", "sina@example.org")
    assert f"/master-agreements/{master.pk}/" in mail.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("signatory_email", "nobody"),
        ("signatory_email", "a@b.org\r\nBcc: c@d.org"),
        ("signatory_email", "rita@example.org"),
        ("signatory_name", ""),
        ("signatory_name", "Visit evil.com now"),
        ("ends_at", NOW),
    ],
)
def test_what_cannot_be_is_not_proposed(world: World, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        propose(world, **{field: value})
    assert list(caught.value.errors) == [field]


def test_a_version_negotiated_with_another_organization_is_not_proposed(world: World) -> None:
    other = Organization.objects.create(name="Other")
    own = actions.publish_license_version(
        license=world.license.license,
        text="Own.",
        effective_at=NOW,
        organization=other,
        by=world.rita,
        now=NOW,
    )
    with pytest.raises(Invalid) as caught:
        propose(world, license_version=own)
    assert list(caught.value.errors) == ["license_version"]
    assert propose(world, license_version=own, organization=other).license_version == own


def test_the_signatory_signs_and_a_document_is_ordered(world: World) -> None:
    sina = session(person("sina"))
    master = sign(propose(world), sina)
    assert (master.signatory, master.signed_at, master.sha256) == (sina.user, NOW, world.license.sha256)
    assert Agreement.objects.filter(master=master).exists()
    assert [event.kind for event in audit.trail(f"master:{master.pk}")] == [
        "master.proposed",
        "master.signed",
    ]
    with pytest.raises(Conflict, match="state_changed"):
        sign(master, sina)


def own_address(by: Principal, email: str) -> None:
    """Verify a further address, as anybody can whose mailbox it is."""
    EmailAddress.objects.create(user=by.person, email=email, verified=True)


def named_by(world: World, by: Principal) -> MasterAgreement:
    master = propose(world)
    actions.name_member(master=master, email="bo@example.org", full_name="Bo", by=by, now=NOW)
    return master


def judged_by(world: World, by: Principal) -> MasterAgreement:
    master = propose(world)
    actions.name_member(master=master, email="ada@example.org", full_name="Ada", by=world.rita, now=NOW)
    world.vote(world.request_in(states.SUBMITTED), by)
    return master


HANDS: dict[str, Callable[[World, Principal], MasterAgreement]] = {
    "proposed": propose,
    "named its people": named_by,
    "judged a request of theirs": judged_by,
}


@pytest.mark.parametrize("hand", HANDS)
def test_staff_who_had_a_hand_in_it_do_not_sign_it_by_an_address_of_later(world: World, hand: str) -> None:
    lena = session(person("lena", "legal_lead"))
    master = HANDS[hand](world, lena)
    own_address(lena, "sina@example.org")
    with pytest.raises(NotPermitted) as refused:
        sign(master, lena, typed_name="Lena Example")
    assert refused.value.code == "own_agreement"
    master.refresh_from_db()
    assert master.signed_at is None


def test_staff_who_had_none_sign_as_anybody_does(world: World) -> None:
    """A verdict on the request of somebody whom it does not name is none of its business."""
    world.vote(world.request_in(states.SUBMITTED), world.rob)
    master = propose(world)
    own_address(world.rob, "sina@example.org")
    assert sign(master, world.rob, typed_name="Rob Example").signatory == world.rob.user


def test_another_text_or_name_signs_nothing(world: World) -> None:
    master, sina = propose(world), session(person("sina"))
    with pytest.raises(Conflict, match="license_changed"):
        sign(master, sina, license_sha256="0" * 64)
    with pytest.raises(Invalid, match="name_invalid"):
        sign(master, sina, typed_name="Eve")
    master.refresh_from_db()
    assert master.signed_at is None


def test_the_agreement_is_read_by_its_signatory_alone(world: World) -> None:
    master, sina = propose(world), session(person("sina"))
    assert queries.master_to_sign(sina, master.pk, NOW) == master
    unverified = session(person("uma", verified=False))
    for other in (world.rita, world.ada, unverified, ANONYMOUS):
        with pytest.raises(NotFound):
            queries.master_to_sign(other, master.pk, NOW)


def test_the_list_is_for_legal_staff(world: World) -> None:
    master = signed(world, "ada")
    assert [(each, each.named) for each in queries.all_masters(world.rita)] == [(master, 1)]
    assert queries.all_masters(world.auditor)
    assert not queries.all_masters(world.ada)
    assert not queries.all_masters(session(person("max", "release_manager")))


def test_whom_it_covers(world: World) -> None:
    user, version = world.ada.person, world.license
    unsigned = propose(world)
    actions.name_member(master=unsigned, email=user.email, full_name="Ada", by=world.rita, now=NOW)
    assert queries.master_covering(user, version, NOW) is None
    master = signed(world, "ada")
    assert queries.master_covering(user, version, NOW) == master
    assert queries.master_covering(user, None, NOW) is None
    assert queries.master_covering(world.rob.person, version, NOW) is None
    assert queries.master_covering(user, version, master.ends_at) is None
    assert queries.master_covering(user, version, NOW - DAY) is None
    user.emailaddress_set.update(verified=False)
    assert queries.master_covering(user, version, NOW) is None


def test_who_was_taken_out_is_covered_no_more_and_may_be_named_again(world: World) -> None:
    master = signed(world, "ada")
    member = master.members.get()
    actions.remove_member(member=member, reason="Left the lab.", by=world.rita, now=NOW)
    assert queries.master_covering(world.ada.person, world.license, NOW) is None
    with pytest.raises(Conflict):
        actions.remove_member(member=member, reason="Again.", by=world.rita, now=NOW)
    again = actions.name_member(
        master=master, email="ADA@example.org", full_name="Ada", by=world.rita, now=NOW
    )
    twice = actions.name_member(
        master=master, email="ada@example.org", full_name="Ada", by=world.rita, now=NOW
    )
    assert again == twice != member
    assert queries.master_covering(world.ada.person, world.license, NOW) == master


def test_an_ended_agreement_covers_nobody_and_its_signatory_hears_why(world: World) -> None:
    master = signed(world, "ada")
    actions.end_master(master=master, reason="The project is over.", by=world.rita, now=NOW + DAY)
    assert queries.master_covering(world.ada.person, world.license, NOW + DAY) is None
    [mail] = OutboxMessage.objects.filter(template__endswith="master_ended")
    assert "The project is over." in mail.text
    with pytest.raises(Conflict):
        actions.end_master(master=master, reason="Again.", by=world.rita, now=NOW + DAY)
    with pytest.raises(Invalid, match="reason_missing"):
        actions.end_master(master=propose(world), reason=" ", by=world.rita, now=NOW)


def test_a_named_persons_grant_starts_with_the_approval(world: World) -> None:
    master = signed(world, "ada")
    request = world.request_in(states.APPROVED)
    assert request.state == states.SIGNED
    assert Grant.objects.get().user == world.ada.user
    acceptance = Acceptance.objects.get()
    assert (acceptance.how, acceptance.typed_name) == (f"master:{master.pk}", "Sina Example")


def everybody(world: World) -> dict[str, Principal]:
    sina = person("sina")
    return {
        "anonymous": ANONYMOUS,
        "stranger": session(person("eve")),
        "member": world.ada,
        "signatory": session(sina),
        "signatory's token": token(sina, "read", "requests", "download"),
        "legal lead": world.rita,
        "reviewer": world.rob,
        "auditor": world.auditor,
        "administrator": world.admin,
        "release manager": session(person("max", "release_manager")),
    }


STAFF = {"legal lead"}
VERBS: dict[str, tuple[Callable[[World, MasterAgreement, Principal], object], set[str], dict[str, bool]]] = {
    # verb: (what does it, who may, in which condition of the agreement it can be done)
    "propose": (
        lambda world, master, by: propose(world, by, signatory_email="new@example.org"),
        STAFF,
        {"proposed": True, "signed": True, "ended": True},
    ),
    "name": (
        lambda world, master, by: actions.name_member(
            master=master, email="bo@example.org", full_name="Bo", by=by, now=NOW
        ),
        STAFF,
        {"proposed": True, "signed": True, "ended": False},
    ),
    "remove": (
        lambda world, master, by: actions.remove_member(
            member=MasterMember.objects.get(master=master), reason="Left.", by=by, now=NOW
        ),
        STAFF,
        {"proposed": True, "signed": True, "ended": False},
    ),
    "end": (
        lambda world, master, by: actions.end_master(master=master, reason="Over.", by=by, now=NOW),
        STAFF,
        {"proposed": True, "signed": True, "ended": False},
    ),
    "sign": (
        lambda world, master, by: sign(master, by),
        {"signatory"},
        {"proposed": True, "signed": False, "ended": False},
    ),
}


@pytest.mark.parametrize("condition", ["proposed", "signed", "ended"])
def test_every_verb_by_every_role(world: World, condition: str) -> None:
    """R8: every condition × every verb × every role."""
    roles = everybody(world)
    master = propose(world, now=NOW - DAY)
    actions.name_member(master=master, email="ada@example.org", full_name="Ada", by=world.rita, now=NOW - DAY)
    match condition:
        case "signed":
            sign(master, roles["signatory"], now=NOW - DAY)
        case "ended":
            actions.end_master(master=master, reason="Over.", by=world.rita, now=NOW)
    for verb, (act, who, possible) in VERBS.items():
        for role, by in roles.items():
            master.refresh_from_db()
            done = trial(lambda act=act, by=by: act(world, master, by))  # type: ignore[misc]
            assert done is (role in who and possible[condition]), (verb, role)
