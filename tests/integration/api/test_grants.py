import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from licenses.actions import granting
from licenses.models import Grant, License
from portal.core.models import AuditEvent, OutboxMessage
from tests.integration.api.world import (
    MANIFEST,
    World,
    in_browser,
    publish_license,
    release_of,
    revision_of,
    session_of,
    with_token,
)
from weights_vault.actions import withdraw
from weights_vault.models import LedgerEntry, Model
from weights_vault.sealed.header import GrantLabel, open_header

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def headers_body(world: World, key: str, **changes: Any) -> dict[str, Any]:
    return {"revision": "v1", "key": key, "files": world.files, **changes}


def test_a_grant_lists_what_it_gives(world: World) -> None:
    grant = world.granted()
    [shown] = with_token(world.researcher).get("/api/v1/grants").json()["results"]
    assert shown["id"] == grant.pk
    assert (shown["release"], shown["release_title"], shown["state"]) == ("opt-175b", "OPT-175B", "active")
    assert shown["license"]["sha256"] == world.license.sha256
    assert shown["access"] == {
        "allowed": True,
        "code": None,
        "message": "",
        "next_step": "",
        "grant": grant.pk,
    }


def test_an_ended_grant_is_expired_and_says_so(world: World) -> None:
    grant = world.granted()
    client = in_browser(world.researcher)
    with time_machine.travel(grant.ends_at + timedelta(seconds=1), tick=False):
        client.force_login(world.researcher, backend="portal.accounts.backends.AuthenticationBackend")
        shown = client.get(f"/api/v1/grants/{grant.pk}").json()
    assert (shown["state"], shown["access"]["code"]) == ("expired", "grant_expired")


def test_the_manifest_is_the_signed_bytes_exactly(world: World) -> None:
    grant = world.granted()
    for query in ("", "?revision=v1"):
        answer = with_token(world.researcher, "download").get(f"/api/v1/grants/{grant.pk}/manifest{query}")
        assert answer.headers["Content-Type"] == "application/vnd.dsse.envelope.v1+json"
        assert answer.content == MANIFEST


def test_the_media_type_stays_whatever_is_asked_for(world: World) -> None:
    grant = world.granted()
    for accept in ("application/json", "text/html", "application/vnd.dsse.envelope.v1+json"):
        answer = with_token(world.researcher).get(f"/api/v1/grants/{grant.pk}/manifest", HTTP_ACCEPT=accept)
        assert (answer.status_code, answer.content) == (200, MANIFEST)


def test_headers_open_with_the_recipients_key_and_carry_the_label(world: World) -> None:
    grant = world.granted()
    key, identity = world.key()
    answer = with_token(world.researcher).post(
        f"/api/v1/grants/{grant.pk}/headers", headers_body(world, key.pk)
    )
    assert answer.status_code == 200, answer.content
    issued = answer.json()["headers"]
    assert [entry["file"] for entry in issued] == world.files
    for entry in issued:
        label = GrantLabel(grant=grant.pk, revision=world.revision.pk, file=entry["file"])
        assert len(open_header(base64.b64decode(entry["header"]), [identity], label)) == 16
    assert LedgerEntry.objects.get(grant=grant.pk, kind="headers").count == 2


def test_urls_lead_to_the_portals_delivery_and_say_when_they_end(world: World, settings: Settings) -> None:
    grant = world.granted()
    answer = with_token(world.researcher).post(
        f"/api/v1/grants/{grant.pk}/urls", {"revision": "v1", "files": world.files}
    )
    assert answer.status_code == 200, answer.content
    for entry, file in zip(answer.json()["urls"], world.files, strict=True):
        assert entry["file"] == file
        assert entry["url"].startswith(f"{settings.PORTAL_URL}/delivery/")
    assert answer.json()["expires_at"] > timezone.now().isoformat()


def calls(world: World, grant: Grant, client: APIClient) -> dict[str, Callable[[], Any]]:
    key, _ = world.key()
    path = f"/api/v1/grants/{grant.pk}"
    return {
        "manifest": lambda: client.get(f"{path}/manifest"),
        "headers": lambda: client.post(f"{path}/headers", headers_body(world, key.pk)),
        "urls": lambda: client.post(f"{path}/urls", {"revision": "v1", "files": world.files}),
    }


def test_g1_after_a_revocation_the_next_call_is_refused(world: World) -> None:
    grant = world.granted()
    asked = calls(world, grant, with_token(world.researcher))
    assert {call().status_code for call in asked.values()} == {200}
    granting.revoke(grant=grant, reason="Misuse.", by=session_of(world.reviewers[0]), now=timezone.now())
    events = AuditEvent.objects.filter(kind__endswith=".issued").count()
    for call in asked.values():
        answer = call()
        assert (answer.status_code, answer.json()["code"]) == (403, "grant_revoked")
        assert "Misuse." in answer.json()["detail"]
    assert AuditEvent.objects.filter(kind__endswith=".issued").count() == events


def test_a_suspended_grant_is_refused_until_it_is_resumed(world: World) -> None:
    grant = world.granted()
    asked = calls(world, grant, with_token(world.researcher))
    staff = session_of(world.reviewers[0])
    granting.suspend(grant=grant, reason="A question is open.", by=staff, now=timezone.now())
    assert {call().json()["code"] for call in asked.values()} == {"grant_suspended"}
    granting.resume(grant=grant, reason="It is answered.", by=staff, now=timezone.now())
    assert {call().status_code for call in asked.values()} == {200}


@pytest.mark.parametrize("scopes", [("read",), ("requests",), ("read", "requests")])
def test_a_token_without_download_gets_nothing_that_opens_or_fetches(
    world: World, scopes: tuple[str, ...]
) -> None:
    grant = world.granted()
    for call in calls(world, grant, with_token(world.researcher, *scopes)).values():
        answer = call()
        assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")
        assert "download" in answer.json()["next_step"]


def test_somebody_elses_grant_is_404_to_everybody_who_is_not_staff(world: World) -> None:
    grant = world.granted()
    world.granted(to=world.other)
    for call in calls(world, grant, with_token(world.other)).values():
        assert call().status_code == 404


def test_staff_who_may_read_a_grant_get_nothing_by_it(world: World) -> None:
    grant = world.granted()
    reviewer = in_browser(world.reviewers[0])
    assert reviewer.get(f"/api/v1/grants/{grant.pk}").status_code == 200
    for call in calls(world, grant, reviewer).values():
        assert call().status_code in (403, 404)
    assert not LedgerEntry.objects.exists()


def test_g3_a_file_of_another_revision_or_a_key_of_another_person_is_404(world: World) -> None:
    grant = world.granted()
    client, path = with_token(world.researcher), f"/api/v1/grants/{grant.pk}"
    foreign = revision_of(release_of(Model.objects.get(), "opt-13b", License.objects.get()), "v1", 1)
    foreign_file = foreign.files.all()[0].pk
    key, _ = world.key()
    others_key, _ = world.key(of=world.other)
    for body in (
        headers_body(world, key.pk, files=[world.files[0], foreign_file]),
        headers_body(world, others_key.pk),
        headers_body(world, "key_none"),
        headers_body(world, key.pk, revision="v9"),
    ):
        assert client.post(f"{path}/headers", body).status_code == 404
    assert client.post(f"{path}/urls", {"revision": "v1", "files": [foreign_file]}).status_code == 404
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("files", [[], ["fil_a", "fil_a"], ["fil_a"] * 501, "fil_a", [1.5], [None]])
def test_an_unfit_list_of_files_is_400(world: World, files: Any) -> None:
    grant = world.granted()
    answer = with_token(world.researcher).post(
        f"/api/v1/grants/{grant.pk}/urls", {"revision": "v1", "files": files}
    )
    assert answer.status_code in (400, 404)
    assert "urls" not in answer.json()


@pytest.mark.parametrize(("name", "status"), [("v9", 404), ("%00", 400), ("v" * 65, 400), ("", 200)])
def test_the_name_of_a_revision_is_checked(world: World, name: str, status: int) -> None:
    grant = world.granted()
    answer = with_token(world.researcher).get(f"/api/v1/grants/{grant.pk}/manifest?revision={name}")
    assert answer.status_code == status


def test_a_withdrawn_revision_is_not_given_out(world: World) -> None:
    grant = world.granted()
    withdraw.withdraw(
        revision=world.revision, reason="A bad shard.", by=session_of(world.manager), now=timezone.now()
    )
    answer = with_token(world.researcher).get(f"/api/v1/grants/{grant.pk}/manifest?revision=v1")
    assert (answer.status_code, answer.json()["code"]) == (403, "revision_unavailable")


def test_a_classic_key_is_unsuitable_where_the_terms_demand_post_quantum(world: World) -> None:
    grant = world.granted()
    world.release.terms.postquantum_only = True
    world.release.terms.save()
    key, _ = world.key(kind="x25519")
    answer = with_token(world.researcher).post(
        f"/api/v1/grants/{grant.pk}/headers", headers_body(world, key.pk)
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "recipient_key_unsuitable")


def test_g8_no_url_or_header_stands_in_the_log_or_in_mail(world: World) -> None:
    grant = world.granted()
    asked = calls(world, grant, with_token(world.researcher))
    headers, urls = asked["headers"]().json()["headers"], asked["urls"]().json()["urls"]
    written = str(list(AuditEvent.objects.values())) + str(list(OutboxMessage.objects.values()))
    for secret in [entry["header"] for entry in headers] + [entry["url"] for entry in urls]:
        assert secret not in written
    assert "signature=" not in written


def test_the_list_takes_the_same_queries_for_one_grant_and_for_many(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    license = License.objects.create(slug="other", name="Other")
    publish_license(license, 1, "Another text.\n")
    first = world.granted()
    for number in range(9):
        release = release_of(Model.objects.get(), f"opt-{number}", license)
        Grant.objects.create(
            request=first.request,
            user=first.user,
            release=release,
            license_version=first.license_version,
            starts_at=first.starts_at,
            ends_at=first.ends_at,
            state_at=first.state_at,
        )
    client = with_token(world.researcher)
    with django_assert_max_num_queries(12):
        answer = client.get("/api/v1/grants")
    assert len(answer.json()["results"]) == 10


def test_a_recall_in_the_middle_of_a_download_tells_why_and_what_to_fetch(world: World) -> None:
    """I6: the next call of each kind carries the reason and names the revision that there is instead."""
    grant = world.granted()
    asked = calls(world, grant, with_token(world.researcher))
    assert {call().status_code for call in asked.values()} == {200}
    revision_of(world.release, "v0", 0)
    manager = session_of(world.manager)
    withdraw.quarantine(revision=world.revision, reason="A bad shard", by=manager, now=timezone.now())
    named = with_token(world.researcher).get(f"/api/v1/grants/{grant.pk}/manifest?revision=v1")
    for answer in (asked["headers"](), asked["urls"](), named):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (403, "revision_unavailable")
        assert problem["detail"] == "Revision v1 of OPT-175B is on hold: A bad shard."
        assert "`weights download opt-175b@v0`" in problem["next_step"]
    assert asked["manifest"]().status_code == 200  # without a name: the revision that there is


def test_with_nothing_left_every_list_says_why(world: World) -> None:
    grant = world.granted()
    manager = session_of(world.manager)
    withdraw.withdraw(revision=world.revision, reason="A bad shard.", by=manager, now=timezone.now())
    client = with_token(world.researcher)
    [listed] = client.get("/api/v1/grants").json()["results"]
    shown = client.get("/api/v1/releases/opt-175b").json()
    for access in (
        listed["access"],
        client.get(f"/api/v1/grants/{grant.pk}").json()["access"],
        shown["access"],
    ):
        assert (access["allowed"], access["code"]) == (False, "revision_unavailable")
        assert access["message"] == "Revision v1 of OPT-175B was withdrawn: A bad shard."
        assert access["next_step"].startswith("No other revision is available")
    [revision] = shown["revisions"]
    assert (revision["state"], revision["reason"]) == ("withdrawn", "A bad shard.")
