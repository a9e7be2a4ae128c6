"""Keep views of the queue: a name for a filter, for oneself or for the whole desk."""

from datetime import datetime

from django.db import transaction

from licenses import policies, queries, texts
from licenses.actions.moving import require, who
from licenses.models import SavedView
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Invalid, NotFound

MAX_NAME_CHARACTERS = 80
MAX_QUERY_CHARACTERS = 1_000
MAX_VIEWS = 30


def save_view(*, name: str, query: str, shared: bool, by: Principal, now: datetime) -> SavedView:
    """Keep the filter under this name and return it; a view of the same name is replaced.

    query: as in the address. shared: everybody on the desk sees it.
    Raises: NotPermitted. Invalid: no name, or there are thirty already.
    """
    require(policies.may_keep_desk(queries.person(by)))
    said, wrong = texts.clean(name, multiline=False, max_characters=MAX_NAME_CHARACTERS)
    owner = who(by)
    with transaction.atomic():
        others = SavedView.objects.select_for_update().filter(owner=owner).exclude(name=said)
        if wrong or not said:
            wrong = wrong or "Give it a name."
        elif len(query) > MAX_QUERY_CHARACTERS:
            wrong = "This filter is too long to be kept."
        elif len(others) >= MAX_VIEWS:
            wrong = f"You keep {MAX_VIEWS} views already: remove one first."
        if wrong:
            raise Invalid("view_invalid", "The view was not kept.", errors={"name": [wrong]})
        view, _ = SavedView.objects.update_or_create(
            owner=owner,
            name=said,
            defaults={"query": query, "shared": shared},
            create_defaults={"query": query, "shared": shared, "created_at": now},
        )
        audit.record("view.saved", by=by.actor, subject=f"view:{view.pk}", now=now, shared=shared)
    return view


def remove_view(*, view: SavedView, by: Principal, now: datetime) -> None:
    """Forget a view of one's own. Raises: NotPermitted: not legal staff. NotFound: it is a colleague's."""
    require(policies.may_keep_desk(queries.person(by)))
    if view.owner_id != who(by).pk:
        raise NotFound()
    with transaction.atomic():
        gone, _ = SavedView.objects.filter(pk=view.pk).delete()
        if gone:
            audit.record("view.removed", by=by.actor, subject=f"view:{view.pk}", now=now)
