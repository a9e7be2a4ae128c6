"""The pages of those who keep licenses, and what the others see of them."""

from datetime import timedelta

import pytest

from licenses.manuscripts import MAX_LICENSE_CHARACTERS
from licenses.models import License, LicenseDraft, LicenseVersion
from portal.accounts.models import Organization
from portal.core.times import day, moment
from tests.unit.web import papers
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_hostile_text import HOSTILE, LINES
from tests.unit.web.world import World
from weights_vault.models import Release


def assert_harmless(page: str) -> None:
    """Prose shows what was typed as text: no element, and no address to follow."""
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page
    assert "{{7*7}}" in page


def filled(draft: LicenseDraft, **fields: object) -> dict[str, object]:
    """The editor's form for a draft, with some fields changed."""
    return {
        "revision": draft.revision,
        "text": draft.text,
        "use": "no",
        "field_of_use": "Weapons\n\nSurveillance",
        "copies": "3",
        "redistribution": "team",
        "derivatives": "own_use",
        "publication": ["credit"],
        "destruction": "at_end",
        **fields,
    }


def test_a_license_is_begun_from_an_example_and_published(open_as: OpenAs) -> None:
    rosa = open_as("rosa")
    begun = rosa.post("/desk/new-license/", {"name": "Small", "slug": "small", "example": "responsible-use"})
    draft = LicenseDraft.objects.get()
    assert begun["Location"] == f"/desk/license-drafts/{draft.pk}/"
    assert "a starting point, not legal advice" in rosa.get(begun["Location"]).content.decode().lower()
    rosa.post(begun["Location"], filled(draft, text="Our own text.", do="save"))
    draft.refresh_from_db()
    assert draft.terms["field_of_use"] == ["Weapons", "Surveillance"]
    asked = rosa.get(f"/desk/license-drafts/{draft.pk}/publish/").content.decode()
    assert "Publish version 1?" in asked
    done = rosa.post(f"/desk/license-drafts/{draft.pk}/publish/", {"revision": draft.revision})
    version = LicenseVersion.objects.get(license__slug="small")
    assert done["Location"] == f"/licenses/{version.pk}/"
    page = open_as().get(done["Location"]).content.decode()
    assert "Our own text." in page
    assert "Noncommercial alone" in page


def test_publishing_asks_for_the_password_again(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    answer = open_as("rosa", fresh=False).post(
        f"/desk/license-drafts/{draft.pk}/publish/", {"revision": draft.revision}
    )
    assert "/accounts/reauthenticate/" in answer["Location"]
    assert LicenseDraft.objects.filter(pk=draft.pk).exists()


def test_the_hash_that_is_confirmed_is_the_one_that_is_published(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world, "Line one.\r\nLine two.")
    page = open_as("rosa").get(f"/desk/license-drafts/{draft.pk}/publish/").content.decode()
    open_as("rosa").post(f"/desk/license-drafts/{draft.pk}/publish/", {"revision": draft.revision})
    version = LicenseVersion.objects.get(number=2)
    assert " ".join(version.sha256[n : n + 8] for n in range(0, 64, 8)) in page


def test_the_confirm_page_counts_who_must_accept(world: World, open_as: OpenAs) -> None:
    world.signed("ada", Release.objects.get(slug="opt-66b"))
    draft = papers.drafted(world)
    day = (world.now + timedelta(days=60)).date()
    saved = filled(draft, reaccept_on=day.isoformat(), do="publish")
    to = open_as("rosa").post(f"/desk/license-drafts/{draft.pk}/", saved)["Location"]
    page = open_as("rosa").get(to).content.decode()
    assert "1 must accept it by" in page
    assert "OPT-66B" in page


def test_what_somebody_else_saved_is_shown_and_not_overwritten(world: World, open_as: OpenAs) -> None:
    """409, both texts on the page; saved once more, the second writer's stands."""
    draft = papers.drafted(world)
    address = f"/desk/license-drafts/{draft.pk}/"
    open_as("ravi").post(address, filled(draft, text="Ravi wrote this line.", do="save"))
    mine = filled(draft, text="Rosa wrote this line.", do="save")
    clash = open_as("rosa").post(address, mine)
    page = clash.content.decode()
    assert clash.status_code == 409
    assert "Ravi Menon saved this draft" in page
    assert "<del>Ravi</del>" in page
    assert 'name="revision" value="2"' in page
    again = open_as("rosa").post(address, {**mine, "revision": 2})
    assert again.status_code == 302
    assert LicenseDraft.objects.get().text == "Rosa wrote this line."


def test_a_preview_keeps_nothing_with_and_without_htmx(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    typed = filled(draft, text="# Only looked at", do="preview")
    rosa, address = open_as("rosa"), f"/desk/license-drafts/{draft.pk}/"
    whole = rosa.post(address, typed).content.decode()
    part = rosa.post(address, typed, HTTP_HX_REQUEST="true").content.decode()
    for page in (whole, part):
        assert "<h2>Only looked at</h2>" in page
        assert "At most 3" in page
    assert "<html" in whole
    assert "<html" not in part
    draft.refresh_from_db()
    assert (draft.text, draft.revision) == (papers.NEWER.strip(), 1)


def test_a_text_of_which_no_agreement_could_be_made_is_refused_in_preview_and_saved_alike(
    world: World, open_as: OpenAs
) -> None:
    draft = papers.drafted(world)
    rosa, address = open_as("rosa"), f"/desk/license-drafts/{draft.pk}/"
    typed = filled(draft, text="[" * 250_000)
    part = rosa.post(address, {**typed, "do": "preview"}, HTTP_HX_REQUEST="true").content.decode()
    assert "at most 200,000 are possible" in part
    assert "[[[[" not in part
    for do in ("preview", "save"):
        answer = rosa.post(address, {**typed, "do": do})
        assert answer.status_code == 400
        assert 'id="id_text_error"' in answer.content.decode()
    assert LicenseDraft.objects.get().text == papers.NEWER.strip()


def test_a_text_that_reaches_the_bound_is_saved_whatever_line_ends_the_browser_sends(
    world: World, open_as: OpenAs
) -> None:
    draft = papers.drafted(world)
    text = ("line\n" * 40_000)[:-1] + "s"
    assert len(text) == MAX_LICENSE_CHARACTERS
    sent = filled(draft, text=text.replace("\n", "\r\n"), do="save")
    assert open_as("rosa").post(f"/desk/license-drafts/{draft.pk}/", sent).status_code == 302
    assert LicenseDraft.objects.get().text == text


def test_the_text_of_a_draft_is_not_shown_as_something_that_can_be_left_out(
    world: World, open_as: OpenAs
) -> None:
    page = open_as("rosa").get(f"/desk/license-drafts/{papers.drafted(world).pk}/").content.decode()
    assert '<label class="field-label" for="id_text">Text</label>' in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("copies", "0", "greater than or equal to 1"),
        ("text", "a\x00b", "Null characters are not allowed"),
        ("field_of_use", "x" * 201, "at most 200"),
        ("effective_on", "soon", "Enter a valid date"),
    ],
)
def test_a_fault_stands_beside_its_field(
    world: World, open_as: OpenAs, field: str, value: str, said: str
) -> None:
    draft = papers.drafted(world)
    answer = open_as("rosa").post(
        f"/desk/license-drafts/{draft.pk}/", filled(draft, **{field: value, "do": "save"})
    )
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_a_date_that_cannot_be_is_said_before_publishing(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    day = (world.now + timedelta(days=9)).date()
    rosa = open_as("rosa")
    rosa.post(
        f"/desk/license-drafts/{draft.pk}/",
        filled(draft, effective_on=day, reaccept_on=day - timedelta(days=1), do="save"),
    )
    answer = rosa.post(f"/desk/license-drafts/{draft.pk}/publish/", {"revision": 2})
    assert answer.status_code == 400
    assert "after the day from which the version counts" in answer.content.decode()
    assert LicenseVersion.objects.count() == 1


def test_two_versions_are_compared_word_by_word_in_both_views(world: World, open_as: OpenAs) -> None:
    papers.published(world)
    rosa = open_as("rosa")
    side = rosa.get("/desk/licenses/opt-nc/compare/").content.decode()
    one = rosa.get("/desk/licenses/opt-nc/compare/?view=one").content.decode()
    for page in (side, one):
        assert "<del>30</del>" in page
        assert "<ins>14</ins>" in page
        assert "lines the same" in page or "line the same" in page
    assert "compare-side" in side
    assert "compare-side" not in one


def test_a_draft_is_compared_with_what_is_published(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    page = open_as("rosa").get(f"/desk/licenses/opt-nc/compare/?after={draft.pk}").content.decode()
    assert "<ins>14</ins>" in page
    assert "In short, these differ" in page


@pytest.mark.parametrize("query", ["before=x&after=y", "view=x", f"before={HOSTILE}"])
def test_a_choice_that_is_none_compares_the_newest(world: World, open_as: OpenAs, query: str) -> None:
    papers.published(world)
    answer = open_as("rosa").get(f"/desk/licenses/opt-nc/compare/?{query}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_a_draft_is_thrown_away_after_a_question(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    address = f"/desk/license-drafts/{draft.pk}/discard/"
    assert "Throw this draft away?" in open_as("rosa").get(address).content.decode()
    assert open_as("rosa").post(address, {"revision": 1})["Location"] == "/desk/licenses/opt-nc/"
    assert not LicenseDraft.objects.exists()


def test_a_version_for_an_organization_is_begun_from_the_standard_one(world: World, open_as: OpenAs) -> None:
    version, lab = LicenseVersion.objects.get(), Organization.objects.get(name="Example Lab")
    answer = open_as("mika").post("/desk/licenses/opt-nc/", {"source": version.pk, "organization": lab.pk})
    draft = LicenseDraft.objects.get()
    assert answer["Location"] == f"/desk/license-drafts/{draft.pk}/"
    assert (draft.organization, draft.based_on, draft.text) == (lab, version, version.text.strip())


def test_a_negotiated_text_is_for_its_people_and_staff_with_what_differs(
    world: World, open_as: OpenAs
) -> None:
    world.signed("ada", Release.objects.get(slug="opt-66b"))
    lab = Organization.objects.get(name="Example Lab")
    Organization.objects.filter(pk=lab.pk).update(domains=["lab.example.org"])
    version = papers.published(world, organization=lab)
    address = f"/licenses/{version.pk}/"
    for name in ("bo", "rosa", "mika"):
        page = open_as(name).get(address).content.decode()
        assert "Negotiated with Example Lab" in page
        assert "What differs from the standard version 1" in page
    for name in (None, "ada"):
        assert open_as(name).get(address).status_code == 404
    assert f"/licenses/{version.pk}/" in open_as("bo").get("/releases/opt-175b/").content.decode()
    assert f"/licenses/{version.pk}/" not in open_as("ada").get("/releases/opt-175b/").content.decode()


def test_the_public_page_shows_the_differences_from_the_version_before(world: World, open_as: OpenAs) -> None:
    version = papers.published(world)
    page = open_as().get(f"/licenses/{version.pk}/").content.decode()
    assert "Differences from version 1" in page
    assert "<ins>14</ins>" in page


def test_what_is_typed_into_a_license_is_inert(world: World, open_as: OpenAs) -> None:
    """A5."""
    draft, rosa = papers.drafted(world), open_as("rosa")
    address = f"/desk/license-drafts/{draft.pk}/"
    saved = rosa.post(
        address,
        filled(draft, text=LINES, field_of_use=LINES.strip(), governing_law=HOSTILE, do="save"),
    )
    assert saved.status_code == 302
    for page in (address, f"{address}publish/", "/desk/licenses/opt-nc/compare/"):
        assert_harmless(rosa.get(page).content.decode())
    rosa.post(f"{address}publish/", {"revision": 2})
    version = LicenseVersion.objects.get(number=2)
    assert_harmless(open_as().get(f"/licenses/{version.pk}/").content.decode())
    assert_harmless(open_as("ada").get("/releases/opt-175b/").content.decode())


@pytest.mark.parametrize("field", ["name", "slug"])
def test_what_is_typed_for_a_new_license_is_inert(open_as: OpenAs, field: str) -> None:
    """A5."""
    said = {"name": "Small", "slug": "small", "example": ""}
    page = open_as("rosa").post("/desk/new-license/", {**said, field: HOSTILE}, follow=True)
    assert "<script>alert" not in page.content.decode()
    License.objects.filter(slug="small").update(name=HOSTILE)
    assert "<script>alert" not in open_as("rosa").get("/desk/licenses/").content.decode()


def test_what_is_left_to_fill_in_is_listed_from_the_first_save_on(world: World, open_as: OpenAs) -> None:
    text = "# Terms\n\nThis is between [PUBLISHER] and you.\n"
    draft, rosa = papers.drafted(world, text), open_as("rosa")
    address = f"/desk/license-drafts/{draft.pk}/"
    assert "Before it can be published" not in rosa.get(address).content.decode()
    page = rosa.post(address, filled(draft, do="save"), follow=True).content.decode()
    assert "Before it can be published" in page
    assert "Line 3: [PUBLISHER]" in page
    assert '<a href="#id_text">Text</a>' in page
    asked = rosa.get(f"{address}publish/").content.decode()
    assert "Line 3: [PUBLISHER]" in asked
    assert f'<a href="{address}#id_text">Text</a>' in asked
    assert 'type="submit">' not in asked.partition('class="split"')[2].partition("</main>")[0]
    refused = rosa.post(f"{address}publish/", {"revision": 2})
    assert refused.status_code == 400
    assert "Line 3: [PUBLISHER]" in refused.content.decode()
    assert LicenseVersion.objects.count() == 1


def test_a_date_before_the_version_it_follows_is_said_at_save_and_before_the_button(
    world: World, open_as: OpenAs
) -> None:
    second = papers.published(world, effective_at=world.now + timedelta(days=20))
    draft, rosa = papers.drafted(world, "Third."), open_as("rosa")
    address = f"/desk/license-drafts/{draft.pk}/"
    said = f"Version 2 counts from {moment(second.effective_at)}; this one cannot count earlier."
    saved = rosa.post(address, filled(draft, do="save"), follow=True).content.decode()
    assert said in saved
    assert '<a href="#id_effective_on">Counts from</a>' in saved
    asked = rosa.get(f"{address}publish/").content.decode()
    assert said in asked
    assert f'<a href="{address}#id_effective_on">Counts from</a>' in asked
    assert "The moment you publish it" not in asked


def test_what_is_compared_is_named_with_its_license_and_dates(world: World, open_as: OpenAs) -> None:
    """A sheet of it that was printed says what it is."""
    second = papers.published(world)
    page = open_as("rosa").get("/desk/licenses/opt-nc/compare/").content.decode()
    assert f"Compare two texts of {second.license.name}</h1>" in page
    first = LicenseVersion.objects.get(number=1)
    for each in (first, second):
        named = f"Version {each.number}, counts from {day(each.effective_at)}"
        assert f'<th scope="col">{named}</th>' in page


def test_the_publish_page_names_its_license_outside_the_breadcrumb(world: World, open_as: OpenAs) -> None:
    draft = papers.drafted(world)
    page = open_as("rosa").get(f"/desk/license-drafts/{draft.pk}/publish/").content.decode()
    assert f'<p class="eyebrow">{draft.license.name}</p>' in page
