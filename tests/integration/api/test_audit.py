"""The audit log through the API: pages, filters, proofs that verify, and where they are told."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from licenses.actions import granting
from portal.accounts import audit_search
from portal.core.log import keys
from portal.core.models import AuditEvent
from tests.audit_log import catch_up
from tests.integration.api.world import World, in_browser, person, session_of, with_token
from weights_vault.sealed.log.checkpoint import open_checkpoint
from weights_vault.sealed.log.growth import verify_growth
from weights_vault.sealed.log.proof import verify_proof
from weights_vault.sealed.log.tree import Frontier, leaf_hash

LOG = "/api/v1/audit"


@pytest.fixture
def auditor(world: World) -> Any:
    return in_browser(person("odette", "auditor"))


def path_of(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def proved(client: Any, url: str) -> Any:
    answer = client.get(path_of(url))
    assert answer.status_code == 200, answer.content
    return verify_proof(answer.content.decode(), [keys.verifier()], keys.origin())


def test_pages_go_through_all_events_newest_first(world: World, auditor: Any) -> None:
    world.granted()
    seen: list[int] = []
    url = f"{LOG}?limit=3"
    while url:
        page = auditor.get(url).json()
        seen += [each["index"] for each in page["results"]]
        url = path_of(page["next"]) if page["next"] else ""

    assert seen == list(AuditEvent.objects.order_by("-index").values_list("index", flat=True))


def test_a_search_that_means_too_many_people_is_refused(
    world: World, auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "MOST_PEOPLE", 0)
    answer = auditor.get(f"{LOG}?person=odette")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_people")
    assert auditor.get(f"{LOG}?kind=grant.suspended").status_code == 200


def test_an_event_says_what_the_log_holds_and_what_is_disclosed(world: World, auditor: Any) -> None:
    grant = world.granted()
    staff = session_of(person("sue", "reviewer"))
    granting.suspend(grant=grant, reason="A sanction hit.", by=staff, now=timezone.now())
    [event] = auditor.get(f"{LOG}?kind=grant.suspended").json()["results"]

    assert event["data"]["reason"].keys() == {"commitment"}
    assert event["disclosed"] == {"reason": "A sanction hit."}
    assert event["sentence"] == f"Sue suspended grant {grant.pk}: “A sanction hit.”"
    assert auditor.get(f"{LOG}/{event['index']}").json() == event


def test_each_line_of_the_export_is_what_its_leaf_is_the_hash_of(world: World) -> None:
    world.granted()
    world.export("audit")
    size, lead = catch_up(timezone.now()), in_browser(world.reviewers[0])
    head = open_checkpoint(lead.get(f"{LOG}/checkpoint").content.decode(), [keys.verifier()], keys.origin())
    lines = b"".join(lead.get("/api/v1/audit.ndjson").streaming_content).splitlines()

    tree = Frontier()
    for line in lines[:size]:
        tree.append(leaf_hash(line))
    assert (tree.size, tree.root()) == (head.checkpoint.size, head.checkpoint.root)
    # What happened since waits for its place, and stands there all the same.
    assert [json.loads(line)["kind"] for line in lines[size:]][-1] == "export.downloaded"
    assert len(lines) == AuditEvent.objects.count()


@pytest.mark.parametrize(
    "query", ["group=grant", "subject={grant}", "words=grant.started", "person=nobody-here&group=grant"]
)
def test_filters(world: World, auditor: Any, query: str) -> None:
    grant = world.granted()
    found = auditor.get(f"{LOG}?{query.format(grant=grant.pk)}").json()["results"]

    expected = [] if "nobody" in query else [f"grant:{grant.pk}"]
    assert sorted({each["subject"] for each in found}) == expected


def test_a_page_takes_as_many_queries_as_an_event(world: World, auditor: Any) -> None:
    grant, staff = world.granted(), session_of(person("sue", "reviewer"))
    for change in (granting.suspend, granting.resume) * 5:
        change(grant=grant, reason="For a moment.", by=staff, now=timezone.now())
    auditor.get(LOG)
    taken = []
    for limit in (2, 15):
        with CaptureQueriesContext(connection) as asked:
            assert auditor.get(f"{LOG}?limit={limit}").status_code == 200
        taken.append(len(asked))

    assert taken[0] == taken[1] <= 12


def test_decision_grant_headers_and_report_say_where_their_proofs_are(world: World) -> None:
    grant, (key, _) = world.granted(), world.key()
    token = with_token(world.researcher)
    asked = {"revision": "v1", "files": world.files, "key": key.pk}
    headers = token.post(f"/api/v1/grants/{grant.pk}/headers", asked, format="json").json()
    report = {"revision": "v1", "event": "completed", "client": "weights/0.1.0", "files": 2, "bytes": 9}
    figures = {"fetched_bytes": 9, "again_bytes": 0, "seconds": 1}
    noted = token.post(f"/api/v1/grants/{grant.pk}/receipts", {**report, **figures}, format="json").json()
    decided = token.get(f"/api/v1/requests/{grant.request_id}").json()
    held = token.get(f"/api/v1/grants/{grant.pk}").json()
    catch_up(timezone.now())

    for said, kind in (
        (decided, "request.approved"),
        (held, "grant.started"),
        (headers, "headers.issued"),
        (noted, "download.completed"),
    ):
        assert proved(token, said["proof"]).entry["kind"] == kind
    told = {each["kind"]: each["proof"] for each in decided["timeline"]}
    assert told["request.approved"] == decided["proof"]
    assert told["request.submitted"] is None


def test_report_sent_again_says_where_its_own_proof_is(world: World) -> None:
    """Not that of the newest report of the grant, which came between."""
    grant, (key, _) = world.granted(), world.key()
    token = with_token(world.researcher)
    asked = {"revision": "v1", "files": world.files, "key": key.pk}
    first = token.post(f"/api/v1/grants/{grant.pk}/headers", asked, format="json").json()
    assert (
        first["proof"]
        != token.post(f"/api/v1/grants/{grant.pk}/headers", asked, format="json").json()["proof"]
    )

    def report(event: str) -> str:
        said = {"revision": "v1", "event": event, "client": "weights/0.1.0", "files": 2, "bytes": 9}
        figures = {"fetched_bytes": 9, "again_bytes": 0, "seconds": 1}
        address, once = f"/api/v1/grants/{grant.pk}/receipts", {"Idempotency-Key": event}
        return str(token.post(address, {**said, **figures}, format="json", headers=once).json()["proof"])

    completed = report("completed")
    assert report("verified") != completed
    assert report("completed") == completed


def test_before_a_checkpoint_a_proof_is_being_prepared(world: World) -> None:
    grant, token = world.granted(), with_token(world.researcher)
    answer = token.get(path_of(token.get(f"/api/v1/grants/{grant.pk}").json()["proof"]))

    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "proof_not_ready", "5")


def test_a_head_that_one_holds_grew_into_the_newest(world: World) -> None:
    token = with_token(world.researcher)
    world.granted()
    catch_up(timezone.now())
    held = token.get(f"{LOG}/checkpoint")
    world.key()
    catch_up(timezone.now())
    old = open_checkpoint(held.content.decode(), [keys.verifier()], keys.origin())
    growth = token.get(f"{LOG}/consistency?old={old.checkpoint.size}")

    assert held["Content-Type"] == "text/plain; charset=utf-8"
    assert verify_growth(growth.content.decode(), old.checkpoint, [keys.verifier()]) is not None
    assert token.get(f"{LOG}/consistency?old=999999").status_code == 404
    assert token.get(f"{LOG}/consistency?old=-1").status_code == 400


@pytest.mark.parametrize("index", ["0", "9" * 18, "9" * 40, "abc"])
def test_what_there_is_not(world: World, auditor: Any, index: str) -> None:
    assert auditor.get(f"{LOG}/{index}").status_code == 404
    assert auditor.get(f"{LOG}/{index}/proof").status_code == 404
