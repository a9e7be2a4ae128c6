"""The people of the desk: who reviews, who is away and who stands in, and the views that they keep."""

from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from licenses import policies
from licenses.models import Absence, SavedView
from licenses.queries.facts import person
from portal.accounts.matrix import REQUEST_VOTE
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.accounts.staff import people_who
from portal.core.problems import NotFound
from weights_vault.models import Release


def is_away(user: User, day: date) -> bool:
    """Return whether the person said that they are away on that day, UTC."""
    return _on(day).filter(reviewer=user).exists()


def cover_for(user: User, day: date) -> User | None:
    """Return who works for `user` on that day: they themselves, else who stands in, however many stand in
    for one another; None where that leads to nobody."""
    seen: set[int] = set()
    standing: User | None = user
    while standing is not None and standing.pk not in seen:
        seen.add(standing.pk)
        absence = _on(day).filter(reviewer=standing).select_related("cover").first()
        if absence is None:
            return standing if standing.is_active else None
        standing = absence.cover
    return None


def people(now: datetime) -> QuerySet[User]:
    """Return everybody who may review, by name; `away` is true of those who are not there today."""
    here = people_who(REQUEST_VOTE)
    away = _on(now.date()).filter(reviewer=OuterRef("pk"))
    return here.annotate(away=Exists(away)).order_by("full_name", "email")


def absences(principal: Principal, now: datetime) -> QuerySet[Absence]:
    """Return who of the desk is or will be away, the soonest first; nothing to others than legal staff."""
    if not policies.may_review(person(principal)):
        return Absence.objects.none()
    rows = Absence.objects.filter(ends_on__gte=now.date()).select_related("reviewer", "cover")
    return rows.order_by("starts_on", "pk")


def absence_for(principal: Principal, id: str) -> Absence:
    """Return an absence of the person's own. Raises: NotFound."""
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 18 else 0
    found = Absence.objects.filter(reviewer=principal.user, pk=number).first()
    if found is None or not policies.may_review(person(principal)):
        raise NotFound()
    return found


def saved_views(principal: Principal) -> QuerySet[SavedView]:
    """Return the person's own views of the queue and those that colleagues share, by name."""
    if principal.user is None or not policies.may_review(person(principal)):
        return SavedView.objects.none()
    theirs = Q(owner=principal.user) | Q(shared=True)
    return SavedView.objects.filter(theirs).select_related("owner").order_by("name", "pk")


def saved_view_for(principal: Principal, id: str) -> SavedView:
    """Return a view that the person keeps. Raises: NotFound: there is none, or it is a colleague's."""
    found = saved_views(principal).filter(owner=principal.user, pk=id).first()
    if found is None:
        raise NotFound()
    return found


def asked_releases() -> QuerySet[Release, tuple[str, str]]:
    """Return (slug, title) of the releases that are given on request, by title."""
    return Release.objects.filter(terms__strategy="request").order_by("title").values_list("slug", "title")


def _on(day: date) -> QuerySet[Absence]:
    return Absence.objects.filter(starts_on__lte=day, ends_on__gte=day).order_by("starts_on", "pk")
