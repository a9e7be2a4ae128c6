"""docs/reference/limits.md, from the tables that the limits are counted by."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from portal.accounts.brakes import PAGES
from portal.api.conf import REST_FRAMEWORK
from portal.api.throttles import LIMITED
from portal.core.limits import LIMITS, in_words

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "limits.md"
_BEFORE: Final = """# Limits

Made from the code by `make docs`. What guards a secret, makes something or hands something out is counted
exactly: over all processes, and not forgotten by a restart ([why and
how](../decisions/0007-limits-in-the-database.md)). A window begins with the first use in it. Who comes once
more is answered 429 with `Retry-After` and, in words, the time from which it goes on; refused calls do not
count, so the window still ends.

An address on the network is, of IPv6, a /64. Wrong passwords are counted for an account **and** an address:
a limit for the account alone would let anybody keep its owner out. What counts wrong passwords and codes is
given back once the right one came. Mail addresses are counted as typed, whether anybody has an account by
them or not.

`LIMITS` in the environment changes a figure: `LIMITS=sign_in_address=60/m,tokens=10/h`.

| limit | passes | in | counted for each | by |
|---|---|---|---|---|
"""
_AFTER: Final = """
## Calls of the API in all

Counted in the shared cache, against overload: {anonymous} for an address without an account, {account} for
an account.

## What else is bounded

- Tokens and machines of one person: 20 each. Waiting confirmations of one person: bounded
  (`too_many_pending`).
- Messages of one person about one request in a day (`too_many_messages`).
- Bodies that one web process sends at once: `DELIVERY_MOST_AT_ONCE`. Headers that the keeper makes in an
  hour, for everybody together: `HEADERS_PER_HOUR`.
- A JSON body: its bytes and its depth. A manifest: 32 MiB. A text that people type: each field its own
  bound.
- An agreement that takes too long to set is given up and tried again by a worker; no page waits for it.
"""


def page() -> str:
    """The page as it should stand."""
    rates = REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    after = _AFTER.format(anonymous=rates["address"], account=rates["account"])
    return _BEFORE + "\n".join(_rows()) + "\n" + after


def _rows() -> Iterator[str]:
    users: dict[str, list[str]] = {}
    for name, uses in PAGES.items():
        for use in uses:
            users.setdefault(use.limit, []).append(f"`{name}`")
    for (method, name), limit in LIMITED.items():
        users.setdefault(limit, []).append(f"`{method} {name}`")
    for name, limit in LIMITS.items():
        by = ", ".join(users.get(name, ["its own endpoint"]))
        yield f"| `{name}` | {limit.most} {limit.what} | {in_words(limit.window_s)} | {limit.per} | {by} |"
