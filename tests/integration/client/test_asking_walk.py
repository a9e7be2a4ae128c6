"""From the template to the close-out against the real API: every step by `weights`, every word of consent by
the person themselves."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from licenses import actions
from licenses.models import DestructionCertificate, Grant, Party, ReleaseTerms, Request
from portal.accounts import pending as pending_actions
from portal.accounts.models import Organization, PendingAction
from tests.integration.api.world import (
    ALL_SCOPES,
    LICENSE_TEXT,
    World,
    publish_license,
    session_of,
    token_of,
)
from tests.integration.api.world import QUESTIONS as PLAIN_QUESTIONS
from tests.integration.client.asking import FILLED, at_the_portal, filled, in_this_process
from tests.integration.client.conftest import Weights
from weights_vault.client import pending

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[World]:
    with in_this_process(monkeypatch):
        yield at_the_portal(settings.PORTAL_URL, monkeypatch)


@pytest.fixture
def live_world(
    live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path
) -> World:
    """The same behind a real server."""
    settings.PORTAL_URL = live_server.url
    return at_the_portal(live_server.url, monkeypatch)


@pytest.fixture
def confirms(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The person opens each address that the command shows, and confirms there; kinds of what they did."""
    done: list[str] = []
    announce: Callable[..., None] = pending.announce

    def confirm(action: dict[str, Any], output: Any) -> None:
        announce(action, output)
        waiting = PendingAction.objects.get(pk=action["id"])
        pending_actions.confirm(action=waiting, by=session_of(waiting.user), now=timezone.now())
        done.append(waiting.kind)

    monkeypatch.setattr(pending, "announce", confirm)
    return done


def vote(world: World, verdict: str = "approve", reviewers: int = 2) -> Request:
    request = Request.objects.get()
    for reviewer in world.reviewers[:reviewers]:
        request = actions.vote(
            request=request,
            version=request.version,
            verdict=verdict,
            reason="Which cluster?",
            note="",
            by=session_of(reviewer),
            now=timezone.now(),
        )
    return request


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_from_the_template_to_the_certificate(
    bare_weights: Weights, live_world: World, confirms: list[str], tmp_path: Path
) -> None:
    weights, world = bare_weights, live_world
    file = filled(weights, tmp_path)
    sent = weights("request", "opt-175b", "--answers", str(file), "--yes")
    assert (sent.code, "is with the reviewers" in sent.out) == (0, True), sent.err
    request = Request.objects.get()
    assert request.versions.get().answers == {
        "purpose": 'Memorization in OPT.\nAnd "more".', "sector": "university", "alone": True,
    }  # fmt: skip
    listed = weights("requests")
    assert all(words in listed.out for words in (request.pk, "in review", "the reviewers", "UTC"))
    vote(world)
    approved = weights("requests", request.pk)
    assert "approved, to be signed" in approved.out
    assert f"next: weights sign {request.pk}" in approved.out
    shown = weights("sign", request.pk, "--show")
    assert (shown.code, shown.out) == (0, LICENSE_TEXT)
    assert hashlib.sha256(shown.out.encode()).hexdigest() in shown.err
    signed = weights("sign", request.pk)
    assert (signed.code, confirms) == (0, ["sign_license"]), signed.err
    grant = Grant.objects.get()
    assert grant.pk in signed.out
    assert "next: weights download opt-175b" in signed.out
    again = weights("sign", request.pk)
    assert (again.code, "`weights requests` and `weights grants` show where it stands" in again.err) == (
        4,
        True,
    )
    held = weights("grants")
    assert grant.pk in held.out
    assert "renewable from" in held.out
    closed = weights(
        "close-out", grant.pk, "--copies", "1", "--method", "Deleted; no backups.", "--destroyed-on",
        f"{timezone.now():%Y-%m-%d}",
    )  # fmt: skip
    assert (closed.code, confirms[1:]) == (0, ["close_out"]), closed.err
    certificate = DestructionCertificate.objects.get()
    assert f"/agreements/{certificate.agreement.pk}/" in closed.out
    grant.refresh_from_db()
    assert grant.state == "closed"


def test_a_template_is_valid_toml_with_choices_help_why_and_the_license(
    bare_weights: Weights, world: World
) -> None:
    text = bare_weights("request", "opt-175b", "--template").out
    read = tomllib.loads(text)
    assert read["answers"] == {"purpose": "", "sector": "", "alone": False}
    assert read["license"]["sha256"] == world.license.sha256
    for words in (
        '# Two "good" sentences.',
        "# Why we ask: Two people read it.",
        '#   "company"',
        "(needed)",
    ):
        assert words in text
    document = bare_weights("request", "opt-175b", "--template", "--json").json
    assert document["questions"][1]["choices"] == ["university", "company"]


def test_a_returned_request_shows_what_is_asked_and_is_sent_again_as_the_same(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    weights = bare_weights
    weights("request", "opt-175b", "--answers", str(filled(weights, tmp_path)), "--yes")
    pending_now = weights("request", "opt-175b", "--template")
    assert (pending_now.code, "request-pending" in pending_now.err) == (4, True)
    returned = vote(world, "request_changes", reviewers=1)
    text = weights("request", "opt-175b", "--template").out
    assert "Which cluster?" in text
    assert tomllib.loads(text)["answers"]["sector"] == "university"
    again = filled(weights, tmp_path, ('sector = "university"', 'sector = "company"'))
    sent = weights("request", "opt-175b", "--answers", str(again), "--yes", "--json")
    assert (sent.code, sent.json["id"], sent.json["version"]) == (0, returned.pk, 2), sent.err
    assert sent.json["answers"]["sector"] == "company"


def test_another_license_text_is_told_with_what_changed_and_keeps_the_draft(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    file = filled(bare_weights, tmp_path)
    newer = publish_license(world.license.license, 2, "Use the weights for research and teaching.\n")
    refused = bare_weights("request", "opt-175b", "--answers", str(file), "--yes")
    assert (refused.code, "license-changed" in refused.err) == (4, True)
    assert "+Use the weights for research and teaching." in refused.err
    assert newer.sha256 in refused.err
    assert Request.objects.get().state == "draft"
    file.write_text(file.read_text().replace(world.license.sha256, newer.sha256))
    assert bare_weights("request", "opt-175b", "--answers", str(file), "--yes").code == 0
    assert Request.objects.get().license_version == newer


def test_a_co_applicant_is_asked_once_and_the_same_command_goes_on_when_they_said_yes(
    bare_weights: Weights, world: World, confirms: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = bare_weights
    file = filled(weights, tmp_path)
    file.write_text(f'{file.read_text()}\n[[co_applicants]]\nname = "Bob"\nemail = "bob@example.org"\n')
    for _ in range(2):
        waits = weights("request", "opt-175b", "--answers", str(file), "--yes")
        assert (waits.code, "party-pending" in waits.err) == (6, True), waits.err
    party = Party.objects.get()
    assert "wait for them" in weights("requests").out
    actions.join(party=party, by=session_of(world.other), now=timezone.now())
    assert weights("request", "opt-175b", "--answers", str(file), "--yes").code == 0
    request = vote(world)
    assert weights("sign", request.pk).code == 0
    _, secret = token_of(world.other, *ALL_SCOPES)
    monkeypatch.setenv("WEIGHTS_TOKEN", secret)
    theirs = weights("sign", request.pk)
    assert (theirs.code, Grant.objects.filter(user=world.other).count()) == (0, 1), theirs.err


def test_a_signatory_signs_without_a_grant_and_the_applicant_waits_for_them(
    bare_weights: Weights, world: World, confirms: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = bare_weights
    ReleaseTerms.objects.update(signatory=True)
    people = ('[signatory]\nname = ""\nemail = ""', '[signatory]\nname = "Bob"\nemail = "bob@example.org"')
    sent = weights(
        "request", "opt-175b", "--answers", str(filled(weights, tmp_path, *FILLED, people)), "--yes"
    )
    assert sent.code == 0, sent.err
    actions.join(party=Party.objects.get(), by=session_of(world.other), now=timezone.now())
    request = vote(world)
    mine = weights("sign", request.pk)
    assert (mine.code, "when the signatory signed too" in mine.out) == (0, True), mine.err + mine.out
    _, secret = token_of(world.other, *ALL_SCOPES)
    monkeypatch.setenv("WEIGHTS_TOKEN", secret)
    theirs = weights("sign", request.pk)
    assert (theirs.code, "You signed for your institution" in theirs.out) == (0, True), theirs.err
    assert [grant.user for grant in Grant.objects.all()] == [world.researcher]


def test_a_question_is_read_and_answered(bare_weights: Weights, world: World, tmp_path: Path) -> None:
    weights = bare_weights
    weights("request", "opt-175b", "--answers", str(filled(weights, tmp_path)), "--yes")
    request = Request.objects.get()
    actions.ask(
        request=request, text="On which\ncluster?", by=session_of(world.reviewers[0]), now=timezone.now()
    )
    assert f"weights requests {request.pk} --say" in weights("requests").out
    asked = weights("requests", request.pk)
    assert "waits for your answer" in asked.out
    assert "  | cluster?" in asked.out
    said = weights("requests", request.pk, "--say", "-", stdin="On ours.\nIn Zurich.\n")
    assert (said.code, "waits for: the reviewers" in said.out) == (0, True), said.err
    assert request.messages.latest("at").text == "On ours.\nIn Zurich."


def test_evidence_is_asked_for_where_the_mail_address_says_nothing(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    Organization.objects.create(name="ETH", domains=["ethz.ch"])
    file = filled(bare_weights, tmp_path)
    lacking = bare_weights("request", "opt-175b", "--answers", str(file), "--yes")
    assert (lacking.code, "evidence: name at least one page" in lacking.err) == (2, True)
    assert not Request.objects.exists()
    page = "https://orcid.org/0000-0002-1825-0097"
    file.write_text(file.read_text().replace("profiles = []", f'profiles = ["{page}"]'))
    assert bare_weights("request", "opt-175b", "--answers", str(file), "--yes").code == 0
    assert Request.objects.get().versions.get().evidence == {"profiles": [page]}


def test_a_grant_that_ends_is_renewed_by_the_same_command(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    ReleaseTerms.objects.update(questions=PLAIN_QUESTIONS)
    grant = world.ending()
    assert "renew: weights request opt-175b" in bare_weights("grants").out
    text = bare_weights("request", "opt-175b", "--template").out
    file = tmp_path / "renewal.toml"
    file.write_text(text)
    missing = bare_weights("request", "opt-175b", "--answers", str(file), "--yes")
    assert (missing.code, "summary_of_use: this is needed" in missing.err) == (2, True)
    file.write_text(text.replace('summary_of_use = """\n"""', 'summary_of_use = "A paper."'))
    done = bare_weights("request", "opt-175b", "--answers", str(file), "--yes")
    assert done.code == 0, done.err
    renewal = Request.objects.get(renews=grant.request)
    assert (renewal.state, renewal.versions.get().summary_of_use) == ("submitted", "A paper.")


def test_a_newer_license_version_of_a_grant_is_shown_and_accepted(
    bare_weights: Weights, world: World, confirms: list[str]
) -> None:
    ReleaseTerms.objects.update(questions=PLAIN_QUESTIONS)
    grant = world.granted()
    assert bare_weights("sign", grant.pk).code == 4
    due = timezone.now() + timedelta(days=20)
    newer = publish_license(world.license.license, 2, "For research, and say so.\n", reaccept_by=due)
    Grant.objects.update(reaccept_by=due)
    assert f"weights sign {grant.pk}" in bare_weights("grants").out
    assert bare_weights("sign", grant.pk, "--show").out == newer.text
    assert bare_weights("sign", grant.pk).code == 0
    grant.refresh_from_db()
    assert (grant.license_version, grant.reaccept_by) == (newer, None)
