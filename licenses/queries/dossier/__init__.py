"""All that the review page of one request shows, in seven queries whatever the length of its history.

`person` reads the request and who asks, `history` what else they and theirs asked for, `record` what was
said and decided, `staff` who else may vote. `case` makes of it the facts that the policies judge.
"""

from dataclasses import dataclass
from datetime import datetime

from licenses import policies
from licenses.facts import RequestCase
from licenses.models import Grant, Party, ReleaseTerms, Request, RequestVersion
from licenses.queries.dossier import history, person, record, staff
from licenses.queries.dossier.case import barred_from_voting, houses_here, judged
from licenses.queries.dossier.history import Requests
from licenses.queries.dossier.person import Head
from licenses.queries.dossier.record import Line, Record
from licenses.queries.dossier.staff import Reason, Staff
from licenses.queries.facts import person as person_of
from licenses.queries.parties import as_they_stand
from licenses.queries.timeline import TimelineEntry, staff_timeline
from portal.accounts.principals import Principal
from portal.core.problems import NotFound

VERSIONS = 50  # that can be compared: the newest

__all__ = ["Line", "Reason", "Record", "Requests", "Review", "review"]


@dataclass(frozen=True)
class Review:
    """What the review page of a request shows.

    head: the request with who asks. case: the request as the reader may act on it. versions: what was
    submitted, newest first. terms: of its releases. history: other requests. grants: of the person and their
    organization, what was taken away first.
    """

    head: Head
    case: RequestCase
    versions: list[RequestVersion]
    terms: list[ReleaseTerms]
    record: Record
    history: Requests
    grants: list[Grant]
    staff: Staff
    timeline: list[TimelineEntry]

    @property
    def request(self) -> Request:
        return self.head.request

    @property
    def current(self) -> RequestVersion:
        return self.versions[0]

    @property
    def counting(self) -> list[Line]:
        """The votes that count now."""
        return self.record.counting(self.request.version)


def review(principal: Principal, id: str, now: datetime) -> Review:
    """Return the request for its review page.

    Raises: NotFound: there is none, or the reader may not review it; their own they read on its own page.
    """
    if not policies.may_review(person_of(principal)):
        raise NotFound()
    head = person.read(principal, id, now)
    [request] = as_they_stand([head.request], now)
    said = record.read(request)
    versions = list(request.versions.filter(submitted_at__isnull=False).order_by("-number")[:VERSIONS])
    others = history.read(request, versions[0])
    grants = history.grants(request)
    own = [grant for grant in grants if grant.request_id == request.pk]
    desk = staff.keep(said)
    houses = houses_here(others.terms, said, desk.domains)
    case = judged(principal, head, others.terms, said, own, houses, now)
    if not policies.may_review_request(case):
        raise NotFound()
    return Review(
        head=head,
        case=case,
        versions=versions,
        terms=others.terms,
        record=said,
        history=others,
        grants=grants,
        staff=staff.read(principal, desk, barred_from_voting(request, said, houses)),
        timeline=staff_timeline(request, principal, own, _about(said, own)),
    )


def _about(said: Record, grants: list[Grant]) -> dict[str, str]:
    """What the timeline calls a party, by its id, and whose a grant is, by its subject."""
    roles = dict(Party.Role.choices)
    parties = {party.key: f"{party.name}, {roles[party.second].lower()}" for party in said.parties}
    whose = {f"grant:{grant.pk}": grant.user.get_full_name() for grant in grants} if parties else {}
    return parties | whose
