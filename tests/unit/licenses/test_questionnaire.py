"""Questions and answers: what is kept, what is refused, and what changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses.questionnaire import check_answers, check_questions, difference

RAW = [
    {
        "id": "purpose",
        "label": "What for?",
        "help": "In a few\nsentences.",
        "kind": "long_text",
        "required": True,
    },
    {"id": "title", "label": "Title", "kind": "text"},
    {"id": "field", "label": "Field", "kind": "choice", "choices": ["nlp", "vision"]},
    {"id": "agree", "label": "I will not resell", "kind": "confirm", "required": True},
]
QUESTIONS, _ = check_questions(RAW)
FULL = {"purpose": "Study.\nMore.", "title": "T", "field": "nlp", "agree": True}


def test_questions_are_kept_in_their_full_form() -> None:
    questions, errors = check_questions([{"id": "a", "label": "A"}])
    assert errors == {}
    assert questions == [
        {"id": "a", "label": "A", "help": "", "kind": "text", "required": False, "choices": []}
    ]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("purpose", "questions"),
        ([{"id": "a", "label": "A"}] * 51, "questions"),
        (["a"], "questions.0"),
        ([{"label": "A"}], "questions.0.id"),
        ([{"id": "A b", "label": "A"}], "questions.0.id"),
        ([{"id": 3, "label": "A"}], "questions.0.id"),
        ([{"id": "a"}], "questions.0.label"),
        ([{"id": "a", "label": "A\nB"}], "questions.0.label"),
        ([{"id": "a", "label": "A", "help": 3}], "questions.0.help"),
        ([{"id": "a", "label": "A", "kind": "html"}], "questions.0.kind"),
        ([{"id": "a", "label": "A", "kind": ["text"]}], "questions.0.kind"),
        ([{"id": "a", "label": "A", "required": "yes"}], "questions.0.required"),
        ([{"id": "a", "label": "A", "kind": "choice", "choices": ["one"]}], "questions.0.choices"),
        ([{"id": "a", "label": "A", "kind": "choice", "choices": ["x", "x"]}], "questions.0.choices"),
        ([{"id": "a", "label": "A", "kind": "choice", "choices": ["x", 1]}], "questions.0.choices"),
        ([{"id": "a", "label": "A", "kind": "text", "choices": ["x", "y"]}], "questions.0.choices"),
        ([{"id": "a", "label": "A", "choices": "xy"}], "questions.0.choices"),
        ([{"id": "a", "label": "A", "html": "x"}], "questions.0.html"),
        ([{"id": "a", "label": "A"}, {"id": "a", "label": "B"}], "questions.1.id"),
    ],
)
def test_a_fault_in_a_question_is_named_by_its_field(raw: object, field: str) -> None:
    _, errors = check_questions(raw)
    assert list(errors) == [field]


def test_whole_answers_are_kept() -> None:
    assert check_answers(QUESTIONS, FULL, complete=True) == (FULL, {})


def test_a_draft_may_have_gaps_and_empty_answers_are_left_out() -> None:
    answers = {"title": "  ", "agree": False, "field": None}
    assert check_answers(QUESTIONS, answers, complete=False) == ({}, {})


def test_a_submission_names_each_required_gap() -> None:
    _, errors = check_answers(QUESTIONS, {"title": "T"}, complete=True)
    assert errors == {"purpose": ["Please answer this."], "agree": ["Please confirm this."]}


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"status": "approved"}, "status"),
        ({"field": "chemistry"}, "field"),
        ({"title": "two\nlines"}, "title"),
        ({"purpose": {"a": 1}}, "purpose"),
        ({"purpose": "x" * 10_001}, "purpose"),
        ({"agree": "yes"}, "agree"),
        ({"agree": 1}, "agree"),
        ("text", "answers"),
    ],
)
def test_an_answer_that_cannot_stand_is_named(answers: object, field: str) -> None:
    """R2: what is no question of this release is refused, whatever it is called."""
    _, errors = check_answers(QUESTIONS, answers, complete=False)
    assert list(errors) == [field]


def test_the_difference_names_what_changed() -> None:
    after = {**FULL, "title": "U"}
    del after["field"]
    assert difference(QUESTIONS, FULL, after) == [
        {"question": "title", "label": "Title", "before": "T", "after": "U"},
        {"question": "field", "label": "Field", "before": "nlp", "after": None},
    ]


def test_the_difference_keeps_answers_to_questions_that_are_gone() -> None:
    [row] = difference(QUESTIONS, {"old": "x"}, {})
    assert (row["question"], row["label"], row["before"]) == ("old", "old", "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_whatever_is_given_as_questions_is_judged_and_not_crashed_on(raw: object) -> None:
    questions, errors = check_questions(raw)
    assert errors or all(question["id"] for question in questions)


@given(st.dictionaries(st.sampled_from([*FULL, "x"]), JSON) | JSON)
def test_what_is_kept_of_any_answers_is_kept_again_unchanged(answers: object) -> None:
    kept, errors = check_answers(QUESTIONS, answers, complete=False)
    if not errors:
        assert check_answers(QUESTIONS, kept, complete=False) == (kept, {})
