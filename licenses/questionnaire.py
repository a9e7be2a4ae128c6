"""Questions of a release and answers to them: shapes and checks, without any I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from licenses import texts

KINDS = ("text", "long_text", "choice", "confirm")
MAX_QUESTIONS = 50
MAX_CHOICES = 50
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")

Question = dict[str, Any]
Errors = dict[str, list[str]]


def check_questions(value: object) -> tuple[list[Question], Errors]:
    """Return (the questions in their full form, errors by field such as "questions.0.kind").

    Each question is {id, label, help, why, kind, required, choices}; help, why, required and choices may be
    left out. why: what the answer is needed for; people read it beside the question.
    """
    if not isinstance(value, list):
        return [], {"questions": ["This must be a list of tables ([[terms.questions]])."]}
    if len(value) > MAX_QUESTIONS:
        return [], {"questions": [f"At most {MAX_QUESTIONS} questions are possible."]}
    questions: list[Question] = []
    errors: Errors = {}
    for index, raw in enumerate(value):
        question, wrong = _check_question(raw)
        questions.append(question)
        errors.update({f"questions.{index}{'.' if name else ''}{name}": said for name, said in wrong.items()})
    ids = [question.get("id") for question in questions]
    for index, name in enumerate(ids):
        if name and name in ids[:index]:
            errors[f"questions.{index}.id"] = [f"“{name}” is used by two questions."]
    return questions, errors


def _check_question(raw: object) -> tuple[Question, Errors]:
    if not isinstance(raw, Mapping):
        return {}, {"": ["This must be a table."]}
    errors: Errors = {
        str(name): ["There is no such setting."]
        for name in raw.keys() - {"id", "label", "help", "why", "kind", "required", "choices"}
    }
    kind, required = raw.get("kind", "text"), raw.get("required", False)
    label, wrong_label = texts.clean(raw.get("label", ""), multiline=False)
    advice, wrong_help = texts.clean(raw.get("help", ""), multiline=True)
    why, wrong_why = texts.clean(raw.get("why", ""), multiline=True)
    if not isinstance(raw.get("id"), str) or not _ID.fullmatch(raw["id"]):
        errors["id"] = ["This must be a short name of lower-case letters, digits and _, such as “purpose”."]
    if wrong_label or not label:
        errors["label"] = [wrong_label or "This is needed: it is the question that people read."]
    if wrong_help:
        errors["help"] = [wrong_help]
    if wrong_why:
        errors["why"] = [wrong_why]
    if kind not in KINDS:
        errors["kind"] = [f"This must be one of {', '.join(KINDS)}."]
    if not isinstance(required, bool):
        errors["required"] = ["This must be true or false."]
    choices, wrong_choices = _check_choices(raw.get("choices", []), kind)
    if wrong_choices:
        errors["choices"] = [wrong_choices]
    question = {"id": raw.get("id"), "label": label, "help": advice, "kind": kind, "required": required}
    return {**question, "choices": choices, **({"why": why} if why else {})}, errors


def _check_choices(raw: object, kind: object) -> tuple[list[str], str]:
    if not isinstance(raw, list):
        return [], "This must be a list of texts."
    cleaned = [texts.clean(choice, multiline=False) for choice in raw]
    choices = [choice for choice, _ in cleaned]
    if any(wrong or not choice for choice, wrong in cleaned):
        return [], "Each choice must be one line of text."
    if kind == "choice" and not 2 <= len(choices) <= MAX_CHOICES:
        return [], f"A choice needs between 2 and {MAX_CHOICES} choices."
    if kind != "choice" and choices:
        return [], "Only a question of kind “choice” has choices."
    if len(set(choices)) != len(choices):
        return [], "A choice stands there twice."
    return choices, ""


def check_answers(
    questions: Sequence[Question], answers: object, *, complete: bool
) -> tuple[dict[str, Any], Errors]:
    """Return (the answers as they are kept, errors by question id).

    answers: question id → text, or true/false for a question of kind "confirm". Empty answers are left out.
    complete: whether each required question must be answered (at submission; a draft may have gaps).
    """
    if not isinstance(answers, Mapping):
        return {}, {"answers": ["This must map each question's id to its answer."]}
    known = {question["id"] for question in questions}
    errors: Errors = {str(name): ["There is no such question."] for name in answers.keys() - known}
    kept: dict[str, Any] = {}
    for question in questions:
        name = question["id"]
        answer, wrong = _check_answer(question, answers.get(name))
        if not wrong and answer not in ("", False):
            kept[name] = answer
        elif not wrong and complete and question["required"]:
            wrong = "Please confirm this." if question["kind"] == "confirm" else "Please answer this."
        if wrong:
            errors[name] = [wrong]
    return kept, errors


def _check_answer(question: Question, answer: object) -> tuple[str | bool, str]:
    if answer is None:
        return "", ""
    if question["kind"] == "confirm":
        return (answer, "") if isinstance(answer, bool) else (False, "This must be true or false.")
    text, wrong = texts.clean(answer, multiline=question["kind"] == "long_text")
    if not wrong and text and question["kind"] == "choice" and text not in question["choices"]:
        wrong = "This is not one of the choices."
    return text, wrong


def difference(
    questions: Sequence[Question], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what changed between two sets of answers: [{question, label, before, after}], null for none."""
    labels = {question["id"]: question["label"] for question in questions}
    names = [*labels, *sorted((before.keys() | after.keys()) - labels.keys())]
    return [
        {
            "question": name,
            "label": labels.get(name, name),
            "before": before.get(name),
            "after": after.get(name),
        }
        for name in names
        if before.get(name) != after.get(name)
    ]
