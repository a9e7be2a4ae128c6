"""What only a real server shows: every answer carries the time, and bytes arrive as they were signed."""

import urllib.request
from email.utils import parsedate_to_datetime

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from tests.integration.api.world import MANIFEST, build, token_of


@pytest.mark.django_db(transaction=True)
def test_a_served_answer_carries_the_time_and_the_bytes_that_were_signed(live_server: LiveServer) -> None:
    world = build()
    grant = world.granted()
    _, secret = token_of(world.researcher, "download")
    call = urllib.request.Request(
        f"{live_server.url}/api/v1/grants/{grant.pk}/manifest", headers={"Authorization": f"Bearer {secret}"}
    )
    with urllib.request.urlopen(call) as answer:
        assert answer.read() == MANIFEST
        assert answer.headers["Content-Length"] == str(len(MANIFEST))
        told = parsedate_to_datetime(answer.headers["Date"])
    assert abs((timezone.now() - told).total_seconds()) < 60
