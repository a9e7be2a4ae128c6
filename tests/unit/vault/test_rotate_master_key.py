"""Another master key, while the portal serves: killed at each step, it goes on; headers open throughout."""

import base64
import secrets
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.audit import trail
from portal.core.keys import MasterKey, master_key
from tests.unit.vault.fakes import GRANT
from weights_vault import keeper
from weights_vault.models import RecipientKey, Revision, SealedBody
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.keys import Identity

pytestmark = [pytest.mark.django_db, pytest.mark.database]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def opens(
    session: Principal, revision: Revision, key: RecipientKey, identity: Identity, now: datetime
) -> Callable[[], None]:
    """Headers of every file are made and open."""

    def check() -> None:
        files = list(revision.files.all())
        made = keeper.issue_headers(by=session, grant=GRANT, revision=revision, key=key, files=files, now=now)
        for file, header in made:
            assert len(open_header(header, [identity], GrantLabel(GRANT, revision.id, file))) == 16

    return check


@pytest.fixture
def rotating(settings: Any, tmp_path: Path, revision: Revision, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new key stands first, the old one behind it; two file keys a batch. Returns: the new one's source."""
    new = tmp_path / "new.key"
    new.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
    settings.MASTER_KEY = f"file:{new},{settings.MASTER_KEY}"
    monkeypatch.setattr(keeper, "REWRAP_BATCH", 2)
    assert SealedBody.objects.count() > 4
    return f"file:{new}"


def run(*arguments: str, errors: StringIO | None = None) -> str:
    out = StringIO()
    call_command("rotate_master_key", *arguments, stdout=out, stderr=errors or StringIO())
    return out.getvalue()


@pytest.mark.parametrize("step", range(6))
def test_killed_at_each_step_it_goes_on_and_headers_open_throughout(
    step: int, rotating: str, opens: Callable[[], None], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a batch's event, which undoes that batch alone, and between a batch's rows."""
    left, wrap, record = [step], MasterKey.wrap, audit.record

    def dies(real: Callable[..., Any]) -> Callable[..., Any]:
        def function(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(*arguments, **named)

        return function

    with monkeypatch.context() as patched:
        patched.setattr(MasterKey, "wrap", dies(wrap))
        patched.setattr(audit, "record", dies(record))
        with pytest.raises(Killed):
            list(keeper.rewrap_in_batches(now=datetime.now().astimezone()))
    opens()
    assert "0 file keys are left" in run()
    settings.MASTER_KEY = rotating
    opens()
    assert all(master_key().is_current(bytes(body.wrapped_key)) for body in SealedBody.objects.all())


def test_each_batch_leaves_its_event_and_the_portal_serves_between_two(
    rotating: str, opens: Callable[[], None], now: datetime
) -> None:
    batches = []
    for batch in keeper.rewrap_in_batches(now=now):
        batches.append(batch.done)
        opens()
    assert sum(batches) == SealedBody.objects.count()
    events = [event.data["bodies"] for event in trail("vault:keys").filter(kind="file_keys.rewrapped")]
    assert events == batches


def test_two_runs_at_once_undo_nothing_of_each_other(
    rotating: str, opens: Callable[[], None], now: datetime
) -> None:
    """The other run was there between the reading of a batch and its writing."""
    first = keeper.rewrap_in_batches(now=now)
    next(first)
    assert sum(batch.done for batch in keeper.rewrap_in_batches(now=now)) > 0
    assert sum(batch.done for batch in first) == 0
    opens()


def test_status_says_what_is_left_and_changes_nothing(rotating: str) -> None:
    bodies = SealedBody.objects.count()
    assert f"{bodies} file keys are not yet wrapped" in run("--status")
    assert f"{bodies} file keys are not yet wrapped" in run("--status")
    assert "0 file keys are left" in run()


def test_new_body_during_a_rotation_is_wrapped_by_the_new_key(rotating: str, now: datetime) -> None:
    body, _ = keeper.new_body(10, now=now)
    assert master_key().is_current(bytes(body.wrapped_key))


def test_old_key_taken_out_too_early_stops_it_with_words(
    rotating: str, settings: Any, opens: Callable[[], None]
) -> None:
    both, settings.MASTER_KEY = settings.MASTER_KEY, rotating
    bodies, errors = SealedBody.objects.count(), StringIO()
    with pytest.raises(
        CommandError, match=f"{bodies} file keys were left as they are; 0 more wait"
    ) as caught:
        run(errors=errors)
    assert "MASTER_KEY=NEW,OLD" in str(caught.value)
    assert errors.getvalue().count("not configured") == bodies
    settings.MASTER_KEY = both
    opens()
    assert "0 file keys are left" in run()


def test_body_whose_key_was_changed_stops_no_other_and_is_named(rotating: str, settings: Any) -> None:
    """Put right from a backup, it is wrapped anew when the command is run again."""
    bodies = SealedBody.objects.count()
    bad = SealedBody.objects.order_by("pk")[2]
    good = bytes(bad.wrapped_key)
    SealedBody.objects.filter(pk=bad.pk).update(wrapped_key=good[:-1] + bytes([good[-1] ^ 1]))
    errors = StringIO()
    with pytest.raises(CommandError, match="1 file keys were left as they are; 0 more wait"):
        run(errors=errors)
    assert errors.getvalue() == f"{bad.pk}: changed, or wrapped for something else\n"
    done = [event.data["bodies"] for event in trail("vault:keys").filter(kind="file_keys.rewrapped")]
    assert sum(done) == bodies - 1
    assert "1 file keys are not yet wrapped" in run("--status")
    SealedBody.objects.filter(pk=bad.pk).update(wrapped_key=good)
    assert "0 file keys are left" in run()


def test_keys_in_the_wrong_order_do_not_lead_to_taking_the_needed_one_out(
    rotating: str, settings: Any
) -> None:
    """OLD,NEW: nothing was to be done, and nothing may be taken out but the key that wraps nothing."""
    new, old = settings.MASTER_KEY.split(",")
    assert run().splitlines()[-1].startswith(f"{old} may be taken out of MASTER_KEY")
    settings.MASTER_KEY = f"{new},{old}"
    assert f"by {new} (" in run("--status")
    settings.MASTER_KEY = new
    assert "may be taken out" not in run("--status")


def test_key_that_is_named_twice_is_no_rotation(rotating: str, settings: Any) -> None:
    settings.MASTER_KEY = f"{rotating},{rotating}"
    with pytest.raises(CommandError, match="names one key twice"):
        run()


def test_no_row_is_locked_while_a_service_is_asked(
    rotating: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is a thousand calls to it, and on SQLite a transaction keeps everybody from writing."""
    depth, wrap = [], MasterKey.wrap
    outside = len(connection.savepoint_ids)

    def wrapped(self: MasterKey, key: bytes, context: str) -> bytes:
        depth.append(len(connection.savepoint_ids))
        return wrap(self, key, context)

    monkeypatch.setattr(MasterKey, "wrap", wrapped)
    assert sum(batch.done for batch in keeper.rewrap_in_batches(now=now)) == len(depth) > 0
    assert set(depth) == {outside}
