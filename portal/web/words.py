"""How a state, a stage or a verdict is said on a page: a word, an icon and a tone, always together.

The words are those of the design's section 2, so that mail, API, command line and page agree.
Tones: good (done), wait (somebody else acts), turn (your turn), bad (refused), calm (nothing happens).
"""

from typing import NamedTuple

from licenses import tally
from licenses.states import GRANT_WORDS, REQUEST_WORDS


class Word(NamedTuple):
    text: str
    tone: str
    icon: str


WORDS: dict[str, dict[str, Word]] = {
    "request": {
        "draft": Word(REQUEST_WORDS["draft"], "turn", "pen-line"),
        "submitted": Word(REQUEST_WORDS["submitted"], "wait", "hourglass"),
        "changes_requested": Word(REQUEST_WORDS["changes_requested"], "turn", "message-circle-question-mark"),
        "approved": Word(REQUEST_WORDS["approved"], "turn", "signature"),
        "rejected": Word(REQUEST_WORDS["rejected"], "bad", "circle-x"),
        "withdrawn": Word(REQUEST_WORDS["withdrawn"], "calm", "undo-2"),
        "lapsed": Word(REQUEST_WORDS["lapsed"], "calm", "clock"),
        "signed": Word(REQUEST_WORDS["signed"], "good", "circle-check"),
    },
    "grant": {
        "active": Word(GRANT_WORDS["active"], "good", "circle-check"),
        "suspended": Word(GRANT_WORDS["suspended"], "wait", "circle-pause"),
        "revoked": Word(GRANT_WORDS["revoked"], "bad", "ban"),
        "closed": Word(GRANT_WORDS["closed"], "calm", "circle-minus"),
        "expired": Word("Expired", "calm", "clock"),
    },
    "party": {
        "invited": Word("Asked, no answer yet", "wait", "hourglass"),
        "joined": Word("Takes part", "good", "check"),
        "accepted": Word("Accepted the license", "good", "signature"),
        "declined": Word("Declined", "calm", "circle-minus"),
        "dropped": Word("No longer in it", "calm", "circle-minus"),
    },
    "master": {
        "proposed": Word("Waiting for a signature", "wait", "hourglass"),
        "signed": Word("In force", "good", "circle-check"),
        "ended": Word("Ended", "calm", "circle-minus"),
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
    "device_code": {
        "waiting": Word("Waiting for you", "turn", "hourglass"),
        "allowed": Word("Allowed", "good", "circle-check"),
        "taken": Word("Allowed", "good", "circle-check"),
        "refused": Word("Refused", "bad", "circle-x"),
        "expired": Word("Expired", "calm", "clock"),
    },
    "change": {
        "proposed": Word("Waits for a second person", "turn", "hourglass"),
        "confirmed": Word("Confirmed", "good", "circle-check"),
        "refused": Word("Refused", "bad", "circle-x"),
        "withdrawn": Word("Withdrawn", "calm", "circle-minus"),
        "expired": Word("Expired", "calm", "clock"),
    },
    "account": {
        "active": Word("Active", "good", "circle-check"),
        "disabled": Word("Disabled", "bad", "ban"),
        "erased": Word("Erased", "calm", "circle-minus"),
    },
    "token": {
        "live": Word("Live", "good", "circle-check"),
        "ended": Word("Ended", "calm", "circle-minus"),
        "expired": Word("Expired", "calm", "clock"),
        "reused": Word("Ended: used twice", "bad", "triangle-alert"),
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
    "party_role": {
        "co_applicant": Word("Co-applicant", "calm", "user"),
        "signatory": Word("Signatory", "calm", "signature"),
    },
    "reason": {
        "approve": Word(tally.WORDS["approve"], "good", "check"),
        "request_changes": Word(tally.WORDS["request_changes"], "wait", "message-circle-question-mark"),
        "reject": Word(tally.WORDS["reject"], "bad", "x"),
        "grant": Word("Change a grant", "calm", "key-round"),
    },
    "decision": {
        "approved": Word("Approved", "good", "circle-check"),
        "rejected": Word("Declined", "bad", "circle-x"),
        "changes_requested": Word("Changes requested", "wait", "message-circle-question-mark"),
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
