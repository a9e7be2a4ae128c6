"""The [terms] table of a release file: every fault is named at once, by field."""

import pytest

from licenses.terms import check_terms, normalize_license
from portal.core.problems import Invalid

TABLE = {"license": "opt-nc", "license_name": "OPT noncommercial license", "license_text": "LICENSE.md"}


def test_what_is_left_out_is_the_careful_choice() -> None:
    terms = check_terms(TABLE, "Text")
    assert (terms.strategy, terms.stage, terms.quorum, terms.grant_days) == ("request", "closed", 2, 365)
    assert terms.exclude_reviewer_organization
    assert not terms.postquantum_only
    assert (terms.signatory, terms.max_co_applicants, terms.on_affiliation_end) == (False, 10, "suspend")
    assert terms.license_text == "Text\n"


def test_a_whole_table_is_kept() -> None:
    terms = check_terms(
        {
            **TABLE,
            "strategy": "request",
            "stage": "partners",
            "quorum": 1,
            "grant_days": 30,
            "postquantum_only": True,
            "exclude_countries": ["AQ"],
            "partners": ["org_" + "a" * 24],
            "exclude_reviewer_organization": False,
            "signatory": True,
            "max_co_applicants": 3,
            "on_affiliation_end": "keep",
            "questions": [{"id": "a", "label": "A"}],
        },
        "Text",
    )
    assert (terms.stage, terms.quorum, terms.exclude_countries) == ("partners", 1, ["AQ"])
    assert (terms.signatory, terms.max_co_applicants, terms.on_affiliation_end) == (True, 3, "keep")
    assert terms.questions[0]["kind"] == "text"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quorums": 2}, "quorums"),
        ({"license": "Opt NC"}, "license"),
        ({"license": 3}, "license"),
        ({"license_name": ""}, "license_name"),
        ({"license_name": "a\nb"}, "license_name"),
        ({"strategy": "gift"}, "strategy"),
        ({"strategy": ["open"]}, "strategy"),
        ({"stage": "open"}, "stage"),
        ({"quorum": 0}, "quorum"),
        ({"quorum": 3}, "quorum"),
        ({"quorum": True}, "quorum"),
        ({"quorum": "2"}, "quorum"),
        ({"grant_days": 0}, "grant_days"),
        ({"grant_days": 3651}, "grant_days"),
        ({"postquantum_only": "no"}, "postquantum_only"),
        ({"exclude_reviewer_organization": 1}, "exclude_reviewer_organization"),
        ({"signatory": "yes"}, "signatory"),
        ({"max_co_applicants": -1}, "max_co_applicants"),
        ({"max_co_applicants": 51}, "max_co_applicants"),
        ({"max_co_applicants": True}, "max_co_applicants"),
        ({"on_affiliation_end": "revoke"}, "on_affiliation_end"),
        ({"exclude_countries": "AQ"}, "exclude_countries"),
        ({"exclude_countries": ["aq"]}, "exclude_countries"),
        ({"exclude_countries": [3]}, "exclude_countries"),
        ({"partners": ["Example University"]}, "partners"),
        ({"questions": [{"id": "a"}]}, "questions.0.label"),
    ],
)
def test_a_fault_is_named_by_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_terms({**TABLE, **changes}, "Text")
    assert list(caught.value.errors) == [field]
    assert field in caught.value.detail


@pytest.mark.parametrize("missing", ["license", "license_name"])
def test_what_is_needed_is_asked_for(missing: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_terms({name: value for name, value in TABLE.items() if name != missing}, "Text")
    assert list(caught.value.errors) == [missing]


@pytest.mark.parametrize("text", ["", " \n ", "a\x00b", "x" * 500_001])
def test_a_license_text_that_nobody_could_sign_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_terms(TABLE, text)
    assert list(caught.value.errors) == ["license_text"]


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        check_terms({"quorum": 9, "stage": "x"}, "")
    assert set(caught.value.errors) == {"license", "license_name", "quorum", "stage", "license_text"}


def test_the_line_ends_of_an_editor_do_not_make_another_license() -> None:
    assert normalize_license("a\r\nb\r\n\r\n") == normalize_license("\na\nb") == "a\nb\n"
