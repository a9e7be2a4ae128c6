"""What the portal does as time passes: names and pace of the jobs that `portal.core.jobs` runs."""

from datetime import datetime
from typing import Any

from licenses.actions.lapsing import lapse
from portal.core import jobs

LAPSE = "licenses.lapse"
LAPSE_EVERY_S = 3600


@jobs.handler(LAPSE, lease_s=600)
def lapse_unsigned(payload: dict[str, Any], now: datetime) -> None:
    """Let approvals lapse that nobody signed in time."""
    lapse(now=now)


jobs.periodic(LAPSE, LAPSE_EVERY_S)
