"""A document is ordered once for each thing that was signed."""

import pytest

from licenses.agreements import order
from licenses.models import Acceptance, Agreement
from portal.core.models import Job
from tests.unit.licenses.agreements.papers import accepted
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_what_is_signed_orders_its_document_and_the_job_that_makes_it() -> None:
    World().grant_in("active")
    agreement = Agreement.objects.get()
    assert agreement.acceptance == Acceptance.objects.get()
    assert agreement.pdf is None
    assert Job.objects.get(kind="licenses.agreement").payload["agreement"] == agreement.pk


def test_ordered_again_it_is_the_same_document_and_no_second_job() -> None:
    World().grant_in("active")
    again = order(acceptance=Acceptance.objects.get(), now=NOW + DAY)
    assert again == Agreement.objects.get()
    assert again.ordered_at == NOW
    assert Job.objects.filter(kind="licenses.agreement").count() == 1


def test_a_document_of_nothing_is_a_programmers_mistake() -> None:
    with pytest.raises(RuntimeError, match="one thing, not of 0"):
        order(now=NOW)


def test_people_stand_in_it_as_they_were_when_they_signed() -> None:
    world = World()
    agreement = accepted(world)
    world.ada.person.full_name = "Somebody Else"
    world.ada.person.save()
    told = Job.objects.get(kind="licenses.agreement").payload["told"]
    assert told["person"]["name"] == "Ada Example"
    assert order(acceptance=agreement.acceptance, now=NOW) == agreement
    assert Job.objects.get(kind="licenses.agreement").payload["told"] == told
