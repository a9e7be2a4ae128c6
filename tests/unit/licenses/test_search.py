"""Full-text search: the same words find the same requests on both databases."""

import pytest
from django.db import connection

from licenses import actions, queries, search
from licenses.models import Request
from licenses.queries.search import about
from portal.accounts.actions.details import correct_details
from tests.unit.licenses.world import NOW, World, person, session

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ada Lovelace", ["ada", "lovelace"]),
        ("Novák, É. <x@y.example>", ["novak", "e", "x", "y", "example"]),
        ("Straße ﬁne", ["strasse", "fine"]),
        ("opt-175b req_a1b2", ["opt", "175b", "req", "a1b2"]),
        ("张伟 Ωmega 1e5 007", ["张伟", "ωmega", "1e5", "007"]),
        ("' : & | ! % \\", []),
    ],
)
def test_words_are_lower_case_without_accents_or_signs(text: str, words: list[str]) -> None:
    assert search.words(text) == words


def test_a_word_without_end_is_cut() -> None:
    assert search.words("x" * 10_000) == ["x" * search.MAX_WORD_CHARACTERS]


@pytest.fixture
def submitted(world: World) -> Request:
    user = world.ada.person
    correct_details(
        user=user, full_name="Zoë Novák", organization="École 42", country="CH", by=world.ada, now=NOW
    )
    return world.submit(world.draft())


@pytest.mark.parametrize(
    "text",
    [
        "zoe",
        "NOVÁK",
        "nov zo",
        "ecole 42",
        "ada@example.org",
        "opt-175b",
        "attention long",
        "175",
        "",
        "%%%",
    ],
)
def test_every_word_is_found_from_its_beginning(submitted: Request, text: str) -> None:
    assert list(Request.objects.filter(about(text))) == [submitted]


@pytest.mark.parametrize("text", ["ovak", "zoe smith", "vision", "75b", "ada% lovelace"])
def test_a_word_that_does_not_stand_there_finds_nothing(submitted: Request, text: str) -> None:
    assert not Request.objects.filter(about(text)).exists()


def test_a_request_is_found_by_its_id(submitted: Request) -> None:
    assert Request.objects.filter(about(submitted.pk)).get() == submitted


def test_an_edit_in_review_changes_what_is_found(world: World, submitted: Request) -> None:
    actions.edit(request=submitted, answers={"purpose": "Protein folding."}, by=world.ada, now=NOW)

    assert Request.objects.filter(about("folding")).exists()
    assert not Request.objects.filter(about("attention")).exists()


def test_a_renamed_person_is_found_by_the_new_name_alone(world: World, submitted: Request) -> None:
    correct_details(
        user=world.ada.person, full_name="Grace", organization="Lab", country="CH", by=world.ada, now=NOW
    )

    assert Request.objects.filter(about("grace lab")).exists()
    assert not Request.objects.filter(about("novak")).exists()


def test_a_draft_has_no_words(world: World) -> None:
    world.draft()
    assert Request.objects.get().search_text == ""


def test_requests_from_before_the_search_are_filled_in_once(submitted: Request) -> None:
    Request.objects.update(search_text="")

    assert (search.fill(), search.fill()) == (1, 0)
    assert Request.objects.filter(about("novak")).exists()


def test_a_parcel_of_signs_is_no_query(submitted: Request) -> None:
    for text in ("'", "a' | b", "\\", "a:*", "!ada", "a & b <-> c", "\N{REPLACEMENT CHARACTER}"):
        list(Request.objects.filter(about(text)))


def test_postgresql_has_the_index_that_the_search_asks(submitted: Request) -> None:
    rows = Request.objects.filter(about("novak"))
    if connection.vendor != "postgresql":
        assert "LIKE" in str(rows.query)
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "request_search" in rows.explain()


def test_the_queue_is_searched(world: World, submitted: Request) -> None:
    other = session(person("bo"))
    world.submit(world.draft(other), other)

    found = queries.queue(world.rita, queries.QueueFilters(text="novak attention"))

    assert list(found) == [submitted]
