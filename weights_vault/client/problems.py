"""From an HTTP answer or a network failure to one error, with the portal's code and next step."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies_environment

import httpx

from weights_vault.client.errors import (
    ClientError,
    NotAllowed,
    NotSignedIn,
    PortalFault,
    Unreachable,
    WrongUsage,
)

MAX_LINE_CHARS = 600
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")

# Codes that mean "this token is not taken", whatever status they come with.
_SIGN_IN_CODES = frozenset({"login_required", "not_authenticated", "authentication_failed"})

# Where the portal's own next step speaks of a page.
_INSTEAD = {"state_changed": "`weights requests` and `weights grants` show where it stands."}


def error_of(status: int, headers: Mapping[str, str], answer: bytes, portal: str) -> ClientError:
    """The error for an answer that is not a success.

    answer: a problem document (RFC 9457) with `code`, `detail`, `next_step`; anything else gets words of our
    own.
    """
    problem = _problem(headers, answer)
    code = problem.get("code") or None
    if status == 401 or code in _SIGN_IN_CODES:
        return _not_signed_in(problem, portal)
    if 300 <= status < 400:
        return PortalFault(
            "portal-redirects",
            "The portal sends this command elsewhere.",
            f"It answered {status}; redirects are not followed, because the token would travel with them.",
            "Check the portal's address, and pass the right one with --portal.",
        )
    if code == "not_found":
        return not_found(
            "The portal knows nothing by this name.", "`weights releases` lists what you can see."
        )
    if code is not None and status < 500:
        kind = WrongUsage if status in (400, 422) else NotAllowed
        otherwise = "Correct it, and run the same command again." if kind is WrongUsage else _look_at(portal)
        error = kind(
            reference_of(code),
            problem.get("title") or "The portal refuses this.",
            _why(problem) or f"It answered {status}.",
            _INSTEAD.get(code) or problem.get("next_step") or otherwise,
            code=code,
        )
        error.document = _shown(answer)
        return error
    return _plain(status, problem, portal)


def denied(access: Mapping[str, Any], what: str, portal: str) -> NotAllowed:
    """The error for an `access` object of the API that says no."""
    code = _line(access.get("code")) or "not_allowed"
    return NotAllowed(
        reference_of(code),
        what,
        _line(access.get("message")) or "The portal gives no reason.",
        _line(access.get("next_step")) or _look_at(portal),
        code=code,
    )


def _look_at(portal: str) -> str:
    return f"Look at {portal} for where you stand."


def not_found(what: str, next_step: str) -> NotAllowed:
    """The error for what is not there, or is not for this person to see: the portal tells neither apart."""
    return NotAllowed(
        "not-found", what, "It is not there, or it is not for you to see.", next_step, code="not_found"
    )


def tls_refused(error: httpx.TransportError) -> bool:
    """Whether TLS failed by what one side said, which another try does not change.

    A handshake that merely ends is a line that broke, or a proxy that restarts.
    """
    reason = str(error)
    return "[SSL" in reason and "UNEXPECTED_EOF" not in reason


def tls_or_network(error: httpx.TransportError, portal: str) -> Unreachable:
    """The error for a portal that could not be asked at all."""
    reason = _ERRNO.sub("", str(error)).rstrip(".")
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return Unreachable(
            "certificate-refused",
            f"The certificate of {portal} was not accepted.",
            f"{reason}.",
            "Check this machine's date and time, and that nobody stands between; then run the command again.",
        )
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason:
        return Unreachable(
            "no-tls-there",
            f"{portal} could not be reached.",
            "What answers there does not speak https.",
            "Check the port; on this very machine a portal may speak plain http: --portal http://localhost:PORT",
        )
    if isinstance(error, httpx.TimeoutException):
        reason = "It did not answer in time"
    return Unreachable(
        "portal-unreachable",
        f"{portal} could not be reached.",
        f"{reason or type(error).__name__}.",
        f"Check the network{_proxy_hint()} and the portal's address, then run the command again.",
    )


def _proxy_hint() -> str:
    """Whoever has a proxy in the environment may not know that it stands between."""
    return ", the proxy of the environment (HTTPS_PROXY, NO_PROXY)" if getproxies_environment() else ""


def reference_of(code: str) -> str:
    """The kebab-case reference of a code: `grant_revoked` is `grant-revoked`, what is no code `refused`."""
    return code.replace("_", "-") if _CODE.fullmatch(code) else "refused"


def _problem(headers: Mapping[str, str], answer: bytes) -> dict[str, str]:
    if "json" not in headers.get("content-type", ""):
        return {}
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    lines = {name: _line(found.get(name)) for name in ("code", "title", "detail", "next_step")}
    lines["errors"] = _field_errors(found.get("errors"))
    return lines


def _shown(answer: bytes) -> dict[str, object] | None:
    """What a problem document shows beside its words, such as the difference of two license texts."""
    beside = {
        name: value
        for name, value in json.loads(answer).items()
        if name not in ("type", "title", "status", "code", "detail", "next_step", "errors")
    }
    return {"problem": beside} if beside else None


def _line(value: object) -> str:
    return " ".join(value.split())[:MAX_LINE_CHARS] if isinstance(value, str) else ""


def _field_errors(errors: object) -> str:
    if not isinstance(errors, dict):
        return ""
    parts = [
        f"{field}: {' '.join(map(str, said)) if isinstance(said, list) else said}"
        for field, said in errors.items()
    ]
    return _line("; ".join(parts))


def _why(problem: Mapping[str, str]) -> str:
    return " ".join(part for part in (problem.get("detail"), problem.get("errors")) if part)


def _not_signed_in(problem: Mapping[str, str], portal: str) -> NotSignedIn:
    return NotSignedIn(
        reference_of(problem.get("code") or "token-refused"),
        f"{portal} does not take your token.",
        _why(problem) or "It has expired, was ended, or belongs to another portal.",
        f"{_sign_in_again(portal)}; downloads are kept.",
        code=problem.get("code") or None,
    )


def _sign_in_again(portal: str) -> str:
    """A token of the environment wins over the one that `login` keeps."""
    if os.environ.get("WEIGHTS_TOKEN"):
        return f"Make a token at {portal}/tokens/ and put it into WEIGHTS_TOKEN"
    return f"Run `weights login --portal {portal}`, or make a token at {portal}/tokens/"


def _plain(status: int, problem: Mapping[str, str], portal: str) -> ClientError:
    why = _why(problem)
    if status in (400, 404, 405) and not problem:
        # The API says everything in problem documents; whoever answers otherwise is somebody else.
        return WrongUsage(
            "no-portal-there",
            f"There is no Weights Portal at {portal}.",
            f"What answers there is not the API of one (status {status}).",
            "Check --portal: https or http, the port, and no path behind the host unless you were told one.",
        )
    if status == 404:
        return not_found(
            "The portal knows nothing by this name.", "`weights releases` lists what you can see."
        )
    if status == 429:
        return PortalFault(
            "too-many-requests",
            "The portal asks for patience.",
            why or "Too many requests came from here.",
            "Wait a few minutes, then run the command again.",
        )
    if status in (403, 409):
        return NotAllowed(
            "not-allowed",
            "The portal refuses this.",
            why or f"It answered {status} without a reason.",
            _look_at(portal),
        )
    if 400 <= status < 500:
        return WrongUsage(
            "request-refused",
            "The portal does not understand this request.",
            why or f"It answered {status}.",
            "Check the arguments; if they are right, update this command: pip install . in a newer checkout.",
        )
    return PortalFault(
        "portal-error",
        "The portal has a problem of its own.",
        why or f"It answered {status}.",
        "Run the command again in a few minutes; if it stays, tell the portal's staff.",
    )
