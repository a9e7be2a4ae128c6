"""The grants on a reviewer's desk: the list, one grant, and a change of one or of many."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import QueryDict

from licenses import policies, queries
from licenses.actions.granting import MAX_AT_ONCE, POLICIES, Outcome
from licenses.models import Grant, ReasonTemplate
from licenses.queries.grants import find_grants, grant_choices, grants_by_id, organization_meant
from portal.accounts.principals import Principal
from portal.core.verdicts import Denied
from portal.web import desk
from portal.web.forms.grants import ChosenGrants, GrantChangeForm, GrantFilterForm
from portal.web.words import word

PER_PAGE: Final = 50


def listed(principal: Principal, data: QueryDict, now: datetime) -> dict[str, Any]:
    """Context of the list. Raises: NotPermitted: no legal staff."""
    desk.enter(principal)
    form = _filter(data)
    page = Paginator(find_grants(principal, form.wanted, now), PER_PAGE).get_page(data.get("page"))
    return {
        "form": form,
        "filtered": bool(form.filters),
        "query": form.query,
        "all_of": _all_of(form) if page.object_list else "",
        "all_query": form.query.rstrip("&"),
        "most": MAX_AT_ONCE,
        "page": page,
    }


def chosen(principal: Principal, data: QueryDict, now: datetime) -> tuple[list[Grant], int]:
    """The grants that were selected, or all of a filter that names a thing, as many as are changed at once;
    and how many there are."""
    picked = ChosenGrants(data)
    if picked.query is None or picked.ids:
        found = grants_by_id(principal, picked.ids[:MAX_AT_ONCE])
        return found, len(found)
    return _all_fitting(principal, picked.query, now)


def _all_fitting(principal: Principal, data: QueryDict, now: datetime) -> tuple[list[Grant], int]:
    form = _filter(data)
    if not _all_of(form):
        return [], 0
    found = find_grants(principal, form.wanted, now)
    return list(found[:MAX_AT_ONCE]), found.count()


def change_form(
    principal: Principal, data: QueryDict | None, *, grant: Grant | None = None, fill: bool = False
) -> GrantChangeForm:
    """The form of a change. grant: of this one, with what the rule allows now; else of many.

    fill: put the reason that was chosen into the form instead of reading it.
    """
    kept = {each.pk: each for each in _reasons(principal)}
    offered: dict[str, Any] = {
        "verbs": _verbs_of_roles(principal) if grant is None else verbs(principal, grant),
        "kept": [(each.pk, each.title) for each in kept.values()],
    }
    if data is not None and fill:
        given = {name: data.get(name, "") for name in ("verb", "ends_at", "reason", "kept")}
        if chosen := kept.get(given["kept"]):
            given["reason"] = chosen.text
        return GrantChangeForm(initial=given, **offered)
    return GrantChangeForm(data, ends_at=grant.ends_at if grant is not None else None, **offered)


def _verbs_of_roles(principal: Principal) -> list[str]:
    person = queries.person(principal)
    return [verb for verb in POLICIES if policies.may_change_grants(person, verb)]


def verbs(principal: Principal, grant: Grant) -> list[str]:
    """The changes that the rule allows now."""
    case = queries.grant_case(principal, grant)
    return [verb for verb, may in POLICIES.items() if may(case)]


def sorted_out(principal: Principal, grants: Iterable[Grant]) -> tuple[list[Grant], list[tuple[Grant, str]]]:
    """Return the grants that some change can be made of, and the others with why none can."""
    able: list[Grant] = []
    fixed: list[tuple[Grant, str]] = []
    for grant in grants:
        case = queries.grant_case(principal, grant)
        refusals = [verdict for verdict in (may(case) for may in POLICIES.values()) if not verdict]
        if len(refusals) < len(POLICIES):
            able.append(grant)
        else:
            fixed.append((grant, _why_fixed(refusals[0], grant)))
    return able, fixed


def _why_fixed(refusal: Denied, grant: Grant) -> str:
    said = word("grant", grant.state).text.lower()
    return f"{said}, for good" if refusal.code == "state_changed" else refusal.message


def kept_outcome(outcome: Outcome) -> dict[str, str]:
    """An outcome as the session keeps it for the page that tells of it."""
    problem = outcome.problem
    said = [problem.detail, *_messages(problem), problem.next_step] if problem else []
    return {"id": outcome.grant.pk, "why": " ".join(each for each in said if each)}


def _messages(problem: Any) -> Iterable[str]:
    return (message for messages in getattr(problem, "errors", {}).values() for message in messages)


def _filter(data: QueryDict) -> GrantFilterForm:
    licenses, releases = grant_choices()
    return GrantFilterForm(data, licenses=licenses, releases=releases)


def _all_of(form: GrantFilterForm) -> str:
    """What all the listed grants have in common, in words; empty where the filter names no thing."""
    chosen = form.filters
    home = organization_meant(chosen.get("organization", ""))
    if chosen.get("organization") and home is None:
        return ""
    names = [str(home)] if home else []
    for name in ("license", "release"):
        field: Any = form.fields[name]
        names += [dict(field.choices)[chosen[name]]] if name in chosen else []
    return ", ".join(names)


def _reasons(principal: Principal) -> Iterable[ReasonTemplate]:
    return queries.reasons(principal).filter(verdict="grant", archived_at__isnull=True)
