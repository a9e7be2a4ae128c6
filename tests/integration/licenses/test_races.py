"""R1, R4, R5, R6, G2: people who act at the same moment, on a real database."""

from functools import partial

import pytest
from django.db import transaction

from licenses import actions, states
from licenses.access import LicenseAccess
from licenses.models import Decision, Grant, Request, Vote
from licenses.notices import TELL_REVIEWERS
from portal.core import audit
from portal.core.models import AuditEvent, Job, OutboxMessage
from portal.core.problems import NotPermitted, Problem
from portal.core.verdicts import Denied
from tests.integration.licenses.crowd import applicant_of, applicants, submitted
from tests.integration.licenses.race import codes, crew
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 200
FEW_ROUNDS = 50


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def test_two_reviewers_approve_at_the_same_moment(world: World) -> None:
    """R4: one decision each time, both votes kept."""
    with crew(2) as race:
        for request in submitted(world, applicants(ROUNDS)):
            results = race.run(*(partial(world.vote, fresh(request), by) for by in (world.rita, world.rob)))
            assert codes(results) == []
    assert Decision.objects.filter(outcome="approved").count() == ROUNDS
    assert Vote.objects.filter(superseded_at__isnull=True).count() == 2 * ROUNDS
    assert Request.objects.filter(state=states.APPROVED).count() == ROUNDS
    assert AuditEvent.objects.filter(kind="request.approved").count() == ROUNDS
    assert OutboxMessage.objects.filter(template__endswith="request_approved").count() == ROUNDS


def fresh(request: Request) -> Request:
    """A copy of its own for each thread."""
    return Request.objects.get(pk=request.pk)


def test_an_approval_against_a_withdrawal(world: World) -> None:
    """R5: one wins; a withdrawn request is not decided."""
    with crew(2) as race:
        for request in submitted(world, applicants(ROUNDS)):
            world.vote(request, world.rita)
            ada = applicant_of(request)
            race.run(
                partial(world.vote, fresh(request), world.rob),
                partial(actions.withdraw, request=fresh(request), by=ada, now=NOW),
            )
            # Withdrawing is possible before and after an approval, never undone by one.
            request.refresh_from_db()
            assert request.state == states.WITHDRAWN
            kinds = [event.kind for event in audit.trail(f"request:{request.pk}")]
            assert kinds[-1] == "request.withdrawn"
            assert kinds.count("request.approved") == Decision.objects.filter(request=request).count()
    assert not Grant.objects.exists()


def test_a_signature_against_a_withdrawal(world: World) -> None:
    """R5: never a grant on a withdrawn request."""
    with crew(2) as race:
        for request in submitted(world, applicants(FEW_ROUNDS)):
            world.vote(request, world.rita)
            world.vote(request, world.rob)
            ada = applicant_of(request)
            sign = partial(
                actions.sign,
                request=fresh(request),
                typed_name="Ada Example",
                license_sha256=world.license.sha256,
                by=ada,
                now=NOW,
            )
            results = race.run(sign, partial(actions.withdraw, request=fresh(request), by=ada, now=NOW))
            assert codes(results) == ["state_changed"]
            request.refresh_from_db()
            granted = Grant.objects.filter(request=request).exists()
            assert request.state == (states.SIGNED if granted else states.WITHDRAWN)


def test_an_approval_against_a_rejection(transactional_db: None) -> None:
    """R5: the first of the two decides where one vote is enough."""
    world = World(quorum=1)
    with crew(2) as race:
        for request in submitted(world, applicants(ROUNDS)):
            results = race.run(
                partial(world.vote, fresh(request), world.rita),
                partial(world.vote, fresh(request), world.rob, "reject"),
            )
            assert codes(results) == ["state_changed"]
            request.refresh_from_db()
            [decision] = Decision.objects.filter(request=request)
            assert request.state == decision.outcome
            assert Vote.objects.filter(request=request).count() == 1


def test_an_approval_against_a_new_license(transactional_db: None) -> None:
    """R5: an approval stands wholly before the new text, or it is refused."""
    world = World(quorum=1)
    with crew(2) as race:
        for number, user in enumerate(applicants(ROUNDS)):
            # What the round before left in review would be told of every further text.
            Request.objects.filter(state=states.SUBMITTED).update(state=states.WITHDRAWN)
            [request] = submitted(world, [user])
            publish = partial(
                actions.publish_license_version,
                license=world.license.license,
                text=f"Text {number}.",
                effective_at=NOW,
                by=world.rita,
                now=NOW,
            )
            vote, version = race.run(partial(world.vote, fresh(request), world.rita), publish)
            assert not isinstance(version, Problem)
            published = AuditEvent.objects.filter(kind="license.published").latest("index")
            approved = AuditEvent.objects.filter(
                kind="request.approved", subject=f"request:{request.pk}"
            ).first()
            if approved is None:
                assert codes([vote]) == ["license_changed"]
            else:
                assert approved.index < published.index


def test_one_person_votes_in_two_sessions(world: World) -> None:
    """R6: it counts once."""
    with crew(2) as race:
        for request in submitted(world, applicants(FEW_ROUNDS)):
            race.run(*(partial(world.vote, fresh(request), world.rita, v) for v in ("approve", "reject")))
            request.refresh_from_db()
            assert request.state == states.SUBMITTED
            assert Vote.objects.filter(request=request, superseded_at__isnull=True).count() == 1


def test_fifty_submissions_with_one_key(world: World) -> None:
    """R1: one request, one mail."""
    with crew(10) as race:
        drafts = [
            race.run(
                *[
                    partial(
                        actions.draft,
                        by=world.ada,
                        release=world.release,
                        answers=ANSWERS,
                        now=NOW,
                        idempotency_key="draft-1",
                    )
                ]
                * 10
            )
            for _ in range(5)
        ]
        made = {request for results in drafts for request in results}
        assert len(made) == 1
        [request] = made
        assert isinstance(request, Request)
        submit = partial(
            actions.submit,
            request=request,
            license_sha256=world.license.sha256,
            by=world.ada,
            now=NOW,
            idempotency_key="submit-1",
        )
        assert [codes(race.run(*[submit] * 10)) for _ in range(5)] == [[]] * 5
    assert Request.objects.count() == 1
    assert OutboxMessage.objects.filter(template__endswith="request_submitted").count() == 1
    assert Job.objects.filter(kind=TELL_REVIEWERS).count() == 1


def test_drafts_without_a_key_at_the_same_moment_make_one_request(world: World) -> None:
    draft = partial(actions.draft, by=world.ada, release=world.release, answers=ANSWERS, now=NOW)
    with crew(4) as race:
        results = race.run(*[draft] * 4)
    assert codes(results) == ["request_draft"] * 3
    assert Request.objects.count() == 1


def test_what_is_issued_stands_wholly_before_a_revocation_or_not_at_all(world: World) -> None:
    """G2, the half of the rule: both events in order, or a refusal; and G1 in another connection at once."""
    [request] = submitted(world, applicants(1))
    Request.objects.update(state=states.SIGNED, decided_at=NOW)
    ada = applicant_of(request)

    def issue(grant: Grant) -> None:
        with transaction.atomic():
            verdict = LicenseAccess().judge(
                ada, world.release, "manifest", now=NOW, grant=grant.pk, lock=True
            )
            if isinstance(verdict, Denied):
                raise NotPermitted.from_denied(verdict)
            audit.record("manifest.issued", by=ada.actor, subject=f"grant:{grant.pk}", now=NOW)

    with crew(2) as race:
        for _ in range(FEW_ROUNDS):
            grant = Grant.objects.create(
                request=request,
                user=request.applicant,
                release=world.release,
                license_version=world.license,
                state_at=NOW,
                starts_at=NOW,
                ends_at=NOW.replace(year=2027),
            )
            revoke = partial(actions.revoke, grant=grant, reason="Shared.", by=world.rita, now=NOW)
            issued, revoked = race.run(partial(issue, grant), revoke)
            assert not isinstance(revoked, Problem)
            kinds = [event.kind for event in audit.trail(f"grant:{grant.pk}")]
            if isinstance(issued, Problem):
                assert (issued.code, kinds) == ("grant_revoked", ["grant.revoked"])
            else:
                assert kinds == ["manifest.issued", "grant.revoked"]
            assert codes(race.run(*[partial(issue, grant)] * 2)) == ["grant_revoked"] * 2
            Grant.objects.filter(pk=grant.pk).delete()


def test_a_revocation_against_the_signature_of_the_renewal(world: World) -> None:
    """R5: a grant that was revoked is never carried on; one that was carried on is not revoked unseen."""
    with crew(2) as race:
        for first in submitted(world, applicants(FEW_ROUNDS)):
            world.vote(first, world.rita)
            world.vote(first, world.rob)
            ada = applicant_of(first)
            signature = {"typed_name": "Ada Example", "license_sha256": world.license.sha256, "by": ada}
            [old] = actions.sign(request=fresh(first), now=NOW, **signature)
            later = old.ends_at - DAY
            made = actions.renew(request=fresh(first), by=ada, now=later)
            actions.edit(request=made, answers=ANSWERS, summary_of_use="Papers.", by=ada, now=later)
            actions.submit(request=made, license_sha256=world.license.sha256, by=ada, now=later)
            for reviewer in (world.rita, world.rob):
                world.vote(made, reviewer, now=later)
            results = race.run(
                partial(actions.revoke, grant=old, reason="Sold.", by=world.rita, now=later),
                partial(actions.sign, request=fresh(made), now=later, **signature),
            )
            old.refresh_from_db()
            carried_on = Grant.objects.filter(request=made).exists()
            assert (old.state, codes(results)) == (
                (states.CLOSED, ["state_changed"]) if carried_on else (states.REVOKED, ["grant_revoked"])
            )
