"""Who counts as a colleague of whom, where the terms bar colleagues of those who ask from voting.

A person is of the organization that they name, confirmed or not, and of each at one of whose mail domains
they have a verified address: neither who asks nor who judges leaves the rule by naming another, or none.
A request is besides of the organization under which it was sent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat, Lower, StrIndex, Substr

from licenses import states
from licenses.models import Party, Request
from licenses.models.requests import RequestedRelease
from licenses.queries.parties import GONE
from portal.accounts.models import Organization, User

Houses = frozenset[str]  # organizations, by public id
Domains = Mapping[str, Sequence[str]]  # the same, each with its mail domains


def houses_of(user: User) -> Houses:
    """Return the organizations that one person is of."""
    return houses_by_person(User.objects.filter(pk=user.pk))[user.pk]


def houses_by_person(people: QuerySet[User]) -> Mapping[int, Houses]:
    """Return the organizations that each person is of, by primary key, in two queries; of others none."""
    columns = ("pk", "organization", "emailaddress__email", "emailaddress__verified")
    rows = list(people.order_by().values_list(*columns))
    domains = Organization.objects.exclude(domains=[]).values_list("pk", "domains")
    return sorted_by_person(rows, dict(domains) if any(row[3] for row in rows) else {})


def sorted_by_person(
    rows: Iterable[tuple[int, str | None, str, bool]], domains: Domains
) -> Mapping[int, Houses]:
    """Return the same from what was read already.

    rows: primary key of a person, the organization that they name, an address and whether it is verified;
    who has several addresses has several rows.
    """
    at: defaultdict[str, Houses] = defaultdict(frozenset)
    for house, its in domains.items():
        for domain in its:
            at[domain] |= {house}
    found: defaultdict[int, Houses] = defaultdict(frozenset)
    for person, named, email, verified in rows:
        confirmed = at.get(domain_of(email), frozenset()) if verified else frozenset()
        found[person] |= confirmed | ({named} if named else frozenset())
    return found


def houses_asking(request: Request) -> Houses:
    """Return the organizations of those who ask: of the applicant, and of each party who answered."""
    standing = request.parties.exclude(state__in=GONE).filter(user__isnull=False)
    asking = User.objects.filter(Q(pk=request.applicant_id) | Q(pk__in=standing.values("user")))
    return together(request, houses_by_person(asking).values())


def domains_asking(request: Request) -> Domains:
    """Return the same, each with its domains."""
    return dict(Organization.objects.filter(pk__in=houses_asking(request)).values_list("pk", "domains"))


def together(request: Request, each: Iterable[Houses]) -> Houses:
    """Return the organizations of a request. each: of those who ask."""
    sent_under = [frozenset({request.organization_id})] if request.organization_id else []
    return frozenset[str]().union(*sent_under, *each)


def domains_of_houses(user: User) -> Domains:
    """Return the same organizations as `houses_of`, each with its domains, in one query."""
    address = EmailAddress.objects.filter(user=user, verified=True).annotate(
        quoted=Concat(Value('"'), Lower(Substr("email", StrIndex("email", Value("@")) + 1)), Value('"')),
        at=StrIndex(Cast(OuterRef("domains"), TextField()), F("quoted")),
    )
    houses = Organization.objects.filter(Q(pk=user.organization_id) | Exists(address.filter(at__gt=0)))
    return dict(houses.values_list("pk", "domains"))


def people_of_houses(houses: Domains) -> QuerySet[User, Any]:
    """Return whoever is of one of the organizations, as primary keys."""
    # No "or", for which the database expects half of all people.
    named = User.objects.filter(organization__in=houses).order_by().values("pk")
    return named.union(_verified_at(houses))


def requests_of_houses(houses: Domains) -> QuerySet[Any, Any]:
    """Return the requests in review, as primary keys, whose terms bar people of these organizations."""
    barring = RequestedRelease.objects.filter(
        release__terms__exclude_reviewer_organization=True, request__state=states.SUBMITTED
    )
    people = people_of_houses(houses)
    in_team = Party.objects.filter(user__in=people).exclude(state__in=GONE)
    # Each by itself has an index to go by; "or" would read every request.
    sent_under = barring.filter(request__organization__in=houses).values("request")
    own = barring.filter(request__applicant__in=people).values("request")
    team = barring.filter(request__in=in_team.values("request")).values("request")
    return sent_under.union(own, team)


def _verified_at(houses: Domains) -> QuerySet[EmailAddress, Any]:
    """Whose verified address is at a domain of one of the organizations: their accounts."""
    at = [Q(email__iendswith=f"@{domain}") for every in houses.values() for domain in every]
    verified = EmailAddress.objects.filter(verified=True)
    here: QuerySet[EmailAddress] = verified.filter(reduce(or_, at)) if at else verified.none()
    return here.values("user")


def domain_of(email: str) -> str:
    """Return the mail domain of an address, lower case."""
    return email.rpartition("@")[2].lower()
