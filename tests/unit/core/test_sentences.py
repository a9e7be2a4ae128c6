"""Every kind of event has a sentence: looked for in the code, wherever an event is recorded."""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from licenses import states
from portal.accounts.models import Organization, User
from portal.core import audit
from portal.core.log import sentences
from portal.core.models import AuditEvent
from weights_vault import states as vault
from weights_vault.models import LedgerEntry

ROOT = Path(__file__).resolve().parents[3]
KIND = re.compile(r"[a-z_]+\.[a-z_]+\Z")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def constants(path: Path) -> set[str]:
    """Every string of the module that may be a kind of event: where kinds are handed to one function."""
    modules = {"accounts.", "licenses.", "vault.", "core.", "api."}
    strings = {node.value for node in ast.walk(ast.parse(path.read_text())) if is_text(node)}  # type: ignore[attr-defined]
    return {each for each in strings if KIND.match(each) and not each.startswith(tuple(modules))}


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def of_tables(path: Path) -> set[str]:
    return {row.audit for table in states.TRANSITIONS.values() for row in table}


def noted(noun: str, function: str = "_note") -> Callable[[Path], set[str]]:
    """Of a module whose own `_note(what, …)` records f"{noun}.{what}"."""

    def read(path: Path) -> set[str]:
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        said = (call.args[0] for call in calls if ast.unparse(call.func) == function)
        return {f"{noun}.{each.value}" for each in said if isinstance(each, ast.Constant)}

    return read


# Where the kind is no literal of the call: how to find the kinds. A new place fails until it has a row.
COMPUTED: dict[str, Callable[[Path], set[str]]] = {
    "portal/accounts/devices/codes.py": constants,
    "portal/accounts/devices/families.py": constants,
    "portal/accounts/browsers.py": constants,
    "portal/accounts/guesses.py": constants,
    "portal/accounts/providers.py": constants,
    "portal/accounts/actions/domains.py": lambda path: (
        noted("domain")(path) | noted("manager", "_note_manager")(path)
    ),
    "portal/accounts/looking.py": noted("look_as"),
    "portal/accounts/changes.py": noted("change"),
    "portal/accounts/pending.py": noted("pending"),
    "portal/accounts/signals.py": constants,
    "licenses/actions/accepting.py": of_tables,
    "licenses/actions/drafting.py": of_tables,
    "licenses/actions/license_drafts.py": constants,
    "licenses/actions/mastering.py": constants,
    "licenses/actions/moving.py": of_tables,
    "licenses/actions/renewing.py": of_tables,
    "weights_vault/actions/keys.py": constants,
    "weights_vault/actions/moves.py": lambda path: {row.audit for row in vault.REVISION_TRANSITIONS},
    "weights_vault/management/commands/rotate_root.py": constants,
    "weights_vault/management/commands/voters.py": constants,
    "weights_vault/actions/receipts.py": lambda path: {
        f"download.{kind}" for kind in LedgerEntry.Kind.values if kind in ("completed", "verified", "opened")
    },
}


def recorded() -> Iterator[tuple[str, ast.expr]]:
    """Yield (file, first argument) of each call of audit.record."""
    for top in ("portal", "licenses", "weights_vault"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                    yield str(path.relative_to(ROOT)), node.args[0]


def all_kinds() -> dict[str, str]:
    """Every kind that the code records, with a file that does."""
    found: dict[str, str] = {}
    for path, kind in recorded():
        if isinstance(kind, ast.Constant):
            found[str(kind.value)] = path
        else:
            assert path in COMPUTED, f"{path} computes a kind of event: give it a row in COMPUTED"
            found |= dict.fromkeys(COMPUTED[path](ROOT / path), path)
    return found


def test_every_kind_that_is_recorded_has_a_sentence() -> None:
    without = {kind: path for kind, path in all_kinds().items() if kind not in sentences.kinds()}

    assert without == {}


def test_no_sentence_is_of_a_kind_that_nothing_records() -> None:
    assert sorted(set(sentences.kinds()) - all_kinds().keys()) == []


@pytest.mark.parametrize("kind", sentences.kinds())
@pytest.mark.django_db
def test_a_sentence_stands_without_what_an_old_event_lacks(kind: str) -> None:
    [(_, said)] = sentences.tell([AuditEvent(index=1, kind=kind, by="usr_b", subject="grant:grt_a", at=NOW)])

    assert not re.search(r"[\[\]{}]", str(said))
    assert str(said).endswith((".", ".”"))


def record(kind: str, subject: str, by: str, reason: str = "", about: str = "", **data: object) -> AuditEvent:
    with transaction.atomic():
        event = audit.record(
            kind, by=by, subject=subject, now=NOW, private={"reason": reason}, about=about, **data
        )
    return AuditEvent.objects.get(pk=event.pk)


def told(event: AuditEvent) -> str:
    return str(sentences.tell([AuditEvent.objects.get(pk=event.pk)])[0][1])


@pytest.mark.django_db
def test_people_stand_by_name_things_with_their_pages_and_reasons_as_long_as_they_stand() -> None:
    ada = User.objects.create_user("ada@example.org", full_name="Ada Example")
    event = record("grant.revoked", "grant:grt_a", ada.public_id, "Shared.", "usr_x")
    [(_, said)] = sentences.tell([event])

    assert str(said) == "Ada Example revoked grant grt_a: “Shared.”"
    assert [piece.href for piece in said.pieces if piece.href] == ["/review/grants/grt_a/"]
    audit.forget("usr_x")
    assert told(event) == "Ada Example revoked grant grt_a: “Erased.”"


@pytest.mark.django_db
def test_what_is_not_said_is_left_out_and_who_is_gone_is_an_id() -> None:
    assert told(record("grant.revoked", "grant:grt_a", "usr_gone")) == "usr_gone revoked grant grt_a."
    told_of_role = told(record("role.granted", "user:usr_gone", "system:console", role="auditor"))
    assert told_of_role == "The portal (console) gave usr_gone the role auditor."


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["voter.trusted", "voter.removed"])
def test_passkeys_of_voters_are_told_with_commas(kind: str) -> None:
    said = told(record(kind, "user:usr_gone", "system:keys", passkeys=["3f2a", "9c0d"]))
    assert said.endswith(": 3f2a, 9c0d.")


@pytest.mark.django_db
def test_organizations_stand_by_name_and_codes_in_words() -> None:
    home = Organization.objects.create(name="Example Lab")
    subject = f"organization:{home.pk}"
    shown = record("domain.verified", subject, "usr_a", domain="lab.example", how="staff")
    assert told(shown) == "usr_a showed that lab.example is of organization Example Lab, by vouching for it."
    prepared = record("pending.proposed", "pending:act_a", "usr_a", action="cast_vote")
    assert told(prepared) == "usr_a prepared from the command line: a verdict."
    proposed = record("change.proposed", "change:chg_a", "usr_a", change="role.grant")
    assert told(proposed) == "usr_a proposed change of two chg_a, “Give a role”."


@pytest.mark.django_db
def test_a_page_of_events_takes_two_queries() -> None:
    events = [record("grant.revoked", f"grant:grt_{n}", f"usr_{n}", "Why.") for n in range(30)]
    with CaptureQueriesContext(connection) as asked:
        assert len(sentences.tell(events)) == 30
    assert len(asked) == 2


@pytest.mark.django_db
def test_a_kind_of_which_nothing_is_known_is_told_plainly() -> None:
    assert told(record("comet.seen", "sky:north", "anonymous")) == (
        "Somebody who was not signed in: comet.seen, sky north."
    )


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-21T23:30:00-05:00", "22 Nov 2026"),
        ("2026-11-21", "21 Nov 2026"),
        ("2026-11-21T00:30:00+00:00", "21 Nov 2026"),
        ("soon", "soon"),
    ],
)
def test_a_day_is_that_of_utc_as_everywhere(moment: str, day: str) -> None:
    assert sentences._day(moment) == day
