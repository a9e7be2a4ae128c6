"""Waits while a person confirms in a browser what a token alone may not do."""

from __future__ import annotations

import time
from collections.abc import Callable

from weights_vault.client.answers import Json, needed_text, part, text
from weights_vault.client.api import Api
from weights_vault.client.errors import Incomplete, NotAllowed
from weights_vault.client.output import Output
from weights_vault.client.releases import check_id

FIRST_POLL_S = 1.0
SLOWEST_POLL_S = 5.0
POLL_GROWTH = 1.3
# The portal ends pending actions after 15 minutes; this is the fence for one that does not.
MAX_POLLS = 600


def pending_of(answer: Json) -> Json:
    """The pending action that an answer promises. Raises: PortalFault: there is none, or no usable one."""
    action = part(answer, "pending_action")
    check_id(action.get("id"))
    return action


def announce(action: Json, output: Output) -> None:
    """Say what waits for whom. The line that begins with `confirm:` is stable: scripts and demos read it."""
    url, code = needed_text(action, "url"), needed_text(action, "code")
    output.important(
        f"{_sentence(action)} Confirm it in a browser, where you are signed in:",
        f"confirm: {url}  code: {code}",
    )


def wait_for(
    action: Json, api: Api, output: Output, *, pause: Callable[[float], object] = time.sleep
) -> Json:
    """Poll until the action is confirmed.

    action: a pending action of the API: {id, kind, summary, state, code, url, expires_at}.
    Returns: the confirmed action, with its result.
    Raises: NotAllowed(action-refused), Incomplete(action-expired), PortalFault.
    """
    identifier = check_id(action.get("id"))
    announce(action, output)
    output.message("waiting for it; Ctrl-C ends the wait, not the action")
    delay = FIRST_POLL_S
    for _ in range(MAX_POLLS):
        found = api.get(f"/pending-actions/{identifier}")
        if found.get("state") == "confirmed":
            output.message("confirmed")
            return found
        if found.get("state") != "pending":
            raise _ended(found)
        pause(delay)
        delay = min(SLOWEST_POLL_S, delay * POLL_GROWTH)
    raise _ended({"state": "expired", "summary": action.get("summary")})


def _ended(action: Json) -> NotAllowed | Incomplete:
    if action.get("state") == "refused":
        return NotAllowed(
            "action-refused",
            "The action was refused.",
            f"You, or somebody signed in as you, refused it in the browser: {_sentence(action)}",
            "If that was a mistake, run the command again and confirm.",
        )
    return Incomplete(
        "action-expired",
        "The action was not confirmed in time.",
        f"Nobody confirmed this before it expired: {_sentence(action)}",
        "Run the command again, open the address it shows, and confirm there.",
    )


def _sentence(action: Json) -> str:
    """What the action would do, in the portal's words, ended by one full stop."""
    summary = text(action, "summary") or "An action waits for you"
    return summary if summary.endswith((".", "!", "?")) else f"{summary}."
