import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from portal.api.problems import as_problem
from portal.core.problems import Conflict, Problem


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict("state_changed", "It moved.", "Look again."), 409, "state_changed"),
        (Http404(), 404, "not_found"),
        (exceptions.NotFound(), 404, "not_found"),
        (PermissionDenied(), 403, "not_permitted"),
        (exceptions.PermissionDenied(), 403, "not_permitted"),
        (exceptions.PermissionDenied("CSRF Failed: CSRF token missing."), 403, "csrf_failed"),
        (exceptions.NotAuthenticated(), 401, "login_required"),
        (exceptions.AuthenticationFailed("Unknown token."), 401, "login_required"),
        (exceptions.ParseError(), 400, "malformed_body"),
        (exceptions.ValidationError({"name": ["Too long."]}), 400, "invalid"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (exceptions.Throttled(wait=12.2), 429, "too_many"),
        (exceptions.APIException(), 500, "refused"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_status_code_and_next_step(error: Exception, status: int, code: str) -> None:
    problem = as_problem(error)
    assert isinstance(problem, Problem)
    assert (problem.status, problem.code) == (status, code)
    assert problem.next_step


def test_a_throttle_says_how_many_whole_seconds_to_wait() -> None:
    problem = as_problem(exceptions.Throttled(wait=12.2))
    assert isinstance(problem, Problem)
    assert problem.headers == {"Retry-After": "13"}


def test_a_bug_is_no_problem_of_the_callers() -> None:
    assert as_problem(KeyError("inside")) is None


def test_nested_faults_are_named_by_their_path() -> None:
    error = exceptions.ValidationError(
        {
            "files": {"3": ["Too long."]},
            "non_field_errors": ["All wrong."],
            "rows": [{}, {"id": ["Missing."]}],
        }
    )
    problem = as_problem(error)
    assert isinstance(problem, Problem)
    assert problem.extra["errors"] == {
        "files.3": ["Too long."],
        "": ["All wrong."],
        "rows.1.id": ["Missing."],
    }
