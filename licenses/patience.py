"""How long somebody who asked waits before they may ask how it stands. Pure, as `policies` is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from licenses.facts import RequestCase
from licenses.judging import NOT_APPLICANT, first_refusal, person_bar, table_bar
from licenses.states import REQUEST_TRANSITIONS
from portal.core import times
from portal.core.verdicts import Allowed, Denied, Verdict


@dataclass(frozen=True)
class Wait:
    """Since when a request waits. target: the published time of an answer.

    asked_at: since when a question of the reviewers waits for the applicant; None where none does.
    """

    submitted_at: datetime | None
    nudged_at: datetime | None
    asked_at: datetime | None
    target: timedelta

    @property
    def nudged(self) -> bool:
        """It was asked how this review stands."""
        begun = self.submitted_at
        return begun is not None and self.nudged_at is not None and self.nudged_at >= begun

    @property
    def free_at(self) -> datetime | None:
        """From when it may be asked; None before the request was sent."""
        since = self.nudged_at if self.nudged else self.submitted_at
        return since + self.target if since is not None else None


def may_nudge(case: RequestCase, wait: Wait, now: datetime) -> Verdict:
    """May the applicant ask how it stands? Once in each target time that passes without a decision."""
    verdict = first_refusal(
        person_bar(case.person, scope="requests"),
        None if case.mine else NOT_APPLICANT,
        table_bar(REQUEST_TRANSITIONS, case.state, "nudge", "request"),
    )
    if not verdict or wait.free_at is None:
        return verdict
    if wait.asked_at is not None:
        return Denied(
            "too_early_to_nudge",
            "The reviewers wait for your answer to their question.",
            "Answer it on the request's page; the review then goes on.",
        )
    if now >= wait.free_at:
        return Allowed()
    free = times.moment(wait.free_at)
    if wait.nudged:
        return Denied("already_nudged", "You asked how it stands already.", f"You can ask again from {free}.")
    return Denied(
        "too_early_to_nudge",
        f"The published time for an answer is {wait.target.days} days, and it is not over.",
        f"You can ask how it stands from {free}.",
    )
