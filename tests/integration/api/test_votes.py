"""R6: one reviewer, two doors: the page and the API at the same moment."""

from functools import partial
from urllib.parse import urlencode

import pytest
from rest_framework.test import APIClient

from licenses import states
from licenses.models import Decision, Request, Vote
from portal.core.models import AuditEvent
from tests.integration.api.world import build, in_browser, person
from tests.integration.licenses.race import crew

ROUNDS = 20
FORM = "application/x-www-form-urlencoded"
# Another reason by each door: the same one twice would be a second click, which is not even written.
VERDICT = {"version": 1, "verdict": "approve", "note": ""}
BY_PAGE, BY_API = {**VERDICT, "reason": "A clear plan."}, {**VERDICT, "reason": "A known group."}


def vote_by_page(client: APIClient, request: Request) -> int:
    return client.post(f"/review/{request.pk}/vote/", urlencode(BY_PAGE), content_type=FORM).status_code


def vote_by_api(client: APIClient, request: Request) -> int:
    return client.post(f"/api/v1/requests/{request.pk}/votes", BY_API).status_code


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_r6_one_reviewer_by_page_and_by_api_at_once_counts_once() -> None:
    """Two approvals decide here: counted twice, one person alone would have let somebody in."""
    world = build()
    rita = world.reviewers[0]
    page, api = in_browser(rita), in_browser(rita)
    requests = [world.submitted(person(f"applicant-{number}")) for number in range(ROUNDS)]
    with crew(2) as race:
        for request in requests:
            answers = race.run(partial(vote_by_page, page, request), partial(vote_by_api, api, request))
            assert answers == [302, 200]
            [counted] = Vote.objects.filter(request=request, superseded_at__isnull=True)
            assert (counted.reviewer, counted.verdict) == (rita, "approve")
    assert Request.objects.filter(state=states.SUBMITTED).count() == ROUNDS
    assert not Decision.objects.exists()
    assert Vote.objects.count() == AuditEvent.objects.filter(kind="request.voted").count() == 2 * ROUNDS
