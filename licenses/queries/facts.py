"""The facts that the policies judge, read now. Nothing is kept from one question to the next."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from licenses import states
from licenses.facts import (
    Facts,
    GrantFacts,
    KeyFacts,
    Person,
    ReleaseFacts,
    RequestFacts,
    RevisionFacts,
)
from licenses.models import Grant, License, LicenseVersion, Party, ReleaseTerms, Request
from licenses.queries.one_grant import grants_within, requests_within
from licenses.queries.parties import (
    accept_by,
    takes_part,
    with_place,
)
from portal.accounts.factors import staff_factor_missing
from portal.accounts.models import Organization, User
from portal.accounts.principals import Principal
from weights_vault.models import RecipientKey, Release, Revision
from weights_vault.queries import active_keys_of, current_revision, revision_for


def person(principal: Principal) -> Person:
    """Return the facts about who asks."""
    user = principal.user
    if user is None:
        return Person()
    organization = confirmed_organization(principal)
    return Person(
        signed_in=True,
        active=user.is_active,
        email_verified=principal.email_verified,
        scopes=principal.scopes,
        roles=principal.roles,
        second_factor_missing=staff_factor_missing(principal),
        country=user.country,
        organization=organization.pk if organization is not None else "",
    )


def confirmed_organization(principal: Principal) -> Organization | None:
    """Return the organization that the person's verified address confirms.

    What is merely claimed opens nothing. Whom it bars from voting is asked elsewhere: there it is enough.
    """
    user = principal.user
    if user is None or user.organization is None or not principal.email_verified:
        return None
    return user.organization if user.organization.has_domain_of(user.email) else None


def release_facts(release: Release, terms: ReleaseTerms | None) -> ReleaseFacts:
    """Return the facts about a release; without terms it is open to nobody."""
    if terms is None:
        return ReleaseFacts(state=release.state, title=release.title)
    return ReleaseFacts(
        state=release.state,
        title=release.title,
        strategy=terms.strategy,
        stage=terms.stage,
        partners=frozenset(terms.partners),
        exclude_countries=frozenset(terms.exclude_countries),
        postquantum_only=terms.postquantum_only,
    )


def facts(
    principal: Principal,
    release: Release,
    *,
    revision: Revision | None = None,
    key: RecipientKey | None = None,
    grant: str | None = None,
    lock: bool = False,
) -> Facts:
    """Return what the rule of access looks at, read now.

    revision: left out, the current one; with everything recalled the newest, which says why.
    grant: public id of the grant to judge; one that is not the person's for this release counts as none.
        Left out: the person's live grant, else the newest.
    key: the recipient key to judge; left out: the person's most suitable active key.
    lock: hold the person's grants of this release until the transaction ends, so that a revocation stands
        wholly before or wholly after what is being issued.
    """
    terms = ReleaseTerms.objects.filter(release=release).first()
    found = _grant_of(principal, release, grant, lock)
    requests = _requests_of(principal, release)
    return Facts(
        person=person(principal),
        release=release_facts(release, terms),
        request=latest_request(requests),
        grant=found,
        revision=revision_facts(revision or revision_for(release), release),
        key=key_facts(principal, key),
        asked=any_submitted(requests),
    )


def revision_facts(revision: Revision | None, release: Release) -> RevisionFacts | None:
    """Return the facts about a revision of `release`; of a recalled one, with what there is instead."""
    if revision is None:
        return None
    if revision.available:
        return RevisionFacts(revision.name, revision.state)
    instead = current_revision(release)
    named = f"{release.slug}@{instead.name}" if instead else ""
    return RevisionFacts(revision.name, revision.state, revision.state_reason, named)


def _grant_of(principal: Principal, release: Release, named: str | None, lock: bool) -> GrantFacts | None:
    if principal.user is None:
        return None
    every = Grant.objects.filter(user=principal.user, release=release).order_by("-starts_at", "-id")
    grants = grants_within(principal, every)
    if lock:
        grants = grants.select_for_update()
    if named is not None:
        grants = grants.filter(pk=named)
    return best_grant(list(grants))


def best_grant(newest_first: Sequence[Grant]) -> GrantFacts | None:
    """Return the facts about the live one of a person's grants of one release, else about the newest."""
    live = [grant for grant in newest_first if grant.state in states.LIVE_STATES]
    best = next(iter(live or newest_first), None)
    return None if best is None else grant_facts(best)


def grant_facts(grant: Grant) -> GrantFacts:
    """Return the facts about one grant."""
    return GrantFacts(
        grant.pk,
        grant.state,
        grant.starts_at,
        grant.ends_at,
        grant.state_reason,
        reaccept_by=grant.reaccept_by,
    )


def _requests_of(principal: Principal, release: Release) -> list[Request]:
    """The requests for the release by which the person asks for it, newest first."""
    if principal.user is None:
        return []
    own = requests_within(principal, asking(principal.user))
    return list(own.filter(requested__release=release))


def asking(user: User) -> QuerySet[Request]:
    """Return the requests by which the person asks, newest first: their own and, once sent, those that they
    joined as a co-applicant; each with its `place`."""
    joined = takes_part(user).filter(role=Party.Role.CO_APPLICANT, request__submitted_at__isnull=False)
    theirs = Q(applicant=user) | Q(pk__in=joined.values("request"))
    return with_place(Request.objects.filter(theirs), user).order_by("-created_at", "-id")


def any_submitted(requests: Iterable[Request]) -> bool:
    """Return whether one of a person's requests ever reached the reviewers."""
    return any(request.submitted_at is not None for request in requests)


def latest_request(newest_first: Sequence[Request]) -> RequestFacts | None:
    """Return the facts about the open one of a person's requests of one release, else about the newest.

    newest_first: as `asking` returns them.
    """
    known = [(request, _state_for(request)) for request in newest_first]
    found = next((each for each in known if each[1] in states.OPEN_STATES), next(iter(known), None))
    if found is None:
        return None
    request, state = found
    lapses_at = accept_by(request) if state == states.APPROVED else None
    return RequestFacts(request.pk, state, decided_reason(request), lapses_at)


def _state_for(request: Request) -> str:
    """The state as it matters to the person: a co-applicant cannot change the request, and signs apart."""
    place = getattr(request, "place", None)
    if place is not None and request.state == states.CHANGES_REQUESTED:
        return states.SUBMITTED
    if place == Party.State.JOINED and request.state == states.SIGNED:
        return states.APPROVED
    return request.state


def decided_reason(request: Request) -> str:
    """Return why the request stands rejected or returned; empty in any other state."""
    if request.state not in (states.REJECTED, states.CHANGES_REQUESTED):
        return ""
    decisions = sorted(request.decisions.all(), key=lambda decision: (decision.at, decision.pk))
    return decisions[-1].reason if decisions else ""


def key_facts(principal: Principal, key: RecipientKey | None = None) -> KeyFacts | None:
    """Return the facts about a key, of the person's own or not; left out: about their most suitable active
    one, None where they have none."""
    if principal.user is None:
        return None
    if key is not None:
        return KeyFacts(key.active and key.user_id == principal.user.pk, key.postquantum)
    # A post-quantum key suits every release, so it is taken first.
    kinds = [candidate.postquantum for candidate in active_keys_of(principal)]
    return KeyFacts(usable=True, postquantum=any(kinds)) if kinds else None


def license_in_force(
    license: License, now: datetime, organization: Organization | str | None = None
) -> LicenseVersion | None:
    """Return the version that counts at `now` for people of `organization`: the newest that was negotiated
    with it and whose time has come, else the newest such standard one.

    organization: itself or its public id; None or "" for whoever is of none.
    """
    effective = license.versions.filter(for_organization(organization), effective_at__lte=now)
    return effective.order_by(F("organization").desc(nulls_last=True), "-number").first()


def for_organization(organization: Organization | str | None) -> Q:
    """Return the filter of the license versions that may count for people of `organization`."""
    standard = Q(organization__isnull=True)
    return standard | Q(organization=organization) if organization else standard


def terms_of(request: Request) -> ReleaseTerms:
    """Return the terms that the request is under: of its first release. When it was sent they were the same
    for all; what must be so at a later step, that step asks of each."""
    every = ReleaseTerms.objects.select_related("license").filter(release__requested__request=request)
    return every.order_by("release__slug")[0]
