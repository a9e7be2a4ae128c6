"""manage.py release quarantine, restore and withdraw."""

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.accounts.principals import Principal
from portal.core import audit, jobs
from portal.core.audit import trail
from portal.core.models import OutboxMessage
from tests.unit.vault.fakes import GRANT
from weights_vault import keeper
from weights_vault.models import RecipientKey, Release, Revision

pytestmark = pytest.mark.django_db

REASON = "A shard is damaged."


def run(verb: str, revision: str, reason: str = REASON) -> str:
    out = io.StringIO()
    call_command("release", verb, revision, "--reason", reason, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("verbs", "state"),
    [
        (["quarantine"], "quarantined"),
        (["quarantine", "restore"], "published"),
        (["quarantine", "withdraw"], "withdrawn"),
        (["withdraw"], "withdrawn"),
    ],
)
def test_each_verb_moves_the_revision_and_says_where_it_is(
    revision: Revision, verbs: list[str], state: str
) -> None:
    for verb in verbs:
        said = run(verb, "opt-small@v1")
    revision.refresh_from_db()
    assert revision.state == state
    assert f"opt-small@v1 is {state}." in said


def test_the_one_named_is_recalled_and_no_other(publish: Callable[..., Revision]) -> None:
    first, second = publish("v1"), publish("v2")
    run("withdraw", "opt-small@v1")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("withdrawn", "published")


def test_holders_are_told_the_reason_and_the_log_keeps_it(
    session: Principal, revision: Revision, key: RecipientKey
) -> None:
    files = list(revision.files.all())
    keeper.issue_headers(by=session, grant=GRANT, revision=revision, key=key, files=files, now=timezone.now())
    run("quarantine", "opt-small@v1")
    jobs.run_due(worker="test", now=timezone.now())
    assert REASON in OutboxMessage.objects.get().text
    event = trail(f"revision:{revision.id}").last()
    assert event is not None
    assert (event.kind, event.by, audit.told(event, "reason")) == (
        "revision.quarantined",
        "system:release",
        REASON,
    )


@pytest.mark.parametrize("named", ["opt-small", "opt-small@", "opt-small@v9", "nothing@v1", "@", ""])
def test_what_names_no_revision_is_refused(revision: Revision, named: str) -> None:
    assert "Name it as RELEASE@REVISION" in refused("withdraw", named)
    revision.refresh_from_db()
    assert revision.state == "published"


def test_a_move_that_its_state_does_not_allow_is_refused_with_its_code(revision: Revision) -> None:
    assert "(state_changed)" in refused("restore", "opt-small@v1")


def test_a_reason_is_needed(revision: Revision) -> None:
    assert "Say why." in refused("withdraw", "opt-small@v1", " ")
    with pytest.raises(CommandError, match="--reason"):
        call_command("release", "withdraw", "opt-small@v1")


def test_a_revision_that_is_not_published_yet_is_not_recalled(release: Release) -> None:
    Revision.objects.create(
        release=release, name="v1", state="sealing", created_at=timezone.now(), created_by="system:test"
    )
    assert "(state_changed)" in refused("quarantine", "opt-small@v1")
