"""A team that acts at the same moment, on a real database: one grant each, one move each."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress

from licenses import actions, states
from licenses.models import Acceptance, Agreement, Grant, Party, Request
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.models import OutboxMessage
from tests.integration.licenses.race import codes, crew
from tests.unit.licenses.world import NOW, World, session

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

CREW = 50


@pytest.fixture
def world(transactional_db: None) -> World:
    return World(signatory=True, max_co_applicants=CREW)


def crowd(count: int) -> list[Principal]:
    users = User.objects.bulk_create(
        User(email=f"p{number}@example.org", full_name="P Example", country="CH") for number in range(count)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    return [session(user) for user in users]


def approved_with(world: World, people: list[Principal]) -> Request:
    """An approved request of Ada's: the last of `people` signs for the institution, the others ask too."""
    request = world.draft()
    roles = ["co_applicant"] * (len(people) - 1) + ["signatory"]
    Party.objects.bulk_create(
        Party(
            request=request,
            role=role,
            email=each.user.email,
            full_name=each.user.full_name,
            user=each.user,
            state=Party.State.JOINED,
            state_at=NOW,
            asked_at=NOW,
        )
        for role, each in zip(roles, people, strict=True)
        if each.user is not None
    )
    world.submit(request)
    world.vote(request, world.rita)
    return world.vote(request, world.rob)


def accept(world: World, request: Request, by: Principal) -> object:
    assert by.user is not None
    return actions.sign(
        request=Request.objects.get(pk=request.pk),
        typed_name=by.user.full_name,
        license_sha256=world.license.sha256,
        by=by,
        now=NOW,
    )


def test_fifty_accept_at_once_and_each_has_one_grant(world: World) -> None:
    """Whoever comes before the signatory starts with the signatory, whoever comes after at once."""
    people = crowd(CREW)
    request = approved_with(world, people)
    with crew(CREW) as race:
        results = race.run(*(partial(accept, world, request, by) for by in people))
    assert codes(results) == []
    grants = Grant.objects.filter(request=request)
    assert sorted(grants.values_list("user__email", flat=True)) == sorted(
        by.user.email for by in people[:-1] if by.user is not None
    )
    request.refresh_from_db()
    assert request.state == states.SIGNED
    assert Acceptance.objects.filter(request=request).count() == CREW
    assert Agreement.objects.filter(acceptance__request=request).count() == CREW
    kinds = [event.kind for event in audit.trail(f"request:{request.pk}")]
    assert (kinds.count("request.signed"), kinds.count("request.accepted")) == (1, CREW - 1)
    assert OutboxMessage.objects.filter(template__endswith="request_signed").count() == CREW - 1


def test_one_person_accepts_from_fifty_windows(world: World) -> None:
    """R6, of acceptances."""
    people = crowd(2)
    request = approved_with(world, people)
    with crew(CREW) as race:
        results = race.run(*[partial(accept, world, request, people[0])] * CREW)
    assert codes(results) == ["state_changed"] * (CREW - 1)
    assert Acceptance.objects.filter(request=request).count() == 1


def test_a4_an_invitation_is_taken_from_fifty_windows(world: World) -> None:
    [guest] = crowd(1)
    assert guest.user is not None
    request = world.draft()
    party = actions.invite(
        request=request, role="co_applicant", email=guest.user.email, full_name="P", by=world.ada, now=NOW
    )

    def join() -> object:
        return actions.join(party=Party.objects.select_related("request").get(pk=party.pk), by=guest, now=NOW)

    with crew(CREW) as race:
        results = race.run(*[join] * CREW)
    assert codes(results) == ["state_changed"] * (CREW - 1)
    kinds = [event.kind for event in audit.trail(f"request:{request.pk}")]
    assert kinds.count("request.party_joined") == 1


def test_two_teams_give_one_person_the_same_release_once(world: World) -> None:
    """The signatories of two requests sign at the same moment; the person who accepted both has one grant."""
    shared, first, second, other = crowd(4)
    requests = [approved_with(world, [shared, first])]
    world.ada = other
    requests.append(approved_with(world, [shared, second]))
    for request in requests:
        accept(world, request, shared)
    with crew(2) as race:
        results = race.run(
            *(partial(accept, world, *each) for each in zip(requests, (first, second), strict=True))
        )
    assert codes(results) == []
    assert Grant.objects.filter(user=shared.user).count() == 1


def test_joining_against_being_taken_out(world: World) -> None:
    """One of the two wins; nobody takes part in a place that is no longer theirs."""
    guests = crowd(20)
    with crew(2) as race:
        for guest in guests:
            assert guest.user is not None
            request = world.draft()
            party = actions.invite(
                request=request,
                role="co_applicant",
                email=guest.user.email,
                full_name="P",
                by=world.ada,
                now=NOW,
            )
            copies = [Party.objects.select_related("request").get(pk=party.pk) for _ in range(2)]
            race.run(
                partial(actions.join, party=copies[0], by=guest, now=NOW),
                partial(actions.remove, party=copies[1], by=world.ada, now=NOW),
            )
            party.refresh_from_db()
            kinds = [event.kind for event in audit.trail(f"request:{request.pk}")]
            assert party.state == Party.State.DROPPED
            assert kinds[-1] == "request.party_removed"
            actions.withdraw(request=request, by=world.ada, now=NOW)


def test_a_signature_for_the_institution_against_a_replacement(world: World) -> None:
    """One of the two wins: nobody signs whose place is somebody else's."""
    [sig, *others] = crowd(11)
    with crew(2) as race:
        for other in others:
            assert other.user is not None
            request = approved_with(world, [sig])
            replace = partial(
                actions.name_signatory,
                request=request,
                email=other.user.email,
                full_name="P Example",
                by=world.rita,
                now=NOW,
            )
            refused = codes(race.run(partial(accept, world, request, sig), replace))
            signed = Acceptance.objects.filter(request=request, user=sig.user).exists()
            place = Party.objects.get(request=request, user=sig.user)
            assert refused == (["team_full"] if signed else ["not_a_party"])
            assert place.state == (Party.State.ACCEPTED if signed else Party.State.DROPPED)
            actions.withdraw(request=request, by=world.ada, now=NOW)


def test_one_address_is_asked_from_twenty_windows(world: World) -> None:
    """One place, one mail."""
    request = world.draft()

    def ask() -> object:
        return actions.invite(
            request=Request.objects.get(pk=request.pk),
            role="co_applicant",
            email="guest@example.org",
            full_name="Guest",
            by=world.ada,
            now=NOW,
        )

    with crew(20) as race:
        results = race.run(*[ask] * 20)
    assert codes(results) == ["party_invalid"] * 19
    assert OutboxMessage.objects.filter(template__endswith="party_invited").count() == 1
