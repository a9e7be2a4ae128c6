"""The signed document of a grant, and close-out through the API."""

from typing import Any

import pytest
from django.utils import timezone

from licenses.agreements import making
from licenses.agreements.check import verify
from licenses.models import Agreement, Grant
from portal.accounts import pending
from portal.accounts.models import PendingAction
from tests.integration.api.world import World, session_of, with_token

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def said(**changed: Any) -> dict[str, Any]:
    today = f"{timezone.now():%Y-%m-%d}"
    return {"copies": 2, "method": "Shredded the disks.", "destroyed_on": today, **changed}


def test_document_is_asked_for_until_it_is_there_and_is_then_the_kept_bytes(world: World) -> None:
    grant, client = world.granted(), with_token(world.researcher, "read")
    path = f"/api/v1/grants/{grant.pk}/agreement"
    waiting = client.get(path)
    assert (waiting.status_code, waiting["Retry-After"]) == (503, "10")
    assert waiting.json()["code"] == "agreement_not_ready"
    agreement = Agreement.objects.get()
    making.make({"agreement": agreement.pk}, now=timezone.now())
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Cache-Control"] == "private, no-store"
    assert f'filename="license-agreement-{agreement.pk}.pdf"' in answer["Content-Disposition"]
    assert verify(answer.content).known == agreement.pk


def test_document_stays_when_the_grant_is_over(world: World) -> None:
    grant = world.granted()
    making.make({"agreement": Agreement.objects.get().pk}, now=timezone.now())
    Grant.objects.update(state="closed", state_reason="Done.")
    assert with_token(world.researcher, "read").get(f"/api/v1/grants/{grant.pk}/agreement").status_code == 200


def test_close_out_is_confirmed_in_a_browser(world: World) -> None:
    grant = world.granted()
    answer = with_token(world.researcher, "requests").post(f"/api/v1/grants/{grant.pk}/close-out", said())
    assert answer.status_code == 202
    shown = answer.json()["pending_action"]
    assert (shown["kind"], shown["state"]) == ("close_out", "pending")
    grant.refresh_from_db()
    assert grant.state == "active"
    action = PendingAction.objects.get(pk=shown["id"])
    pending.confirm(action=action, by=session_of(world.researcher), now=timezone.now())
    grant.refresh_from_db()
    assert grant.state == "closed"


@pytest.mark.parametrize(
    "wrong", [{"copies": -1}, {"copies": "many"}, {"method": " "}, {"destroyed_on": "2001-01-01"}]
)
def test_what_cannot_be_is_named(world: World, wrong: dict[str, Any]) -> None:
    path = f"/api/v1/grants/{world.granted().pk}/close-out"
    answer = with_token(world.researcher, "requests").post(path, said(**wrong))
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(wrong)
    assert not PendingAction.objects.exists()
