"""A7: every page that changes something leaves its event. Generated from the addresses: a new one fails here.

A row says who sends what to the page, and which kind of event that leaves; NOTHING names the pages whose form
changes nothing that the log tells of, with the reason. The API has such rows in
tests/integration/api/matrix.py, the admin in tests/unit/accounts/test_admin.py.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from licenses import actions
from licenses.models import Grant, LicenseVersion, Request
from portal.accounts.devices import codes
from portal.accounts.models import BrowserSession, Organization
from portal.accounts.tokens import create_token
from portal.core.models import AuditEvent
from portal.web.forms.terms import TermsForm
from portal.web.urls import urlpatterns
from tests.unit.web.conftest import OpenAs
from tests.unit.web.deliveries import alarming
from tests.unit.web.own_things import a_device, a_reason
from tests.unit.web.papers import a_change, drafted, proposed, published
from tests.unit.web.test_licenses import filled as edited
from tests.unit.web.test_requests import filled
from tests.unit.web.world import World
from weights_vault.actions import keys
from weights_vault.models import Release

Sent = tuple[list[Any], dict[str, Any]]  # what fills the address, and the form
WHY = {"reason": "There is a reason."}
WHOLE = "Use the weights for research alone, and say so."


class Row(NamedTuple):
    """reader: who sends the form. kind: of the event that it leaves. make: makes what the page is about."""

    reader: str
    kind: str
    make: Callable[[World, Release], Sent]


def on(thing: Callable[[World, Release], Any], **form: Any) -> Callable[[World, Release], Sent]:
    """A form on the page of one thing, or of none where `thing` returns None."""

    def make(world: World, big: Release) -> Sent:
        made = thing(world, big)
        return ([] if made is None else [getattr(made, "pk", made)]), form

    return make


def beside(thing: Callable[[World, Release], Any]) -> Callable[[World, Release], Sent]:
    """An empty form on a page that names no thing, where there is one."""

    def make(world: World, big: Release) -> Sent:
        thing(world, big)
        return [], {}

    return make


def nothing(world: World, big: Release) -> None:
    return None


def submitted(world: World, big: Release) -> Request:
    return world.submitted("ada", big)


def draft(world: World, big: Release) -> Request:
    return world.draft("ada", big)


def signed(world: World, big: Release) -> Grant:
    return world.signed("ada", big)


def waiting(world: World, big: Release) -> Any:
    """A version that Ada's grant waits for."""
    grant = world.signed("ada", big)
    return grant, published(world, demanded=True)


def signature(version: LicenseVersion) -> dict[str, str]:
    said = {"typed_name": "Ada Lindqvist", "license_sha256": version.sha256}
    return {**said, "license_read": "on", "agreed": "on"}


def to_sign(world: World, big: Release) -> Sent:
    request = world.approved("ada", big)
    assert request.license_version is not None
    return [request.pk], signature(request.license_version)


def to_accept(world: World, big: Release) -> Sent:
    grant, version = waiting(world, big)
    return [grant.pk], signature(version)


def to_sign_for_all(world: World, big: Release) -> Sent:
    master = proposed(world)
    return [master.pk], signature(master.license_version)


def to_select(**form: Any) -> Callable[[World, Release], Sent]:
    return lambda world, big: ([], {"selected": [world.submitted("ada", big).pk], **form})


def token(world: World, big: Release) -> str:
    made, _ = create_token(
        user=world.people["ada"],
        name="cluster",
        scopes=["read"],
        lifetime=timedelta(days=1),
        by=world.by("ada"),
        now=world.now,
    )
    return made.pk


def code(world: World, big: Release) -> Sent:
    asked = {"device_code": "d" * 30, "user_code": "WDJB-MJHT", "client": "weights", "machine": "login1"}
    made = codes.ask(**asked, scopes=["read"], address="192.0.2.7", now=world.now)
    return [], {"code": made.user_code, "do": "allow"}


def removal(world: World, big: Release) -> Any:
    return keys.propose_removal(by=world.by("ada"), key=world.key("ada"), now=world.now)


def away(world: World, big: Release) -> Any:
    day = world.now.date() + timedelta(days=9)
    return actions.be_away(starts_on=day, ends_on=day, cover=None, by=world.by("ravi"), now=world.now)


def view(world: World, big: Release) -> Any:
    return actions.save_view(name="Late", query="", shared=False, by=world.by("ravi"), now=world.now)


def days(world: World, big: Release) -> Sent:
    day = world.now.date() + timedelta(days=9)
    return [], {"starts_on": day.isoformat(), "ends_on": day.isoformat()}


def ending(world: World, big: Release) -> Grant:
    grant = signed(world, big)
    Grant.objects.filter(pk=grant.pk).update(ends_at=world.now + timedelta(days=20))
    return grant


def a_browser(world: World, big: Release) -> BrowserSession:
    """Another one in which Ada is signed in."""
    seen = {"opened_at": world.ago(1), "last_seen_at": world.ago(0.1)}
    Session.objects.create(session_key="r" * 40, session_data="", expire_date=world.now + timedelta(days=1))
    return BrowserSession.objects.create(user=world.people["ada"], row="r" * 40, **seen)


def to_rewrite(world: World, big: Release) -> Sent:
    return [draft(world, big).pk], filled(big, do="save", answer_purpose="Another purpose.")


def to_cast(world: World, big: Release) -> Sent:
    return [], {"ballot": [f"{submitted(world, big).pk}:1"], "verdict": "approve"}


def to_close(world: World, big: Release) -> Sent:
    form = {"copies": 1, "method": "Shredded.", "certain": "on", "typed_name": "Ada Lindqvist"}
    return [signed(world, big).pk], {**form, "destroyed_on": world.now.date().isoformat()}


def to_propose(world: World, big: Release) -> Sent:
    return [], {
        "organization": Organization.objects.get(name="Example Lab").pk,
        "license_version": LicenseVersion.objects.get().pk,
        "signatory_name": "Ada Lindqvist",
        "signatory_email": "ada@nlp.example.edu",
        "ends_on": (world.now + timedelta(days=100)).date().isoformat(),
    }


def member(world: World, big: Release) -> Sent:
    master = proposed(world)
    return [master.pk, master.members.get().pk], WHY


def to_edit(world: World, big: Release) -> Sent:
    found = drafted(world)
    return [found.pk], edited(found, text=WHOLE, do="save")


def to_publish(world: World, big: Release) -> Sent:
    found = drafted(world, WHOLE)
    return [found.pk], {"revision": found.revision}


def to_ask(world: World, big: Release) -> Sent:
    form = {"role": "co_applicant", "full_name": "Cleo", "email": "cleo@example.org"}
    return [draft(world, big).pk], form


def to_name(world: World, big: Release) -> Sent:
    request = world.approved("ada", big)
    Request.objects.filter(pk=request.pk).update(signatory=True)
    return [request.pk], {"full_name": "Cleo", "email": "cleo@example.org"}


def overdue(world: World, big: Release) -> Request:
    return world.submitted("ada", big, days_ago=30)


def declined(world: World, big: Release) -> Request:
    request = world.submitted("ada", big)
    world.vote(request, "rosa", "reject", "Too wide.")
    return world.vote(request, "ravi", "reject", "Too wide.")


def revision(world: World, big: Release) -> Sent:
    return [big.slug, big.revisions.get().pk], {"quarantine": "on", "verb": "quarantine", **WHY}


def other_terms(world: World, big: Release) -> Sent:
    return [big.slug], {**TermsForm.of(big.terms), "quorum": 1, **WHY}


def of_version_1(world: World, big: Release) -> Sent:
    return [submitted(world, big).pk], {"version": 1, "verdict": "approve"}


def begun(world: World, big: Release) -> Sent:
    version = LicenseVersion.objects.get()
    return [version.license.slug], {"source": version.pk}


ROWS: dict[str, Row] = {
    "request_form": Row("ada", "request.drafted", lambda world, big: ([big.slug], filled(big, do="save"))),
    "revision_change": Row("mika", "revision.quarantined", revision),
    "terms": Row("rosa", "change.proposed", other_terms),
    "request_edit": Row("ada", "request.edited", to_rewrite),
    "request_nudge": Row("ada", "request.nudged", on(overdue)),
    "request_say": Row("ada", "request.message_sent", on(submitted, text="Is anything missing?")),
    "request_withdraw": Row("ada", "request.withdrawn", on(submitted)),
    "request_appeal": Row("ada", "request.appealed", on(declined, text="Please look again.")),
    "request_sign": Row("ada", "request.signed", to_sign),
    "request_team": Row("ada", "request.party_invited", to_ask),
    "invitation": Row("bo", "request.party_joined", on(lambda w, big: w.asked("ada", big, "bo"), do="join")),
    "grant_accept": Row("ada", "grant.reaccepted", to_accept),
    "grant_renew": Row("ada", "request.drafted", on(ending)),
    "grant_close": Row("ada", "grant.certified", to_close),
    "account_details": Row(
        "ada",
        "account.details_corrected",
        on(nothing, full_name="Ada Holm", organization="Example Lab", country="FI", confirm="yes"),
    ),
    "account_data": Row("ada", "account.erased", on(nothing, address="ada@nlp.example.edu")),
    "account_data_export": Row("ada", "account.data_exported", on(nothing)),
    "account_session_end": Row("ada", "account.session_ended", on(a_browser)),
    "account_sessions_end": Row("ada", "account.sessions_ended", beside(a_browser)),
    "export": Row("rosa", "change.proposed", on(nothing, what="audit", **WHY)),
    "key_remove": Row("ada", "key.removed", on(lambda world, big: world.key("ada"))),
    "tokens": Row("ada", "token.created", on(nothing, name="cluster", scopes=["read"], days="7")),
    "tokens_end": Row("ada", "token.ended", lambda world, big: ([], {"token": token(world, big)})),
    "token_end": Row("ada", "token.ended", on(token)),
    "device": Row("ada", "device.allowed", code),
    "device_end": Row("ada", "device.ended", on(lambda world, big: a_device(world))),
    "pending_action": Row("ada", "pending.confirmed", on(removal, do="confirm")),
    "queue_next": Row("rosa", "request.assigned", beside(submitted)),
    "queue_assign": Row("rosa", "request.assigned", to_select(do="take")),
    "view_save": Row("ravi", "view.saved", on(nothing, name="Late", query="overdue=on")),
    "view_remove": Row("ravi", "view.removed", on(view)),
    "absences": Row("ravi", "desk.away", days),
    "absence_end": Row("ravi", "desk.back", on(away)),
    "bulk_vote": Row("rosa", "request.voted", to_cast),
    "review_vote": Row("rosa", "request.voted", of_version_1),
    "review_say": Row("rosa", "request.message_sent", on(submitted, text="We look at it.")),
    "review_note": Row("rosa", "request.noted", on(submitted, text="Known group.")),
    "review_recuse": Row("rosa", "request.recused", on(submitted, **WHY)),
    "review_signatory": Row("rosa", "request.party_invited", to_name),
    "reason_new": Row("rosa", "reason.kept", on(nothing, verdict="reject", title="Wide", text="Too wide.")),
    "reasons_shipped": Row("rosa", "reason.kept", on(nothing)),
    "reason_change": Row(
        "rosa", "reason.kept", on(lambda w, big: a_reason(w), verdict="reject", title="Wide", text="Wide.")
    ),
    "reason_archive": Row("rosa", "reason.archived", on(lambda world, big: a_reason(world))),
    "staff_grant_change": Row("rosa", "grant.suspended", on(signed, verb="suspend", **WHY)),
    "grants_together": Row(
        "rosa",
        "grant.suspended",
        lambda w, big: ([], {"grant": [signed(w, big).pk], "verb": "suspend", **WHY}),
    ),
    "license_new": Row(
        "rosa", "license.begun", on(nothing, name="Small", slug="small", example="responsible-use")
    ),
    "license_kept": Row("rosa", "license.drafted", begun),
    "license_draft": Row("rosa", "license.draft_saved", to_edit),
    "license_discard": Row(
        "rosa", "license.draft_discarded", lambda w, big: ([drafted(w).pk], {"revision": 1})
    ),
    "license_publish": Row("rosa", "license.published", to_publish),
    "master_new": Row("rosa", "master.proposed", to_propose),
    "master_kept": Row(
        "rosa",
        "master.member_named",
        on(lambda w, big: proposed(w), full_name="Chi", email="chi@example.org"),
    ),
    "master_end": Row("rosa", "master.ended", on(lambda world, big: proposed(world), **WHY)),
    "master_member_remove": Row("rosa", "master.member_removed", member),
    "master_sign": Row("ada", "master.signed", to_sign_for_all),
    "look_as": Row("rosa", "look_as.began", on(nothing, role="reviewer")),
    "change": Row("alma", "change.confirmed", on(lambda world, big: a_change(world), do="confirm")),
    "person": Row(
        "alma", "account.disabled", on(lambda w, big: w.people["bo"].public_id, verb="disable", **WHY)
    ),
    "organization": Row(
        "alma",
        "domain.claimed",
        lambda w, big: (
            [w.people["ada"].organization_id],
            {"do": "claim", "domain": "northern.example"},
        ),
    ),
    "ledger_alert": Row(
        "mika", "alert.acknowledged", on(lambda w, big: alarming(signed(w, big)), note="Fine.")
    ),
}
NOTHING = {
    "theme": "the reader's own browser remembers it",
    "keyboard": "the reader's own browser remembers it",
    "review_reason": "it fills a form in",
    "bulk": "it shows what was selected",
    "look_as_leave": "who does not look as another role leaves nothing",
}


def posting() -> set[str]:
    """The names of the addresses that take a form."""
    return {str(each.name) for each in urlpatterns if "POST" in getattr(each.callback, "methods", ("POST",))}


def test_a7_every_page_that_takes_a_form_has_a_row() -> None:
    assert posting() == ROWS.keys() | NOTHING.keys()
    assert not ROWS.keys() & NOTHING.keys()


@pytest.mark.parametrize("name", ROWS)
def test_a7_what_a_page_changes_leaves_its_event(
    world: World, open_as: OpenAs, big: Release, name: str
) -> None:
    row = ROWS[name]
    names, form = row.make(world, big)
    client, before = open_as(row.reader), set(AuditEvent.objects.values_list("pk", flat=True))
    answer = client.post(reverse(name, args=names), form)
    left = AuditEvent.objects.exclude(pk__in=before)

    assert answer.status_code < 400, getattr((answer.context or {}).get("form"), "errors", answer)
    assert row.kind in left.values_list("kind", flat=True)
    assert {each.by for each in left if each.kind == row.kind} <= {
        world.people[row.reader].public_id,
        "system:sign",
    }
