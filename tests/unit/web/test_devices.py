"""The page on which a machine is let in, and the list of all that acts in a person's name."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.devices import codes
from portal.accounts.models import AccessToken, Device, DeviceCode
from portal.accounts.tokens import create_token
from portal.core.models import AuditEvent, OutboxMessage
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

DEVICE, TOKENS = "/device/", "/tokens/"


@pytest.fixture
def code(world: World) -> DeviceCode:
    """What a machine asked for, just now."""
    return codes.ask(
        device_code="d" * 30,
        user_code="WDJB-MJHT",
        client="weights",
        machine="login1",
        scopes=["read", "download", "review"],
        address="192.0.2.7",
        now=world.now,
    )


def test_it_says_who_asks_for_what_and_allows_it(open_as: OpenAs, world: World, code: DeviceCode) -> None:
    ada = open_as("ada")
    page = ada.get(DEVICE, {"code": "wdjb mjht"}).content.decode()
    assert [word for word in ("WDJB-MJHT", "login1", "192.0.2.7", "weights") if word not in page] == []
    asked, _, refused = page.partition("does not get it")
    assert ("Download: enroll keys" in asked, "Review: read what" in refused) == (True, True)
    assert Device.objects.count() == 0  # looking allows nothing

    answer = ada.post(DEVICE, {"code": code.user_code, "do": "allow"})

    assert answer["Location"] == TOKENS
    device = Device.objects.get()
    assert (device.user, device.scopes) == (world.people["ada"], ["read", "download"])
    assert "login1" in ada.get(TOKENS).content.decode()


def test_a5_a_hostile_machine_is_inert(open_as: OpenAs, world: World) -> None:
    hostile = (
        "<script>alert('x')</script>{{7*7}}javascript:alert(1)\"'><img src=x onerror=alert(1)>\r\nBcc: x"
    )
    code = codes.ask(
        device_code="d" * 30, user_code="WDJB-MJHT", client="weights", machine=hostile, scopes=["read"],
        address="", now=world.now,
    )  # fmt: skip
    ada = open_as("ada")
    pages = [ada.get(DEVICE, {"code": code.user_code}).content.decode()]
    ada.post(DEVICE, {"code": code.user_code, "do": "allow"})
    pages.append(ada.get(TOKENS).content.decode())
    mailed = OutboxMessage.objects.get(template__contains="device_allowed")
    pages += [mailed.text, mailed.subject]
    for word in ("<script>alert", "{{7*7}}", "javascript:", "<img src=x", "Bcc:"):
        assert [page for page in pages if word in page] == []


def test_it_can_be_refused_without_a_password(open_as: OpenAs, code: DeviceCode) -> None:
    open_as("ada", fresh=False).post(DEVICE, {"code": code.user_code, "do": "refuse"})
    assert (DeviceCode.objects.get().state, Device.objects.count()) == ("refused", 0)


def test_allowing_asks_who_sits_there(open_as: OpenAs, code: DeviceCode) -> None:
    """It makes a credential."""
    answer = open_as("ada", fresh=False).post(DEVICE, {"code": code.user_code, "do": "allow"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert DeviceCode.objects.get().state == "waiting"


def test_another_site_cannot_send_the_form(world: World, code: DeviceCode) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.people["ada"], backend="portal.accounts.backends.AuthenticationBackend")
    assert browser.post(DEVICE, {"code": code.user_code, "do": "allow"}).status_code == 403
    assert not Device.objects.exists()


def test_whoever_is_not_signed_in_comes_back_with_the_code(open_as: OpenAs, code: DeviceCode) -> None:
    answer = open_as(None).get(DEVICE, {"code": code.user_code})
    assert answer["Location"] == "/accounts/login/?next=/device/%3Fcode%3DWDJB-MJHT"


@pytest.mark.parametrize("sent", ["BCDF-GHJK", "x", "' OR 1=1", "\u202e", "<script>alert(1)</script>"])
def test_an_unknown_code_says_so(open_as: OpenAs, code: DeviceCode, sent: str) -> None:
    answer = open_as("ada").get(DEVICE, {"code": sent})
    page = answer.content.decode()
    assert (answer.status_code, "No machine waits with this code" in page) == (400, True)
    assert "<script>alert" not in page


def test_guessing_is_stopped(open_as: OpenAs, code: DeviceCode) -> None:
    ada = open_as("ada")
    answers = [ada.get(DEVICE, {"code": "BCDF-GHJK"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    # Or guessing would go on: what is not refused would be the right one.
    assert ada.get(DEVICE, {"code": code.user_code}).status_code == 429
    assert open_as("bo").get(DEVICE, {"code": code.user_code}).status_code == 200  # whoever else is there


def test_who_types_right_codes_is_never_stopped(open_as: OpenAs, code: DeviceCode) -> None:
    ada = open_as("ada")
    assert {ada.get(DEVICE, {"code": code.user_code}).status_code for _ in range(15)} == {200}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("allowed", "the machine it was for is signed in"),
        ("refused", "was refused"),
        ("expired", "has expired"),
    ],
)
def test_a_code_that_is_done_says_what_became_of_it(
    open_as: OpenAs, world: World, code: DeviceCode, state: str, said: str
) -> None:
    if state == "allowed":
        codes.allow(code=code, by=world.by("ada"), now=world.now)
    elif state == "refused":
        codes.refuse(code=code, by=world.by("ada"), now=world.now)
    else:
        DeviceCode.objects.update(expires_at=world.now - timedelta(hours=1))
    ada = open_as("ada")
    page = ada.get(DEVICE, {"code": code.user_code})
    assert (page.status_code, said in page.content.decode()) == (200, True)
    again = ada.post(DEVICE, {"code": code.user_code, "do": "allow"})
    assert (again.status_code, said in again.content.decode()) == (409, True)
    assert Device.objects.count() == (1 if state == "allowed" else 0)


def a_token(world: World, who: str = "ada", **changes: Any) -> tuple[AccessToken, str]:
    fields = {"name": "cluster", "scopes": ["read"], "lifetime": timedelta(days=1), **changes}
    return create_token(user=world.people[who], by=world.by(who), now=world.now, **fields)


def test_everything_is_listed_and_ended_with_one_click(
    open_as: OpenAs, world: World, code: DeviceCode
) -> None:
    token, _ = a_token(world)
    device = codes.allow(code=code, by=world.by("ada"), now=world.now)
    ada = open_as("ada")
    page = ada.get(TOKENS).content.decode()
    assert [word for word in ("cluster", token.prefix, "login1", "End all 2") if word not in page] == []

    assert ada.post(reverse("device_end", args=[device.pk]))["Location"] == TOKENS
    assert ada.post(reverse("token_end", args=[token.pk]))["Location"] == TOKENS

    device.refresh_from_db()
    token.refresh_from_db()
    assert None not in (device.ended_at, token.ended_at)
    kinds = AuditEvent.objects.filter(kind__in=["device.ended", "token.ended"]).values_list("kind", flat=True)
    assert sorted(kinds) == ["device.ended", "token.ended"]
    assert "End all" not in ada.get(TOKENS).content.decode()


def test_all_end_with_one_click(open_as: OpenAs, world: World, code: DeviceCode) -> None:
    a_token(world)
    a_token(world, "bo")
    codes.allow(code=code, by=world.by("ada"), now=world.now)
    open_as("ada", fresh=False).post(reverse("tokens_end"))
    assert not Device.objects.filter(ended_at=None).exists()
    assert list(AccessToken.objects.filter(ended_at=None).values_list("user__email", flat=True)) == [
        world.people["bo"].email
    ]


def test_a_device_that_ended_itself_says_why(open_as: OpenAs, world: World, code: DeviceCode) -> None:
    codes.allow(code=code, by=world.by("ada"), now=world.now)
    Device.objects.update(ended_at=world.now, reused=True)
    assert "used twice" in open_as("ada").get(TOKENS).content.decode()


def test_nothing_yet_says_what_to_do(open_as: OpenAs, world: World) -> None:
    page = open_as("ada").get(TOKENS).content.decode()
    assert ("Nothing acts for you yet" in page, "weights login --portal" in page) == (True, True)


def test_staff_scopes_are_offered_to_staff_alone(open_as: OpenAs, world: World) -> None:
    form = {"name": "x", "scopes": ["review"], "days": "1", "grant": ""}
    assert 'value="review"' not in open_as("ada").get(TOKENS).content.decode()
    assert open_as("ada").post(TOKENS, form).status_code == 400
    assert 'value="review"' in open_as("rosa").get(TOKENS).content.decode()
    assert open_as("rosa").post(TOKENS, form).status_code == 200


def test_a_token_is_made_for_one_grant_of_ones_own(open_as: OpenAs, world: World, big: Release) -> None:
    mine, others = world.signed("ada", big), world.signed("bo", big)
    form = {"name": "x", "scopes": ["read", "download"], "days": "1", "grant": mine.pk}
    assert open_as("ada").post(TOKENS, {**form, "grant": others.pk}).status_code == 400
    assert open_as("ada").post(TOKENS, {**form, "scopes": ["requests"]}).status_code == 400
    assert open_as("ada").post(TOKENS, form).status_code == 200
    assert AccessToken.objects.get().grant == mine.pk
    assert f"Only {big.title}" in open_as("ada").get(TOKENS).content.decode()
