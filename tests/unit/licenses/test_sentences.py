"""What the log says of licenses, in words that people use."""

import pytest

from licenses import actions, states
from licenses.tally import REQUEST_CHANGES
from portal.core.log import sentences
from portal.core.models import AuditEvent
from tests.unit.licenses.world import NOW, World

pytestmark = pytest.mark.django_db


def said(kind: str) -> str:
    [(_, sentence)] = sentences.tell(AuditEvent.objects.filter(kind=kind))
    return str(sentence)


def test_a_verdict_is_said_as_its_form_says_it(world: World) -> None:
    world.vote(world.request_in(states.SUBMITTED), world.rita, REQUEST_CHANGES, reason="Which corpus?")
    assert said("request.voted").endswith(", version 1: ask for changes, “Which corpus?”")


def test_one_copy_is_not_called_copies(world: World) -> None:
    [grant] = world.request_in(states.SIGNED).grants.all()
    actions.close_out(
        grant=grant, copies=1, method="Overwritten.", destroyed_on=NOW.date(), typed_name="Ada Example",
        by=world.ada, now=NOW,
    )  # fmt: skip
    assert f"of the copies under grant {grant.pk}, 1 in all: “Overwritten.”" in said("grant.certified")
