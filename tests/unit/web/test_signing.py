"""Reading and signing a license."""

import pytest

from licenses import states
from licenses.models import Acceptance, Grant, Request
from portal.accounts.models import User
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import PASSWORD, World
from weights_vault.models import Release


@pytest.fixture
def approved(world: World, big: Release) -> Request:
    return world.approved("ada", big)


def signature(request: Request, **changes: str) -> dict[str, str]:
    assert request.license_version is not None
    return {
        "license_sha256": request.license_version.sha256,
        "agreed": "on",
        "typed_name": "Ada Lindqvist",
        **changes,
    }


def test_the_page_shows_the_whole_text_and_its_hash(open_as: OpenAs, approved: Request) -> None:
    page = open_as("ada").get(f"/requests/{approved.pk}/sign/").content.decode()

    assert "without any warranty" in page
    assert approved.license_version is not None
    assert f'value="{approved.license_version.sha256}"' in page


def test_signing_makes_the_grant(open_as: OpenAs, approved: Request) -> None:
    answer = open_as("ada").post(f"/requests/{approved.pk}/sign/", signature(approved), follow=True)

    assert Grant.objects.get().user.full_name == "Ada Lindqvist"
    assert Acceptance.objects.get().how == "session"
    assert "The license is signed" in answer.content.decode()


def test_signing_asks_for_the_password_and_then_goes_on(open_as: OpenAs, approved: Request) -> None:
    client, address = open_as("ada", fresh=False), f"/requests/{approved.pk}/sign/"
    asked = client.post(address, signature(approved))
    assert asked["Location"] == f"/accounts/reauthenticate/?next={address.replace('/', '%2F')}"
    assert not Grant.objects.exists()

    client.post(asked["Location"], {"password": PASSWORD, "next": address})

    assert Grant.objects.exists()


def test_a_name_that_is_wrong_after_the_password_can_be_typed_again(
    open_as: OpenAs, approved: Request
) -> None:
    """The answer stands at the address of the question for the password; the form must not be sent there."""
    client, address = open_as("ada", fresh=False), f"/requests/{approved.pk}/sign/"
    asked = client.post(address, signature(approved))
    # Her name is corrected while she is asked for the password.
    User.objects.filter(pk=approved.applicant_id).update(full_name="Ada Holm")
    answer = client.post(asked["Location"], {"password": PASSWORD, "next": address})

    assert answer.status_code == 400
    assert f'method="post" action="{address}"' in answer.content.decode()


def test_another_hash_than_the_approved_texts_is_refused(open_as: OpenAs, approved: Request) -> None:
    answer = open_as("ada").post(
        f"/requests/{approved.pk}/sign/", signature(approved, license_sha256="0" * 64)
    )

    assert answer.status_code == 409
    assert not Grant.objects.exists()


@pytest.mark.parametrize("wrong", [{"typed_name": "Somebody Else"}, {"typed_name": ""}, {"agreed": ""}])
def test_a_signature_that_is_not_whole_is_refused_beside_its_field(
    open_as: OpenAs, approved: Request, wrong: dict[str, str]
) -> None:
    answer = open_as("ada").post(f"/requests/{approved.pk}/sign/", signature(approved, **wrong))

    assert answer.status_code == 400
    assert 'class="field-error"' in answer.content.decode()
    assert not Grant.objects.exists()


def test_a_request_that_is_not_approved_has_nothing_to_sign(open_as: OpenAs, submitted: Request) -> None:
    assert open_as("ada").get(f"/requests/{submitted.pk}/sign/").status_code == 409


def test_a_draft_has_nothing_to_sign(world: World, open_as: OpenAs, big: Release) -> None:
    draft = world.draft("ada", big)

    assert open_as("ada").get(f"/requests/{draft.pk}/sign/").status_code == 409


def test_an_approval_whose_time_is_over_reads_as_lapsed_before_the_job_ran(
    open_as: OpenAs, world: World, big: Release
) -> None:
    late = world.approved("ada", big, days_ago=40)
    client = open_as("ada")
    detail, mine, sizes = (
        client.get(address).content.decode()
        for address in (f"/requests/{late.pk}/", "/requests/", f"/releases/{big.slug}/")
    )
    assert "The approval lapsed" in detail
    assert f"/requests/{late.pk}/sign/" not in detail + mine + sizes
    assert "Approved, not signed" not in detail + mine
    assert "Your approval lapsed" in sizes
    answer = client.post(f"/requests/{late.pk}/sign/", signature(late))
    assert answer.status_code == 409
    assert not Grant.objects.exists()
    told = client.get("/")
    assert "Sign by" not in told.content.decode()


def test_an_approval_whose_time_is_over_is_lapsed_for_the_reviewers_too(
    open_as: OpenAs, world: World, big: Release
) -> None:
    late = world.approved("ada", big, days_ago=40)
    client = open_as("rosa")
    page = client.get(f"/review/{late.pk}/").content.decode()
    assert "Lapsed" in page
    assert "Approved, not signed" not in page
    [row] = client.get("/review/?state=approved").context["page"].rows
    assert (row, row.state) == (late, states.LAPSED)
