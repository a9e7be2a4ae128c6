"""Sign the license: acceptance, grants and the end of the request, all at once."""

from datetime import timedelta

import pytest

from licenses import actions, states
from licenses.events import GrantStarted
from licenses.models import Acceptance, Grant
from portal.accounts import pending
from portal.accounts.models import User
from portal.core import audit, events
from portal.core.models import OutboxMessage
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.licenses.world import (
    ANSWERS,
    DAY,
    LICENSE_TEXT,
    NOW,
    World,
    apply,
    license_of,
    person,
    session,
    token,
)

pytestmark = pytest.mark.database


def user(world: World) -> User:
    assert world.ada.user is not None
    return world.ada.user


def test_signing_makes_the_acceptance_and_the_grant(world: World) -> None:
    request = world.request_in(states.APPROVED)
    [grant] = world.sign(request)
    request.refresh_from_db()
    acceptance = Acceptance.objects.get(request=request)
    assert request.state == states.SIGNED
    assert (acceptance.user, acceptance.typed_name, acceptance.how) == (user(world), "Ada Example", "session")
    assert (acceptance.license_version, acceptance.sha256) == (world.license, world.license.sha256)
    assert (grant.state, grant.release, grant.starts_at) == (states.ACTIVE, world.release, NOW)
    assert grant.ends_at == NOW + timedelta(days=365)
    assert [event.kind for event in audit.trail(f"grant:{grant.pk}")] == ["grant.started"]


def test_the_mail_says_how_to_download(world: World) -> None:
    world.request_in(states.SIGNED)
    mail = OutboxMessage.objects.get(template__endswith="request_signed")
    assert f"weights download {world.release.slug}" in mail.text
    assert world.license.sha256 in mail.text


def test_the_version_approved_is_the_one_signed(world: World) -> None:
    request = world.request_in(states.APPROVED)
    apply(world.release, text=LICENSE_TEXT + "More.", now=NOW + DAY)
    newer = license_of(world.release)
    with pytest.raises(Conflict) as caught:
        actions.sign(
            request=request,
            typed_name="Ada Example",
            license_sha256=newer.sha256,
            by=world.ada,
            now=NOW + DAY,
        )
    assert caught.value.code == "license_changed"
    assert caught.value.extra["in_force"]["sha256"] == world.license.sha256
    assert world.sign(request, now=NOW + DAY)[0].license_version == world.license


@pytest.mark.parametrize("sha256", ["", "0" * 64])
def test_a_text_that_was_not_shown_is_not_signed(world: World, sha256: str) -> None:
    request = world.request_in(states.APPROVED)
    with pytest.raises(Conflict) as caught:
        actions.sign(request=request, typed_name="Ada Example", license_sha256=sha256, by=world.ada, now=NOW)
    assert caught.value.code == "license_changed"
    assert not Acceptance.objects.exists()
    assert not Grant.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "Bob Example", "Ada\nExample", "x" * 201])
def test_another_name_does_not_sign(world: World, name: str) -> None:
    request = world.request_in(states.APPROVED)
    with pytest.raises(Invalid) as caught:
        actions.sign(
            request=request, typed_name=name, license_sha256=world.license.sha256, by=world.ada, now=NOW
        )
    assert list(caught.value.errors) == ["typed_name"]
    assert not Acceptance.objects.exists()


def test_the_name_may_differ_in_case_and_spaces(world: World) -> None:
    request = world.request_in(states.APPROVED)
    assert actions.sign(
        request=request,
        typed_name="  ada   EXAMPLE ",
        license_sha256=world.license.sha256,
        by=world.ada,
        now=NOW,
    )


def test_nobody_else_and_no_token_signs(world: World) -> None:
    request = world.request_in(states.APPROVED)
    for by, code in (
        (world.rita, "not_a_party"),
        (world.admin, "not_a_party"),
        (token(user(world), "read", "requests", "download"), "token_scope"),
    ):
        with pytest.raises(NotPermitted) as caught:
            actions.sign(
                request=request, typed_name="Ada Example", license_sha256=world.license.sha256, by=by, now=NOW
            )
        assert caught.value.code == code
    assert not Grant.objects.exists()


def test_signing_twice_makes_one_grant(world: World) -> None:
    request = world.request_in(states.SIGNED)
    with pytest.raises(Conflict) as caught:
        world.sign(request)
    assert caught.value.code == "state_changed"
    assert Grant.objects.count() == 1


def test_a_token_proposes_and_the_person_confirms(world: World) -> None:
    request = world.request_in(states.APPROVED)
    action = actions.propose_sign(request=request, by=token(user(world), "requests"), now=NOW)
    assert world.license.sha256 in action.summary
    assert "Ada Example" in action.summary
    assert not Grant.objects.exists()
    action = pending.confirm(action=action, by=world.ada, now=NOW)
    [grant] = Grant.objects.all()
    assert action.result == {"request": request.pk, "grants": [grant.pk]}
    assert Acceptance.objects.get().how == f"pending:{action.pk}"


def test_what_was_proposed_is_not_signed_after_a_withdrawal(world: World) -> None:
    request = world.request_in(states.APPROVED)
    action = actions.propose_sign(request=request, by=token(user(world), "requests"), now=NOW)
    actions.withdraw(request=request, by=world.ada, now=NOW)
    with pytest.raises(Conflict) as caught:
        pending.confirm(action=action, by=world.ada, now=NOW)
    assert caught.value.code == "state_changed"
    assert not Grant.objects.exists()


def test_a_signature_is_proposed_for_an_approved_request_alone(world: World) -> None:
    request = world.request_in(states.SUBMITTED)
    with pytest.raises(Conflict) as caught:
        actions.propose_sign(request=request, by=token(user(world), "requests"), now=NOW)
    assert caught.value.code == "state_changed"


def test_a_grant_that_ended_makes_room_for_the_next(world: World) -> None:
    old = world.grant_in(states.CLOSED)
    assert old.state == states.CLOSED
    new = Grant.objects.get(state=states.ACTIVE)
    assert new.starts_at == old.ends_at
    assert [event.kind for event in audit.trail(f"grant:{old.pk}")] == ["grant.started", "grant.closed"]


def test_a_standing_grant_is_not_replaced(world: World) -> None:
    """An appeal can win beside a grant that a later request made; one of the two is enough."""
    rejected = world.request_in(states.REJECTED)
    world.request_in(states.SIGNED)
    actions.appeal(request=rejected, text="Once more.", by=world.ada, now=NOW)
    world.vote(rejected, world.rosa)
    world.vote(rejected, session(person("rex", "reviewer")))
    with pytest.raises(Conflict) as caught:
        world.sign(rejected)
    assert caught.value.code == "grant_live"
    assert Grant.objects.count() == 1


def test_a_grant_is_told_to_other_apps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[GrantStarted] = []
    monkeypatch.setitem(events._handlers, GrantStarted, [heard.append])
    grant = world.grant_in(states.ACTIVE)
    assert [event.grant for event in heard] == [grant]


# --- approvals that nobody signs ---


def test_an_approval_lapses_after_its_time_and_only_once(world: World) -> None:
    request = world.request_in(states.APPROVED)
    assert actions.lapse(now=NOW + 30 * DAY - timedelta(seconds=1)) == 0
    assert actions.lapse(now=NOW + 30 * DAY) == 1
    assert actions.lapse(now=NOW + 31 * DAY) == 0
    request.refresh_from_db()
    assert request.state == states.LAPSED
    assert OutboxMessage.objects.filter(template__endswith="request_lapsed").count() == 1
    assert audit.trail(f"request:{request.pk}").filter(kind="request.lapsed").count() == 1


def test_a_lapsed_approval_is_not_signed_and_a_new_request_can_begin(world: World) -> None:
    request = world.request_in(states.LAPSED)
    with pytest.raises(Conflict):
        world.sign(request)
    assert actions.draft(by=world.ada, release=world.release, answers=ANSWERS, now=NOW)


def test_what_was_signed_does_not_lapse(world: World) -> None:
    request = world.request_in(states.SIGNED)
    assert actions.lapse(now=NOW + 99 * DAY) == 0
    request.refresh_from_db()
    assert request.state == states.SIGNED
