"""The team of a request: who may be asked, who may answer, and whom it bars from voting."""

import pytest
from allauth.account.models import EmailAddress

from licenses import actions, policies, queries, states
from licenses.models import Party, Request
from portal.core import audit
from portal.core.models import OutboxMessage
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from tests.unit.licenses.team import SIGNATORY, Team, sent_under_example
from tests.unit.licenses.world import NOW, World, person, session, token
from weights_vault.models import Release

pytestmark = pytest.mark.database


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


@pytest.fixture
def signed_for(db: None) -> Team:
    """A team under terms that demand a signatory."""
    return Team(World(signatory=True))


def test_whoever_is_asked_gets_a_mail_that_points_to_a_page_and_opens_nothing(team: Team) -> None:
    party = team.invite(team.world.draft(), team.cora)
    mail = OutboxMessage.objects.get(template__endswith="party_invited")
    assert mail.to == "cora@example.org"
    assert f"/invitations/{party.pk}/" in mail.text
    assert "Ada Example" in mail.text


def test_joining_makes_the_request_readable_and_leaves_it_the_applicants(team: Team) -> None:
    request = team.world.draft()
    party = team.invite(request, team.cora)
    with pytest.raises(NotFound):
        queries.request_for(team.cora, request.pk, NOW)
    actions.join(party=party, by=team.cora, now=NOW)
    assert queries.request_for(team.cora, request.pk, NOW) == request
    assert request in queries.requests_of(team.cora)
    for act in (
        lambda: actions.edit(request=request, answers={}, by=team.cora, now=NOW),
        lambda: team.world.submit(request, team.cora),
        lambda: actions.withdraw(request=request, by=team.cora, now=NOW),
        lambda: actions.remove(party=party, by=team.cora, now=NOW),
        lambda: team.invite(request, team.cyd, by=team.cora),
    ):
        with pytest.raises(NotPermitted) as caught:
            act()
        assert caught.value.code == "not_applicant"


def test_nobody_else_finds_the_invitation(team: Team) -> None:
    party = team.invite(team.world.draft(), team.cora)
    unverified = person("una", verified=False)
    EmailAddress.objects.create(user=unverified, email="cora@example.org", verified=False)
    for reader in (team.cyd, team.world.rita, team.world.ada, session(unverified)):
        with pytest.raises(NotFound):
            queries.invitation_for(reader, party.pk)
        with pytest.raises(NotPermitted):
            actions.join(party=party, by=reader, now=NOW)
    assert queries.invitation_for(team.cora, party.pk) == party


def test_a_second_verified_address_answers_too(team: Team) -> None:
    party = actions.invite(
        request=team.world.draft(),
        role="co_applicant",
        email="Cora@Lab.example",
        full_name="Cora",
        by=team.world.ada,
        now=NOW,
    )
    assert team.cora.user is not None
    EmailAddress.objects.create(user=team.cora.user, email="cora@lab.example", verified=True)
    assert actions.join(party=party, by=team.cora, now=NOW).user == team.cora.user


def test_no_token_answers(team: Team) -> None:
    party = team.invite(team.world.draft(), team.cora)
    assert team.cora.user is not None
    for verb in (actions.join, actions.decline):
        with pytest.raises(NotPermitted) as caught:
            verb(party=party, by=token(team.cora.user, "requests"), now=NOW)
        assert caught.value.code == "token_scope"


def test_declining_tells_the_applicant_and_is_said_once(team: Team) -> None:
    party = team.invite(team.world.draft(), team.cora)
    actions.decline(party=party, by=team.cora, now=NOW)
    assert OutboxMessage.objects.get(template__endswith="party_declined").to == "ada@example.org"
    with pytest.raises(NotPermitted) as caught:
        actions.join(party=party, by=team.cora, now=NOW)
    assert caught.value.code == "not_a_party"
    assert team.invite(party.request, team.cora).pk != party.pk


def test_whoever_joined_may_step_back_until_they_accepted(team: Team) -> None:
    request = team.approved()
    cora, cyd = (request.parties.get(user=each.user) for each in (team.cora, team.cyd))
    actions.decline(party=cora, by=team.cora, now=NOW)
    team.accept(request, team.cyd)
    with pytest.raises(Conflict) as caught:
        actions.decline(party=cyd, by=team.cyd, now=NOW)
    assert caught.value.code == "state_changed"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "ada@example.org"}, "email"),
        ({"email": "a@example.org\nBcc: b@example.org"}, "email"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": "A\r\nB"}, "full_name"),
        ({"full_name": "x" * 201}, "full_name"),
        ({"full_name": "Your account ends: https://evil.example"}, "full_name"),
        ({"full_name": "See www.evil.example"}, "full_name"),
        ({"full_name": "Visit evil.com now"}, "full_name"),
        ({"full_name": "Ada\nLovelace"}, "full_name"),
        ({"full_name": "evil.example/now"}, "full_name"),
        ({"role": "boss"}, "role"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(team: Team, changes: dict[str, str], field: str) -> None:
    given = {"role": "co_applicant", "email": "c@example.org", "full_name": "C", **changes}
    with pytest.raises(Invalid) as caught:
        actions.invite(request=team.world.draft(), by=team.world.ada, now=NOW, **given)
    assert list(caught.value.errors) == [field]
    assert not Party.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_nobody_is_asked_twice_at_once_nor_without_end(team: Team) -> None:
    request = team.world.draft()
    for _ in range(3):
        party = team.invite(request, team.cora)
        with pytest.raises(Invalid):
            team.invite(request, team.cora)
        actions.remove(party=party, by=team.world.ada, now=NOW)
    with pytest.raises(Invalid) as caught:
        team.invite(request, team.cora)
    assert "times already" in caught.value.errors["email"][0]


def test_nobody_mails_the_world_through_invitations(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licenses.actions.parties.MOST_ASKED_A_DAY", 1)
    request = team.world.draft()
    team.invite(request, team.cora)
    with pytest.raises(Invalid) as caught:
        team.invite(request, team.cyd)
    assert "tomorrow" in caught.value.errors["email"][0]


def test_the_terms_say_how_many_ask_together(db: None) -> None:
    team = Team(World(max_co_applicants=1))
    request = team.world.draft()
    team.invite(request, team.cora)
    with pytest.raises(Conflict) as caught:
        team.invite(request, team.cyd)
    assert caught.value.code == "team_full"


def test_a_co_applicant_must_be_somebody_who_could_ask(db: None) -> None:
    """The bars of entry are those of the applicant: here the country."""
    team = Team(World(exclude_countries=["AQ"]))
    request = team.world.draft()
    away = session(person("away", country="AQ"))
    with pytest.raises(NotPermitted) as caught:
        team.joined(request, away)
    assert caught.value.code == "region_excluded"


def test_an_account_takes_one_place_and_the_applicant_none(team: Team) -> None:
    request = team.world.draft()
    team.joined(request, team.cora)
    for name, user in (("cora2", team.cora.user), ("ada2", team.world.ada.user)):
        second = actions.invite(
            request=request,
            role="co_applicant",
            email=f"{name}@example.org",
            full_name="Again",
            by=team.world.ada,
            now=NOW,
        )
        assert user is not None
        EmailAddress.objects.create(user=user, email=second.email, verified=True)
        with pytest.raises((Conflict, NotPermitted)):
            actions.join(party=second, by=session(user), now=NOW)


# --- sending ---


def test_a_request_is_not_sent_before_everybody_asked_has_answered(team: Team) -> None:
    request = team.world.draft()
    party = team.invite(request, team.cora)
    with pytest.raises(Conflict) as caught:
        team.world.submit(request)
    assert caught.value.code == "party_pending"
    actions.remove(party=party, by=team.world.ada, now=NOW)
    assert team.world.submit(request).state == states.SUBMITTED


def test_a_signatory_is_named_where_the_terms_demand_one(signed_for: Team) -> None:
    request = signed_for.world.draft()
    with pytest.raises(Conflict) as caught:
        signed_for.world.submit(request)
    assert caught.value.code == "signatory_missing"
    # Named is enough: that they sign is needed before anybody has access, not before the review.
    signed_for.invite(request, signed_for.sig, SIGNATORY)
    assert signed_for.world.submit(request).signatory


def test_no_signatory_is_named_where_none_is_demanded(team: Team) -> None:
    with pytest.raises(Conflict) as caught:
        team.invite(team.world.draft(), team.sig, SIGNATORY)
    assert caught.value.code == "signatory_not_wanted"


def test_never_two_signatories(signed_for: Team) -> None:
    request = signed_for.world.draft()
    signed_for.invite(request, signed_for.sig, SIGNATORY)
    with pytest.raises(Conflict) as caught:
        signed_for.invite(request, signed_for.cora, SIGNATORY)
    assert caught.value.code == "team_full"


@pytest.mark.parametrize("answered", [False, True])
def test_a_signatory_who_has_not_signed_is_replaced_after_the_approval(
    signed_for: Team, answered: bool
) -> None:
    world, request = signed_for.world, signed_for.world.draft()
    old = (signed_for.joined if answered else signed_for.invite)(request, signed_for.sig, SIGNATORY)
    world.submit(request)
    world.vote(request, world.rita)
    request = world.vote(request, world.rob)
    signed_for.accept(request, world.ada)
    sent_under_example(request)
    new = signed_for.invite(request, signed_for.cora, SIGNATORY)

    old.refresh_from_db()
    assert old.state == Party.State.DROPPED
    event = audit.trail(f"request:{request.pk}").last()
    assert event is not None
    assert (event.kind, event.data["party"], event.data["replaces"]) == (
        "request.party_invited",
        new.pk,
        old.pk,
    )
    mails = OutboxMessage.objects.filter(template__endswith="party_invited")
    assert [mail.to for mail in mails.order_by("pk")] == ["sig@example.org", "cora@example.org"]
    for act in (lambda: actions.join(party=old, by=signed_for.sig, now=NOW), lambda: signs(signed_for)):
        with pytest.raises(NotPermitted) as caught:
            act()
        assert caught.value.code == "not_a_party"
    actions.join(party=new, by=signed_for.cora, now=NOW)
    [grant] = signed_for.accept(request, signed_for.cora)
    assert grant.user == world.ada.user


def signs(team: Team) -> object:
    return team.accept(Request.objects.get(), team.sig)


def test_a_signatory_who_has_signed_is_not_replaced(signed_for: Team) -> None:
    """Nobody else has signed yet, so the request is approved still."""
    request = signed_for.world.draft()
    signed_for.joined(request, signed_for.sig, SIGNATORY)
    signed_for.world.submit(request)
    signed_for.world.vote(request, signed_for.world.rita)
    request = signed_for.world.vote(request, signed_for.world.rob)
    signed_for.accept(request, signed_for.sig)
    request.refresh_from_db()
    assert request.state == states.APPROVED
    with pytest.raises(Conflict) as caught:
        signed_for.invite(request, signed_for.cora, SIGNATORY)
    assert caught.value.code == "team_full"


def test_the_team_is_fixed_while_reviewers_have_it(team: Team) -> None:
    request = team.world.submit(team.draft())
    party = request.parties.all()[0]
    for act in (
        lambda: team.invite(request, team.sig),
        lambda: actions.remove(party=party, by=team.world.ada, now=NOW),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "state_changed"
    team.world.vote(request, team.world.rita, "request_changes")
    request.refresh_from_db()
    actions.remove(party=party, by=team.world.ada, now=NOW)
    assert team.joined(request, team.sig)


# --- what is remembered ---


def test_the_log_names_places_and_no_addresses(team: Team) -> None:
    request = team.draft()
    events = [event for event in audit.trail(f"request:{request.pk}") if "party" in event.kind]
    assert [event.kind for event in events] == ["request.party_invited", "request.party_joined"] * 2
    assert "example.org" not in str([event.data for event in events])


def test_the_timeline_says_who_and_keeps_the_readers_apart(team: Team) -> None:
    request = team.draft()
    told = {entry.kind: entry for entry in queries.timeline(request, team.cora)}
    assert told["request.party_joined"].detail == "Cyd Example, co-applicant"
    assert told["request.party_invited"].actor_label == "Ada Example"
    joined = [entry.actor_label for entry in queries.timeline(request, team.cora) if "joined" in entry.kind]
    assert joined == ["You", "Cyd Example"]


@pytest.mark.parametrize(
    ("state", "code"),
    [(states.SUBMITTED, "request_pending"), (states.APPROVED, "license_unsigned")],
)
def test_a_release_tells_a_co_applicant_of_the_request(team: Team, state: str, code: str) -> None:
    request = team.world.submit(team.draft())
    if state == states.APPROVED:
        team.world.vote(request, team.world.rita)
        team.world.vote(request, team.world.rob)
    verdict = policies.access(queries.facts(team.cora, team.world.release), "manifest", NOW)
    many = queries.verdicts_by_release(team.cora, [team.world.release], "manifest", NOW)
    assert getattr(verdict, "code", "") == code
    assert many[team.world.release.pk] == verdict


def test_a_place_in_a_team_leads_to_a_hidden_release_once_it_was_sent(team: Team) -> None:
    request = team.draft()
    Release.objects.update(state="unlisted")
    assert team.world.release not in queries.visible_releases(team.cora)
    Release.objects.update(state="listed")
    team.world.submit(request)
    Release.objects.update(state="unlisted")
    assert team.world.release in queries.visible_releases(team.cora)


def test_nobody_is_mailed_again_and_again_through_ever_new_drafts(team: Team) -> None:
    for _ in range(2):
        request = team.world.draft()
        for _ in range(3):
            actions.remove(party=team.invite(request, team.cora), by=team.world.ada, now=NOW)
        actions.withdraw(request=request, by=team.world.ada, now=NOW)
    with pytest.raises(Invalid) as refused:
        team.invite(team.world.draft(), team.cora)

    assert "email" in refused.value.errors
    assert OutboxMessage.objects.filter(to="cora@example.org").count() == 6
