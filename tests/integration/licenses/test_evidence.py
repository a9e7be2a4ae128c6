"""Whoever can write rows cannot make grants that yield headers: the votes must be proved by passkeys.

The attacks are raw SQL, past every model and trigger that can be turned off; the keeper is asked in earnest.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from licenses import actions, ballots, evidence_of_votes, states
from licenses.ballots import Signed
from licenses.models import Grant, Request, Vote, VoteAssertion
from portal.accounts.models import User
from portal.accounts.passkeys import credential
from portal.accounts.passkeys import of as passkeys_of
from portal.accounts.principals import Principal, system_principal
from portal.core import audit
from portal.core.models import OutboxMessage
from portal.core.problems import NotPermitted
from tests.authenticator import Passkey
from tests.unit.licenses.world import NOW, World, person, session
from tests.unit.vault.conftest import folder, store_root, vault  # noqa: F401
from tests.unit.vault.fakes import passes
from weights_vault import keeper
from weights_vault.actions.publish import publish_folder
from weights_vault.guard import voters
from weights_vault.guard.evidence import weigh
from weights_vault.ingest.progress import SilentProgress
from weights_vault.ledger import watch
from weights_vault.models import Alert, LedgerEntry, RecipientKey, Revision
from weights_vault.sealed.keys import generate_identity

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def _signed_votes(vault: None, settings: Any, tmp_path: Path) -> None:  # noqa: F811
    settings.ACCESS_POLICY = "licenses.access.LicenseAccess"
    settings.STAFF_MFA = "passkey"
    settings.KEEPER_STATE = str(tmp_path / "keeper")


@pytest.fixture
def world(_signed_votes: None, db: None) -> World:
    made = World()
    for name in ("rita", "rob", "rosa", "admin"):
        setattr(made, name, replace(getattr(made, name), passkey=True))
    return made


@pytest.fixture
def passkeys(world: World, settings: Any) -> dict[str, Passkey]:
    """A passkey of each reviewer, by public id."""
    made = {}
    for reviewer in (world.rita, world.rob, world.rosa):
        made[reviewer.person.public_id] = Passkey(settings.PORTAL_URL)
        made[reviewer.person.public_id].put_on(reviewer.person)
    return made


@pytest.fixture
def revision(world: World, folder: Path) -> Revision:  # noqa: F811
    return publish_folder(
        release=world.release, name="v1", folder=folder, by=system_principal("publish"),
        clock=lambda: NOW, progress=SilentProgress(), run=passes,
    )[0]  # fmt: skip


def trust(world: World, *reviewers: Principal) -> None:
    for reviewer in reviewers or (world.rita, world.rob, world.rosa):
        for passkey in passkeys_of(reviewer.person):
            beginning = credential(passkey).credential_id.hex()
            call_command("voters", "trust", reviewer.person.email, "--passkey", beginning, stdout=StringIO())


def key_of(user: User) -> RecipientKey:
    identity = generate_identity("x25519")
    text = str(identity.recipient)
    return RecipientKey.objects.create(
        user=user, recipient=text, digest=hashlib.sha256(text.encode()).hexdigest(), kind=identity.kind,
        fingerprint=identity.recipient.fingerprint, name="laptop", state="active",
        created_at=NOW, activated_at=NOW,
    )  # fmt: skip


def cast(request: Request, by: Principal, passkey: Passkey, verdict: str = "approve") -> None:
    """A verdict as the page gives it, signed."""
    request.refresh_from_db()
    reason = "" if verdict == "approve" else "Because."
    leaf = ballots.leaf(ballots.document(request, verdict, reason, by.person))
    signed = Signed(passkey.signed(ballots.challenge([leaf])), (leaf,))
    actions.vote(
        request=request, version=request.version, verdict=verdict, reason=reason, note="", by=by, now=NOW,
        signed=signed,
    )  # fmt: skip


@pytest.fixture
def grant(world: World, passkeys: dict[str, Passkey]) -> Grant:
    """Asked for, voted by two passkeys, signed: as everything should be."""
    request = world.submit(world.draft())
    for reviewer in (world.rita, world.rob):
        cast(request, reviewer, passkeys[reviewer.person.public_id])
    request.refresh_from_db()
    (made,) = world.sign(request)
    return made


Ask = Callable[..., list[tuple[str, bytes]]]


@pytest.fixture
def ask(world: World, revision: Revision) -> Ask:
    def issue(grant: Grant, by: Principal | None = None) -> list[tuple[str, bytes]]:
        by = by or world.ada
        key = RecipientKey.objects.filter(user=by.person).first() or key_of(by.person)
        return keeper.issue_headers(
            by=by, grant=grant.pk, revision=revision, key=key, files=list(revision.files.all()), now=NOW
        )

    return issue


def refused(ask: Ask, grant: Grant, by: Principal | None = None) -> None:
    before = LedgerEntry.objects.count()
    with pytest.raises(NotPermitted) as caught:
        ask(grant, by)
    assert (caught.value.code, caught.value.status) == ("evidence_missing", 403)
    assert LedgerEntry.objects.count() == before
    assert Alert.objects.filter(rule="evidence_missing", grant=grant.pk).count() == 1


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0


def test_proved_votes_give_headers(world: World, grant: Grant, ask: Ask, revision: Revision) -> None:
    trust(world)
    assert len(ask(grant)) == revision.files.count()
    assert not Alert.objects.exists()


def test_evidence_takes_three_queries_however_many_votes(
    grant: Grant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        assert len(evidence_of_votes.evidence_of(grant.pk).votes) == 2


def test_one_assertion_over_several_votes_proves_each(
    world: World, grant: Grant, ask: Ask, passkeys: dict[str, Passkey]
) -> None:
    """A bulk decision: one touch, many leaves."""
    trust(world)
    vote = Vote.objects.get(reviewer=world.rita.person)
    assert vote.document is not None
    leaves = sorted([ballots.leaf(vote.document), "0" * 64])
    signed = passkeys[world.rita.person.public_id].signed(ballots.challenge(leaves))
    VoteAssertion.objects.filter(pk=vote.assertion_id).update(
        leaves=leaves, authenticator_data=signed.authenticator_data, client_data=signed.client_data,
        signature=signed.signature,
    )  # fmt: skip
    assert ask(grant)


def test_untrusted_voters_prove_nothing(world: World, grant: Grant, ask: Ask) -> None:
    """The accounts are reviewers by the rows, and their passkeys stand in the rows: that is not enough."""
    refused(ask, grant)


def test_one_trusted_voter_is_not_two(world: World, grant: Grant, ask: Ask) -> None:
    trust(world, world.rita)
    refused(ask, grant)


def test_removed_voter_counts_no_more(world: World, grant: Grant, ask: Ask) -> None:
    trust(world)
    call_command("voters", "remove", world.rob.person.email, stdout=StringIO())
    refused(ask, grant)


@pytest.fixture
def mallory(world: World) -> Principal:
    """An account like any other, of whoever can write rows."""
    return session(person("mallory"))


def test_grant_inserted_by_sql_yields_nothing(
    world: World, ask: Ask, mallory: Principal, passkeys: dict[str, Passkey]
) -> None:
    """A whole request with its decision and its votes, without any passkey."""
    trust(world)
    request = world.submit(world.draft(mallory), mallory)
    sql("UPDATE licenses_request SET state = 'signed', decided_at = submitted_at WHERE id = %s", request.pk)
    for reviewer in (world.rita, world.rob):
        Vote.objects.create(
            request=request, version=request.version, reviewer=reviewer.person, verdict="approve", at=NOW
        )
    refused(ask, made_for(request, mallory, world), mallory)


def made_for(request: Request, by: Principal, world: World) -> Grant:
    return Grant.objects.create(
        request=request, user=by.person, release=world.release, license_version=world.license,
        state_at=NOW, starts_at=NOW, ends_at=NOW + timedelta(days=300),
    )  # fmt: skip


def test_votes_signed_by_passkeys_that_were_written_into_the_rows_yield_nothing(
    world: World, ask: Ask, mallory: Principal, settings: Any, passkeys: dict[str, Passkey]
) -> None:
    """Reviewers of the attacker's making, and the attacker's passkey put on real reviewers."""
    trust(world)
    request = world.submit(world.draft(mallory), mallory)
    for reviewer in (world.rita, replace(session(person("eve", "reviewer")), passkey=True)):
        forged = Passkey(settings.PORTAL_URL)
        forged.put_on(reviewer.person)
        cast(request, reviewer, forged)
    request.refresh_from_db()
    assert request.state == states.APPROVED
    refused(ask, made_for(request, mallory, world), mallory)


def test_real_votes_serve_no_other_person(world: World, grant: Grant, ask: Ask, mallory: Principal) -> None:
    """A grant of the attacker's under a request that was truly approved; and the grant made theirs."""
    trust(world)
    mine = made_for(grant.request, mallory, world)
    refused(ask, mine, mallory)
    sql("DELETE FROM licenses_grant WHERE id = %s", mine.pk)
    sql("UPDATE licenses_grant SET user_id = %s WHERE id = %s", mallory.person.pk, grant.pk)
    refused(ask, grant, mallory)


def test_real_votes_serve_no_other_request(world: World, grant: Grant, ask: Ask, mallory: Principal) -> None:
    """Votes moved to the attacker's request, with their documents and assertions; then with these altered."""
    trust(world)
    request = world.submit(world.draft(mallory), mallory)
    sql("UPDATE licenses_vote SET request_id = %s WHERE request_id = %s", request.pk, grant.request_id)
    mine = made_for(request, mallory, world)
    refused(ask, mine, mallory)
    for vote in Vote.objects.filter(request=request):
        said = json.dumps(
            {**(vote.document or {}), "request": request.pk, "applicant": mallory.person.public_id}
        )
        sql("UPDATE licenses_vote SET document = %s WHERE id = %s", said, vote.pk)
        refused(ask, mine, mallory)
    for vote in Vote.objects.filter(request=request).select_related("assertion"):
        assert vote.document is not None
        leaves = json.dumps([ballots.leaf(vote.document)])
        sql("UPDATE licenses_voteassertion SET leaves = %s WHERE id = %s", leaves, vote.assertion_id)
    assert len(evidence_of_votes.evidence_of(mine.pk).votes) == 2
    refused(ask, mine, mallory)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quorum", 1),
        ("verdict", "reject"),
        ("version", 2),
        ("releases", ["opt-6b"]),
        ("license_sha256", "0" * 64),
        ("portal", "https://elsewhere.example"),
        ("applicant", "usr_nobody"),
        ("v", 2),
    ],
)
def test_document_changed_in_any_field_proves_nothing(
    field: str, value: object, world: World, grant: Grant, ask: Ask
) -> None:
    trust(world)
    vote = Vote.objects.get(reviewer=world.rob.person)
    said = json.dumps({**(vote.document or {}), field: value})
    sql("UPDATE licenses_vote SET document = %s WHERE id = %s", said, vote.pk)
    refused(ask, grant)


def test_lower_quorum_in_the_rows_changes_nothing(world: World, grant: Grant, ask: Ask) -> None:
    """Request and terms ask for one vote now: what was signed asks for two."""
    trust(world, world.rita)
    sql("UPDATE licenses_request SET quorum = 1 WHERE id = %s", grant.request_id)
    sql("UPDATE licenses_releaseterms SET quorum = 1")
    refused(ask, grant)


def test_one_voter_twice_is_one(world: World, grant: Grant, ask: Ask, settings: Any) -> None:
    """Two passkeys of one person, both trusted; her vote also stands where her colleague's was."""
    rita, rob = Vote.objects.get(reviewer=world.rita.person), Vote.objects.get(reviewer=world.rob.person)
    trust(world)
    sql("DELETE FROM licenses_vote WHERE id = %s", rob.pk)
    assert weigh(evidence_of_votes.evidence_of(grant.pk)) == (1, 2)
    sql("UPDATE licenses_vote SET superseded_at = at WHERE id = %s", rita.pk)
    assert weigh(evidence_of_votes.evidence_of(grant.pk)) == (0, 1)
    refused(ask, grant)


def test_rejection_by_passkey_made_an_approval_by_sql_is_none(
    world: World, passkeys: dict[str, Passkey], ask: Ask
) -> None:
    trust(world)
    request = world.submit(world.draft())
    for reviewer in (world.rita, world.rob):
        cast(request, reviewer, passkeys[reviewer.person.public_id], "reject")
    sql("UPDATE licenses_vote SET verdict = 'approve' WHERE request_id = %s", request.pk)
    refused(ask, made_for(request, world.ada, world))


def test_release_and_license_of_the_grant_are_those_voted_on(world: World, grant: Grant, ask: Ask) -> None:
    from tests.unit.licenses import world as made

    trust(world)
    other = made.release("opt-6b", license="other-nc", license_name="Another", text="# Another\n\nText.\n")
    sql(
        "UPDATE licenses_grant SET license_version_id = %s WHERE id = %s",
        made.license_of(other).pk, grant.pk,
    )  # fmt: skip
    refused(ask, grant)


def test_alert_is_raised_once_an_hour_and_mailed_to_the_release_managers(
    world: World, grant: Grant, ask: Ask
) -> None:
    manager = person("mia", "release_manager")
    for _ in range(3):
        refused(ask, grant)
    (alert,) = Alert.objects.all()
    watch.tell({"raised_at": alert.raised_at.isoformat()}, now=NOW)
    (mail,) = OutboxMessage.objects.filter(to=manager.email)
    assert "only 0 votes are proved" in " ".join(mail.text.split())


@pytest.mark.parametrize("word", ["any", "off"])
def test_where_votes_are_not_signed_nothing_is_asked_for(
    word: str, world: World, grant: Grant, ask: Ask, settings: Any
) -> None:
    settings.STAFF_MFA = word
    assert ask(grant)


def test_grant_from_before_can_be_vouched_for_exactly_as_it_stands(
    world: World, grant: Grant, ask: Ask, mallory: Principal
) -> None:
    call_command("voters", "settle", grant.pk, stdout=StringIO())
    assert ask(grant)
    sql("UPDATE licenses_grant SET user_id = %s WHERE id = %s", mallory.person.pk, grant.pk)
    refused(ask, grant, mallory)


def test_list_of_voters_that_others_may_write_is_not_believed(
    world: World, grant: Grant, ask: Ask, settings: Any
) -> None:
    trust(world)
    (Path(settings.KEEPER_STATE) / voters.VOTERS).chmod(0o666)
    with pytest.raises(Exception, match="others may write"):
        ask(grant)


def test_command_lists_trusts_and_refuses_whom_it_does_not_know(world: World, grant: Grant) -> None:
    out = StringIO()
    call_command("voters", "list", stdout=out)
    assert "Nobody's passkey counts yet" in out.getvalue()
    trust(world, world.rita)
    trust(world, world.rita)
    call_command("voters", "list", stdout=out)
    assert out.getvalue().count(world.rita.person.email) == 1
    for verb, email, said in (
        ("trust", "nobody@example.org", "No account has the address"),
        ("trust", world.ada.person.email, "has no passkey yet"),
        ("remove", world.ada.person.email, "has no passkey that is trusted"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("voters", verb, email, stdout=out)
    with pytest.raises(CommandError, match="There is no grant"):
        call_command("voters", "settle", "grt_none", stdout=out)


def test_passkey_put_on_a_reviewer_is_not_trusted_along_with_theirs(
    world: World, grant: Grant, settings: Any, passkeys: dict[str, Passkey]
) -> None:
    """Whoever can write rows adds one of their own, and waits for the operator to trust the reviewer."""
    rita = world.rita.person
    Passkey(settings.PORTAL_URL).put_on(rita)
    out = StringIO()
    call_command("voters", "trust", rita.email, stdout=out)
    assert voters.voters() == []
    assert (out.getvalue().count("not trusted"), out.getvalue().count("  key ")) == (2, 2)
    own = credential(passkeys_of(rita)[0]).credential_id.hex()
    call_command("voters", "trust", rita.email, "--passkey", own[:16], stdout=out)
    assert f"{rita.email}: trusted\n" in out.getvalue()
    assert [voter.credential for voter in voters.voters()] == [own]
    call_command("voters", "remove", rita.email, stdout=out)
    assert f"{rita.email}: removed\n" in out.getvalue()
    with pytest.raises(CommandError, match="no such passkey"):
        call_command("voters", "trust", rita.email, "--passkey", "zz", stdout=out)


def test_what_the_log_cannot_say_of_voters_does_not_happen(
    world: World, grant: Grant, passkeys: dict[str, Passkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object, **fields: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(CommandError, match="full"):
        trust(world, world.rita)
    with pytest.raises(CommandError, match="full"):
        call_command("voters", "settle", grant.pk, stdout=StringIO())
    assert (voters.voters(), voters.settled()) == ([], set())
