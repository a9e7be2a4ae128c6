"""What the portal does as time passes: names and pace of the jobs that `portal.core.jobs` runs."""

from datetime import datetime
from typing import Any

from licenses import search
from licenses.actions.lapsing import lapse
from portal.core import jobs

LAPSE = "licenses.lapse"
LAPSE_EVERY_S = 3600
FILL_SEARCH = "licenses.fill_search"
FILL_SEARCH_EVERY_S = 600


@jobs.handler(LAPSE, lease_s=600)
def lapse_unsigned(payload: dict[str, Any], now: datetime) -> None:
    """Let approvals lapse that nobody signed in time."""
    lapse(now=now)


@jobs.handler(FILL_SEARCH, lease_s=600)
def fill_search(payload: dict[str, Any], now: datetime) -> None:
    """Write the words of requests that were submitted before there was a search."""
    search.fill()


jobs.periodic(LAPSE, LAPSE_EVERY_S)
jobs.periodic(FILL_SEARCH, FILL_SEARCH_EVERY_S)
