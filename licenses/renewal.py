"""When access can be carried on, and what to do instead of asking anew. Pure, as `policies` is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from licenses import states
from licenses.facts import Facts, Person
from licenses.judging import first_refusal, person_bar
from portal.core import times
from portal.core.verdicts import Allowed, Denied, Verdict

RENEW_WITHIN = timedelta(days=60)

NOT_YOURS = Denied(
    "not_a_party",
    "You hold nothing under this request.",
    "Renew under the request that gave you your grant; your grants are on the grants page.",
)
NOTHING_LEFT = Denied(
    "nothing_to_renew",
    "What this request gave you was revoked, closed out or carried on already.",
    "Ask anew on the release page.",
)


@dataclass(frozen=True)
class Held:
    """A person's grants under one request. ends: of those that can be carried on, live ones and ended ones.

    any: they hold or held one at all.
    """

    any: bool
    ends: tuple[datetime, ...]

    @property
    def free_at(self) -> datetime | None:
        """From when they can be carried on; None where nothing can."""
        return min(self.ends) - RENEW_WITHIN if self.ends else None


def may_renew(person: Person, state: str, held: Held, now: datetime) -> Verdict:
    """May the person carry on what the request gave them? From 60 days before its first end, and after it.

    state: of the request whose grants they are.
    """
    verdict = first_refusal(person_bar(person, scope="requests"), None if held.any else NOT_YOURS)
    if not verdict:
        return verdict
    if state != states.SIGNED or held.free_at is None:
        return NOTHING_LEFT
    if now >= held.free_at:
        return Allowed()
    return Denied(
        "too_early_to_renew",
        f"Your access lasts until {times.moment(min(held.ends))}.",
        f"You can renew it from {times.moment(held.free_at)}.",
    )


def grant_live(facts: Facts, now: datetime) -> Denied:
    """Return the refusal of a new request where a grant stands: it names the renewal, now or from when."""
    said = "Download it: `weights download`."
    if facts.grant is not None:
        free_at = facts.grant.ends_at - RENEW_WITHIN
        said = (
            "Renew it: your grant's page has the button."
            if now >= free_at
            else f"{said} You can renew it from {times.day(free_at)}, on your grant's page."
        )
    return Denied("grant_live", "You already hold a grant for this release.", said)
