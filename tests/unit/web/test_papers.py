"""Signed documents and the close-out, as their people meet them."""

from typing import Any

import pytest

from licenses import actions
from licenses.agreements import making
from licenses.models import Agreement, DestructionCertificate, Grant
from tests.unit.web.conftest import OpenAs
from tests.unit.web.papers import proposed, published
from tests.unit.web.world import World
from weights_vault.models import Release


@pytest.fixture
def grant(world: World, big: Release) -> Grant:
    return world.signed("ada", big)


@pytest.fixture
def agreement(world: World, grant: Grant) -> Agreement:
    """Ada's, made."""
    found = Agreement.objects.get(acceptance__request=grant.request)
    making.make({"agreement": found.pk}, now=world.now)
    return found


def page(open_as: OpenAs, who: str, path: str) -> str:
    answer = open_as(who).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def certified(grant: Grant, **changed: Any) -> dict[str, Any]:
    said = {
        "copies": "2",
        "method": "Shredded <script>alert(1)</script> {{7*7}} #panic()",
        "destroyed_on": f"{grant.starts_at:%Y-%m-%d}",
        "certain": "on",
        "typed_name": grant.user.full_name,
    }
    return {**said, **changed}


@pytest.mark.parametrize("who", ["ada", "rosa"])
def test_document_is_downloaded_by_whom_it_binds_and_by_legal_staff(
    open_as: OpenAs, agreement: Agreement, who: str
) -> None:
    answer = open_as(who).get(f"/agreements/{agreement.pk}/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="license-agreement-{agreement.pk}.pdf"'
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.content.startswith(b"%PDF")


def test_document_that_is_not_made_yet_says_when_to_look_again(open_as: OpenAs, grant: Grant) -> None:
    agreement = Agreement.objects.get(acceptance__request=grant.request)
    answer = open_as("ada").get(f"/agreements/{agreement.pk}/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    shown = answer.content.decode()
    assert "agreement_not_ready" in shown
    assert f'<a class="button" href="/agreements/{agreement.pk}/">Try again</a>' in shown
    assert f'hx-get="/agreements/{agreement.pk}/" hx-trigger="every 10s"' in shown


def test_the_page_that_waits_is_told_once_the_document_is_there(
    open_as: OpenAs, world: World, grant: Grant
) -> None:
    agreement = Agreement.objects.get(acceptance__request=grant.request)
    ada, address = open_as("ada"), f"/agreements/{agreement.pk}/"
    waiting = ada.get(address, HTTP_HX_REQUEST="true")
    assert (waiting.status_code, waiting.content) == (204, b"")
    making.make({"agreement": agreement.pk}, now=world.now)
    there = ada.get(address, HTTP_HX_REQUEST="true")
    assert there.status_code == 286
    assert "no-store" in there["Cache-Control"]
    assert f'<a href="{address}">Download it</a>' in there.content.decode()
    assert open_as("mika").get(address, HTTP_HX_REQUEST="true").status_code == 404


def test_request_grant_and_review_lead_to_the_document(
    open_as: OpenAs, grant: Grant, agreement: Agreement
) -> None:
    link = f'href="/agreements/{agreement.pk}/"'
    assert link in page(open_as, "ada", f"/grants/{grant.pk}/")
    assert link in page(open_as, "ada", f"/requests/{grant.request_id}/")
    assert link in page(open_as, "rosa", f"/review/{grant.request_id}/")
    assert link in page(open_as, "rosa", f"/review/grants/{grant.pk}/")


def test_document_stays_when_the_grant_is_over(open_as: OpenAs, grant: Grant, agreement: Agreement) -> None:
    Grant.objects.filter(pk=grant.pk).update(state="revoked", state_reason="Shared.")
    assert open_as("ada").get(f"/agreements/{agreement.pk}/").status_code == 200


@pytest.mark.parametrize("who", ["dana", "rosa"])
def test_pages_of_a_master_agreement_lead_to_its_document(open_as: OpenAs, world: World, who: str) -> None:
    world.person("dana@people.example.org", "Dana Ruiz", "University of Example", "ES")
    master, by = proposed(world, "dana"), world.by("dana")
    address = {"dana": f"/master-agreements/{master.pk}/", "rosa": f"/desk/master-agreements/{master.pk}/"}
    assert "Signed documents" not in page(open_as, who, address[who])
    actions.sign_master(
        master=master,
        typed_name="Dana Ruiz",
        license_sha256=master.license_version.sha256,
        by=by,
        now=world.now,
    )
    making.make({"agreement": Agreement.objects.get(master=master).pk}, now=world.now)
    made = Agreement.objects.get(master=master)
    assert f'href="/agreements/{made.pk}/"' in page(open_as, who, address[who])
    assert open_as(who).get(f"/agreements/{made.pk}/").status_code == 200


def test_a_document_in_preparation_is_no_link(open_as: OpenAs, grant: Grant) -> None:
    shown = page(open_as, "ada", f"/grants/{grant.pk}/")
    assert "License agreement: being prepared" in shown
    assert "/agreements/" not in shown


def test_close_out_says_what_it_means_and_closes(open_as: OpenAs, grant: Grant) -> None:
    ada, address = open_as("ada"), f"/grants/{grant.pk}/close/"
    assert f'href="{address}"' in page(open_as, "ada", f"/grants/{grant.pk}/")
    shown = page(open_as, "ada", address)
    assert "cannot be opened again" in shown
    answer = ada.post(address, certified(grant), follow=True)
    assert answer.redirect_chain == [(f"/grants/{grant.pk}/", 302)]
    grant.refresh_from_db()
    assert grant.state == "closed"
    assert DestructionCertificate.objects.get().how == "session"
    assert "Certificate of destruction: being prepared" in answer.content.decode()
    assert f'href="{address}"' not in answer.content.decode()
    assert ada.get(address).status_code == 409


def test_a5_what_the_holder_wrote_is_inert_in_the_document_too(
    open_as: OpenAs, world: World, grant: Grant
) -> None:
    open_as("ada").post(f"/grants/{grant.pk}/close/", certified(grant))
    made = Agreement.objects.get(certificate__isnull=False)
    making.make({"agreement": made.pk}, now=world.now)
    assert open_as("ada").get(f"/agreements/{made.pk}/").content.startswith(b"%PDF")
    shown = page(open_as, "rosa", f"/review/grants/{grant.pk}/")
    assert "<script>alert(1)" not in shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("copies", "-1"),
        ("method", ""),
        ("destroyed_on", "2001-01-01"),
        ("certain", ""),
        ("typed_name", "X Y"),
    ],
)
def test_wrong_field_is_shown_with_the_rest_kept(
    open_as: OpenAs, grant: Grant, field: str, value: str
) -> None:
    answer = open_as("ada").post(f"/grants/{grant.pk}/close/", certified(grant, **{field: value}))
    assert answer.status_code == 400
    assert f"id_{field}_error" in answer.content.decode()
    grant.refresh_from_db()
    assert grant.state == "active"


def test_closing_asks_for_the_password_again(open_as: OpenAs, grant: Grant) -> None:
    answer = open_as("ada", fresh=False).post(f"/grants/{grant.pk}/close/", certified(grant))
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    grant.refresh_from_db()
    assert grant.state == "active"


def test_close_out_from_the_command_line_is_confirmed_by_what_it_says_alone(
    open_as: OpenAs, world: World, grant: Grant
) -> None:
    published(world, demanded=True, effective_at=world.now)
    action = actions.propose_close_out(
        grant=grant,
        copies=1,
        method="Shredded.",
        destroyed_on=world.now.date(),
        by=world.by("ada"),
        now=world.now,
    )
    shown = page(open_as, "ada", f"/pending/{action.pk}/")
    assert "Close a grant, and certify that the copies are destroyed" in shown
    assert "for good, and certify as" in shown
    assert "prose-legal" not in shown  # no license is accepted by this
    open_as("ada").post(f"/pending/{action.pk}/", {"do": "confirm"})
    grant.refresh_from_db()
    assert grant.state == "closed"
