"""The keeper as a process of its own: web processes ask it by ids, and it judges by what it reads itself."""

import hashlib
import os
import socket
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from licenses import states
from licenses.models import Grant
from portal.accounts.models import AccessToken
from portal.accounts.principals import principal_for, system_principal
from portal.accounts.token_forms import binding
from portal.core.audit import trail
from portal.core.problems import Invalid, NotFound, NotPermitted, Problem, Unavailable
from tests.integration.licenses.race import crew
from tests.integration.vault.conftest import process_environment
from tests.servers.keeper import KeeperProcess
from tests.unit.licenses.world import World
from tests.unit.vault.fakes import passes
from weights_vault import delivery, heads, keeping
from weights_vault.actions import withdraw
from weights_vault.actions.publish import publish_folder
from weights_vault.ingest.progress import SilentProgress
from weights_vault.keeping import door
from weights_vault.models import HeadRecord, LedgerEntry, RecipientKey, Revision
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.keys import Identity, generate_identity

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

POLICY = "licenses.access.LicenseAccess"


@pytest.fixture(scope="module")
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeeperProcess]:
    folder = tmp_path_factory.mktemp("keeper")
    environment = {
        **process_environment(),
        "TEST_ACCESS_POLICY": POLICY,
        "KEEPER": f"unix:{folder}/own/socket",
    }
    with KeeperProcess(environment, folder / "keeper.log") as process:
        process.address = environment["KEEPER"]  # type: ignore[attr-defined]
        yield process


@pytest.fixture
def asked(running: Any, settings: Any) -> KeeperProcess:
    settings.KEEPER = running.address
    settings.ACCESS_POLICY = POLICY
    process: KeeperProcess = running
    return process


@pytest.fixture
def identity() -> Identity:
    return generate_identity("x25519")


@pytest.fixture
def world(vault: None, settings: Any, transactional_db: None) -> World:
    settings.ACCESS_POLICY = POLICY
    return World()


@pytest.fixture
def revision(world: World, folder: Path) -> Revision:
    return publish_folder(
        release=world.release,
        name="v1",
        folder=folder,
        by=system_principal("publish"),
        clock=timezone.now,
        progress=SilentProgress(),
        run=passes,
    )[0]


@pytest.fixture
def key(world: World, identity: Identity) -> RecipientKey:
    text = str(identity.recipient)
    now = timezone.now()
    return RecipientKey.objects.create(
        user=world.ada.person,
        recipient=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        kind=identity.kind,
        fingerprint=identity.recipient.fingerprint,
        name="laptop",
        state="active",
        created_at=now,
        activated_at=now,
    )


@pytest.fixture
def grant(world: World) -> Grant:
    """A live one by the keeper's own clock, which no test can set."""
    made = world.grant_in(states.ACTIVE)
    Grant.objects.filter(pk=made.pk).update(ends_at=timezone.now() + timedelta(days=30))
    return made


@pytest.fixture
def ask(world: World, revision: Revision, key: RecipientKey, grant: Grant) -> Callable[..., Any]:
    def issue(**changes: Any) -> list[tuple[str, bytes]]:
        arguments = {
            "by": world.ada,
            "grant": grant.pk,
            "revision": revision,
            "key": key,
            "files": list(revision.files.all()),
            "now": timezone.now(),
            "address": "192.0.2.1",
        }
        return keeping.issue_headers(**{**arguments, **changes})

    return issue


@pytest.mark.database
def test_headers_of_the_process_open_and_stand_in_ledger_and_log(
    asked: KeeperProcess, ask: Any, grant: Grant, revision: Revision, identity: Identity
) -> None:
    headers = ask()
    assert [file for file, _ in headers] == [file.pk for file in revision.files.all()]
    for file, header in headers:
        assert len(open_header(header, [identity], GrantLabel(grant.pk, revision.pk, file))) == 16
    (entry,) = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.HEADERS)
    assert (entry.grant, entry.count) == (grant.pk, len(headers))
    assert trail(f"grant:{grant.pk}").filter(kind="headers.issued").count() == 1


@pytest.mark.database
def test_refusal_of_the_rule_comes_back_whole(
    asked: KeeperProcess, ask: Any, world: World, grant: Grant
) -> None:
    """G2: the keeper reads the grant itself, whatever the web process believes."""
    Grant.objects.filter(pk=grant.pk).update(state=states.REVOKED, state_reason="It is over.")
    with pytest.raises(NotPermitted) as caught:
        ask()
    assert (caught.value.code, caught.value.status) == ("grant_revoked", 403)
    assert "It is over." in caught.value.detail
    assert not LedgerEntry.objects.filter(kind=LedgerEntry.Kind.HEADERS).exists()


def test_what_the_caller_claims_of_a_person_counts_for_nothing(
    asked: KeeperProcess, ask: Any, world: World
) -> None:
    """Another person, an account that was closed, an object in memory that is not the row."""
    with pytest.raises(Problem) as caught:
        ask(by=world.rita)
    assert caught.value.code == "no_request"
    type(world.ada.person).objects.filter(pk=world.ada.person.pk).update(is_active=False)
    with pytest.raises(NotPermitted, match="account_disabled"):
        ask()


def test_token_is_read_again(asked: KeeperProcess, ask: Any, world: World) -> None:
    """Ended, or without the scope by its row: what the web process says of it does not matter."""
    now = timezone.now()
    token = AccessToken.objects.create(
        user=world.ada.person, name="cluster", prefix="wp_abcdef", digest="0" * 64, scopes=["download"],
        binding=binding(world.ada.person), created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    by = principal_for(world.ada.person, scopes=frozenset({"download", "read"}), token_id=token.pk)
    assert ask(by=by)
    AccessToken.objects.filter(pk=token.pk).update(grant="grt_of_another")
    with pytest.raises(NotPermitted, match="no_request"):
        ask(by=by)
    AccessToken.objects.filter(pk=token.pk).update(grant="", scopes=["read"])
    with pytest.raises(NotPermitted, match="token_scope"):
        ask(by=by)
    AccessToken.objects.filter(pk=token.pk).update(scopes=["download"], binding="0" * 64)
    with pytest.raises(NotPermitted, match="login_required"):
        ask(by=by)
    AccessToken.objects.filter(pk=token.pk).update(binding=token.binding, ended_at=now)
    with pytest.raises(NotPermitted, match="login_required"):
        ask(by=by)


def test_files_and_keys_that_are_not_there_are_refused(
    asked: KeeperProcess, ask: Any, revision: Revision, key: RecipientKey
) -> None:
    with pytest.raises(Invalid):
        ask(files=[])
    changed = list(revision.files.all())[:1]
    changed[0].id = "fil_of_nobody"
    with pytest.raises(NotFound):
        ask(files=changed)
    key.id = "key_of_nobody"
    with pytest.raises(NotPermitted, match="no_recipient_key"):
        ask(key=key)


def test_keeper_away_is_503_for_headers_alone(
    ask: Any, settings: Any, tmp_path: Path, revision: Revision
) -> None:
    settings.KEEPER = f"unix:{tmp_path}/nobody/socket"
    with pytest.raises(Unavailable, match="keeper_away") as caught:
        ask()
    assert caught.value.headers == {"Retry-After": "5"}
    assert Client().get("/about/").status_code == 200
    assert delivery.current_head(revision.release, timezone.now())


def test_head_is_signed_by_the_keeper_once_the_change_is_committed(
    asked: KeeperProcess, world: World, revision: Revision, settings: Any
) -> None:
    manager = system_principal("release")
    before = HeadRecord.objects.get()
    withdraw.quarantine(revision=revision, reason="A shard is wrong.", by=manager, now=timezone.now())
    after = HeadRecord.objects.get()
    assert bytes(after.envelope) != bytes(before.envelope)

    settings.KEEPER = "unix:/nonexistent/socket"
    withdraw.restore(revision=revision, reason="It is right.", by=manager, now=timezone.now())
    with pytest.raises(Unavailable, match="keeper_away"):
        delivery.current_head(revision.release, timezone.now())


def test_trust_document_comes_from_the_keeper(asked: KeeperProcess, world: World, settings: Any) -> None:
    settings.SIGNING_KEYS = ""
    assert delivery.trust_document(timezone.now()) == delivery.trust_document(timezone.now())


def test_call_inside_a_transaction_is_a_mistake_of_ours(asked: KeeperProcess, ask: Any) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        ask()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x05{}}}}",
        (8).to_bytes(4, "big") + b"\x80\x04pickle"[:8],
        (4).to_bytes(4, "big") + b"null",
        (28).to_bytes(4, "big") + b'{"arguments":{},"v":1,"call"',
    ],
)
def test_what_is_no_call_ends_that_connection_alone(asked: KeeperProcess, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(door.socket_path()))
        link.sendall(sent)
        link.shutdown(socket.SHUT_WR)
        link.settimeout(10)
        assert b"result" not in link.recv(1 << 16)
    assert door.ask("health", {})["root"].startswith("wp1-")


def test_there_is_no_call_that_signs_bytes_or_gives_keys(asked: KeeperProcess) -> None:
    for call in ("sign", "unwrap", "new_body", "gate", "__class__", "sign_manifest"):
        with pytest.raises(RuntimeError, match="the keeper failed"):
            door.ask(call, {})


def test_socket_is_for_its_owner_alone(asked: KeeperProcess) -> None:
    path = door.socket_path()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.database
def test_many_web_processes_at_once_all_get_theirs(
    asked: KeeperProcess, ask: Any, revision: Revision
) -> None:
    with crew(8) as race:
        given = race.run(*[partial(_several, ask, 5)] * 8)
    assert all(len(one) == revision.files.count() for batches in given for one in batches)
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.HEADERS).count() == 40


def _several(ask: Callable[..., Any], times: int) -> list[Any]:
    return [ask() for _ in range(times)]


def test_restart_loses_nothing_that_was_answered(
    ask: Any, settings: Any, tmp_path: Path, revision: Revision
) -> None:
    """SIGTERM while eight ask: who got no headers is told to come back, and each issue is in the ledger."""
    environment = {
        **process_environment(),
        "TEST_ACCESS_POLICY": POLICY,
        "KEEPER": f"unix:{tmp_path}/k/socket",
    }
    settings.KEEPER = environment["KEEPER"]
    with KeeperProcess(environment, tmp_path / "first.log") as first, crew(9) as race:
        answers = race.run(*[partial(_until_away, ask)] * 8, first.end)
    assert answers.pop() == 0
    assert not door.socket_path().exists()
    given = sum(count for count, _ in answers)  # type: ignore[misc]
    assert {code for _, code in answers} == {"keeper_away"}  # type: ignore[misc]
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.HEADERS).count() == given
    with KeeperProcess(environment, tmp_path / "second.log"):
        assert len(ask()) == revision.files.count()


def _until_away(ask: Callable[..., Any]) -> tuple[int, str]:
    given = 0
    while True:
        try:
            ask()
        except Problem as problem:
            return given, problem.code
        given += 1


def test_second_keeper_takes_the_socket_over(ask: Any, settings: Any, tmp_path: Path) -> None:
    """A restart without a gap: the new one is there before the old one ends, and keeps its socket."""
    environment = {
        **process_environment(),
        "TEST_ACCESS_POLICY": POLICY,
        "KEEPER": f"unix:{tmp_path}/k/socket",
    }
    settings.KEEPER = environment["KEEPER"]
    with (
        KeeperProcess(environment, tmp_path / "first.log") as first,
        KeeperProcess(environment, tmp_path / "second.log"),
    ):
        assert first.end() == 0
        assert ask()


def test_long_folder_names_are_no_hindrance(ask: Any, settings: Any, tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 120)
    environment = {**process_environment(), "TEST_ACCESS_POLICY": POLICY, "KEEPER": f"unix:{folder}/socket"}
    settings.KEEPER = environment["KEEPER"]
    with KeeperProcess(environment, tmp_path / "keeper.log"):
        assert ask()


def test_hourly_job_has_heads_signed_by_the_keeper(asked: KeeperProcess, revision: Revision) -> None:
    heads.sign_all({}, timezone.now())
    assert HeadRecord.objects.get().issued <= timezone.now()


def test_g8_keeper_says_no_key_and_no_header(asked: KeeperProcess, ask: Any, running: KeeperProcess) -> None:
    ask()
    assert "age-encryption" not in running.said
    assert os.environ.get("MASTER_KEY", "no such thing") not in running.said
