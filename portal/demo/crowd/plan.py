"""How many of everything there are to be, spread over a year, and the writing of it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from licenses import queries, states
from licenses.models import LicenseVersion, ReleaseTerms
from portal.accounts.models import User
from portal.demo.crowd import people
from portal.demo.crowd.trail import Batch, Trail

WRITTEN_AT_ONCE = 1_000
# How often each state is met, in hundredths.
STATES = {
    states.SIGNED: 47,
    states.REJECTED: 20,
    states.SUBMITTED: 10,
    states.WITHDRAWN: 7,
    states.LAPSED: 5,
    states.APPROVED: 4,
    states.CHANGES_REQUESTED: 3,
    states.DRAFT: 4,
}
# What a person may have twice of one release: nothing open and no live grant.
REPEATABLE = (states.REJECTED, states.WITHDRAWN, states.LAPSED)
MEAN_WAIT_DAYS = 4.0
RENEWAL_SHARE = 0.15  # of the requests in review whose applicant holds a grant


@dataclass(frozen=True)
class Plan:
    """How many requests, people and releases. now: the last moment of the year that is invented."""

    requests: int
    people: int
    releases: int
    now: datetime
    seed: int = 1


def seed(plan: Plan, say: Callable[[str], None]) -> None:
    """Write the crowd; the same plan writes the same. say: is told how far it is."""
    rng = random.Random(plan.seed)
    with transaction.atomic():
        organizations = people.make_organizations(rng, plan.people)
        crowd = people.make_people(rng, plan.people, organizations, plan.now)
        reviewers = people.make_reviewers(rng, plan.now)
    terms = people.make_releases(plan.releases, plan.now)
    say(f"{plan.people:,} people, {len(organizations):,} organizations, {plan.releases:,} releases")
    license = queries.license_in_force(terms[0].license, plan.now)
    if license is None:
        raise RuntimeError("the license that was just made is not in force")
    writer = _Writer(plan, rng, crowd, reviewers, terms, license)
    done = 0
    for batch in writer.batches():
        with transaction.atomic():
            batch.write()
        done += WRITTEN_AT_ONCE
        if done % 10_000 == 0 or done >= plan.requests:
            say(f"{min(done, plan.requests):,} requests")


class _Writer:
    """Deals requests to people: each asks for a release once, and again only where nothing is in the way."""

    def __init__(
        self,
        plan: Plan,
        rng: random.Random,
        crowd: list[User],
        reviewers: list[User],
        terms: list[ReleaseTerms],
        license: LicenseVersion,
    ) -> None:
        self.plan, self.rng, self.crowd, self.reviewers = plan, rng, crowd, reviewers
        self.terms, self.license = terms, license
        # Some releases are asked for far more than others.
        self.favorite = [int(len(terms) * rng.random() ** 2) for _ in crowd]
        self.granted: dict[int, tuple[str, int]] = {}
        self.states, self.weights = list(STATES), list(STATES.values())

    def batches(self) -> Iterator[Batch]:
        for start in range(0, self.plan.requests, WRITTEN_AT_ONCE):
            batch = Batch()
            for number in range(start, min(start + WRITTEN_AT_ONCE, self.plan.requests)):
                self._deal(batch, number)
            yield batch

    def _deal(self, batch: Batch, number: int) -> None:
        round_, person = divmod(number, len(self.crowd))
        state = self.rng.choices(self.states, self.weights)[0]
        which = (self.favorite[person] + round_) % len(self.terms)
        renews = ""
        if round_ >= len(self.terms):
            state = self.rng.choice(REPEATABLE)
        elif state == states.SUBMITTED and person in self.granted and self.rng.random() < RENEWAL_SHARE:
            renews, which = self.granted.pop(person)
        trail = Trail(
            batch,
            self.rng,
            self.crowd[person],
            self.terms[which],
            self.license,
            self.reviewers,
            self.plan.now,
            self._begun(state),
            renews,
        )
        made = trail.lay(state)
        if state == states.SIGNED:
            self.granted[person] = (made, which)

    def _begun(self, state: str) -> datetime:
        """What is still in review came lately; the rest is spread over the year."""
        if state in (states.SUBMITTED, states.CHANGES_REQUESTED):
            days = min(1 + self.rng.expovariate(1 / MEAN_WAIT_DAYS), 90.0)
        elif state == states.APPROVED:
            days = 8 + 20 * self.rng.random()
        else:
            days = 60 + 300 * self.rng.random()
        return self.plan.now - timedelta(days=days)
