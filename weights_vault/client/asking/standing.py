"""Where a request stands, in plain words, and what to do next as a command that can be copied."""

from __future__ import annotations

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


def next_of(request: Json) -> str:
    """What to do next: a command, or what is waited for."""
    state, mine = text(request, "state"), text(request, "waits_for") == "you"
    identifier, slugs = needed_text(request, "id"), " ".join(slugs_of(request))
    if mine:
        commands = {
            "draft": f"weights request {slugs}",
            "changes_requested": f"weights request {slugs}",
            "submitted": f"weights requests {identifier} --say ANSWER",
        }
        return commands.get(state, f"weights sign {identifier}")
    until = moment_text(text(request, "due_at"))
    if state in ("submitted", "approved"):
        meant = "an answer is meant to come by" if state == "submitted" else "they can sign until"
        return f"wait; {meant} {until}" if until != "-" else "wait"
    return _afterwards(state, slugs, text(request, "role"), text(request, "url"))


def _afterwards(state: str, slugs: str, role: str, url: str) -> str:
    if state in ("draft", "changes_requested"):
        return "wait for them"
    if state == "signed":
        return "nothing" if role == "signatory" else f"weights download {slugs.split(' ')[0]}"
    if state == "rejected":
        return f"appeal once at {url}, or ask anew"
    return f"weights request {slugs}"
