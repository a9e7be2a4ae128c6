"""The life of a revision, as data: sealing → gated → published ⇄ quarantined → withdrawn."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Transition:
    """source, target: states; who: in words; audit: the event; notice: the mail to header holders, or ""."""

    source: str
    action: str
    target: str
    who: str
    audit: str
    notice: str = ""


MANAGER = "release manager"
PUBLISHER = "manage.py publish"

REVISION_TRANSITIONS: tuple[Transition, ...] = (
    Transition("sealing", "gate", "gated", PUBLISHER, "revision.gated"),
    # The folder changed after the gate: what the gate saw is not what would be published.
    Transition("gated", "reseal", "sealing", PUBLISHER, "revision.resealed"),
    Transition("gated", "publish", "published", PUBLISHER, "revision.published"),
    Transition(
        "published", "quarantine", "quarantined", MANAGER, "revision.quarantined", "revision_quarantined"
    ),
    Transition("quarantined", "restore", "published", MANAGER, "revision.restored", "revision_restored"),
    Transition("published", "withdraw", "withdrawn", MANAGER, "revision.withdrawn", "revision_withdrawn"),
    Transition("quarantined", "withdraw", "withdrawn", MANAGER, "revision.withdrawn", "revision_withdrawn"),
)


def transition(source: str, action: str) -> Transition | None:
    """The transition of that action from that state, or None: it is not allowed."""
    return next((row for row in REVISION_TRANSITIONS if row.source == source and row.action == action), None)
