"""What one verdict on several requests would do to each of them, before it is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from licenses import policies
from licenses.models import LicenseVersion, Request, RequestVersion, Vote
from licenses.policies import LICENSE_CHANGED
from licenses.queries.cases import request_case
from licenses.queries.facts import license_in_force
from licenses.queries.queue import QueueFilters, awaiting, queue
from licenses.tally import APPROVE, REQUEST_CHANGES, VERDICTS, tally
from portal.accounts.principals import Principal
from portal.core.verdicts import Denied

DECIDES = {APPROVE: "Approved", "reject": "Declined", REQUEST_CHANGES: "Back with the applicant"}


@dataclass(frozen=True)
class Prospect:
    """One request. version: the one that a verdict would be on, as it is listed.

    becomes: what each verdict would lead to, in words; missing where the verdict is not possible.
    refusal: why the first that is not possible is not; None where all are.
    """

    request: Request
    version: RequestVersion
    becomes: Mapping[str, str]
    refusal: Denied | None

    @property
    def said(self) -> str:
        """The first answer in words, which mostly tells what the weights are for."""
        return next((answer for answer in self.version.answers.values() if isinstance(answer, str)), "")


def prospects(principal: Principal, ids: Sequence[str], now: datetime) -> list[Prospect]:
    """Return those of the requests that the reader may review, in the order of the ids."""
    rows = {row.pk: row for row in queue(principal, QueueFilters(state=""), now).filter(pk__in=ids)}
    versions = {
        version.request_id: version
        for version in RequestVersion.objects.filter(request__in=rows)
        if version.number == rows[version.request_id].version
    }
    open_to = set(awaiting(Request.objects.filter(pk__in=rows), principal).values_list("pk", flat=True))
    votes = _others_votes(principal, rows)
    current = _under_license_in_force(rows.values(), now)
    found = []
    for id in dict.fromkeys(ids):
        if id not in rows:
            continue
        request = rows[id]
        refusal = None if id in open_to else _refusal(principal, request, now)
        # Not `if refusal`: a Denied is false.
        becomes = {} if refusal is not None else _becomes(request, votes.get(id, []))
        if becomes and id not in current:
            refusal = LICENSE_CHANGED
            del becomes[APPROVE]
        found.append(Prospect(request, versions[id], becomes, refusal))
    return found


def _becomes(request: Request, others: list[str]) -> dict[str, str]:
    return {verdict: _after(request, [*others, verdict], verdict) for verdict in VERDICTS}


def _after(request: Request, verdicts: list[str], given: str) -> str:
    result = tally(verdicts, request.quorum or 1)
    if result.decided is not None:
        return DECIDES[result.decided]
    if result.split:
        return "Split: one more reviewer decides"
    return f"{verdicts.count(given)} of {request.quorum} votes"


def _others_votes(principal: Principal, rows: Mapping[str, Request]) -> dict[str, list[str]]:
    """The verdicts that count on each, without the reader's own: that one would be replaced."""
    cast = Vote.objects.filter(request__in=rows, superseded_at__isnull=True).exclude(reviewer=principal.user)
    found: dict[str, list[str]] = {}
    for vote in cast:
        if vote.version == rows[vote.request_id].version:
            found.setdefault(vote.request_id, []).append(vote.verdict)
    return found


def _refusal(principal: Principal, request: Request, now: datetime) -> Denied | None:
    """Why the reader may not vote, if so: who voted already may change their mind."""
    verdict = policies.may_vote(request_case(principal, request, now), "reject")
    return verdict if isinstance(verdict, Denied) else None


def _under_license_in_force(rows: Iterable[Request], now: datetime) -> set[str]:
    """The requests whose license version counts today. Few licenses and organizations stand behind many."""
    requests = [row for row in rows if row.license_version_id]
    negotiated = set(
        LicenseVersion.objects.filter(
            organization__in={request.organization_id for request in requests if request.organization_id}
        ).values_list("organization", flat=True)
    )
    versions = LicenseVersion.objects.select_related("license").in_bulk(
        [request.license_version_id for request in requests]
    )
    in_force: dict[tuple[int, str | None], str | None] = {}
    current = set()
    for request in requests:
        license = versions[str(request.license_version_id)].license
        whose = request.organization_id if request.organization_id in negotiated else None
        if (license.pk, whose) not in in_force:
            version = license_in_force(license, now, whose)
            in_force[license.pk, whose] = version.pk if version else None
        if in_force[license.pk, whose] == request.license_version_id:
            current.add(request.pk)
    return current
