"""Problems: one error, the same code as a page and as a problem document."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.core.problems import (
    Conflict,
    Invalid,
    NotFound,
    NotPermitted,
    Problem,
    ProblemMiddleware,
    TooMany,
    Unavailable,
    problem_document,
)
from portal.core.verdicts import Denied

EACH = [
    (NotPermitted(detail="No."), 403, "not_permitted"),
    (NotFound(), 404, "not_found"),
    (Conflict("state_changed", "It moved on."), 409, "state_changed"),
    (Invalid(errors={"name": ["Missing."]}), 400, "invalid"),
    (Unavailable(retry_after_s=30), 503, "unavailable"),
    (TooMany(retry_after_s=5), 429, "too_many"),
]


@pytest.fixture
def middleware(tmp_path: Path, settings: Any) -> ProblemMiddleware:
    (tmp_path / "problem.html").write_text(
        "<h1>{{ problem.title }}</h1>{{ problem.detail }}{{ problem.code }}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path], "OPTIONS": {}}]
    return ProblemMiddleware(lambda request: HttpResponse())


def answer(middleware: ProblemMiddleware, path: str, problem: Exception, method: str = "GET") -> HttpResponse:
    response = middleware.process_exception(RequestFactory().generic(method, path), problem)
    assert response is not None
    return response


@pytest.mark.parametrize(("problem", "status", "code"), EACH, ids=[code for _, _, code in EACH])
def test_problem_under_api_is_a_document(
    middleware: ProblemMiddleware, problem: Problem, status: int, code: str
) -> None:
    response = answer(middleware, "/api/v1/requests", problem)
    document = json.loads(response.content)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert (document["status"], document["code"]) == (status, code)
    assert document == json.loads(json.dumps(problem_document(problem)))


@pytest.mark.parametrize(("problem", "status", "code"), EACH, ids=[code for _, _, code in EACH])
def test_problem_elsewhere_is_a_page_with_the_same_code(
    middleware: ProblemMiddleware, problem: Problem, status: int, code: str
) -> None:
    response = answer(middleware, "/requests/", problem)
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert code in response.content.decode()


def test_document_carries_field_errors_and_extra_members() -> None:
    problem = Invalid("answers_incomplete", errors={"purpose": ("Missing.",)}, extra={"version": 2})
    document = problem_document(problem)
    assert document["errors"] == {"purpose": ["Missing."]}
    assert document["version"] == 2


def test_extra_members_never_replace_the_standard_ones() -> None:
    assert problem_document(Conflict("real", extra={"code": "fake", "status": 200}))["code"] == "real"


def test_denied_becomes_not_permitted_with_its_words() -> None:
    problem = NotPermitted.from_denied(Denied("grant_expired", "It ended.", "Renew it."))
    assert (problem.status, problem.code, problem.detail, problem.next_step) == (
        403, "grant_expired", "It ended.", "Renew it.",
    )  # fmt: skip


def test_login_required_is_401_for_programs_and_the_sign_in_page_for_people(
    middleware: ProblemMiddleware,
) -> None:
    problem = NotPermitted.from_denied(Denied("login_required", "Sign in."))
    assert answer(middleware, "/api/v1/me", problem).status_code == 401
    page = answer(middleware, "/requests/?a=1", problem)
    assert page.status_code == 302
    assert page["Location"].endswith("?next=/requests/%3Fa%3D1")
    assert answer(middleware, "/requests/", problem, method="POST").status_code == 401


def test_retry_after_is_a_header(middleware: ProblemMiddleware) -> None:
    assert answer(middleware, "/api/v1/x", Unavailable(retry_after_s=30))["Retry-After"] == "30"
    assert answer(middleware, "/x", TooMany(retry_after_s=5))["Retry-After"] == "5"


def test_a5_markup_in_a_detail_is_inert(middleware: ProblemMiddleware) -> None:
    response = answer(middleware, "/x", Conflict(detail="<script>alert(1)</script>"))
    assert "<script>" not in response.content.decode()


def test_other_errors_are_left_alone(middleware: ProblemMiddleware) -> None:
    assert middleware.process_exception(RequestFactory().get("/x"), ValueError()) is None
