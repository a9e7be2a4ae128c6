"""The way of a request from the applicant's side: where it stands on the path, and what comes next.

Tables, not rules: what may be done is asked of `licenses.policies` when it is done; here stands what is
said in each state and which pages are offered. A state without a row fails a test.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.urls import reverse

from portal.web.holding import Holding
from portal.web.words import word

STEPS = ("Ask", "Review", "Sign", "Download")


class Place(NamedTuple):
    """How many steps are done, and whether the next one is under way ("now") or was ended ("stopped")."""

    done: int
    mark: str


PLACES: dict[str, Place] = {
    "draft": Place(0, "now"),
    "submitted": Place(1, "now"),
    "changes_requested": Place(1, "now"),
    "approved": Place(2, "now"),
    "signed": Place(3, "now"),
    "rejected": Place(1, "stopped"),
    "withdrawn": Place(0, "stopped"),
    "lapsed": Place(2, "stopped"),
}


class Step(NamedTuple):
    label: str
    state: str
    icon: str


class Progress(NamedTuple):
    tone: str
    steps: list[Step]


class Action(NamedTuple):
    label: str
    page: str
    href: str = ""


class Next(NamedTuple):
    """The panel "What happens next"."""

    title: str
    sentences: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    tone: str = ""
    icon: str = ""


_WITHDRAW = Action("Withdraw", "request_withdraw")
_ANEW = Action("Ask again", "request_form")
_GRANT = Action("See the grant", "grant_detail")
_GRANTS = Action("My grants", "grants")

NEXT: dict[str, Next] = {
    "draft": Next(
        "Finish it and send it",
        ("Nobody reads a draft before you send it.",),
        (Action("Continue the draft", "request_edit"), _WITHDRAW),
    ),
    "submitted": Next(
        "The reviewers read it",
        (
            "The target is an answer within {target_days} days. It comes by mail and stands here.",
            "You may still change your answers; reviewers then start over with the new version.",
        ),
        (Action("Change my answers", "request_edit"), _WITHDRAW),
    ),
    "changes_requested": Next(
        "The reviewers need something from you",
        ("Change or complete your answers, and send them again. What they ask:",),
        (Action("Answer and send again", "request_edit"), _WITHDRAW),
    ),
    "approved": Next(
        "Read the license and sign it",
        ("Your request is approved. Sign within {sign_days} days of the approval, or it lapses.",),
        (Action("Read and sign", "request_sign"), _WITHDRAW),
    ),
    "signed": Next(
        "Download the weights",
        ("The license is signed and your grant is made. Its page has the commands to copy.",),
        (_GRANTS,),
    ),
    "rejected": Next(
        "Your request was declined",
        ("You can appeal once, to reviewers who have not voted on it, or ask anew. The reason given:",),
        (Action("Appeal", "request_appeal"), _ANEW),
    ),
    "withdrawn": Next(
        "You withdrew this request",
        ("Nobody reads it any more. You can ask again at any time.",),
        (_ANEW,),
    ),
    "lapsed": Next(
        "The approval lapsed",
        ("It was not signed in time. You can ask again; nothing speaks against you.",),
        (_ANEW,),
    ),
}

# In place of the row "signed", once what it gave can no longer be used.
OVER: dict[str, Next] = {
    "suspended": Next(
        "Your access is on hold",
        (
            "Nothing is issued to you until it is resumed.",
            "If you think this is wrong, write to {contact}. The reason given:",
        ),
        (_GRANT,),
    ),
    "revoked": Next(
        "Your access was revoked",
        (
            "It ended on {ended}, for good. Do with your copies what the license says.",
            "If you think this is wrong, write to {contact}. The reason given:",
        ),
        (_GRANT, _ANEW),
    ),
    "closed": Next(
        "Your access is closed out",
        ("It ended on {ended}. What was signed about it stays under “Signed documents”.",),
        (_GRANT, _ANEW),
    ),
    "expired": Next(
        "Your access has ended: renew it, or close it out",
        (
            "Renewing asks only what you did with the weights.",
            "You close it out once every copy is destroyed.",
        ),
        (_GRANT,),
    ),
}

# While a question waits, in place of the row of its state.
ASKED = Next(
    "Answer the reviewers' question",
    (
        "The review goes on as soon as you answer.",
        "If your answers to the form change by it, change those; reviewers then start over.",
    ),
    (Action("Answer the question", "request_detail"), Action("Change my answers", "request_edit"), _WITHDRAW),
    "turn",
    "message-circle-question-mark",
)

# Pages that are about the release, or about nothing, rather than about the request.
_ABOUT_RELEASE = frozenset({"request_form"})
_ABOUT_NOTHING = frozenset({"grants"})
_ABOUT_GRANT = frozenset({"grant_detail"})
_PLACE = {"request_detail": "#messages"}


def progress(state: str, holding: Holding | None = None) -> Progress:
    """The four steps as the state `state` leaves them, and what the person then held."""
    place, said = PLACES[state], word("request", state)
    if holding is not None and holding.over:
        place, said = place._replace(mark="stopped"), holding.said
    steps = []
    for index, label in enumerate(STEPS):
        if index < place.done:
            steps.append(Step(label, "done", "check"))
        elif index == place.done:
            steps.append(Step(label, "now", said.icon if place.mark == "stopped" else ""))
        else:
            steps.append(Step(label, "ahead", ""))
    return Progress(said.tone, steps)


def next_panel(
    state: str,
    request_id: str,
    slug: str,
    *,
    asked: bool = False,
    closed: Iterable[str] = (),
    holding: Holding | None = None,
    **values: object,
) -> Next:
    """What to tell the applicant, with the addresses filled in.

    slug: a release of the request. asked: a question of the reviewers waits. closed: pages not to offer,
    because the rule refuses them now. holding: what the reader was given by it.
    values: what the sentences name: target_days, sign_days, contact, ended.
    """
    row = ASKED if asked else _row(state, holding)
    grant_id = holding.grant.pk if holding is not None else ""
    actions = tuple(
        action._replace(href=_href(action.page, request_id, slug, grant_id))
        for action in row.actions
        if action.page not in set(closed)
    )
    sentences = tuple(sentence.format_map(values) for sentence in row.sentences)
    return row._replace(sentences=sentences, actions=actions)


def _row(state: str, holding: Holding | None) -> Next:
    said = word("request", state)
    row = NEXT[state]
    if holding is not None:
        if holding.over:
            said, row = holding.said, OVER[holding.state]
        if not holding.several:
            row = row._replace(actions=tuple(_GRANT if each == _GRANTS else each for each in row.actions))
    return row._replace(tone=said.tone, icon=said.icon)


def _href(page: str, request_id: str, slug: str, grant_id: str) -> str:
    if page in _ABOUT_NOTHING:
        return reverse(page)
    if page in _ABOUT_GRANT:
        return reverse(page, args=[grant_id])
    return reverse(page, args=[slug if page in _ABOUT_RELEASE else request_id]) + _PLACE.get(page, "")
