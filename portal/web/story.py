"""The timeline as a page shows it: each entry of `licenses.queries.timeline` with an icon and a tone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from licenses.queries import TimelineEntry

# By kind of the audit event. What has no row is shown plainly, never hidden.
LOOKS: Final[dict[str, tuple[str, str]]] = {
    "request.drafted": ("calm", "pen-line"),
    "request.edited": ("calm", "pen-line"),
    "request.submitted": ("turn", "send"),
    "request.license_confirmed": ("calm", "scale"),
    "request.voted": ("calm", "eye"),
    "request.assigned": ("calm", "user"),
    "request.approved": ("good", "circle-check"),
    "request.rejected": ("bad", "circle-x"),
    "request.changes_requested": ("wait", "message-circle-question-mark"),
    "request.asked": ("wait", "message-circle-question-mark"),
    "request.answered": ("turn", "send"),
    "request.message_sent": ("calm", "send"),
    "request.noted": ("calm", "pen-line"),
    "request.recused": ("calm", "circle-minus"),
    "request.withdrawn": ("calm", "undo-2"),
    "request.nudged": ("turn", "clock"),
    "request.lapsed": ("calm", "clock"),
    "request.appealed": ("turn", "scale"),
    "request.releases_chosen": ("calm", "package"),
    "request.party_invited": ("wait", "mail"),
    "request.party_joined": ("good", "users"),
    "request.party_declined": ("calm", "circle-minus"),
    "request.party_removed": ("calm", "circle-minus"),
    "request.party_dropped": ("calm", "clock"),
    "request.accepted": ("good", "signature"),
    "request.signed": ("good", "signature"),
    "grant.started": ("good", "lock-open"),
    "grant.suspended": ("wait", "circle-pause"),
    "grant.resumed": ("good", "circle-play"),
    "grant.revoked": ("bad", "ban"),
    "grant.reacceptance_wanted": ("turn", "scale"),
    "grant.reaccepted": ("good", "signature"),
    "grant.closed": ("calm", "circle-minus"),
    "grant.certified": ("calm", "signature"),
    "grant.extended": ("good", "calendar"),
    "grant.expired": ("calm", "clock"),
    "grant.kept": ("calm", "info"),
}
_PLAIN: Final = ("calm", "circle-dot")
# Their detail is a few words of ours; that of the others is what somebody wrote.
_BRIEF: Final = frozenset(
    {
        "request.submitted",
        "request.edited",
        "request.license_confirmed",
        "request.releases_chosen",
        "request.party_invited",
        "request.party_joined",
        "request.party_declined",
        "request.party_removed",
        "request.party_dropped",
        "grant.started",
    }
)


class Told(NamedTuple):
    at: datetime
    title: str
    brief: str
    quote: str
    actor_label: str
    tone: str
    icon: str
    proof: int | None = None


def told(entries: Iterable[TimelineEntry]) -> list[Told]:
    """The entries in their order, ready for the page."""
    return [_told(entry) for entry in entries]


def _told(entry: TimelineEntry) -> Told:
    brief, quote = (entry.detail, "") if entry.kind in _BRIEF else ("", entry.detail)
    tone, icon = LOOKS.get(entry.kind, _PLAIN)
    return Told(entry.at, entry.title, brief, quote, entry.actor_label, tone, icon, entry.proof)
