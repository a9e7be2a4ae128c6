"""By the API: who the applicant is, how a request stands, and carrying access on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from licenses.models import Request
from portal.accounts.models import Organization
from tests.integration.api.world import ANSWERS, World, with_token

PROOF = {
    "profiles": ["https://orcid.org/0000-0002-1825-0097"],
    "references": [{"name": "Grace", "email": "grace@uni.example.edu", "relation": "Adviser"}],
}


def draft(world: World, **body: object) -> dict[str, object]:
    client = with_token(world.researcher)
    given = {"release": world.release.slug, "answers": ANSWERS, **body}
    return dict(client.post("/api/v1/requests", given, format="json").json())


def test_evidence_is_kept_and_shown(world: World) -> None:
    assert draft(world, evidence=PROOF)["evidence"] == PROOF


@pytest.mark.parametrize(
    ("evidence", "field"),
    [
        ({"profiles": ["http://example.org"]}, "profiles.0"),
        ({"profiles": "https://example.org"}, "profiles"),
        ({"references": [{"name": "Grace"}]}, "references.0.email"),
        ({"references": [7]}, "references.0"),
        ({"friends": []}, "friends"),
    ],
)
def test_evidence_of_another_shape_is_refused_by_field(
    world: World, evidence: dict[str, object], field: str
) -> None:
    answer = draft(world, evidence=evidence)

    assert answer["status"] == 400
    assert field in answer["errors"]  # type: ignore[operator] # JSON
    assert not Request.objects.exists()


def test_where_no_mail_says_who_somebody_is_it_is_needed(world: World) -> None:
    Organization.objects.create(name="Elsewhere", domains=["elsewhere.example.net"])
    client, made = with_token(world.researcher), draft(world)
    body = {"license_sha256": world.license.sha256}

    refused = client.post(f"/api/v1/requests/{made['id']}/submit", body).json()
    client.patch(f"/api/v1/requests/{made['id']}", {"evidence": PROOF}, format="json")
    sent = client.post(f"/api/v1/requests/{made['id']}/submit", body).json()

    assert (refused["status"], refused["code"]) == (400, "evidence_missing")
    assert (sent["state"], sent["answers"]) == ("submitted", ANSWERS)


def test_asking_how_it_stands_says_from_when(world: World) -> None:
    client, early = with_token(world.researcher), world.submitted()
    refused = client.post(f"/api/v1/requests/{early.pk}/nudge").json()
    Request.objects.filter(pk=early.pk).update(submitted_at=timezone.now() - timedelta(days=6))
    first = client.post(f"/api/v1/requests/{early.pk}/nudge")
    second = client.post(f"/api/v1/requests/{early.pk}/nudge").json()

    assert (refused["status"], refused["code"]) == (409, "too_early_to_nudge")
    assert "You can ask how it stands from" in refused["next_step"]
    assert first.status_code == 200
    assert (second["status"], second["code"]) == (409, "already_nudged")


def test_a_renewal_needs_its_summary_alone(world: World) -> None:
    client, grant = with_token(world.researcher), world.ending()
    made = client.post(f"/api/v1/grants/{grant.pk}/renew").json()
    body = {"license_sha256": world.license.sha256}
    refused = client.post(f"/api/v1/requests/{made['id']}/submit", body).json()
    client.patch(f"/api/v1/requests/{made['id']}", {"summary_of_use": "Two papers."})
    sent = client.post(f"/api/v1/requests/{made['id']}/submit", body).json()

    assert (made["state"], made["renews"], made["answers"]) == ("draft", grant.request_id, ANSWERS)
    assert (refused["status"], refused["code"]) == (400, "summary_missing")
    assert (sent["state"], sent["summary_of_use"]) == ("submitted", "Two papers.")


def test_a_renewal_too_early_says_from_when(world: World) -> None:
    refused = with_token(world.researcher).post(f"/api/v1/grants/{world.granted().pk}/renew").json()

    assert (refused["status"], refused["code"]) == (409, "too_early_to_renew")
    assert "You can renew it from" in refused["next_step"]
