"""How a state, a stage or a verdict is said on a page: a word, an icon and a tone, always together.

The words are those of the design's section 2, so that mail, API, command line and page agree.
Tones: good (done), wait (somebody else acts), turn (your turn), bad (refused), calm (nothing happens).
"""

from typing import NamedTuple


class Word(NamedTuple):
    text: str
    tone: str
    icon: str


WORDS: dict[str, dict[str, Word]] = {
    "request": {
        "draft": Word("Draft", "turn", "pen-line"),
        "submitted": Word("In review", "wait", "hourglass"),
        "changes_requested": Word("Changes requested", "turn", "message-circle-question-mark"),
        "approved": Word("Approved, not signed", "turn", "signature"),
        "rejected": Word("Declined", "bad", "circle-x"),
        "withdrawn": Word("Withdrawn", "calm", "undo-2"),
        "lapsed": Word("Lapsed", "calm", "clock"),
        "signed": Word("Signed", "good", "circle-check"),
    },
    "grant": {
        "active": Word("Active", "good", "circle-check"),
        "suspended": Word("Suspended", "wait", "circle-pause"),
        "revoked": Word("Revoked", "bad", "ban"),
        "closed": Word("Closed out", "calm", "circle-minus"),
        "expired": Word("Expired", "calm", "clock"),
    },
    "key": {
        "challenged": Word("Waiting for proof", "wait", "hourglass"),
        "proven": Word("Waiting for your confirmation", "turn", "eye"),
        "active": Word("Active", "good", "circle-check"),
        "removed": Word("Removed", "calm", "circle-minus"),
    },
    "pending": {
        "pending": Word("Waiting for you", "turn", "hourglass"),
        "confirmed": Word("Confirmed", "good", "circle-check"),
        "refused": Word("Refused", "bad", "circle-x"),
        "expired": Word("Expired", "calm", "clock"),
    },
    "token": {
        "live": Word("Live", "good", "circle-check"),
        "ended": Word("Ended", "calm", "circle-minus"),
        "expired": Word("Expired", "calm", "clock"),
    },
    "verdict": {
        "approve": Word("Approves", "good", "check"),
        "request_changes": Word("Asks for changes", "wait", "message-circle-question-mark"),
        "reject": Word("Declines", "bad", "x"),
    },
    "revision": {
        "published": Word("Published", "good", "circle-check"),
        "quarantined": Word("Quarantined", "wait", "circle-pause"),
        "withdrawn": Word("Withdrawn", "bad", "ban"),
    },
    "alert": {
        "open": Word("Open", "wait", "triangle-alert"),
        "acknowledged": Word("Looked at", "good", "circle-check"),
    },
    "stage": {
        "closed": Word("Closed", "calm", "lock"),
        "partners": Word("Partners", "calm", "users"),
        "researchers": Word("Researchers", "calm", "users"),
        "public": Word("Everybody", "calm", "users"),
    },
    "strategy": {
        "open": Word("Open", "calm", "lock-open"),
        "click_through": Word("Accept the license", "calm", "signature"),
        "request": Word("On request", "calm", "send"),
        "api_only": Word("API only", "calm", "terminal"),
    },
}


def word(kind: str, state: str) -> Word:
    """The word for a state; a state that has none is shown as it is rather than hidden."""
    return WORDS.get(kind, {}).get(
        state, Word(str(state).replace("_", " ").capitalize(), "calm", "circle-dot")
    )
