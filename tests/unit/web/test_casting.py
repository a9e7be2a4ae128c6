"""A verdict that a passkey signs: shown once more as it is cast, then given, alone or with others."""

import json
import time
from typing import Any

import pytest
from allauth.account.internal.userkit import user_id_to_str
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from licenses import actions, ballots
from licenses.models import Request, Vote, VoteAssertion
from tests.authenticator import Passkey
from tests.unit.web.conftest import OpenAs
from tests.unit.web.queues import crowd
from tests.unit.web.test_review import verdict
from tests.unit.web.world import ANSWERS, World
from weights_vault.models import Release

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def _signed_votes(settings: Any) -> None:
    settings.STAFF_MFA = "passkey"


@pytest.fixture
def key(world: World, settings: Any) -> Passkey:
    return Passkey(settings.PORTAL_URL)


@pytest.fixture
def rosa(world: World, open_as: OpenAs, key: Passkey) -> Client:
    """A reviewer who signed in with her passkey an hour ago, and has proved nothing since."""
    row = key.put_on(world.people["rosa"])
    client = open_as("rosa", fresh=False)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "webauthn", "id": row.pk, "at": time.time() - 3600}
    ]
    session["account_authentication_methods_user"] = user_id_to_str(world.people["rosa"])
    session.save()
    return client


def sign(key: Passkey, page: Any, **changes: Any) -> dict[str, str]:
    """The fields that the page's form sends after the passkey was used."""
    return {
        "leaves": page.context["leaves"],
        "assertion": key.answer(page.context["passkey_options"], **changes),
    }


def cast(client: Client, key: Passkey, request: Request, said: str = "approve", **more: Any) -> Any:
    address, form = f"/review/{request.pk}/vote/", verdict(request, said, **more)
    return client.post(address, {**form, **sign(key, client.post(address, form))})


def test_the_page_says_exactly_what_is_cast_and_casts_nothing(rosa: Client, submitted: Request) -> None:
    page = rosa.post(f"/review/{submitted.pk}/vote/", verdict(submitted, "reject", reason="Too wide."))
    text = page.content.decode()
    assert page.status_code == 200
    for said in ("Ada Lindqvist", "OPT-175B", "Too wide.", "Sign with your passkey", "needs JavaScript"):
        assert said in text
    rosa_person = page.wsgi_request.user
    document = ballots.document(submitted, "reject", "Too wide.", rosa_person)
    assert page.context["leaves"] == ballots.leaf(document)
    assert not Vote.objects.exists()


def test_signed_verdict_is_given_without_a_password(rosa: Client, submitted: Request, key: Passkey) -> None:
    answer = cast(rosa, key, submitted)
    assert answer["Location"] == f"/review/{submitted.pk}/"
    assert Vote.objects.get().assertion == VoteAssertion.objects.get()


def test_passkey_that_signed_counts_as_proof_for_what_comes_next(
    rosa: Client, submitted: Request, key: Passkey
) -> None:
    asked = rosa.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"})
    assert asked.status_code == 302
    cast(rosa, key, submitted)
    assert rosa.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"}).status_code == 200


def test_answer_that_does_not_fit_gives_no_verdict_and_proves_nothing(
    rosa: Client, submitted: Request, key: Passkey
) -> None:
    for broken in ({"origin": "https://evil.example"}, {"flags": 1}, {"kind": "webauthn.create"}):
        address, form = f"/review/{submitted.pk}/vote/", verdict(submitted)
        answer = rosa.post(address, {**form, **sign(key, rosa.post(address, form), **broken)})
        assert (answer.status_code, "passkey_refused" in answer.content.decode()) == (403, True)
    assert not Vote.objects.exists()
    assert rosa.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"}).status_code == 302


@pytest.mark.parametrize("assertion", ["", "x", "{}", "[]", "null"])
def test_what_is_no_answer_is_refused(rosa: Client, submitted: Request, assertion: str) -> None:
    form = {**verdict(submitted), "leaves": "a" * 64, "assertion": assertion}
    assert rosa.post(f"/review/{submitted.pk}/vote/", form).status_code == 403
    assert not Vote.objects.exists()


def test_answer_sent_again_proves_nobody(rosa: Client, submitted: Request, key: Passkey) -> None:
    """A4. The same verdict stands already; another passkey's answer is refused, and counts as no proof."""
    address, form = f"/review/{submitted.pk}/vote/", verdict(submitted)
    Request.objects.update(quorum=2)
    rosa.post(address, {**form, **sign(key, rosa.post(address, form))})
    session = rosa.session
    session["account_authentication_methods"] = session["account_authentication_methods"][:1]
    session.save()
    forged = {"leaves": "a" * 64, "assertion": json.dumps(Passkey(key.portal_url).assertion(b"\1" * 32))}
    assert rosa.post(address, {**form, **forged}).status_code == 409
    assert Vote.objects.count() == 1
    assert rosa.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"}).status_code == 302


def test_request_that_changed_under_the_page_is_not_voted_on(
    world: World, rosa: Client, submitted: Request, key: Passkey
) -> None:
    """R7."""
    address, form = f"/review/{submitted.pk}/vote/", verdict(submitted)
    fields = sign(key, rosa.post(address, form))
    changed = {**ANSWERS, "role": "Professor"}
    actions.edit(request=submitted, answers=changed, by=world.by("ada"), now=world.now)
    assert rosa.post(address, {**form, **fields}).status_code == 409
    assert not Vote.objects.exists()


def test_version_that_was_not_read_is_not_put_before_the_passkey(
    world: World, rosa: Client, submitted: Request
) -> None:
    """R7. The page would say version 1, and the passkey sign version 2."""
    form = verdict(submitted)
    actions.edit(
        request=submitted, answers={**ANSWERS, "role": "Professor"}, by=world.by("ada"), now=world.now
    )
    answer = rosa.post(f"/review/{submitted.pk}/vote/", form)
    assert answer.status_code == 409
    assert "passkey-options" not in answer.content.decode()


def test_r9_one_answer_gives_one_verdict_on_many(
    world: World, rosa: Client, big: Release, key: Passkey
) -> None:
    first = world.submitted("ada", big)
    other = world.person("kim@people.example.org", "Kim Berg", "Institute for Examples", "SE")
    second = world.submitted("kim", big)
    assert other is not None
    form = {"ballot": [f"{each.pk}:{each.version}" for each in (first, second)], "verdict": "approve"}
    page = rosa.post("/review/together/vote/", form)
    text = page.content.decode()
    assert "sign 2 verdicts" in text
    assert "Kim Berg" in text
    answer = rosa.post("/review/together/vote/", {**form, **sign(key, page)})
    assert answer["Location"] == "/review/together/done/"
    assert Vote.objects.count() == 2
    assert VoteAssertion.objects.count() == 1


def test_page_that_asks_for_one_answer_costs_the_same_however_many_verdicts(
    world: World, rosa: Client, big: Release
) -> None:
    def queries(requests: list[Request]) -> int:
        form = {"ballot": [f"{each.pk}:{each.version}" for each in requests], "verdict": "approve"}
        with CaptureQueriesContext(connection) as taken:
            page = rosa.post("/review/together/vote/", form)
        assert f"sign {len(requests)} verdict" in page.content.decode()
        return len(taken)

    many = crowd(world, big, 12)
    queries(many[:1])  # that this browser is used is noted once in a while
    assert (queries(many[:2]), queries(many)) == (20, 20)


def test_page_that_asks_for_the_passkey_looks_at_the_request_once(
    rosa: Client, submitted: Request, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """A second look would cost eight more."""
    with django_assert_max_num_queries(25):
        rosa.post(f"/review/{submitted.pk}/vote/", verdict(submitted))


def test_none_that_can_be_voted_on_is_said(world: World, rosa: Client, submitted: Request) -> None:
    actions.withdraw(request=submitted, by=world.by("ada"), now=world.now)
    form = {"ballot": [f"{submitted.pk}:{submitted.version}"], "verdict": "approve"}
    assert (
        "None of these can have this verdict now."
        in rosa.post("/review/together/vote/", form).content.decode()
    )


def test_a3_code_alone_reaches_no_verdict(world: World, open_as: OpenAs, submitted: Request) -> None:
    answer = open_as("rosa").post(f"/review/{submitted.pk}/vote/", verdict(submitted))
    assert (answer.status_code, "mfa_required" in answer.content.decode()) == (403, True)


def test_api_names_the_page_where_the_passkey_signs(rosa: Client, submitted: Request, settings: Any) -> None:
    answer = rosa.post(
        f"/api/v1/requests/{submitted.pk}/votes",
        json.dumps({"version": submitted.version, "verdict": "approve"}),
        content_type="application/json",
    )
    told = answer.json()
    assert (answer.status_code, told["code"]) == (403, "passkey_required")
    assert told["page"] == f"{settings.PORTAL_URL}/review/{submitted.pk}/"
    assert f"Open {told['page']} in a browser" in told["next_step"]
    assert not Vote.objects.exists()
