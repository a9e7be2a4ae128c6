"""The request as the reader may act on it, from what the review page has read already.

The same facts as `queries.request_case`, which reads them one by one; a test compares the two.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from licenses import states
from licenses.facts import RequestCase, TeamFacts
from licenses.models import Grant, Party, ReleaseTerms, Request
from licenses.queries.colleagues import Houses, sorted_by_person, together
from licenses.queries.dossier.person import Head
from licenses.queries.dossier.record import Record
from licenses.queries.facts import person, release_facts
from licenses.queries.parties import GONE, accept_by
from portal.accounts.principals import Principal


class Bars(NamedTuple):
    """people: primary keys. addresses: asked into the request, not answered."""

    people: frozenset[int | None]
    addresses: frozenset[str]


def judged(
    principal: Principal,
    head: Head,
    terms: Sequence[ReleaseTerms],
    record: Record,
    grants: Sequence[Grant],
    houses: Mapping[int, Houses],
    now: datetime,
) -> RequestCase:
    """Return what each request policy judges. grants: those under the request. houses: as `houses_here`."""
    reader, request = principal.person, head.request
    team = _team(head, terms, record, reader.pk, now)
    one_license = len({each.license_id for each in terms}) <= 1
    return RequestCase(
        person=person(principal),
        state=request.state,
        mine=reader.pk == request.applicant_id,
        was_submitted=request.submitted_at is not None,
        appealed=request.appealed,
        license_current=one_license
        and head.in_force is not None
        and head.in_force == request.license_version_id,
        one_license=one_license,
        own_organization=bool(houses.get(reader.pk, frozenset()) & _asking(request, record, houses)),
        voted_before_appeal=reader.pk in _voted_before_appeal(request, record),
        joined=team.joined and team.role == Party.Role.CO_APPLICANT,
        recused=reader.pk in {line.who for line in record.recusals},
        held=any(grant.state in states.LIVE_STATES and grant.ends_at > now for grant in grants),
        team=team,
        releases=tuple(release_facts(each.release, each) for each in terms),
    )


def _team(head: Head, terms: Sequence[ReleaseTerms], record: Record, reader: int, now: datetime) -> TeamFacts:
    request = head.request
    standing = [party for party in record.parties if party.word not in GONE]
    co_applicants = [party for party in standing if party.second == Party.Role.CO_APPLICANT]
    signatories = [party for party in standing if party.second == Party.Role.SIGNATORY]
    to_be_sent = request.state == states.CHANGES_REQUESTED
    deadline = accept_by(request)
    return TeamFacts(
        role=head.own_role or "",
        state=head.own_state or "",
        took_part=any(party.who == reader for party in record.parties),
        co_applicants=len(co_applicants),
        most_co_applicants=min((each.max_co_applicants for each in terms), default=0),
        pending=any(party.word == Party.State.INVITED for party in co_applicants),
        signatory_wanted=any(each.signatory for each in terms) if to_be_sent else request.signatory,
        signatory_named=bool(signatories),
        signatory_signed=any(party.word == Party.State.ACCEPTED for party in signatories),
        late=deadline is not None and now >= deadline,
    )


def houses_here(
    terms: Sequence[ReleaseTerms], record: Record, domains: Mapping[str, Sequence[str]]
) -> Mapping[int, Houses]:
    """Return the organizations of everybody who asks or could judge, by primary key; of nobody where the
    terms bar no colleagues. domains: of the organizations at which somebody of them has an address."""
    if not any(each.exclude_reviewer_organization for each in terms):
        return {}
    return sorted_by_person(
        ((line.who or 0, line.home, line.address, line.asks) for line in record.addresses), domains
    )


def _asking(request: Request, record: Record, houses: Mapping[int, Houses]) -> Houses:
    if not houses:
        return frozenset()
    standing = {party.who for party in record.parties if party.word not in GONE and party.who is not None}
    return together(request, (houses.get(pk, frozenset()) for pk in {request.applicant_id, *standing}))


def _voted_before_appeal(request: Request, record: Record) -> set[int | None]:
    if request.appeal_version is None:
        return set()
    return {vote.who for vote in record.votes if (vote.number or 0) < request.appeal_version}


def barred_from_voting(request: Request, record: Record, houses: Mapping[int, Houses]) -> Bars:
    """Return whom the request itself keeps from voting, as `queries.eligible_reviewers` has it."""
    standing = [party for party in record.parties if party.word not in GONE]
    people = {
        request.applicant_id,
        *(party.who for party in record.parties),
        *(line.who for line in record.recusals),
    }
    asking = _asking(request, record, houses)
    colleagues = {person for person, theirs in houses.items() if theirs & asking}
    asked = frozenset(party.address for party in standing if party.who is None)
    return Bars(frozenset(people | colleagues | _voted_before_appeal(request, record)), asked)
