"""The team of a request on the pages: asking people in, answering, signing."""

import pytest

from licenses import actions
from licenses.models import Acceptance, Grant, Party, Request
from portal.accounts.models import Organization
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import ANSWERS, LICENSE, World
from weights_vault.models import Release

HOSTILE = "<script>alert(1)</script>{{7357*7357}}"


@pytest.fixture
def draft(world: World, big: Release) -> Request:
    world.person("cora@nlp.example.edu", "Cora Bell", "Northern Institute for Language Technology", "SE")
    world.person("dean@nlp.example.edu", "Dean Moss", "Northern Institute for Language Technology", "SE")
    return world.draft("ada", big)


@pytest.fixture
def party(world: World, draft: Request) -> Party:
    return world.invite(draft, "cora")


def approved(world: World, request: Request) -> Request:
    assert request.releases.count() == 1
    license = request.releases.get().terms.license.versions.get()
    actions.submit(request=request, license_sha256=license.sha256, by=world.by("ada"), now=world.now)
    for reviewer in ("rosa", "ravi"):
        world.vote(request, reviewer, days_ago=0)
    request.refresh_from_db()
    return request


def need_signatory(release: Release) -> None:
    release.terms.signatory = True
    release.terms.save()


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_somebody_is_asked_from_the_team_page(open_as: OpenAs, draft: Request) -> None:
    sent = {"role": "co_applicant", "full_name": "Cora Bell", "email": "cora@nlp.example.edu"}
    answer = open_as("ada").post(f"/requests/{draft.pk}/team/", sent, follow=True)
    assert "Cora Bell is asked by mail." in text(answer)
    assert "Asked, no answer yet" in text(answer)
    assert Party.objects.get().email == "cora@nlp.example.edu"


@pytest.mark.parametrize("wrong", [{"email": "cora"}, {"email": "ada@nlp.example.edu"}, {"full_name": ""}])
def test_what_is_wrong_stands_beside_its_field(
    open_as: OpenAs, draft: Request, wrong: dict[str, str]
) -> None:
    sent = {"role": "co_applicant", "full_name": "Cora Bell", "email": "cora@nlp.example.edu", **wrong}
    answer = open_as("ada").post(f"/requests/{draft.pk}/team/", sent)
    assert answer.status_code == 400
    assert 'class="field-error"' in text(answer)
    assert not Party.objects.exists()


def test_somebody_is_taken_out(open_as: OpenAs, party: Party) -> None:
    address = f"/requests/{party.request_id}/team/"
    answer = open_as("ada").post(address, {"remove": party.pk}, follow=True)
    assert "Cora Bell is no longer in the team." in text(answer)
    party.refresh_from_db()
    assert party.state == Party.State.DROPPED
    assert open_as("ada").post(address, {"remove": "pty_none"}).status_code == 404


def test_nobody_is_asked_while_reviewers_have_it_nor_by_somebody_else(
    open_as: OpenAs, world: World, party: Party
) -> None:
    submitted = world.submitted("ada", Release.objects.get(slug="opt-66b"))
    sent = {"role": "co_applicant", "full_name": "Dean Moss", "email": "dean@nlp.example.edu"}
    assert open_as("ada").post(f"/requests/{submitted.pk}/team/", sent).status_code == 409
    actions.join(party=party, by=world.by("cora"), now=world.now)
    assert open_as("cora").post(f"/requests/{party.request_id}/team/", sent).status_code == 403
    assert open_as("cora").post(
        f"/requests/{party.request_id}/team/", {"remove": party.pk}
    ).status_code == 403  # fmt: skip
    assert open_as("bo").post(f"/requests/{party.request_id}/team/", sent).status_code == 404
    assert Party.objects.count() == 1


def test_the_form_says_who_asks_too_and_that_a_signatory_is_missing(
    open_as: OpenAs, party: Party, big: Release
) -> None:
    need_signatory(big)
    page = text(open_as("ada").get(f"/requests/{party.request_id}/edit/"))
    assert "Cora Bell (co-applicant: asked)" in page
    assert "Somebody must be named who signs" in page
    assert "Somebody must sign for your institution" in text(
        open_as("ada").get(f"/requests/{party.request_id}/")
    )


def test_sending_too_early_says_why_and_keeps_what_was_written(
    open_as: OpenAs, party: Party, big: Release
) -> None:
    answers = {f"answer_{name}": "on" if value is True else value for name, value in ANSWERS.items()}
    sent = {
        **answers,
        "answer_purpose": "We look at heads.",
        "license_sha256": big.terms.license.versions.get().sha256,
        "license_read": "on",
        "do": "submit",
    }
    answer = open_as("ada").post(f"/requests/{party.request_id}/edit/", sent)
    assert answer.status_code == 400
    assert "has not answered yet" in text(answer)
    version = party.request.versions.get()
    assert (version.submitted_at, version.answers["purpose"]) == (None, "We look at heads.")


def test_visitors_are_sent_to_sign_in_whether_or_not_there_is_such_an_invitation(
    open_as: OpenAs, party: Party
) -> None:
    """A mail's address alone tells nobody anything."""
    for id in (party.pk, "pty_none"):
        answer = open_as(None).get(f"/invitations/{id}/")
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next=/invitations/{id}/")


def test_an_invitation_shows_what_is_asked_and_the_license(open_as: OpenAs, party: Party) -> None:
    page = text(open_as("cora").get(f"/invitations/{party.pk}/"))
    assert "training instabilities" in page
    assert "ada@nlp.example.edu" in page
    assert "OPT noncommercial license" in page
    assert open_as("bo").get(f"/invitations/{party.pk}/").status_code == 404
    assert "Ada Lindqvist" in text(open_as("cora").get("/invitations/"))
    assert "Ada Lindqvist asks you to take part" in text(open_as("cora").get("/requests/"))
    assert "Nobody has asked you" in text(open_as("bo").get("/invitations/"))


def test_yes_leads_to_the_request_and_no_closes_it(open_as: OpenAs, world: World, party: Party) -> None:
    cora, address = open_as("cora"), f"/invitations/{party.pk}/"
    assert cora.get(f"/requests/{party.request_id}/").status_code == 404
    assert "You take part now" in text(cora.post(address, {"do": "join"}, follow=True))
    page = text(cora.get(f"/requests/{party.request_id}/"))
    assert "What Ada Lindqvist says" in page
    assert "It is not sent yet" in page
    assert "Withdraw" not in page
    for own in ("edit", "withdraw"):
        assert cora.get(f"/requests/{party.request_id}/{own}/").status_code == 403
    assert "Asked by Ada Lindqvist" in text(cora.get("/requests/"))

    answer = cora.post(address, {"do": "decline"}, follow=True)
    assert "no longer yours to read" in text(answer)
    assert "training instabilities" not in text(answer)
    assert cora.get(f"/requests/{party.request_id}/").status_code == 404


def test_whoever_was_taken_out_reads_nothing_any_more(open_as: OpenAs, world: World, party: Party) -> None:
    actions.remove(party=party, by=world.by("ada"), now=world.now)
    page = text(open_as("cora").get(f"/invitations/{party.pk}/"))
    assert "training instabilities" not in page
    assert 'name="do"' not in page


def test_whom_the_terms_bar_is_told_why(open_as: OpenAs, party: Party, big: Release) -> None:
    big.terms.exclude_countries = ["SE"]
    big.terms.save()
    page = text(open_as("cora").get(f"/invitations/{party.pk}/"))
    assert "The terms of OPT-175B exclude SE." in page
    assert 'value="join"' not in page
    assert 'value="decline"' in page


def test_a_team_with_a_signatory_signs(open_as: OpenAs, world: World, party: Party, big: Release) -> None:
    need_signatory(big)
    request = party.request
    dean = world.invite(request, "dean", "signatory")
    for name, place in (("cora", party), ("dean", dean)):
        open_as(name).post(f"/invitations/{place.pk}/", {"do": "join"})
    approved(world, request)

    assert "It is approved: sign" in text(open_as("cora").get(f"/invitations/{party.pk}/"))
    answer = sign(open_as, request, "ada", "Ada Lindqvist")
    assert "Your signature is kept" in text(answer)
    assert "Waiting for the signatory" in text(answer)
    assert not Grant.objects.exists()
    assert open_as("ada").get(f"/requests/{request.pk}/sign/")["Location"] == f"/requests/{request.pk}/"

    page = text(open_as("dean").get(f"/requests/{request.pk}/sign/"))
    assert "binds the institution for which Ada Lindqvist asks" in page
    assert LICENSE.splitlines()[-1].partition("**")[2][:10] in page
    assert "Your signature is kept" in text(sign(open_as, request, "dean", "Dean Moss"))
    assert "Sign for the institution" not in text(open_as("dean").get(f"/requests/{request.pk}/"))
    answer = sign(open_as, request, "cora", "Cora Bell")
    assert "your grant is made" in text(answer)
    assert {grant.user.full_name for grant in Grant.objects.all()} == {"Ada Lindqvist", "Cora Bell"}
    assert Acceptance.objects.count() == 3


def sign(open_as: OpenAs, request: Request, name: str, full_name: str) -> object:
    assert request.license_version is not None
    sent = {"license_sha256": request.license_version.sha256, "agreed": "on", "typed_name": full_name}
    return open_as(name).post(f"/requests/{request.pk}/sign/", sent, follow=True)


def test_each_reads_what_is_next_for_them(open_as: OpenAs, world: World, party: Party, big: Release) -> None:
    need_signatory(big)
    request = party.request
    dean = world.invite(request, "dean", "signatory")
    for name, place in (("cora", party), ("dean", dean)):
        actions.join(party=place, by=world.by(name), now=world.now)
    approved(world, request)
    address = f"/requests/{request.pk}/"
    assert "Sign for the institution" in text(open_as("dean").get(address))
    assert "access of your own starts" in text(open_as("cora").get(address))
    assert "Read the license and sign it" in text(open_as("ada").get(address))
    actions.decline(party=dean, by=world.by("dean"), now=world.now)
    page = text(open_as("ada").get(f"{address}team/"))
    assert "Signatory: may sign" not in page, "with one role there is nothing to choose"
    assert 'type="hidden" name="role" value="signatory"' in page


def test_a_signatory_who_never_answers_is_replaced_on_the_team_page(
    open_as: OpenAs, world: World, draft: Request, big: Release
) -> None:
    need_signatory(big)
    dean = world.invite(draft, "dean", "signatory")
    approved(world, draft)
    address, ada = f"/requests/{draft.pk}/team/", open_as("ada")
    page = text(ada.get(address))
    assert "Dean Moss has not signed yet." in page
    assert 'type="hidden" name="role" value="signatory"' in page
    assert "Ask somebody else to sign" in text(ada.get(f"/requests/{draft.pk}/"))
    sent = {"role": "signatory", "full_name": "Cora Bell", "email": "cora@nlp.example.edu"}
    refused = ada.post(address, sent)
    assert refused.status_code == 400
    assert "send the reviewers a message" in text(refused)
    house = Organization.objects.get(name="Northern Institute for Language Technology")
    Organization.objects.filter(pk=house.pk).update(domains=["nlp.example.edu"])
    Request.objects.filter(pk=draft.pk).update(organization=house)
    page = text(ada.post(address, sent, follow=True))
    assert "Cora Bell is asked by mail." in page
    assert "Dean Moss has not signed" not in page
    dean.refresh_from_db()
    assert dean.state == Party.State.DROPPED
    assert open_as("dean").get(f"/requests/{draft.pk}/sign/").status_code == 404


def test_staff_name_who_signs_after_the_decision(
    open_as: OpenAs, world: World, draft: Request, big: Release
) -> None:
    need_signatory(big)
    world.invite(draft, "dean", "signatory")
    approved(world, draft)
    rosa, address = open_as("rosa"), f"/review/{draft.pk}/signatory/"
    assert f'href="{address}"' in text(rosa.get(f"/review/{draft.pk}/"))
    assert "Dean Moss has not signed yet" in text(rosa.get(address))
    assert rosa.post(address, {"email": "rosa", "full_name": ""}).status_code == 400
    page = text(rosa.post(address, {"full_name": "Cora Bell", "email": "cora@uni.example"}, follow=True))
    assert "Cora Bell is asked by mail to sign for the institution." in page
    assert "Named after the decision" in page
    assert open_as("ada").get(address).status_code == 403


def test_hostile_names_are_inert(open_as: OpenAs, world: World, draft: Request) -> None:
    """A5."""
    party = actions.invite(
        request=draft,
        role="co_applicant",
        email="cora@nlp.example.edu",
        full_name=HOSTILE,
        by=world.by("ada"),
        now=world.now,
    )
    for reader, address in (
        ("ada", f"/requests/{draft.pk}/team/"),
        ("ada", f"/requests/{draft.pk}/edit/"),
        ("ada", f"/requests/{draft.pk}/"),
        ("cora", f"/invitations/{party.pk}/"),
    ):
        page = text(open_as(reader).get(address))
        assert "&lt;script&gt;alert(1)" in page, address
        assert "<script>alert" not in page, address
        assert str(7357 * 7357) not in page, address
