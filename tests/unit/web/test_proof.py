"""The question for the password: after what is wrong in a form, before anything is done."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from licenses import actions
from licenses.models import Grant, LicenseDraft, Recusal, Request, Vote
from portal.accounts.models import AccessToken, User
from portal.core.models import AuditEvent
from portal.web.views.doors import proven
from tests.unit.web import papers
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_review import verdict
from tests.unit.web.world import World
from weights_vault.models import Release

pytestmark = pytest.mark.database

Case = tuple[str, str, dict[str, Any], dict[str, Any]]


def signing(world: World, big: Release) -> Case:
    request = world.approved("ada", big)
    assert request.license_version is not None
    right = {"license_sha256": request.license_version.sha256, "agreed": "on", "typed_name": "Ada Lindqvist"}
    return "ada", f"/requests/{request.pk}/sign/", right, {"typed_name": "Somebody Else"}


def declining(world: World, big: Release) -> Case:
    request = world.submitted("ada", big)
    right = verdict(request, "reject", reason="Not research.", confirmed="on")
    return "rosa", f"/review/{request.pk}/vote/", right, {"reason": ""}


def declining_many(world: World, big: Release) -> Case:
    request = world.submitted("ada", big)
    right = {"ballot": [f"{request.pk}:1"], "verdict": "reject", "reason": "Not research."}
    return "rosa", "/review/together/vote/", right, {"reason": ""}


def recusing(world: World, big: Release) -> Case:
    request = world.submitted("ada", big)
    return "rosa", f"/review/{request.pk}/recuse/", {"reason": "A friend."}, {"reason": ""}


def closing(world: World, big: Release) -> Case:
    grant = world.signed("ada", big)
    right = {
        "copies": 0,
        "method": "There were none.",
        "destroyed_on": f"{world.now:%Y-%m-%d}",
        "certain": "on",
        "typed_name": "Ada Lindqvist",
    }
    return "ada", f"/grants/{grant.pk}/close/", right, {"typed_name": "Somebody Else"}


def revoking(world: World, big: Release) -> Case:
    grant = world.signed("ada", big)
    return "rosa", f"/review/grants/{grant.pk}/", {"verb": "revoke", "reason": "Shared."}, {"reason": ""}


def revoking_many(world: World, big: Release) -> Case:
    grant = world.signed("ada", big)
    right = {"grant": [grant.pk], "verb": "revoke", "reason": "Shared."}
    return "rosa", "/review/grants/together/", right, {"reason": ""}


def publishing(world: World, big: Release) -> Case:
    draft = papers.drafted(world)
    return "rosa", f"/desk/license-drafts/{draft.pk}/publish/", {"revision": draft.revision}, {"revision": ""}


def ending_a_master(world: World, big: Release) -> Case:
    master = papers.proposed(world)
    return "rosa", f"/desk/master-agreements/{master.pk}/end/", {"reason": "It is over."}, {"reason": ""}


def naming_in_a_master(world: World, big: Release) -> Case:
    master = papers.proposed(world)
    right = {"email": "new@example.org", "full_name": "New Name"}
    return "rosa", f"/desk/master-agreements/{master.pk}/", right, {"full_name": ""}


def taking_out_of_a_master(world: World, big: Release) -> Case:
    master = papers.proposed(world, "bo")
    address = f"/desk/master-agreements/{master.pk}/people/{master.members.get().pk}/remove/"
    return "rosa", address, {"reason": "Left."}, {"reason": ""}


def naming_a_signatory(world: World, big: Release) -> Case:
    request = world.approved("ada", big)
    Request.objects.filter(pk=request.pk).update(signatory=True)
    right = {"email": "dean@uni.example", "full_name": "Dean Moss"}
    return "rosa", f"/review/{request.pk}/signatory/", right, {"full_name": ""}


def making_a_token(world: World, big: Release) -> Case:
    return "ada", "/tokens/", {"name": "cluster", "scopes": ["read"], "days": 30}, {"name": ""}


def erasing(world: World, big: Release) -> Case:
    address = world.people["bo"].email
    return "bo", "/account/data/", {"address": address}, {"address": "somebody@example.org"}


CASES = [
    signing,
    declining,
    declining_many,
    recusing,
    closing,
    revoking,
    revoking_many,
    publishing,
    ending_a_master,
    naming_in_a_master,
    taking_out_of_a_master,
    naming_a_signatory,
    making_a_token,
    erasing,
]


def done() -> tuple[int, ...]:
    """What stands in the database that any of the cases would change."""
    counted = (AuditEvent, Vote, Recusal, AccessToken, Grant)
    return (*(model.objects.count() for model in counted), User.objects.filter(is_active=True).count())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_mistake_is_told_before_the_password_is_asked_for(
    world: World, open_as: OpenAs, big: Release, case: Callable[[World, Release], Case]
) -> None:
    name, address, right, wrong = case(world, big)
    answer = open_as(name, fresh=False).post(address, {**right, **wrong})

    assert answer.status_code == 400
    assert 'class="error-summary' in answer.content.decode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_form_without_mistakes_is_asked_for_the_password_and_does_nothing_before(
    world: World, open_as: OpenAs, big: Release, case: Callable[[World, Release], Case]
) -> None:
    name, address, right, _ = case(world, big)
    before = done()
    answer = open_as(name, fresh=False).post(address, right)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/?")
    assert done() == before


def test_a_verdict_that_comes_too_late_is_refused_before_the_password(
    world: World, open_as: OpenAs, submitted: Request
) -> None:
    actions.withdraw(request=submitted, by=world.by("ada"), now=world.now)
    answer = open_as("rosa", fresh=False).post(f"/review/{submitted.pk}/vote/", verdict(submitted))

    assert answer.status_code == 409


def test_a_draft_that_cannot_be_published_is_told_before_the_password(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    LicenseDraft.objects.filter(pk=draft.pk).update(text="")
    page = f"/desk/license-drafts/{draft.pk}/publish/"
    answer = open_as("rosa", fresh=False).post(page, {"revision": draft.revision})

    assert answer.status_code == 400
    assert answer.context["form"].non_field_errors()


def test_a_view_that_forgets_to_ask_can_write_nothing(world: World, open_as: OpenAs) -> None:
    """The guarantee does not hang on each view's own line."""

    @proven
    def forgetful(request: HttpRequest) -> HttpResponse:
        User.objects.filter(pk=request.user.pk).update(full_name="Changed")
        return HttpResponse()

    def posted_by(client: Client) -> HttpRequest:
        request: HttpRequest = client.post("/keyboard/", {"keys": "on"}).wsgi_request
        return request

    with pytest.raises(RuntimeError, match="writes before"), transaction.atomic():
        forgetful(posted_by(open_as("ada", fresh=False)))
    assert not User.objects.filter(full_name="Changed").exists()

    forgetful(posted_by(open_as("ada")))
    assert User.objects.filter(full_name="Changed").count() == 1
