"""What events of before say of people becomes commitments, with the values beside the log; fractions, words.

An event that has its place in the tree already stays as it is: its bytes are known to others. Of whom was
erased before nothing is kept beside the log. It stands here because the tables of grants, requests and alerts
say whom a value is about; the core stands below them.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from portal.core.append_only import protect_audit_log, unprotect_audit_log
from weights_vault.sealed.log.entry import commit

_AT_ONCE = 500
_REASONED = ("request.voted", "request.approved", "request.rejected", "request.changes_requested")
_MESSAGES = ("request.message_sent", "request.asked", "request.answered", "request.noted")
_GRANTS = tuple(
    f"grant.{what}"
    for what in (
        "suspended", "resumed", "revoked", "extended", "closed", "expired", "kept", "reaccepted",
        "reacceptance_wanted",
    )
)  # fmt: skip
_REVISIONS = ("revision.published", "revision.quarantined", "revision.restored", "revision.withdrawn")


def convert(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Rewrite the events that say something of a person, without the triggers that keep them."""
    unprotect_audit_log(apps, schema_editor)
    whom = _Whom(apps)
    for event in _events(apps):
        fields = [name for name in whom.fields(event.kind) if _is_open(event.data.get(name))]
        written = {name: _whole(value) for name, value in event.data.items()}
        about = whom.about(event) if fields else ""
        for name in fields:
            salt, value = secrets.token_bytes(16), written[name]
            written[name] = {"commitment": commit(salt, name, value)}
            if about not in whom.erased:
                row = {"event": event.pk, "field": name, "salt": salt, "value": value, "about": about}
                apps.get_model("core", "AuditDisclosure").objects.create(**row)
        if written != event.data or fields:
            apps.get_model("core", "AuditEvent").objects.filter(pk=event.pk).update(data=written)
    protect_audit_log(apps, schema_editor)


def leave(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Backwards: events stay as they are, readable by what wrote them less the words that are private."""


def _events(apps: Apps) -> Iterator[Any]:
    placed = apps.get_model("core", "LogEntry").objects.values("event")
    log = apps.get_model("core", "AuditEvent").objects.exclude(pk__in=placed).order_by("pk")
    last = 0
    while batch := list(log.filter(pk__gt=last)[:_AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def _is_open(value: Any) -> bool:
    """Whether this says something, and is not a commitment already: of an event since, when going forth again."""
    return value not in (None, "") and not isinstance(value, dict)


def _whole(value: Any) -> Any:
    """The value with fractions as words: an entry of the tree has none."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


class _Whom:
    """Which fields of which event are about a person, and about whom."""

    def __init__(self, apps: Apps) -> None:
        self._apps = apps
        log = apps.get_model("core", "AuditEvent").objects
        erased = log.filter(kind="account.erased").values_list("subject", flat=True)
        # Members are named by address, and many had no account: an erased one's row holds nobody's address.
        members = apps.get_model("licenses", "MasterMember").objects.filter(email__endswith="@erased.invalid")
        self.erased = frozenset(
            [subject.removeprefix("user:") for subject in erased]
            + [f"member:{pk}" for pk in members.values_list("pk", flat=True)]
        )
        self._rows: list[tuple[tuple[str, ...], tuple[str, ...], Callable[[Any], str]]] = [
            (_REASONED, ("reason",), self._applicant),
            (_MESSAGES, ("sha256",), self._spoken_of),
            (("request.appealed",), ("sha256", "text"), lambda event: str(event.by)),
            (_GRANTS, ("reason",), self._holder),
            (("grant.certified",), ("method",), self._holder),
            (("reason.kept",), ("title", "text"), lambda event: ""),
            (("account.disabled",), ("reason",), _id),
            (("alert.acknowledged",), ("note",), self._watched),
            (_REVISIONS, ("reason",), lambda event: ""),
            (("master.member_removed",), ("reason",), lambda event: f"member:{event.data['member']}"),
            (("master.ended",), ("reason",), self._signatory),
        ]
        self._by_kind = {kind: row for row in self._rows for kind in row[0]}

    def fields(self, kind: str) -> tuple[str, ...]:
        return self._by_kind[kind][1] if kind in self._by_kind else ()

    def about(self, event: Any) -> str:
        return self._by_kind[event.kind][2](event)

    def _applicant(self, event: Any) -> str:
        return self._of("licenses", "Request", event, "applicant__public_id")

    def _holder(self, event: Any) -> str:
        return self._of("licenses", "Grant", event, "user__public_id")

    def _signatory(self, event: Any) -> str:
        return self._of("licenses", "MasterAgreement", event, "signatory__public_id")

    def _watched(self, event: Any) -> str:
        return self._of("weights_vault", "Alert", event, "person")

    def _spoken_of(self, event: Any) -> str:
        return self._applicant(event) if event.data.get("by_staff") else str(event.by)

    def _of(self, app: str, model: str, event: Any, field: str) -> str:
        rows = self._apps.get_model(app, model).objects.filter(pk=_id(event))
        return str(rows.values_list(field, flat=True).first() or "")


def _id(event: Any) -> str:
    return str(event.subject.partition(":")[2])


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_private_values"),
        ("accounts", "0001_initial"),
        ("licenses", "0007_vote_assertions"),
        ("weights_vault", "0003_ledger_of_deliveries"),
    ]

    operations = [migrations.RunPython(convert, leave)]
