"""Several releases of one model, chosen on the request form."""

from licenses.models import ReleaseTerms, Request
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import ANSWERS, World
from weights_vault.models import Release

BOX = 'name="releases" value="opt-66b"'


def filled(*releases: str, do: str = "save") -> dict[str, object]:
    answers = {f"answer_{name}": "on" if value is True else value for name, value in ANSWERS.items()}
    return {**answers, "releases": list(releases), "do": do}


def slugs(request: Request) -> set[str]:
    return {release.slug for release in request.releases.all()}


def test_the_form_offers_what_goes_together(open_as: OpenAs, big: Release) -> None:
    page = open_as("ada").get("/releases/opt-175b/request/").content.decode()
    assert BOX in page
    assert "gpt-2-xl" not in page
    ReleaseTerms.objects.filter(release__slug="opt-66b").update(quorum=1)
    assert BOX not in open_as("ada").get("/releases/opt-175b/request/").content.decode()


def test_what_is_ticked_is_asked_for_together(open_as: OpenAs, big: Release) -> None:
    open_as("ada").post("/releases/opt-175b/request/", filled("opt-175b", "opt-66b"))
    request = Request.objects.get()
    assert slugs(request) == {"opt-175b", "opt-66b"}
    page = open_as("ada").get(f"/requests/{request.pk}/edit/").content.decode()
    assert f'{BOX} id="also_opt-66b" checked' in page or 'value="opt-175b" id="also_opt-175b" checked' in page


def test_the_choice_is_changed_while_it_is_a_draft(open_as: OpenAs, world: World, big: Release) -> None:
    draft = world.draft("ada", big)
    address = f"/requests/{draft.pk}/edit/"
    open_as("ada").post(address, filled("opt-175b", "opt-66b"))
    assert slugs(draft) == {"opt-175b", "opt-66b"}
    # The page was opened for either of them; what it names counts, not their order.
    open_as("ada").post(address, filled("opt-175b"))
    assert slugs(draft) == {"opt-175b"}
    open_as("ada").post(address, filled())
    assert slugs(draft) == {"opt-175b"}, "a form that says nothing of releases changes none"


def test_names_that_were_not_offered_ask_for_nothing(open_as: OpenAs, big: Release) -> None:
    open_as("ada").post("/releases/opt-175b/request/", filled("opt-175b", "gpt-2-xl", "nothing", "<script>"))
    assert slugs(Request.objects.get()) == {"opt-175b"}


def test_the_choice_is_not_offered_in_review(open_as: OpenAs, submitted: Request) -> None:
    assert 'name="releases"' not in open_as("ada").get(f"/requests/{submitted.pk}/edit/").content.decode()
    open_as("ada").post(f"/requests/{submitted.pk}/edit/", filled("opt-175b", "opt-66b"))
    assert slugs(submitted) == {"opt-175b"}
