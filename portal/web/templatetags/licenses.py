"""Tags of the license pages."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import template
from django.utils import timezone

from licenses import queries, summary
from licenses.models import Grant, LicenseVersion
from portal.core.problems import NotFound, Problem
from portal.web.license_desk import Difference, difference
from portal.web.reader import reader

register = template.Library()


@register.filter
def summary_rows(terms: Mapping[str, Any]) -> list[summary.Row]:
    """The lines of the summary card; none where a version has no structured terms."""
    return summary.card(terms)


@register.filter
def named(version: LicenseVersion) -> str:
    """A license version as people call it, with whose it is."""
    of = f", negotiated with {version.organization.name}" if version.organization else ""
    return f"{version.license.name}, version {version.number}{of}"


class Waiting(NamedTuple):
    """version: what is to be accepted. overdue: its date has passed, and nothing is issued."""

    version: LicenseVersion
    overdue: bool


@register.simple_tag
def waits_for_acceptance(grant: Grant) -> Waiting | None:
    """The newer license version that the holder is asked to accept, if any."""
    now = timezone.now()
    version = queries.version_to_accept(grant, now)
    if version is None or grant.reaccept_by is None:
        return None
    return Waiting(version, overdue=grant.reaccept_by <= now)


@register.simple_tag(takes_context=True)
def license_meanwhile(context: Mapping[str, Any], problem: Problem) -> Difference | None:
    """What differs between the license version that somebody had before them and the one that counts."""
    given, wanted = problem.extra.get("given"), problem.extra.get("in_force")
    if problem.code != "license_changed" or not given or not wanted:
        return None
    principal = reader(context["request"])
    try:
        before, after = (queries.license_version_for(each["id"], principal) for each in (given, wanted))
    except NotFound:
        return None
    return difference(before, after)
