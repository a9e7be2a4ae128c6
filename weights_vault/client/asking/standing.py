"""Where a request stands, in plain words, and what to do next: a command that can be copied, or its page,
where is done what has no command.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from weights_vault.client import clock
from weights_vault.client.answers import Json, needed_text, parts, text
from weights_vault.client.output import moment_text

STATES = {
    "draft": "draft, not sent",
    "submitted": "in review",
    "changes_requested": "returned for changes",
    "approved": "approved, to be signed",
    "signed": "signed",
    "rejected": "declined",
    "withdrawn": "withdrawn",
    "lapsed": "lapsed, not signed in time",
}
WAITS = {
    "you": "you",
    "applicant": "the applicant",
    "co_applicants": "co-applicants",
    "signatory": "the signatory",
    "reviewers": "the reviewers",
    "nobody": "nobody",
}


LIVE = ("active", "suspended")
# What the applicant can do on the page of a request in a state.
_ON_PAGE = {
    "draft": "change the team, withdraw",
    "submitted": "change your answers, withdraw",
    "changes_requested": "change the team, withdraw",
    "approved": "withdraw",
    "signed": "the signed documents",
}


def slugs_of(request: Json) -> list[str]:
    """The names of the releases that it is for."""
    return [needed_text(each, "slug") for each in parts(request, "releases")]


def state_of(request: Json) -> str:
    """Its state in words; one that this command does not know as it is."""
    state = text(request, "state")
    return STATES.get(state, state.replace("_", " "))


def waits_of(request: Json) -> str:
    """For whom it waits, in words."""
    who = text(request, "waits_for")
    return WAITS.get(who, who) or "nobody"


def since_of(request: Json) -> str:
    """Since when it stands like this: a time with its zone."""
    times = (text(request, name) for name in ("waits_since", "decided_at", "submitted_at", "created_at"))
    return moment_text(next((time for time in times if time), ""))


def page_of(request: Json) -> str:
    """The address of its page, and what its applicant can do there beside the next step; `-` for none."""
    state, url = text(request, "state"), text(request, "url")
    can = _ON_PAGE.get(state, "") if text(request, "role") == "applicant" else ""
    if can and state == "submitted" and _is_late(request):
        can += ", ask the reviewers how it stands"
    if (
        can
        and state == "approved"
        and any(text(each, "role") == "signatory" for each in parts(request, "parties"))
    ):
        can += ", replace the signatory"
    return f"{url or '-'}{f'   ({can})' if can and url else ''}"


def next_of(request: Json, grants: Sequence[Json] = ()) -> str:
    """What to do next: a command, or what is waited for. grants: the caller's, to know those that ended."""
    state, mine = text(request, "state"), text(request, "waits_for") == "you"
    identifier, slugs = needed_text(request, "id"), " ".join(slugs_of(request))
    if mine:
        commands = {
            "draft": f"weights request {slugs}",
            "changes_requested": f"weights request {slugs}",
            "submitted": f'weights requests {identifier} --say "YOUR ANSWER"',
        }
        return commands.get(state, f"weights sign {identifier}")
    if state in ("submitted", "approved"):
        return _patience(request)
    ended = [each for each in grants if text(each, "request") == identifier]
    if state == "signed" and ended and not any(text(each, "state") in LIVE for each in ended):
        return "weights grants"
    return _afterwards(state, slugs, text(request, "role"), appealed=request.get("appealed") is True)


def _patience(request: Json) -> str:
    """What is waited for, and until when."""
    until = moment_text(text(request, "due_at"))
    if until == "-":
        return "wait"
    if text(request, "state") == "approved":
        return f"wait; they can sign until {until}"
    if _is_late(request) and text(request, "waits_for") == "reviewers":
        asks = "; you can ask how it stands on its page" if text(request, "role") == "applicant" else ""
        return f"wait; an answer was meant to come by {until}{asks}"
    return f"wait; an answer is meant to come by {until}"


def _is_late(request: Json) -> bool:
    try:
        return datetime.fromisoformat(text(request, "due_at")).astimezone(UTC) <= clock.now()
    except (ValueError, OverflowError):
        return False


def _afterwards(state: str, slugs: str, role: str, *, appealed: bool) -> str:
    if state in ("draft", "changes_requested"):
        return "wait for them" if role != "applicant" else "wait for them, or change the team on its page"
    if state == "signed":
        return "nothing" if role == "signatory" else f"weights download {slugs.split(' ')[0]}"
    if role != "applicant":
        return "nothing"
    if state == "rejected" and not appealed:
        return f"appeal once on its page, or ask anew: weights request {slugs}"
    return f"weights request {slugs}"
