"""A release manager's desk: the revisions of a release, what became of them, and their recall."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.audit import tell, trail, wording
from portal.core.models import AuditEvent
from portal.core.problems import NotFound, require
from portal.web.story import Told
from weights_vault import queries as vault
from weights_vault import recalls
from weights_vault.models import Release, Revision
from weights_vault.policies import may_manage_releases, may_read_ledger
from weights_vault.ports import access_policy

LABELS: Final = {
    "quarantine": "Quarantine: nothing of it is given out until it is restored or withdrawn",
    "restore": "Restore: it is given out again",
    "withdraw": "Withdraw: for good, it cannot be undone",
}
# By kind of the audit event: title, tone, icon. What has no row happened before it was published.
_EVENTS: Final = {
    "revision.published": ("Published", "good", "circle-check"),
    "revision.quarantined": ("Quarantined", "wait", "circle-pause"),
    "revision.restored": ("Restored", "good", "circle-play"),
    "revision.withdrawn": ("Withdrawn", "bad", "ban"),
}


@dataclass(frozen=True)
class Row:
    """One revision with what its manager wants to know. revision carries plain_size and file_count."""

    revision: Revision
    holders: int
    soundness: recalls.Soundness


def enter(principal: Principal, slug: str) -> Release:
    """The release, for who reads what became of its revisions.

    Raises: NotFound: it is not there to see. NotPermitted, with the reason: everybody else.
    """
    release = access_policy().visible_releases(principal).filter(slug=slug).first()
    if release is None:
        raise NotFound()
    require(may_read_ledger(principal))
    return release


def manage(principal: Principal) -> None:
    """Let pass who recalls revisions and answers alerts. Raises: NotPermitted, for readers too."""
    require(may_manage_releases(principal))


def rows(release: Release) -> list[Row]:
    """All that was ever published of the release, newest first."""
    return _rows(list(vault.with_sizes(vault.revisions_of(release))))


def row(release: Release, revision_id: str) -> Row:
    """One revision of the release. Raises: NotFound."""
    revision = vault.with_sizes(vault.revisions_of(release)).filter(pk=revision_id).first()
    if revision is None:
        raise NotFound()
    return _rows([revision])[0]


def verbs(found: Row) -> list[tuple[str, str]]:
    """The moves that are open now, as (verb, label). What is damaged in the store is not given out again."""
    moves = [move.action for move in recalls.moves_from(found.revision.state)]
    return [(verb, LABELS[verb]) for verb in moves if verb != "restore" or not found.soundness.damaged]


def page_of(release: Release, found: Row) -> dict[str, Any]:
    """Context of the page of one revision."""
    return {
        "release": release,
        "row": found,
        "revision": found.revision,
        "instead": vault.current_revision(release),
        "timeline": _timeline(trail(f"revision:{found.revision.pk}")),
    }


def _rows(revisions: list[Revision]) -> list[Row]:
    holders, soundness = recalls.holder_counts(revisions), recalls.soundness_of(revisions)
    return [Row(each, holders.get(each.pk, 0), soundness[each.pk]) for each in revisions]


def _timeline(events: Iterable[AuditEvent]) -> list[Told]:
    shown = tell(event for event in events if event.kind in _EVENTS)
    people = User.objects.in_bulk({event.by for event in shown}, field_name="public_id")
    return [_told(event, people.get(event.by)) for event in shown]


def _told(event: AuditEvent, person: User | None) -> Told:
    title, tone, icon = _EVENTS[event.kind]
    actor = str(person) if person else "the portal itself"
    return Told(event.at, title, "", wording(event, "reason"), actor, tone, icon)
