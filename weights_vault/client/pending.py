"""Waits while a person confirms in a browser what a token alone may not do."""

from __future__ import annotations

import time
from collections.abc import Callable

from weights_vault.client.api import Api, Json
from weights_vault.client.errors import Incomplete, NotAllowed, PortalFault
from weights_vault.client.output import Output

FIRST_POLL_S = 1.0
SLOWEST_POLL_S = 5.0
POLL_GROWTH = 1.3
# The portal ends pending actions after 15 minutes; this is the fence for one that does not.
MAX_POLLS = 600


def announce(action: Json, output: Output) -> None:
    """Say what waits for whom. The line that begins with `confirm:` is stable: scripts and demos read it."""
    output.important(f"{action.get('summary', 'An action')}: waits for you to confirm it in a browser.")
    output.important(f"confirm: {action.get('url')}  code: {action.get('code')}")


def wait_for(
    action: Json, api: Api, output: Output, *, pause: Callable[[float], object] = time.sleep
) -> Json:
    """Poll until the action is confirmed.

    action: a pending action of the API: {id, kind, summary, state, code, url, expires_at}.
    Returns: the confirmed action, with its result.
    Raises: NotAllowed(action-refused), Incomplete(action-expired), PortalFault.
    """
    identifier = action.get("id")
    if not isinstance(identifier, str) or not identifier.replace("_", "").isalnum():
        raise PortalFault(
            "answer-unreadable",
            "The portal's answer cannot be read.",
            "A pending action has no usable id.",
            "Tell the portal's staff.",
        )
    announce(action, output)
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
    summary = action.get("summary") or "The action"
    if action.get("state") == "refused":
        return NotAllowed(
            "action-refused",
            f"{summary}: refused.",
            "You, or somebody signed in as you, refused it in the browser.",
            "If that was a mistake, run the command again and confirm.",
        )
    return Incomplete(
        "action-expired",
        f"{summary}: not confirmed in time.",
        "Nobody confirmed it before it expired.",
        "Run the command again, open the address it shows, and confirm there.",
    )
