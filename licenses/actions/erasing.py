"""The licenses' part of erasing a person: what nobody has to keep goes, what was decided and signed stays.

What stays is what others rely on: the answers that a decision was made upon, the decision, the acceptance
and the agreement, the grant. Who the people are whom they named as references is kept of nobody.
"""

from typing import Final

from django.db.models import Q, QuerySet

from licenses import links, search, states
from licenses.actions.mastering import member_in_log
from licenses.models import Grant, MasterAgreement, MasterMember, Message, Party, Request, RequestVersion
from licenses.queries.parties import TAKING_PART
from portal.accounts.events import Bar, ErasureAsked, PersonErased
from portal.accounts.forgetting import forget_about
from portal.core import audit, times
from portal.core.events import subscribe

ERASED_NAME: Final = "Erased account"
ERASED_TEXT: Final = "Erased."


@subscribe(ErasureAsked)
def say_what_is_under_way(event: ErasureAsked) -> None:
    """Name each open request and each grant that still holds: they are ended first, by their owner."""
    for request in _open(event):
        path = links.REQUEST.format(id=request.pk)
        said = f"Your request for {_titles(request)} is under way. Withdraw it, or wait until it is decided."
        event.bars.append(Bar(said, path))
    for party in _places(event):
        said = f"You stand in somebody else's request for {_titles(party.request)}. Leave it first."
        event.bars.append(Bar(said, links.INVITATION.format(id=party.pk)))
    live = Grant.objects.filter(user=event.user, state__in=states.LIVE_STATES, ends_at__gt=event.now)
    for grant in live.select_related("release").order_by("release__title", "id"):
        until = times.day(grant.ends_at)
        said = f"Your grant for {grant.release.title} holds until {until}. Close it out first."
        event.bars.append(Bar(said, links.GRANT.format(id=grant.pk)))


def _open(event: ErasureAsked) -> QuerySet[Request]:
    own = Request.objects.filter(applicant=event.user, state__in=states.OPEN_STATES)
    return own.prefetch_related("releases").order_by("-created_at", "-id")


def _places(event: ErasureAsked) -> QuerySet[Party]:
    taken = Party.objects.filter(
        user=event.user, state__in=TAKING_PART, request__state__in=states.OPEN_STATES
    )
    return taken.select_related("request").prefetch_related("request__releases")


def _titles(request: Request) -> str:
    return ", ".join(release.title for release in request.releases.all())


@subscribe(PersonErased)
def erase_what_was_said(event: PersonErased) -> None:
    """Erase the answers of requests that came to nothing, all evidence, and the person's name in teams and
    master agreements."""
    own = Request.objects.filter(applicant=event.user)
    undecided = own.filter(Q(state=states.WITHDRAWN) | Q(submitted_at__isnull=True))
    empty = {"answers": {}, "evidence": {}, "summary_of_use": "", "appeal": ""}
    RequestVersion.objects.filter(request__in=undecided).update(**empty)
    RequestVersion.objects.filter(request__in=own).update(evidence={})
    Message.objects.filter(request__in=undecided, author=event.user).update(text=ERASED_TEXT)
    _erase_the_team_of(undecided, event)
    places = Party.objects.filter(Q(user=event.user) | Q(user__isnull=True, email__in=event.addresses))
    teams = set(places.values_list("request", flat=True))
    for place in places:
        # One request may have asked the person at several addresses.
        Party.objects.filter(pk=place.pk).update(
            email=_of_nobody(place.pk, event) if place.user_id is None else event.stand_in,
            full_name=ERASED_NAME,
        )
    _erase_from_masters(event)
    grants = Grant.objects.filter(user=event.user).values_list("pk", flat=True)
    theirs = {*own.values_list("pk", flat=True), *grants, *teams, *(place.pk for place in places)}
    forget_about(theirs, event.now)
    search.refresh_for(event.user)
    search.refresh(Request.objects.filter(pk__in=teams, submitted_at__isnull=False))


def _erase_the_team_of(undecided: QuerySet[Request], event: PersonErased) -> None:
    """Names and addresses that the person wrote into requests that came to nothing."""
    for party in Party.objects.filter(request__in=undecided).exclude(user=event.user):
        Party.objects.filter(pk=party.pk).update(email=_of_nobody(party.pk, event), full_name=ERASED_NAME)


def _erase_from_masters(event: PersonErased) -> None:
    """Take the person out of master agreements, and their name out of those that they never signed.

    What they signed for an institution stays as it was signed.
    """
    for member in MasterMember.objects.filter(email__in=event.addresses).select_related("master"):
        changed = {"email": _of_nobody(f"member-{member.pk}", event), "full_name": ERASED_NAME}
        if member.removed_at is None:
            audit.record(
                "master.member_removed",
                by=event.by,
                subject=f"master:{member.master_id}",
                now=event.now,
                organization=member.master.organization_id,
                member=member.pk,
                reason="The account was erased.",
            )
        audit.forget(member_in_log(member))
        MasterMember.objects.filter(pk=member.pk).update(removed_at=member.removed_at or event.now, **changed)
    unsigned = MasterAgreement.objects.filter(signed_at__isnull=True, signatory_email__in=event.addresses)
    unsigned.update(signatory_email=event.stand_in, signatory_name=ERASED_NAME)


def _of_nobody(id: str, event: PersonErased) -> str:
    """An address that nobody has, in the place of one that was somebody's."""
    return f"{id.replace('_', '-')}@{event.stand_in.partition('@')[2]}"
