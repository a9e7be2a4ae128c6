"""Who stands in a request beside the applicant: facts about the team, and the invitations of a person.

A party stands in a request from being asked until they decline, are removed, or let their time pass.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from licenses import states
from licenses.facts import TeamFacts
from licenses.models import Party, ReleaseTerms, Request
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.problems import NotFound

GONE = (Party.State.DECLINED, Party.State.DROPPED)
TAKING_PART = (Party.State.JOINED, Party.State.ACCEPTED)


def addresses_of(user: User) -> set[str]:
    """Return the verified addresses of an account, lower case: what a party is known by."""
    verified = EmailAddress.objects.filter(user=user, verified=True)
    return set(verified.annotate(lower=Lower("email")).values_list("lower", flat=True))


def parties_of(request: Request) -> QuerySet[Party]:
    """Return everybody who was ever asked into the request, in the order in which they were asked."""
    return request.parties.select_related("user__organization").order_by("asked_at", "id")


def standing(request: Request) -> list[Party]:
    """Return those who stand in the request now."""
    return [party for party in parties_of(request) if party.state not in GONE]


def standing_in(requests: Sequence[Request]) -> dict[str, list[Party]]:
    """Return those who stand in each of the requests now, by the request's id, in one query."""
    found: dict[str, list[Party]] = {request.pk: [] for request in requests}
    parties = Party.objects.filter(request__in=requests).exclude(state__in=GONE)
    for party in parties.select_related("user"):
        found[party.request_id].append(party)
    return found


def signatory_of(request: Request) -> Party | None:
    """Return who signs for the institution, if somebody is named."""
    return next((party for party in standing(request) if party.role == Party.Role.SIGNATORY), None)


def is_party(user: User) -> Q:
    """Return the filter of the standing parties that are `user`, or were asked at an address of theirs."""
    theirs = Q(user=user) | Q(user__isnull=True, email__in=addresses_of(user))
    return theirs & ~Q(state__in=GONE)


def takes_part(user: User) -> QuerySet[Party]:
    """Return the places in requests that `user` took: joined, perhaps accepted."""
    return Party.objects.filter(user=user, state__in=TAKING_PART)


def took_part(user: User) -> QuerySet[Party]:
    """Return the places in requests that `user` ever took, left ones too: only who joins is written there by
    account."""
    return Party.objects.filter(user=user)


def on_the_side_of_who_asks(user: User) -> QuerySet[Party]:
    """Return the places by which `user` is no staff in a request: they took it once, or were asked to take it
    at an address of theirs and have not declined. The addresses are read within the same query."""
    own = EmailAddress.objects.filter(user=user, verified=True).annotate(lower=Lower("email"))
    asked = Q(user__isnull=True, email__in=own.values("lower")) & ~Q(state__in=GONE)
    return Party.objects.filter(Q(user=user) | asked)


def people_of(request: Request) -> QuerySet[User]:
    """Return the accounts that stand in the request: the applicant, and each party that one is known of."""
    here = Party.objects.filter(request=request).exclude(state__in=GONE)
    by_address = EmailAddress.objects.annotate(lower=Lower("email")).filter(
        verified=True, lower__in=here.filter(user__isnull=True).values("email")
    )
    return User.objects.filter(
        Q(pk=request.applicant_id) | Q(pk__in=here.values("user")) | Q(pk__in=by_address.values("user"))
    )


def team_facts(
    principal: Principal,
    request: Request,
    terms: Sequence[ReleaseTerms],
    now: datetime,
    party: Party | None = None,
) -> TeamFacts:
    """Return the team of the request as `principal` sees it. party: the place of theirs that is spoken of,
    where they were asked to take several; another's, or one that is gone, counts as none."""
    parties = standing(request)
    own = _own(parties if party is None else [each for each in parties if each == party], principal.user)
    co_applicants = [party for party in parties if party.role == Party.Role.CO_APPLICANT]
    signatories = [party for party in parties if party.role == Party.Role.SIGNATORY]
    # What is demanded is frozen by each submission.
    to_be_sent = request.state in (states.DRAFT, states.CHANGES_REQUESTED)
    demanded = any(each.signatory for each in terms) if to_be_sent else request.signatory
    deadline = accept_by(request)
    return TeamFacts(
        role=own.role if own else "",
        state=own.state if own else "",
        took_part=principal.user is not None and took_part(principal.user).filter(request=request).exists(),
        accepted=principal.user is not None and _accepted(request, principal.user),
        co_applicants=len(co_applicants),
        most_co_applicants=min((each.max_co_applicants for each in terms), default=0),
        pending=any(party.state == Party.State.INVITED for party in co_applicants),
        signatory_wanted=demanded,
        signatory_named=bool(signatories),
        signatory_signed=any(party.state == Party.State.ACCEPTED for party in signatories),
        late=deadline is not None and now >= deadline,
        voted=own is not None and request.votes.filter(reviewer=principal.user).exists(),
    )


def _own(parties: Iterable[Party], user: User | None) -> Party | None:
    if user is None:
        return None
    every = list(parties)
    known = next((party for party in every if party.user_id == user.pk), None)
    unknown = [party for party in every if party.user_id is None]
    if known is not None or not unknown:
        return known
    addresses = addresses_of(user)
    return next((party for party in unknown if party.email in addresses), None)


def _accepted(request: Request, user: User) -> bool:
    return (
        request.decided_at is not None
        and request.acceptances.filter(user=user, license_version=request.license_version_id).exists()
    )


def accept_by(request: Request) -> datetime | None:
    """Return until when the license of an approved request can be accepted; None while it is undecided."""
    if request.decided_at is None:
        return None
    return request.decided_at + timedelta(days=settings.SIGN_WITHIN_DAYS)


def state_at(request: Request, now: datetime) -> str:
    """Return the state that counts at `now`: an approval that nobody signed in time has lapsed from that
    moment, whether or not the job that notes it has run."""
    deadline = accept_by(request)
    over = request.state == states.APPROVED and deadline is not None and now >= deadline
    return states.LAPSED if over else request.state


def as_they_stand(requests: Iterable[Request], now: datetime) -> list[Request]:
    """Return the requests to be shown, each in the state that counts at `now`. What acts on one reads its row
    anew."""
    found = list(requests)
    for request in found:
        request.state = state_at(request, now)
    return found


def invitations_of(principal: Principal) -> QuerySet[Party]:
    """Return the places in others' requests that the person was asked to take, the newest first."""
    if principal.user is None or not principal.user.is_active:
        return Party.objects.none()
    theirs = Q(user=principal.user) | Q(user__isnull=True, email__in=addresses_of(principal.user))
    rows = Party.objects.filter(theirs).select_related("request__applicant__organization")
    return rows.prefetch_related("request__releases").order_by("-asked_at", "-id")


def unanswered(principal: Principal) -> QuerySet[Party]:
    """Return the invitations that still wait for the person's answer."""
    waiting = invitations_of(principal).filter(state=Party.State.INVITED)
    return waiting.filter(request__state__in=(*states.OPEN_STATES, states.SIGNED))


def invitation_for(principal: Principal, id: str) -> Party:
    """Return an invitation to the person.

    Raises: NotFound: there is none, or it was sent to an address that is not verified as theirs.
    """
    party = invitations_of(principal).filter(pk=id).first()
    if party is None:
        raise NotFound()
    return party


def with_place(requests: QuerySet[Request], user: User) -> QuerySet[Request]:
    """Add `place`: the state of the person's own place as a co-applicant in each request, or None."""
    own = takes_part(user).filter(request=OuterRef("pk"), role=Party.Role.CO_APPLICANT)
    return requests.annotate(place=Subquery(own.values("state")[:1]))
