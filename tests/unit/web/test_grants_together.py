"""The staff's list of grants: what narrows it, how many queries it takes, and one change of many."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from licenses.models import Grant, ReasonTemplate
from licenses.states import AFFILIATION_ENDED
from portal.accounts.models import Organization
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

MAX_QUERIES = 12
DAY = timedelta(days=1)
HOSTILE = "<script>alert(1)</script> {{7*7}} javascript:alert(1)"


@pytest.fixture
def grants(world: World, big: Release) -> list[Grant]:
    """Ada's, given under Example Lab, and Bo's, given under none."""
    held = [world.signed("ada", big), world.signed("bo", big)]
    lab = Organization.objects.get(name="Example Lab")
    Grant.objects.filter(pk=held[0].pk).update(organization=lab)
    return held


def listed(rosa: Client, query: str) -> set[str]:
    page = rosa.get(f"/review/grants/?{query}").content.decode()
    return {name for name in ("Ada Lindqvist", "Bo Tanaka") if name in page}


BOTH = {"Ada Lindqvist", "Bo Tanaka"}
ADA = {"Ada Lindqvist"}


FOUND: dict[str, set[str]] = {
    "": BOTH,
    "organization=Example+Lab": ADA,
    "organization=example+LAB": ADA,
    "organization=mple": ADA,
    "organization=Elsewhere": set(),
    "license=opt-nc": BOTH,
    "license=other": BOTH,  # no such license: what is not understood filters nothing
    "release=opt-66b": set(),
    "release=opt-175b": BOTH,
    "person=lindq": ADA,
    "person=ada%40": ADA,
    "person=nobody": set(),
    "person=lindq&organization=Example+Lab&license=opt-nc": ADA,
    "state=nonsense": BOTH,
    "page=999999": BOTH,
}


def test_the_list_is_narrowed(rosa: Client, grants: list[Grant]) -> None:
    assert {query: listed(rosa, query) for query in FOUND} == FOUND


def to(**fields: object) -> Callable[[Grant], int]:
    return lambda grant: Grant.objects.filter(pk=grant.pk).update(**fields)


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        ("ending", to(ends_at=timezone.now() + 59 * DAY)),
        ("expired", to(ends_at=timezone.now() - DAY, starts_at=timezone.now() - 9 * DAY)),
        ("reaccept", to(reaccept_by=timezone.now() + DAY)),
        ("suspended", to(state="suspended", state_reason="A question is open.")),
        ("affiliation", to(state="suspended", state_reason=f"{AFFILIATION_ENDED}left.")),
        ("revoked", to(state="revoked", state_reason="Shared.")),
        ("closed", to(state="closed", state_reason="Done.")),
    ],
)
def test_each_state_finds_its_own(
    rosa: Client, grants: list[Grant], state: str, becomes: Callable[[Grant], int]
) -> None:
    assert listed(rosa, f"state={state}") == set()
    becomes(grants[0])
    assert listed(rosa, f"state={state}") == ADA
    if state not in ("ending", "reaccept"):
        assert listed(rosa, "state=active") == {"Bo Tanaka"}


def test_the_list_takes_few_queries_and_as_many_for_many(world: World, rosa: Client, big: Release) -> None:
    counts = []
    for names in (["ada"], ["bo", "cleo", "dora", "emil", "finn"]):
        for name in names:
            if name not in world.people:
                world.person(f"{name}@lab.example.org", name.title(), "Example Lab", "JP")
            world.signed(name, big)
        rosa.get("/review/grants/")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rosa.get("/review/grants/?organization=Example+Lab&license=opt-nc&person=a&state=active")
        counts.append(len(queries))
        with CaptureQueriesContext(connection) as queries:
            rosa.get("/review/grants/")
        counts.append(len(queries))
    assert counts[:2] == counts[2:]
    assert max(counts) <= MAX_QUERIES


def together(rosa: Client, grants: list[Grant], **said: str) -> str:
    """Change them and read what became of each."""
    answer = rosa.post(
        "/review/grants/together/", {"grant": [each.pk for each in grants], **said}, follow=True
    )
    return answer.content.decode()


def test_what_is_selected_is_listed_first_and_nothing_is_changed(rosa: Client, grants: list[Grant]) -> None:
    page = rosa.get("/review/grants/together/", {"grant": [grants[0].pk]}).content.decode()
    assert "1 grant, one change" in page
    assert "Ada Lindqvist" in page
    assert "Bo Tanaka" not in page
    assert not Grant.objects.exclude(state="active").exists()


OFFERED = {
    "license=opt-nc": "Change all 2 of OPT noncommercial license …",
    "organization=Example+Lab": "Change 1 of Example Lab …",
    "organization=Example+Lab&license=opt-nc": "Change 1 of Example Lab, OPT noncommercial license …",
    "person=a": "",
    "state=active": "",
    "": "",
}


def offered(rosa: Client, query: str) -> str:
    """The words of the button that changes all that a filter names."""
    page = rosa.get(f"/review/grants/?{query}").content.decode()
    return page.partition('name="all"')[2].partition(">")[2].partition("<")[0]


def test_all_of_an_organization_or_a_license_are_offered_at_once(rosa: Client, grants: list[Grant]) -> None:
    assert {query: offered(rosa, query) for query in OFFERED} == OFFERED


def test_all_of_a_license_are_listed_and_then_changed(rosa: Client, grants: list[Grant]) -> None:
    page = rosa.get("/review/grants/together/", {"all": "license=opt-nc"}).content.decode()
    assert "2 grants, one change" in page
    assert all(f'name="grant" value="{grant.pk}"' in page for grant in grants)
    page = together(rosa, grants, verb="suspend", reason="The license is under review.")
    assert "2 done" in page
    assert set(Grant.objects.values_list("state", "state_reason")) == {
        ("suspended", "The license is under review.")
    }


def test_more_than_are_changed_at_once_say_how_many_are_left(
    rosa: Client, grants: list[Grant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.web.grants_desk.MAX_AT_ONCE", 1)
    page = rosa.get("/review/grants/together/", {"all": "license=opt-nc"}).content.decode()
    assert "2 grants fit the filter. 1 are taken at once" in page


@pytest.mark.parametrize("said", [{}, {"all": "person=ada"}, {"all": ""}, {"grant": ["grt_none", "'"]}])
def test_nothing_selected_leads_back_with_a_word(
    rosa: Client, grants: list[Grant], said: dict[str, str | list[str]]
) -> None:
    answer = rosa.get("/review/grants/together/", said, follow=True)
    assert answer.redirect_chain == [("/review/grants/", 302)]
    assert "Select the grants to change first" in answer.content.decode()


def test_each_that_cannot_be_changed_says_why_and_the_others_are(rosa: Client, grants: list[Grant]) -> None:
    Grant.objects.filter(pk=grants[0].pk).update(state="revoked", state_reason="Shared.")
    page = together(rosa, grants, verb="revoke", reason="The institute closed.")
    assert "1 done, 1 not" in page
    assert "The grant stands at “Revoked” now, so this is not possible." in page
    assert Grant.objects.get(pk=grants[1].pk).state_reason == "The institute closed."


def test_many_are_extended_through_a_day(rosa: Client, grants: list[Grant]) -> None:
    day = (timezone.now() + 500 * DAY).date()
    together(rosa, grants, verb="extend", ends_at=day.isoformat(), reason="The cluster was late.")
    ends = {f"{grant.ends_at:%Y-%m-%d %H:%M}" for grant in Grant.objects.all()}
    assert ends == {f"{day + DAY:%Y-%m-%d} 00:00"}


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"verb": "extend", "reason": "x"}, "Say until when."),
        ({"verb": "extend", "reason": "x", "ends_at": "soon"}, "Enter a valid date"),
        ({"verb": "suspend", "reason": ""}, "Say why"),
        ({"reason": "x"}, "Choose what to do."),
        ({"verb": "close", "reason": "x"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_the_list_stays(
    rosa: Client, grants: list[Grant], said: dict[str, str], wrong: str
) -> None:
    page = together(rosa, grants, **said)
    assert wrong in page
    assert "2 grants, one change" in page
    assert not Grant.objects.exclude(state="active").exists()


def test_an_end_that_has_passed_is_said_at_its_field(rosa: Client, grants: list[Grant]) -> None:
    answer = rosa.post(
        f"/review/grants/{grants[0].pk}/", {"verb": "extend", "ends_at": "2020-01-01", "reason": "x"}
    )
    assert answer.status_code == 400
    assert "This has passed already." in answer.content.decode()


def test_one_is_extended_and_its_holder_reads_it(rosa: Client, open_as: OpenAs, grants: list[Grant]) -> None:
    day = (timezone.now() + 400 * DAY).date().isoformat()
    said = {"verb": "extend", "ends_at": day, "reason": "The cluster was late."}
    rosa.post(f"/review/grants/{grants[0].pk}/", said)
    page = rosa.get(f"/review/grants/{grants[0].pk}/").content.decode()
    assert "Access ends on" in page
    assert "The cluster was late." in page


def test_a_reason_kept_ready_is_put_in_and_changes_nothing(rosa: Client, grants: list[Grant]) -> None:
    kept = ReasonTemplate.objects.create(
        verdict="grant", title="Left", text="You left.", updated_at=timezone.now(), updated_by="system:test"
    )
    said = {"verb": "suspend", "kept": kept.pk, "fill": "1", "reason": ""}
    for page in (
        rosa.post(f"/review/grants/{grants[0].pk}/", said),
        rosa.post("/review/grants/together/", {**said, "grant": [grants[0].pk]}),
    ):
        assert page.status_code == 200
        assert "You left.</textarea>" in page.content.decode()
    assert not Grant.objects.exclude(state="active").exists()


def test_a5_what_people_wrote_stays_text(world: World, rosa: Client, grants: list[Grant]) -> None:
    ada = world.people["ada"]
    ada.full_name = HOSTILE
    ada.save()
    Organization.objects.filter(name="Example Lab").update(name=HOSTILE)
    pages = [
        rosa.get("/review/grants/", {"organization": HOSTILE, "person": "<script>"}).content.decode(),
        rosa.get("/review/grants/", {"organization": HOSTILE}).content.decode(),
        rosa.get("/review/grants/together/", {"grant": [grants[0].pk]}).content.decode(),
        together(rosa, grants[:1], verb="suspend", reason=HOSTILE),
        rosa.get(f"/review/grants/{grants[0].pk}/").content.decode(),
    ]
    assert not any("<script>alert" in page for page in pages)
    assert all("&lt;script&gt;" in page for page in pages)
    assert not any('href="javascript:' in page for page in pages)


def test_nobody_else_changes_many(open_as: OpenAs, grants: list[Grant]) -> None:
    for name in ("ada", "mika"):
        answer = open_as(name).post(
            "/review/grants/together/",
            {"grant": [grants[0].pk], "verb": "revoke", "reason": "x"},
        )
        assert answer.status_code == 403
    assert not Grant.objects.exclude(state="active").exists()


def test_whoever_must_authenticate_anew_comes_back_to_what_was_selected(
    open_as: OpenAs, grants: list[Grant]
) -> None:
    """To look at them no password is asked for."""
    stale, address = open_as("rosa", fresh=False), f"/review/grants/together/?grant={grants[0].pk}"
    assert stale.get(address).status_code == 200
    answer = stale.post(address, {"grant": [grants[0].pk], "verb": "revoke", "reason": "x"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=%2Freview%2Fgrants%2Ftogether%2F")
    assert grants[0].pk in answer["Location"]
    assert not Grant.objects.exclude(state="active").exists()


def test_a3_without_a_second_factor_nobody_changes_many(
    open_as: OpenAs, grants: list[Grant], settings: Any
) -> None:
    settings.STAFF_MFA = "any"
    rosa, said = open_as("rosa"), {"grant": [grants[0].pk], "verb": "revoke", "reason": "x"}
    assert rosa.get("/review/grants/").status_code != 200
    assert rosa.post("/review/grants/together/", said).status_code != 200
    assert not Grant.objects.exclude(state="active").exists()


def test_only_what_can_be_changed_is_counted_and_the_others_stand_apart(
    rosa: Client, grants: list[Grant]
) -> None:
    Grant.objects.filter(pk=grants[0].pk).update(state="revoked", state_reason="Shared.")
    chosen = {"grant": [grant.pk for grant in grants]}
    page = rosa.get("/review/grants/together/", chosen).content.decode()

    assert "1 grant, one change" in page
    assert "Change it</button>" in page
    assert f'name="grant" value="{grants[0].pk}"' not in page
    assert "Left out: these cannot be changed" in page
    assert "Revoked, for good" in page


def test_where_none_can_be_changed_there_is_no_form(rosa: Client, grants: list[Grant]) -> None:
    Grant.objects.update(state="closed", state_reason="Done.")
    page = rosa.get("/review/grants/together/", {"grant": [grants[0].pk]}).content.decode()

    assert "None of these can be changed" in page
    assert "Closed out, for good" in page
    assert 'name="verb"' not in page
