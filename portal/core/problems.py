"""Domain errors, and the one place that turns them into a page or a problem document (RFC 9457).

    Problem
    ├── NotPermitted   403  a policy said no (401 when the reason is login_required)
    ├── NotFound       404  it does not exist, or this caller may not know that it does
    ├── Conflict       409  the state moved on, or the caller looked at an old version
    ├── Invalid        400  the input is wrong; `errors` says which field and why
    ├── Unavailable    503  a part of ours is out of reach; try again after `retry_after_s`
    └── TooMany        429  a limit is reached; try again after `retry_after_s`

Actions and queries raise them; views let them rise. The code is the same word on the page, in the API and
in the command-line tool.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from portal.core.verdicts import Denied, Verdict

logger = logging.getLogger(__name__)

PROBLEM_CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"
DATABASE_RETRY_S = 5  # longer than PostgreSQL takes to end a deadlock


class Problem(Exception):
    """An error that a person can understand and act on.

    code: a stable snake_case word; detail: what happened; next_step: what to do now; extra: further JSON
    members of the problem document.
    """

    code = "problem"
    title = "Something went wrong"
    status = 500

    def __init__(
        self,
        code: str | None = None,
        detail: str = "",
        next_step: str = "",
        *,
        title: str | None = None,
        status: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code or self.code
        self.title = title or self.title
        self.status = status or self.status
        self.detail = detail
        self.next_step = next_step
        self.extra = dict(extra or {})
        super().__init__(f"{self.code}: {detail}" if detail else self.code)

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that belong to the answer."""
        return {}


class NotPermitted(Problem):
    code = "not_permitted"
    title = "Not allowed"
    status = 403

    @classmethod
    def from_denied(cls, denied: Denied, **extra: Any) -> "NotPermitted":
        """Turn a policy's refusal into the error that carries it; login_required becomes a 401."""
        status = 401 if denied.code == "login_required" else 403
        return cls(denied.code, denied.message, denied.next_step, status=status, extra=extra)


def require(verdict: Verdict, **extra: Any) -> None:
    """Pass on Allowed. Raises: NotPermitted: any refusal. extra: as in `NotPermitted.from_denied`."""
    if isinstance(verdict, Denied):
        raise NotPermitted.from_denied(verdict, **extra)


class NotFound(Problem):
    code = "not_found"
    title = "Not found"
    status = 404

    def __init__(self, code: str | None = None, detail: str = "", next_step: str = "", **kwargs: Any) -> None:
        super().__init__(
            code,
            detail or "There is nothing here, or you may not see it.",
            next_step or "Check the address, and that the account or token you use is the right one.",
            **kwargs,
        )


class Conflict(Problem):
    code = "conflict"
    title = "This has changed"
    status = 409


class Invalid(Problem):
    """errors: field name → messages; the empty string names the input as a whole."""

    code = "invalid"
    title = "Please correct the input"
    status = 400

    def __init__(
        self,
        code: str | None = None,
        detail: str = "",
        next_step: str = "",
        *,
        errors: Mapping[str, Sequence[str]] | None = None,
        extra: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.errors = {field: list(messages) for field, messages in (errors or {}).items()}
        members = {**(extra or {}), **({"errors": self.errors} if self.errors else {})}
        super().__init__(code, detail, next_step, extra=members, **kwargs)


class _RetryLater(Problem):
    def __init__(
        self,
        code: str | None = None,
        detail: str = "",
        next_step: str = "",
        *,
        retry_after_s: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(code, detail, next_step or f"Try again in {retry_after_s} seconds.", **kwargs)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class Unavailable(_RetryLater):
    code = "unavailable"
    title = "Not available at the moment"
    status = 503


class TooMany(_RetryLater):
    code = "too_many"
    title = "Too many in a short time"
    status = 429


def database_gave_up() -> Unavailable:
    """What an OperationalError is to a caller: a deadlock, a lock held for too long, no connection."""
    detail = "The database could not do this now. Nothing that you sent was half done."
    return Unavailable(detail=detail, retry_after_s=DATABASE_RETRY_S)


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return the members of the problem document of `problem`, as JSON values."""
    return {
        **problem.extra,
        "type": f"urn:problem-type:weights-portal:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "next_step": problem.next_step,
    }


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Answer with the problem: a document under /api/, the sign-in page or "problem.html" elsewhere."""
    if problem.status == 403:
        # Who tries what they may not do; Django's own line says only what was asked for.
        who = getattr(getattr(request, "user", None), "public_id", "anonymous")
        logger.warning("refused: %s %s to %s (%s)", request.method, request.path, who, problem.code)
    if request.path.startswith(API_PREFIX):
        response: HttpResponse = JsonResponse(
            problem_document(problem), status=problem.status, content_type=PROBLEM_CONTENT_TYPE
        )
    elif problem.status == 401 and request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path())
    else:
        response = render(request, "problem.html", {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response[name] = value
    response["Cache-Control"] = "no-store"
    return response


class ProblemMiddleware:
    """Turns a Problem that rises from a view into its page or document."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Problem):
            return problem_response(request, exception)
        return None
