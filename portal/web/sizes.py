"""Several releases of one model in one request: what the form offers beside the one it was opened for."""

from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from licenses import policies, queries
from licenses.models import Request
from licenses.queries.siblings import siblings
from portal.accounts.principals import Principal
from weights_vault.models import Release

FIELD = "releases"


@dataclass(frozen=True)
class Sizes:
    """release: the one that the form names. offered: the others that can be asked for with it. chosen: the
    slugs of all that are asked for. open: whether that can be changed here."""

    release: Release
    offered: list[Release]
    chosen: frozenset[str]
    open: bool

    @property
    def releases(self) -> list[Release]:
        """What is asked for, the release of the form first."""
        return [each for each in (self.release, *self.offered) if each.slug in self.chosen]

    @property
    def also(self) -> list[Release]:
        return [each for each in self.releases if each != self.release]


def sizes_of(
    principal: Principal, release: Release, request: Request | None, now: datetime, data: QueryDict | None
) -> Sizes:
    """What one request can be for. data: the form as it was sent; where it says nothing of releases, as from
    a form that offered none, the choice stays."""
    asked = list(request.releases.all()) if request is not None else [release]
    may = request is None or bool(policies.may_choose_releases(queries.request_case(principal, request, now)))
    # A renewal is for what is held: something of it can be left out, nothing can be added.
    more = siblings(principal, release, now) if may and (request is None or not request.renews_id) else []
    others = {each.pk: each for each in [*asked, *more]}
    others.pop(release.pk, None)
    offered = sorted(others.values(), key=lambda each: each.title)
    sent = data.getlist(FIELD) if data is not None and may else []
    known = {release.slug, *(each.slug for each in offered)}
    chosen = known & set(sent) or {each.slug for each in asked}
    return Sizes(release, offered, frozenset(chosen), may)
