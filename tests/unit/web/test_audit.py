"""The audit log for auditors: search, pages, one event; and proofs for those whom an event is about."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licenses import actions
from licenses.models import Grant
from portal.accounts import audit_search
from portal.accounts.models import User
from portal.core import audit
from portal.core.log import keys
from portal.core.models import AuditEvent
from tests.audit_log import catch_up
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release
from weights_vault.sealed.log.checkpoint import open_checkpoint
from weights_vault.sealed.log.proof import verify_proof

WHY = "The weights were shared with others."
MANY = 120


@pytest.fixture
def grant(world: World, big: Release) -> Grant:
    """Ada's, suspended with a reason."""
    grant = world.signed("ada", big)
    return actions.suspend(grant=grant, reason=WHY, by=world.by("rosa"), now=world.now)


@pytest.fixture
def otto(open_as: OpenAs) -> Client:
    """An auditor."""
    return open_as("otto")


def the(kind: str) -> AuditEvent:
    return AuditEvent.objects.filter(kind=kind).latest("index")


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def record_many(count: int) -> None:
    with transaction.atomic():
        for number in range(count):
            audit.record(
                "grant.revoked",
                by="usr_a",
                subject=f"grant:grt_{number:04}",
                now=datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=number),
                private={"reason": f"Reason {number:04}"},
            )


class TestList:
    def test_each_event_is_a_sentence_with_names_and_links(self, otto: Client, grant: Grant) -> None:
        page = shown(otto, "/audit/")

        assert f'suspended <a href="/review/grants/{grant.pk}/">grant {grant.pk}</a>: “{WHY}”' in page
        assert "Ada Lindqvist" in page
        assert "UTC" in page

    def test_pages_hold_each_event_once(self, otto: Client) -> None:
        record_many(MANY)
        seen: list[int] = []
        place: str | None = ""
        while place is not None:
            answer = otto.get(f"/audit/?group=grant&page={place}")
            seen += [line.event.pk for line in answer.context["lines"]]
            older = answer.context["older"]
            place = f"before-{older}" if older else None

        assert seen == sorted(seen, reverse=True)
        assert len(seen) == len(set(seen)) == AuditEvent.objects.filter(kind__startswith="grant.").count()

    def test_one_can_go_back_to_newer_ones(self, otto: Client) -> None:
        record_many(MANY)
        first = otto.get("/audit/").context
        second = otto.get(f"/audit/?page=before-{first['older']}").context
        back = otto.get(f"/audit/?page=after-{second['newer']}").context

        assert [line.event.pk for line in back["lines"]] == [line.event.pk for line in first["lines"]]
        assert (first["newer"], back["newer"]) == (None, None)

    @pytest.mark.parametrize(
        ("search", "kinds"),
        [
            ("words=suspended", {"grant.suspended"}),
            ("words=grant+suspended", {"grant.suspended"}),
            ("group=grant", {"grant.started", "grant.suspended"}),
            ("words=nothing-like-that", set()),
            ("group=no-such-noun", None),
            ("after=2999-01-01", set()),
            ("until=1999-01-01", set()),
        ],
    )
    def test_search_and_filters(
        self, otto: Client, grant: Grant, search: str, kinds: set[str] | None
    ) -> None:
        found = {line.event.kind for line in otto.get(f"/audit/?{search}").context["lines"]}

        assert found == kinds if kinds is not None else "request.approved" in found

    @pytest.mark.parametrize("search", ["person=example", "words=example"])
    def test_a_search_that_means_too_many_people_says_so(
        self, otto: Client, monkeypatch: pytest.MonkeyPatch, search: str
    ) -> None:
        every = User.objects.filter(email__icontains="example").count()
        for most, said in ((every, False), (every - 1, True)):
            monkeypatch.setattr(audit_search, "MOST_PEOPLE", most)
            assert ("Write more of the name" in otto.get(f"/audit/?{search}").text) is said
        assert "Write more of the name" not in otto.get("/audit/?words=grant:example").text

    def test_search_by_thing_and_by_person(self, otto: Client, grant: Grant, world: World) -> None:
        of_grant = otto.get(f"/audit/?subject={grant.pk}").context["lines"]
        by_words = otto.get(f"/audit/?words={grant.pk}").context["lines"]
        of_ada = otto.get("/audit/?person=Ada+Lind").context["lines"]
        ada = world.people["ada"].public_id

        assert {line.event.subject for line in of_grant} == {f"grant:{grant.pk}"}
        assert [line.event for line in by_words] == [line.event for line in of_grant]
        assert of_ada
        assert {line.event.by for line in of_ada} == {ada}

    @pytest.mark.parametrize("page", ["before-x", "after-99999999999999999999", "before-", "1", "%00", "-"])
    def test_a_made_up_place_is_the_newest_page(self, otto: Client, grant: Grant, page: str) -> None:
        answer = otto.get(f"/audit/?page={page}")

        assert answer.context["lines"][0].event == AuditEvent.objects.latest("index")

    def test_beyond_an_end_it_says_so_and_leads_back(self, otto: Client, grant: Grant) -> None:
        newest = AuditEvent.objects.latest("index").pk
        for place in ("before-1", f"after-{newest}"):
            page = shown(otto, f"/audit/?group=grant&page={place}")
            assert "No events stand on this side" in page, place
            assert 'href="/audit/?group=grant&amp;"' in page
            assert "Nothing happened yet" not in page

    def test_the_state_of_the_tree(self, otto: Client, grant: Grant, world: World) -> None:
        assert "None was signed yet" in shown(otto, "/audit/")
        size = catch_up(world.now)
        page = shown(otto, "/audit/")

        assert f"<dd>{size} entries, " in page
        assert "Nothing waits" in page
        assert keys.verifier().text in page

    def test_a_page_takes_few_queries_however_many_events_it_has(self, otto: Client) -> None:
        record_many(MANY)
        otto.get("/audit/")
        with CaptureQueriesContext(connection) as asked:
            otto.get("/audit/?words=revoked&person=usr_a")

        assert len(asked) <= 12


class TestEvent:
    def test_what_was_typed_is_shown_with_its_commitment_until_it_is_erased(
        self, otto: Client, grant: Grant, world: World
    ) -> None:
        event = the("grant.suspended")
        page = shown(otto, f"/audit/{event.pk}/")
        audit.forget(world.people["ada"].public_id)
        after = shown(otto, f"/audit/{event.pk}/")
        commitment = event.data["reason"]["commitment"]

        assert WHY in page
        assert commitment in page
        assert WHY not in after
        assert commitment in after
        assert "“Erased.”" in after

    def test_its_proof_verifies_offline_with_the_values_that_stand(
        self, otto: Client, grant: Grant, world: World
    ) -> None:
        event = the("grant.suspended")
        catch_up(world.now)
        answer = otto.get(f"/audit/{event.pk}/proof/")
        proved = verify_proof(answer.content.decode(), [keys.verifier()], keys.origin())

        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["Content-Disposition"] == f'attachment; filename="event-{event.pk}.tlog-proof"'
        assert (proved.entry["event"], proved.disclosed) == (event.pk, {"reason": WHY})
        assert f"Download event-{event.pk}.tlog-proof" in shown(otto, f"/audit/{event.pk}/")

    def test_the_bytes_shown_are_those_of_the_leaf(self, otto: Client, grant: Grant, world: World) -> None:
        event = the("grant.suspended")
        catch_up(world.now)
        proof = otto.get(f"/audit/{event.pk}/proof/").content.decode()
        entry = json.loads(otto.get(f"/audit/{event.pk}/").context["entry"])

        assert entry == verify_proof(proof, [keys.verifier()]).entry

    @pytest.mark.parametrize(("days", "said"), [(0, "Try in 5 seconds"), (1, "Nothing was signed for")])
    def test_before_a_checkpoint_it_says_when_to_come_back(
        self, otto: Client, grant: Grant, world: World, days: int, said: str
    ) -> None:
        catch_up(world.now)
        with transaction.atomic():
            event = audit.record("grant.suspended", by="usr_a", subject="grant:grt_a", now=world.ago(days))
        answer = otto.get(f"/audit/{event.pk}/proof/")

        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert said in shown(otto, f"/audit/{event.pk}/")

    @pytest.mark.parametrize("index", ["0", "999999999999999999", "9999999999999999999999", "abc", "-1"])
    def test_what_there_is_not(self, otto: Client, index: str) -> None:
        assert otto.get(f"/audit/{index}/").status_code == 404
        assert otto.get(f"/audit/{index}/proof/").status_code == 404

    def test_the_checkpoint_is_everybodys(self, open_as: OpenAs, grant: Grant, world: World) -> None:
        size = catch_up(world.now)
        answer = open_as("bo").get("/audit/checkpoint/")

        assert (
            open_checkpoint(answer.content.decode(), [keys.verifier()], keys.origin()).checkpoint.size == size
        )


class TestOwnProofs:
    @pytest.mark.parametrize("kind", ["request.approved", "grant.started", "grant.suspended"])
    def test_whom_it_is_about_gets_the_proof_and_nobody_else(
        self, open_as: OpenAs, grant: Grant, world: World, kind: str
    ) -> None:
        event = the(kind)
        catch_up(world.now)

        assert open_as("ada").get(f"/audit/{event.pk}/proof/").status_code == 200
        assert open_as("bo").get(f"/audit/{event.pk}/proof/").status_code == 404
        assert open_as("ada").get(f"/audit/{event.pk}/").status_code == 403

    def test_votes_are_the_reviewers_business(self, open_as: OpenAs, grant: Grant, world: World) -> None:
        event = the("request.voted")
        catch_up(world.now)

        assert open_as("ada").get(f"/audit/{event.pk}/proof/").status_code == 404
        assert open_as("otto").get(f"/audit/{event.pk}/proof/").status_code == 200


class TestWithheld:
    """What somebody typed is told by the log to those alone who read it by their role, or elsewhere."""

    def test_an_administrator_reads_the_line_and_not_why(
        self, open_as: OpenAs, grant: Grant, world: World
    ) -> None:
        alma, event = open_as("alma"), the("grant.suspended")
        catch_up(world.now)
        proof = alma.get(f"/audit/{event.pk}/proof/").content.decode()
        api = alma.get(f"/api/v1/audit/{event.pk}").json()

        for address in ("/audit/?group=grant", f"/audit/{event.pk}/"):
            page = shown(alma, address)
            assert WHY not in page
            assert audit.WITHHELD in page
        assert verify_proof(proof, [keys.verifier()], keys.origin()).disclosed == {}
        assert (WHY in str(api), api["disclosed"]) == (False, {})
        assert WHY not in str(alma.get("/api/v1/audit?group=grant").json())

    def test_a_legal_lead_does_not_read_so_about_what_they_asked_for_themselves(
        self, open_as: OpenAs, world: World, big: Release
    ) -> None:
        request = world.submitted("rosa", big)
        with transaction.atomic():
            audit.record(
                "request.voted",
                by=world.people["ravi"].public_id,
                subject=f"request:{request.pk}",
                now=world.now,
                private={"reason": WHY},
                verdict="reject",
            )
        event = the("request.voted")

        assert WHY in shown(open_as("otto"), f"/audit/{event.pk}/")
        assert WHY not in shown(open_as("rosa"), f"/audit/{event.pk}/")

    def test_who_a_decision_is_about_has_its_proof_with_the_reason(
        self, open_as: OpenAs, grant: Grant, world: World
    ) -> None:
        catch_up(world.now)
        proof = open_as("ada").get(f"/audit/{the('grant.suspended').pk}/proof/").content.decode()

        assert verify_proof(proof, [keys.verifier()], keys.origin()).disclosed == {"reason": WHY}


def test_until_the_last_day_of_the_calendar_is_until_the_end(otto: Client) -> None:
    with transaction.atomic():
        audit.record("grant.revoked", by="usr_a", subject="grant:grt_0", now=datetime.now(UTC))
    assert "grt_0" in shown(otto, "/audit/?until=9999-12-31&subject=grt_0")
