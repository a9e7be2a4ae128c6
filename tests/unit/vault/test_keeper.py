"""The keeper: headers open exactly what they are for, and only for whom the rule allows."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from portal.accounts.models import User
from portal.accounts.principals import Principal, principal_for
from portal.core import audit
from portal.core.audit import trail
from portal.core.keys import MasterKey, UnwrapRefused
from portal.core.problems import Invalid, NotPermitted
from portal.core.verdicts import Denied
from tests.unit.vault.fakes import GRANT, FakePolicy
from weights_vault import keeper
from weights_vault.ledger import reading
from weights_vault.models import File, LedgerEntry, RecipientKey, Revision, SealedBody
from weights_vault.sealed.body import open_body
from weights_vault.sealed.errors import HeaderMislabeled, HeaderNotForYou
from weights_vault.sealed.header import GrantLabel, open_header
from weights_vault.sealed.keys import Identity, generate_identity
from weights_vault.storage import storage

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def issue(session: Principal, revision: Revision, key: RecipientKey, now: datetime) -> Callable[..., Any]:
    def issue_it(**changes: Any) -> list[tuple[str, bytes]]:
        arguments = {
            "by": session,
            "grant": GRANT,
            "revision": revision,
            "key": key,
            "files": list(revision.files.all()),
            "now": now,
        }
        return keeper.issue_headers(**{**arguments, **changes})

    return issue_it


def body_of(file: File) -> bytes:
    with storage().open(file.body.object_name) as source:
        return source.read()


def test_header_opens_the_body_of_its_file(
    issue: Callable[..., Any], revision: Revision, identity: Identity, folder: Any
) -> None:
    headers = dict(issue())
    for file in revision.files.all():
        label = GrantLabel(GRANT, revision.id, file.id)
        file_key = open_header(headers[file.id], [identity], label)
        assert open_body(file_key, body_of(file)) == (folder / file.path).read_bytes()


def test_header_of_another_grant_file_or_revision_is_refused(
    issue: Callable[..., Any], revision: Revision, identity: Identity
) -> None:
    """G3: also where the file key would fit."""
    file, other = list(revision.files.all())[:2]
    header = dict(issue())[file.id]
    for label in (
        GrantLabel("grt_other", revision.id, file.id),
        GrantLabel(GRANT, "rev_other", file.id),
        GrantLabel(GRANT, revision.id, other.id),
    ):
        with pytest.raises(HeaderMislabeled):
            open_header(header, [identity], label)


def test_header_opens_for_no_other_recipient(issue: Callable[..., Any], revision: Revision) -> None:
    """G3"""
    (file, header), *_ = issue()
    with pytest.raises(HeaderNotForYou):
        open_header(header, [generate_identity("x25519")], GrantLabel(GRANT, revision.id, file))


def test_same_body_in_two_revisions_gets_labels_of_its_own(
    issue: Callable[..., Any], publish: Callable[..., Revision], revision: Revision, identity: Identity
) -> None:
    """G3: an unchanged file keeps its key, not its headers."""
    second = publish("v2")
    file = second.files.get(path="config.json")
    header = dict(issue(revision=second, files=[file]))[file.id]
    first = revision.files.get(path="config.json")
    assert file.body_id == first.body_id
    with pytest.raises(HeaderMislabeled):
        open_header(header, [identity], GrantLabel(GRANT, revision.id, first.id))


def test_rule_is_asked_with_the_grant_locked(issue: Callable[..., Any]) -> None:
    """G2"""
    issue()
    assert ("headers", GRANT, True) in FakePolicy.asked


def test_refusal_of_the_rule_is_passed_on_and_nothing_is_written(issue: Callable[..., Any]) -> None:
    FakePolicy.refusal = Denied("grant_revoked", "Your grant was revoked.", "Write to us.")
    with pytest.raises(NotPermitted) as caught:
        issue()
    assert (caught.value.code, caught.value.next_step) == ("grant_revoked", "Write to us.")
    assert not LedgerEntry.objects.exists()


def test_grant_that_the_rule_did_not_name_is_refused(issue: Callable[..., Any]) -> None:
    """G3: allowed by one grant, asked under another."""
    with pytest.raises(NotPermitted):
        issue(grant="grt_of_somebody_else")


def test_key_of_somebody_else_gets_nothing(
    issue: Callable[..., Any], make_person: Callable[[str], User], make_key: Callable[..., RecipientKey]
) -> None:
    """G3: also when the rule overlooked it."""
    other = make_key(make_person("eve@example.org"), generate_identity("x25519"))
    with pytest.raises(NotPermitted) as caught:
        issue(key=other)
    assert caught.value.code == "no_recipient_key"


def test_removed_key_gets_nothing(issue: Callable[..., Any], key: RecipientKey, now: datetime) -> None:
    RecipientKey.objects.filter(pk=key.pk).update(state="removed", removed_at=now)
    with pytest.raises(NotPermitted):
        issue()


def test_key_row_with_a_changed_recipient_gets_nothing(issue: Callable[..., Any], key: RecipientKey) -> None:
    """An object of a request cannot carry another recipient than the enrolled one."""
    key.recipient = str(generate_identity("x25519").recipient)
    with pytest.raises(NotPermitted):
        issue(key=key)


def test_files_of_another_revision_are_refused(
    issue: Callable[..., Any], publish: Callable[..., Revision]
) -> None:
    """G3"""
    second = publish("v2")
    with pytest.raises(Invalid):
        issue(files=list(second.files.all()))


@pytest.mark.parametrize("count", [0, 501])
def test_batch_has_its_limits(count: int, issue: Callable[..., Any], revision: Revision) -> None:
    file = revision.files.all()[0]
    files = [File(id=f"fil_{number}", revision=revision, body=file.body) for number in range(count)]
    with pytest.raises(Invalid):
        issue(files=files)


def test_file_named_twice_is_refused(issue: Callable[..., Any], revision: Revision) -> None:
    file = revision.files.all()[0]
    with pytest.raises(Invalid):
        issue(files=[file, file])


def test_batch_leaves_one_audit_event_and_one_ledger_entry_with_each_digest(
    issue: Callable[..., Any], revision: Revision, session: Principal
) -> None:
    headers = issue()
    (event,) = trail(f"grant:{GRANT}")
    assert (event.kind, event.by, event.data["files"]) == ("headers.issued", session.actor, len(headers))
    assert LedgerEntry.objects.get().count == len(headers)
    for file, header in headers:
        issued = reading.headers_issued(grant=GRANT, revision=revision.pk, file=file)
        assert issued == [hashlib.sha256(header).digest()]


def test_header_leaves_only_with_its_audit_event(issue: Callable[..., Any], monkeypatch: Any) -> None:
    """R10"""

    def broken(*arguments: Any, **data: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(OSError, match="disk full"):
        issue()
    assert not LedgerEntry.objects.exists()


def test_program_with_a_token_gets_headers_too(
    issue: Callable[..., Any], person: User, revision: Revision
) -> None:
    token = principal_for(person, scopes=frozenset({"download"}), token_id="tok_1")
    assert len(issue(by=token)) == revision.files.count()


def test_new_bodies_share_no_key_nonce_or_name(now: datetime) -> None:
    made = [keeper.new_body(10, now=now)[0] for _ in range(50)]
    assert len({body.nonce for body in made}) == 50
    assert len({body.object_name for body in made}) == 50
    assert len({bytes(body.wrapped_key) for body in made}) == 50


def test_file_key_is_bound_to_its_body(issue: Callable[..., Any], revision: Revision) -> None:
    """Whoever can write the database cannot have one file's key given out as another's."""
    first, second = (file.body for file in list(revision.files.all())[:2])
    SealedBody.objects.filter(pk=first.pk).update(wrapped_key=second.wrapped_key)
    with pytest.raises(UnwrapRefused):
        issue()


def test_rewrap_moves_every_key_and_the_bodies_stay_readable(
    issue: Callable[..., Any],
    revision: Revision,
    identity: Identity,
    now: datetime,
    settings: Any,
    tmp_path: Any,
) -> None:
    import base64
    import secrets

    new = tmp_path / "new.key"
    new.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
    old, settings.MASTER_KEY = settings.MASTER_KEY, f"file:{new},{settings.MASTER_KEY}"
    before = {body.pk: bytes(body.wrapped_key) for body in SealedBody.objects.all()}
    assert [batch.done for batch in keeper.rewrap_in_batches(now=now)] == [len(before)]
    assert list(keeper.rewrap_in_batches(now=now)) == []
    settings.MASTER_KEY = f"file:{new}"
    (file, header), *_ = issue()
    assert len(open_header(header, [identity], GrantLabel(GRANT, revision.id, file))) == 16
    assert old not in settings.MASTER_KEY


def test_master_key_is_needed_to_open_anything(revision: Revision) -> None:
    """A copy of the database alone opens nothing."""
    body = SealedBody.objects.all()[0]
    with pytest.raises(UnwrapRefused):
        MasterKey(b"x" * 32).unwrap(bytes(body.wrapped_key), f"body:{body.pk}")
