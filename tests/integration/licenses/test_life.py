"""R8: the life of requests and grants under arbitrary sequences of actions, against a small model of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from licenses import actions, queries, states
from licenses.access import LicenseAccess
from licenses.models import Acceptance, Decision, Grant, Request, Vote
from licenses.tally import VERDICTS
from portal.core.problems import Conflict, NotPermitted
from portal.core.verdicts import Denied
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World

OF_REQUEST = {
    "draft": "request_draft",
    "submitted": "request_pending",
    "changes_requested": "changes_requested",
    "approved": "license_unsigned",
    "rejected": "request_rejected",
    "withdrawn": "request_withdrawn",
    "lapsed": "request_lapsed",
}


REVIEWERS = st.sampled_from(["rita", "rob", "rosa"])


class Life(RuleBasedStateMachine):
    """One applicant and three reviewers do whatever comes to mind.

    The model: the newest request's state, the verdicts that count, who voted before the appeal.
    """

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.world = World()
        self.now = NOW
        self.request: Request | None = None
        self.state = ""
        self.verdicts: dict[str, str] = {}
        self.voted_ever: set[str] = set()
        self.barred: set[str] = set()
        self.appealed = False
        self.grant = ""
        self.edits = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def attempt(self, allowed: bool, action: Any, **given: Any) -> bool:
        """Do it, and see that it is done exactly when the model says so."""
        try:
            action(**given, now=self.now)
        except (NotPermitted, Conflict):
            done = False
        else:
            done = True
        assert done is allowed, given
        return done

    def of_applicant(self, allowed: bool, action: Any, **given: Any) -> bool:
        if self.request is None:
            return False
        return self.attempt(allowed, action, request=self.request, by=self.world.ada, **given)

    @initialize(steps=st.sampled_from([1, 2, 4, 5]))
    def begin(self, steps: int) -> None:
        """Start as a draft, in review, approved or signed."""
        for _ in range(steps):
            self.the_next_step()

    @rule()
    def draft(self) -> None:
        holds = self.grant in states.LIVE_STATES and self.now < self.newest_grant().ends_at
        free = self.state not in states.OPEN_STATES and not holds
        given = {"by": self.world.ada, "release": self.world.release, "answers": ANSWERS}
        if self.attempt(free, actions.draft, **given):
            self.request = queries.requests_of(self.world.ada)[0]
            self.state, self.verdicts, self.appealed, self.grant = "draft", {}, False, ""
            self.voted_ever, self.barred = set(), set()
        self.now += timedelta(seconds=1)

    @rule()
    def edit(self) -> None:
        self.edits += 1
        allowed = self.state in ("draft", "submitted", "changes_requested")
        if self.of_applicant(allowed, actions.edit, answers={"purpose": f"Edit {self.edits}."}):
            self.verdicts = {}

    @rule()
    def submit(self) -> None:
        allowed = self.state in ("draft", "changes_requested")
        if self.of_applicant(allowed, actions.submit, license_sha256=self.world.license.sha256):
            self.state, self.verdicts = "submitted", {}

    @rule(doubts=st.integers(0, 5))
    def withdraw(self, doubts: int) -> None:
        # Seldom, or no request would live long enough for anything else to happen.
        allowed = self.state in states.OPEN_STATES
        if doubts == 0 and self.of_applicant(allowed, actions.withdraw):
            self.state = "withdrawn"

    @rule()
    def appeal(self) -> None:
        allowed = self.state == "rejected" and not self.appealed
        if self.of_applicant(allowed, actions.appeal, text="Look again."):
            self.state, self.appealed, self.verdicts = "submitted", True, {}
            self.barred = set(self.voted_ever)

    @rule()
    def the_next_step(self) -> None:
        """What leads on from where the request is, so that lives get long."""
        match self.state:
            case "draft" | "changes_requested":
                self.submit()
            case "submitted":
                self.vote(
                    min({"rita", "rob", "rosa"} - self.barred - set(self.verdicts), default="rita"), "approve"
                )
            case "approved":
                self.sign()
            case _:
                self.draft()

    @rule(who=REVIEWERS, verdict=st.sampled_from(VERDICTS))
    def vote(self, who: str, verdict: str) -> None:
        if self.request is None:
            return
        self.request.refresh_from_db()
        allowed = self.state == "submitted" and who not in self.barred
        given = {"version": self.request.version, "verdict": verdict, "reason": "Why.", "note": ""}
        if self.attempt(allowed, actions.vote, request=self.request, by=getattr(self.world, who), **given):
            self.verdicts[who] = verdict
            self.voted_ever.add(who)
            self.state = self.decided()

    def decided(self) -> str:
        cast = list(self.verdicts.values())
        yes, no = cast.count("approve"), cast.count("reject")
        if "request_changes" in cast:
            return "changes_requested"
        if max(yes, no) >= 2 and yes != no:
            return "approved" if yes > no else "rejected"
        return "submitted"

    @rule()
    def sign(self) -> None:
        given = {"typed_name": "Ada Example", "license_sha256": self.world.license.sha256}
        if self.of_applicant(self.state == "approved", actions.sign, **given):
            self.state, self.grant = "signed", "active"

    @rule(months=st.sampled_from([1, 12]))
    def months_pass(self, months: int) -> None:
        self.now += months * 31 * DAY
        assert actions.lapse(now=self.now) == (1 if self.state == "approved" else 0)
        if self.state == "approved":
            self.state = "lapsed"

    @rule(who=REVIEWERS)
    def reject(self, who: str) -> None:
        self.vote(who, "reject")

    @rule(action=st.sampled_from(["suspend", "resume", "revoke"]))
    def staff(self, action: str) -> None:
        if not self.grant:
            return
        sources = {"suspend": ["active"], "resume": ["suspended"], "revoke": ["active", "suspended"]}
        targets = {"suspend": "suspended", "resume": "active", "revoke": "revoked"}
        given = {"grant": self.newest_grant(), "reason": "Why.", "by": self.world.rita}
        if self.attempt(self.grant in sources[action], getattr(actions, action), **given):
            self.grant = targets[action]

    def newest_grant(self) -> Grant:
        return Grant.objects.get(request=self.request)

    @invariant()
    def the_request_is_where_the_model_is(self) -> None:
        if self.request is not None:
            self.request.refresh_from_db()
            assert self.request.state == self.state
            yes_and_no = {"approve", "reject"} <= set(self.verdicts.values())
            assert self.request.split is (self.state == "submitted" and yes_and_no)
            assert Decision.objects.filter(request=self.request, version=self.request.version).count() <= 1

    @invariant()
    def votes_count_once(self) -> None:
        if self.request is not None:
            counting = Vote.objects.filter(
                request=self.request, version=self.request.version, superseded_at__isnull=True
            )
            seen = {vote.reviewer.email.partition("@")[0]: vote.verdict for vote in counting}
            if self.state != "changes_requested":
                assert seen == self.verdicts

    @invariant()
    def a_grant_comes_of_a_signature_alone(self) -> None:
        assert Grant.objects.count() == Acceptance.objects.count()
        assert Grant.objects.count() == Request.objects.filter(state="signed").count()
        assert Grant.objects.filter(state__in=states.LIVE_STATES).count() <= 1

    @invariant()
    def access_says_what_the_states_say(self) -> None:
        verdict = LicenseAccess().judge(self.world.ada, self.world.release, "manifest", now=self.now)
        code = verdict.code if isinstance(verdict, Denied) else "allowed"
        assert code == self.expected_code()

    def expected_code(self) -> str:
        if not self.state:
            return "no_request"
        if self.state in OF_REQUEST:
            return OF_REQUEST[self.state]
        grant = self.newest_grant()
        if self.grant == "revoked":
            return "grant_revoked"
        if self.now >= grant.ends_at:
            return "grant_expired"
        return "allowed" if self.grant == "active" else "grant_suspended"


Life.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.django_db
class TestLife(Life.TestCase):  # type: ignore[misc, name-defined]
    """Run by hypothesis; each run is rolled back."""
