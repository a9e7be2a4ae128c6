"""Master agreements on their pages: staff propose and keep them, a signatory signs."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from licenses.models import LicenseVersion, MasterAgreement, MasterMember
from portal.accounts.actions.erasing import erase
from portal.accounts.models import Organization
from portal.core.jobs import run_due
from tests.unit.web import papers
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_hostile_text import HOSTILE, LINES
from tests.unit.web.world import PASSWORD, World


def said(world: World, **fields: object) -> dict[str, object]:
    return {
        "organization": Organization.objects.get(name="Example Lab").pk,
        "license_version": LicenseVersion.objects.get().pk,
        "signatory_name": "Ada Lindqvist",
        "signatory_email": "ada@nlp.example.edu",
        "ends_on": (world.now + timedelta(days=100)).date().isoformat(),
        **fields,
    }


def test_staff_propose_and_the_signatory_signs(world: World, open_as: OpenAs) -> None:
    answer = open_as("rosa").post("/desk/master-agreements/new/", said(world))
    master = MasterAgreement.objects.get()
    assert answer["Location"] == f"/desk/master-agreements/{master.pk}/"
    address = f"/master-agreements/{master.pk}/"
    assert open_as("bo").get(address).status_code == 404
    ada = open_as("ada")
    assert "Sign for Example Lab" in ada.get(address).content.decode()
    signature = {"license_sha256": master.license_version.sha256, "agreed": "on"}
    assert ada.post(address, {**signature, "typed_name": "Eve"}).status_code == 400
    assert ada.post(address, {**signature, "typed_name": "Ada Lindqvist"})["Location"] == address
    page = ada.get(address).content.decode()
    assert "You signed this on" in page
    assert "Your signature for" not in page
    assert "In force" in open_as("rosa").get("/desk/master-agreements/").content.decode()


def test_staff_who_proposed_it_are_told_why_they_do_not_sign(world: World, open_as: OpenAs) -> None:
    master = papers.proposed(world)
    EmailAddress.objects.filter(email=master.signatory_email).delete()
    EmailAddress.objects.create(user=world.people["rosa"], email=master.signatory_email, verified=True)
    address, rosa = f"/master-agreements/{master.pk}/", open_as("rosa")
    page = rosa.get(address).content.decode()
    assert "You had a hand in this agreement as staff" in page
    assert "Your signature for" not in page
    signature = {"license_sha256": master.license_version.sha256, "agreed": "on", "typed_name": "Rosa"}
    assert rosa.post(address, signature).status_code == 403


def test_the_mail_leads_to_the_page_alone(world: World, open_as: OpenAs) -> None:
    open_as("rosa").post("/desk/master-agreements/new/", said(world))
    run_due(worker="test", now=timezone.now() + timedelta(seconds=1), limit=100)
    [sent] = [each for each in mail.outbox if "master agreement" in each.subject]
    assert sent.to == ["ada@nlp.example.edu"]
    assert f"/master-agreements/{MasterAgreement.objects.get().pk}/" in sent.body


def test_people_are_named_taken_out_and_the_agreement_ended(world: World, open_as: OpenAs) -> None:
    master, rosa = papers.proposed(world), open_as("rosa")
    address = f"/desk/master-agreements/{master.pk}/"
    rosa.post(address, {"full_name": "Chi", "email": "Chi@lab.example.org"})
    chi = MasterMember.objects.get(email="chi@lab.example.org")
    removing = f"{address}people/{chi.pk}/remove/"
    assert rosa.post(removing, {"reason": ""}).status_code == 400
    assert rosa.post(removing, {"reason": "Left."})["Location"] == address
    assert rosa.get(removing).status_code == 404
    assert rosa.post(f"{address}end/", {"reason": "Over."})["Location"] == address
    page = rosa.get(address).content.decode()
    assert "Ended" in page
    assert "Name somebody" not in page
    assert rosa.post(f"{address}end/", {"reason": "Again."}).status_code in (400, 409)


def test_the_history_names_whom_it_named_and_took_out(world: World, open_as: OpenAs) -> None:
    master, rosa = papers.proposed(world), open_as("rosa")
    address = f"/desk/master-agreements/{master.pk}/"
    bo = master.members.get()
    rosa.post(f"{address}people/{bo.pk}/remove/", {"reason": "Left the lab."})
    page = rosa.get(address).content.decode()
    assert '<p class="timeline-title">Named Bo Tanaka</p>' in page
    assert '<p class="timeline-title">Took Bo Tanaka out</p>' in page


def test_the_history_does_not_name_whose_account_was_erased(world: World, open_as: OpenAs) -> None:
    master = papers.proposed(world)
    bo = world.people["bo"]
    erase(user=bo, address=bo.email, by=world.by("bo"), now=world.now)
    page = open_as("rosa").get(f"/desk/master-agreements/{master.pk}/").content.decode()
    assert '<p class="timeline-title">Named Erased account</p>' in page
    assert "Bo Tanaka" not in page


def test_the_list_is_narrowed_by_organization_and_state(
    world: World, open_as: OpenAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lab, other = papers.proposed(world), papers.proposed(world, organization="Weights Portal")
    ended = papers.proposed(world)
    MasterAgreement.objects.filter(pk=ended.pk).update(created_at=world.ago(9), ends_at=world.ago(1))
    rosa = open_as("rosa")

    def listed(query: str) -> set[MasterAgreement]:
        with django_assert_max_num_queries(8):
            answer = rosa.get(f"/desk/master-agreements/{query}")
        return {master for master, _ in answer.context["rows"]}

    assert listed("") == {lab, other, ended}
    assert listed("?organization=example+LAB") == {lab, ended}
    assert listed("?state=proposed") == {lab, other}
    assert listed("?state=ended&organization=lab") == {ended}
    assert listed("?state=signed") == set()
    assert listed("?state=nonsense") == {lab, other, ended}


def test_an_agreement_in_force_is_found_as_such(world: World, open_as: OpenAs) -> None:
    master = papers.proposed(world)
    signature = {"license_sha256": master.license_version.sha256, "agreed": "on"}
    open_as("ada").post(f"/master-agreements/{master.pk}/", {**signature, "typed_name": "Ada Lindqvist"})
    rosa = open_as("rosa")

    assert rosa.get("/desk/master-agreements/?state=signed").context["rows"] == [(master, "signed")]
    page = rosa.get("/desk/master-agreements/?state=proposed").content.decode()
    assert "Nothing fits this filter" in page
    assert '<option value="proposed" selected>Waiting for a signature</option>' in page


def test_a_fault_after_the_question_for_the_password_can_be_corrected(world: World, open_as: OpenAs) -> None:
    """What was sent is taken up again where the password was asked; the form then still leads home."""
    master, rosa = papers.proposed(world), open_as("rosa", fresh=False)
    ending = f"/desk/master-agreements/{master.pk}/end/"
    # What only the domain finds: a character that cannot be shown.
    asked = rosa.post(ending, {"reason": "It is over.\a"})["Location"]
    answer = rosa.post(asked, {"password": PASSWORD, "next": ending})
    assert answer.status_code == 400
    assert f'<form method="post" class="form" action="{ending}">' in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("signatory_email", "nobody"), ("ends_on", "2001-01-01"), ("organization", "x"), ("signatory_name", "")],
)
def test_a_fault_stands_beside_its_field(world: World, open_as: OpenAs, field: str, value: str) -> None:
    answer = open_as("rosa").post("/desk/master-agreements/new/", said(world, **{field: value}))
    assert answer.status_code == 400
    assert f'id="id_{field}_error"' in answer.content.decode()


def test_what_is_typed_is_inert(world: World, open_as: OpenAs) -> None:
    """A5."""
    rosa = open_as("rosa")
    broken = rosa.post("/desk/master-agreements/new/", said(world, signatory_name=LINES))
    assert "<script>alert" not in broken.content.decode()
    rosa.post("/desk/master-agreements/new/", said(world, signatory_name=HOSTILE))
    master = MasterAgreement.objects.get()
    address = f"/desk/master-agreements/{master.pk}/"
    rosa.post(address, {"full_name": HOSTILE, "email": "x@lab.example.org"})
    rosa.post(f"{address}people/{master.members.get().pk}/remove/", {"reason": LINES})
    rosa.post(address, {"full_name": HOSTILE, "email": "y@lab.example.org"})
    for client, page in (
        (rosa, address),
        (rosa, f"{address}end/"),
        (open_as("ada"), f"/master-agreements/{master.pk}/"),
    ):
        shown = client.get(page).content.decode()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
    rosa.post(f"{address}end/", {"reason": LINES})
    run_due(worker="test", now=timezone.now() + timedelta(seconds=1), limit=100)
    assert all("victim@example.org" not in str(each.message()["Bcc"]) for each in mail.outbox)
