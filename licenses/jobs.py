"""What the portal does as time passes: names and pace of the jobs that `portal.core.jobs` runs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from licenses import notices, search
from licenses.actions import publishing
from licenses.actions.lapsing import lapse
from licenses.actions.reaccepting import want_of_all, want_reacceptance
from licenses.clock.affiliations import end_affiliations
from licenses.clock.ends import record_ends, remind_of_ends
from licenses.clock.reacceptance import remind_of_reacceptance
from licenses.clock.reviews import remind_reviewers
from licenses.clock.signatures import remind_of_signatures
from licenses.models import LicenseVersion, Request
from portal.core import jobs
from portal.core.models import AuditEvent

LAPSE = "licenses.lapse"
LAPSE_EVERY_S = 3600
CLOCK = "licenses.clock"
CLOCK_EVERY_S = 3600
AFFILIATIONS = "licenses.affiliations"
AFFILIATIONS_EVERY_S = 21_600
WANT_REACCEPTANCE = publishing.WANT_REACCEPTANCE
FILL_SEARCH = "licenses.fill_search"
FILL_SEARCH_EVERY_S = 600


@jobs.handler(LAPSE, lease_s=600)
def lapse_unsigned(payload: dict[str, Any], now: datetime) -> None:
    """Let approvals lapse that nobody signed in time."""
    lapse(now=now)


@jobs.handler(WANT_REACCEPTANCE, lease_s=600)
def ask_for_reacceptance(payload: dict[str, Any], now: datetime) -> None:
    """Ask the holders of live grants to accept the license version that was published."""
    want_reacceptance(version=LicenseVersion.objects.get(pk=payload["version"]), now=now)


@jobs.handler(notices.TELL_REVIEWERS)
def tell_reviewers(payload: dict[str, Any], now: datetime) -> None:
    """Write the mails to reviewers about a request that somebody sent."""
    event = AuditEvent.objects.get(pk=payload["event"])
    notices.tell_reviewers(payload["notice"], Request.objects.get(pk=payload["request"]), event)


@jobs.handler(FILL_SEARCH, lease_s=600)
def fill_search(payload: dict[str, Any], now: datetime) -> None:
    """Write the words of requests that were submitted before there was a search."""
    search.fill()


def _on_the_clock(duty: Callable[..., int]) -> None:
    """Have the duty done every CLOCK_EVERY_S, as a job of its own: one that fails delays no other."""
    kind = f"{CLOCK}.{duty.__name__}"

    @jobs.handler(kind, lease_s=1800)
    def do(payload: dict[str, Any], now: datetime) -> None:
        duty(now=now)

    jobs.periodic(kind, CLOCK_EVERY_S)


@jobs.handler(AFFILIATIONS, lease_s=1800)
def look_at_affiliations(payload: dict[str, Any], now: datetime) -> None:
    """Apply the terms' rule to grants of people who left; of one organization, when the payload names it."""
    end_affiliations(now=now, organization=payload.get("organization"))


for _duty in (
    remind_of_ends,
    record_ends,
    want_of_all,
    remind_of_reacceptance,
    remind_reviewers,
    remind_of_signatures,
):
    _on_the_clock(_duty)
jobs.periodic(AFFILIATIONS, AFFILIATIONS_EVERY_S)
jobs.periodic(LAPSE, LAPSE_EVERY_S)
jobs.periodic(FILL_SEARCH, FILL_SEARCH_EVERY_S)
