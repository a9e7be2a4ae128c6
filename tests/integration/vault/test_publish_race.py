"""Two people publish the same revision at once: there is one (I4)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from portal.core.problems import Conflict
from tests.integration.vault.conftest import SteppedPublish
from weights_vault.models import Revision
from weights_vault.queries import orphans

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

RACERS = 6


@pytest.mark.slow
def test_second_publish_is_told_that_the_first_is_at_it(
    stepped: Callable[..., SteppedPublish], publish: Callable[..., Revision]
) -> None:
    """I4"""
    first = stepped()
    first.run_to("gate")
    for name in ("v1", "v2"):
        with pytest.raises(Conflict) as caught:
            publish(name)
        assert caught.value.code == "publish_in_progress"
    assert first.finish() == 0
    assert publish("v1") == Revision.objects.get()


def test_of_many_at_once_one_publishes(publish: Callable[..., Revision]) -> None:
    """I4"""
    barrier = Barrier(RACERS)

    def race(number: int) -> str:
        try:
            barrier.wait()
            return publish("v1").id
        except Conflict as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(RACERS) as pool:
        outcomes = set(pool.map(race, range(RACERS)))
    revision = Revision.objects.get()
    assert revision.state == "published"
    assert outcomes <= {revision.id, "publish_in_progress"}
    assert orphans() == []
