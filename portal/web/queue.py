"""The queue as a page shows it: its views with their counts, its filter, the rows of one page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import QueryDict

from licenses import actions, queries
from licenses.models import Request
from licenses.queries.pages import COUNTED
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.web import desk
from portal.web.forms.queue import QueueFilterForm, ViewForm, address_of, wanted_by

# Shown to everybody as tabs: name and filter.
VIEWS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("In review", {}),
    ("Waiting for my vote", {"awaiting": "me"}),
    ("On my desk", {"assignee": "me"}),
    ("On nobody's desk", {"assignee": "nobody"}),
    ("Over the target", {"overdue": True}),
    ("Split", {"split": True}),
    ("Appeals", {"appeal": True}),
    ("Waiting for an answer", {"asked": True}),
)
# What an empty view says, by its name: picture, title, text. The others say that nothing fits.
EMPTY: Final = {
    "In review": (
        "inbox",
        "The queue is empty",
        "New requests appear here as soon as they are sent, and you get mail about each.",
    ),
    "Waiting for my vote": (
        "circle-check",
        "You have voted on everything",
        "What is sent, changed or appealed from now on appears here.",
    ),
    "On my desk": (
        "user",
        "Nothing is on your desk",
        "Take the next request, or select some in the queue and take them.",
    ),
    "On nobody's desk": (
        "circle-check",
        "Everything is on somebody's desk",
        "New requests appear here until somebody takes them.",
    ),
    "Over the target": (
        "circle-check",
        "Nothing is over the target",
        "Every request in review is still within the time that people were told.",
    ),
    "Split": (
        "circle-check",
        "No votes oppose each other",
        "Where they do, one more reviewer decides, and the request appears here.",
    ),
    "Appeals": (
        "scale",
        "Nobody appeals",
        "An appeal is decided by reviewers who have not voted on the request.",
    ),
    "Waiting for an answer": (
        "circle-check",
        "No question is open",
        "A request waits here from a question until the applicant answers it.",
    ),
}
_NOTHING_FITS: Final = ("search", "Nothing fits this filter", "Take a part of the filter away to see more.")


@dataclass(frozen=True)
class Tab:
    """A view as a tab. count: how many requests it holds, "1,000+" from a thousand on; empty: not counted.

    own: the id of a view that the reader keeps, and may forget.
    """

    name: str
    query: str
    count: str = ""
    current: bool = False
    own: str = ""
    owner: str = ""


def page_of(principal: Principal, data: QueryDict, now: datetime) -> dict[str, Any]:
    """Context of the queue's page. Raises: NotPermitted: no legal staff."""
    desk.enter(principal)
    reviewers = list(queries.desk_people(now))
    form = QueueFilterForm(data, releases=list(queries.asked_releases()), reviewers=named(reviewers))
    sort = form.filters.get("sort", "")
    page = queries.sliced(
        queries.queue(principal, form.wanted, now),
        sort,
        before=data.get("before", ""),
        after=data.get("after", ""),
        size=form.size,
    )
    queries.as_they_stand(page.rows, now)
    tabs, total = _tabs(principal, form, now)
    current = next((tab for tab in tabs if tab.current), None)
    picture, title, text = EMPTY.get(current.name, _NOTHING_FITS) if current else _NOTHING_FITS
    return {
        "form": form,
        "view_form": ViewForm(initial={"query": form.view}, auto_id="view_%s"),
        "tabs": tabs,
        "current": current,
        "total": total,
        "page": page,
        "query": address_of(form.filters),
        "reviewers": reviewers,
        "away": {person.pk for person in reviewers if person.away},  # type: ignore[attr-defined]
        "review_target_days": settings.REVIEW_TARGET_DAYS,
        "empty": {"picture": picture, "title": title, "text": text},
    }


def chosen(principal: Principal, ids: list[str], now: datetime) -> list[Request]:
    """The selected requests that the reader may review, at most 100. Raises: NotPermitted: no legal staff."""
    desk.enter(principal)
    every = queries.queue(principal, queries.QueueFilters(state=""), now)
    return list(every.filter(pk__in=ids[: actions.MAX_VOTES]))


def named(people: list[User]) -> list[tuple[str, str]]:
    """People as the choices of a field."""
    return [(person.public_id, person.get_full_name()) for person in people]


def _tabs(principal: Principal, form: QueueFilterForm, now: datetime) -> tuple[list[Tab], str]:
    """The views, and how many requests the filter that is shown leaves, counted together."""
    wanted = {address_of(filters): wanted_by(filters) for _, filters in VIEWS}
    counts = queries.counts(principal, {**wanted, form.view: form.wanted}, now)
    kept = queries.saved_views(principal)
    mine = principal.person.pk
    tabs = [
        *(Tab(name, address_of(filters), _said(counts[address_of(filters)])) for name, filters in VIEWS),
        *(
            Tab(
                view.name,
                view.query,
                own=view.pk if view.owner_id == mine else "",
                owner="" if view.owner_id == mine else str(view.owner),
            )
            for view in kept
        ),
    ]
    return [_marked(tab, form.view) for tab in tabs], _said(counts[form.view])


def _marked(tab: Tab, shown: str) -> Tab:
    if tab.query != shown:
        return tab
    return Tab(tab.name, tab.query, tab.count, True, tab.own, tab.owner)


def _said(count: int) -> str:
    return f"{COUNTED:,}+" if count >= COUNTED else f"{count:,}"
