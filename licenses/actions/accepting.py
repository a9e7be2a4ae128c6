"""What an acceptance of the license completes: the grants that start with it.

A person's grants start in the transaction of the later of two acceptances: their own and, where one is
needed, the signatory's. The caller holds the request's row.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from django.conf import settings

from licenses import policies, queries, states
from licenses.actions.affiliation import end_affiliation
from licenses.actions.moving import move_grant, move_request, row_of
from licenses.agreements import order
from licenses.events import GrantChanged, GrantStarted
from licenses.models import Acceptance, Grant, LicenseVersion, Party, Request
from licenses.queries.parties import signatory_of, standing
from portal.accounts.models import Organization, User
from portal.accounts.principals import principal_for
from portal.core import audit, events
from portal.core.problems import Conflict
from weights_vault.models import Release

MASTER = "system:master"


@dataclass(frozen=True)
class Start:
    """A grant to be made. replaces: the person's grant that makes room for it. renewed: it still runs, and
    the new one adds to its end."""

    user: User
    release: Release
    replaces: Grant | None
    renewed: bool


def approved_license(request: Request) -> LicenseVersion:
    """Return the license version that was approved. Raises: RuntimeError: a policy was not asked."""
    if request.license_version is None:
        raise RuntimeError(f"{request.pk} passed the policy without a license version")
    return request.license_version


def accept(request: Request, user: User, *, typed_name: str, how: str, by: str, now: datetime) -> list[Grant]:
    """Write that `user` accepted the approved license, start what that completes, and return those grants.

    by: who, as the audit log calls them. how: as in `Acceptance`.
    Raises: Conflict(grant_live, grant_suspended, grant_revoked): of the person's own.
    """
    _write(request, user, typed_name=typed_name, how=how, now=now)
    return _go_on(request, acting=user, how=how, by=by, now=now)


def accept_under_master(*, request: Request, now: datetime) -> list[Grant]:
    """Start the grants of an approved request whose applicant a master agreement names; return them.

    Co-applicants whom one names too are covered with the applicant; the others accept on their own, and for
    them the signatory still signs. Nothing is accepted for somebody whose grants cannot start: it is theirs
    to accept once what is in the way is gone.
    """
    master = queries.master_covering(request.applicant, request.license_version, now)
    if master is None:
        return []
    asks, releases = _who_asks(request), list(request.releases.order_by("slug"))
    held = _held(asks, releases)
    accepted = 0
    for user in asks:
        covering = queries.master_covering(user, request.license_version, now)
        free = all(_bar(request, held[user.pk, release.pk], now) is None for release in releases)
        if covering and free and policies.may_sign(queries.request_case(principal_for(user), request, now)):
            _write(request, user, typed_name=covering.typed_name, how=f"master:{covering.pk}", now=now)
            accepted += 1
    if not accepted:
        return []
    if accepted == len(asks):
        _spare_signatory(request, now)
    how = f"master:{master.pk}"
    return _go_on(request, acting=None, how=how, by=MASTER, now=now, signatory=request.signatory)


def _write(request: Request, user: User, *, typed_name: str, how: str, now: datetime) -> None:
    approved = approved_license(request)
    acceptance = Acceptance.objects.create(
        request=request,
        user=user,
        license_version=approved,
        sha256=approved.sha256,
        typed_name=typed_name,
        how=how,
        at=now,
    )
    request.parties.filter(user=user, state=Party.State.JOINED).update(
        state=Party.State.ACCEPTED, state_at=now
    )
    order(acceptance=acceptance, now=now)


def _spare_signatory(request: Request, now: datetime) -> None:
    request.signatory = False
    named = signatory_of(request)
    if named is None:
        return
    request.parties.filter(pk=named.pk).update(state=Party.State.DROPPED, state_at=now)
    audit.record("request.party_dropped", by=MASTER, subject=f"request:{request.pk}", now=now, party=named.pk)


def _go_on(
    request: Request, *, acting: User | None, how: str, by: str, now: datetime, **fields: Any
) -> list[Grant]:
    """Move the request by what the acceptance completed, and make those grants."""
    approved, starts = approved_license(request), _starts(request, acting, now)
    holders = sorted({start.user.public_id for start in starts})
    move_request(
        request,
        "sign" if starts and request.state == states.APPROVED else "accept",
        by=by,
        now=now,
        data={"license": approved.pk, "license_sha256": approved.sha256, "how": how, "holders": holders},
        **fields,
    )
    return [_start(request, start, by, now) for start in starts]


def _starts(request: Request, acting: User | None, now: datetime) -> list[Start]:
    """The grants that can start now: of everybody who accepted and has none from this request yet.

    acting: who accepts now. A grant of theirs that is in the way is refused; somebody else's is left as it
    is, for it must not keep the rest of the team waiting.
    """
    made = set(Grant.objects.filter(request=request).values_list("user", "release"))
    accepted, releases = _who_accepted(request, now), list(request.releases.order_by("slug"))
    held = _held(accepted, releases)
    found = []
    for user, release in product(accepted, releases):
        if (user.pk, release.pk) in made:
            continue
        before = held[user.pk, release.pk]
        bar = _bar(request, before, now)
        if bar is None:
            old = next((each for each in before if each.state in states.LIVE_STATES), None)
            found.append(Start(user, release, old, renewed=old is not None and now < old.ends_at))
        elif acting is not None and user.pk == acting.pk:
            raise bar
    return found


def _institution_signed(request: Request) -> bool:
    named = signatory_of(request)
    return not request.signatory or (named is not None and named.state == Party.State.ACCEPTED)


def _who_asks(request: Request) -> list[User]:
    """Who asks for the weights. Their rows are held, so that of two requests that give one person the same
    release at the same moment the second sees the first one's grant."""
    asks = [request.applicant_id]
    for party in standing(request):
        if party.role == Party.Role.CO_APPLICANT and party.user_id is not None:
            asks.append(party.user_id)
    found = User.objects.filter(pk__in=asks, is_active=True)
    return list(found.select_for_update(no_key=True).order_by("pk"))


def _who_accepted(request: Request, now: datetime) -> list[User]:
    """Who of those accepted the license, and for whom their institution did, where that is needed: by the
    signatory, or once for all by a master agreement that names them."""
    signed = Acceptance.objects.filter(request=request, license_version=request.license_version_id)
    by = set(signed.values_list("user", flat=True))
    accepted = [user for user in _who_asks(request) if user.pk in by]
    if _institution_signed(request):
        return accepted
    return [user for user in accepted if queries.master_covering(user, request.license_version, now)]


def _held(users: Sequence[User], releases: Sequence[Release]) -> dict[tuple[int, int], list[Grant]]:
    """Each person's grants of each release, in whatever state: a revocation or a hold under way is waited
    for, and then seen. They are locked in one order."""
    rows = Grant.objects.select_for_update(of=("self",)).select_related("release")
    held: dict[tuple[int, int], list[Grant]] = defaultdict(list)
    for grant in rows.filter(user__in=users, release__in=releases).order_by("pk"):
        held[grant.user_id, grant.release_id].append(grant)
    return held


def _bar(request: Request, held: Iterable[Grant], now: datetime) -> Conflict | None:
    """What keeps a grant from starting: one of the same person and release that was revoked since, that is
    on hold, even past its end, or that stands and is not the one carried on."""
    for old in held:
        if old.state == states.SUSPENDED or _revoked_since(request, old):
            return _in_the_way(old)
        if old.state == states.ACTIVE and now < old.ends_at and old.request_id not in _line_of(request):
            return _in_the_way(old)
    return None


def _revoked_since(request: Request, old: Grant) -> bool:
    """Whether it was revoked when the decision could not know of it. A renewal carries on what stood when it
    was begun: of what was revoked since, nothing is left to carry on."""
    if old.state != states.REVOKED or request.decided_at is None:
        return False
    if request.renews_id is not None:
        return old.state_at >= request.created_at
    return old.state_at > request.decided_at


def _line_of(request: Request) -> set[str]:
    """The requests that this one carries on: somebody of the team may have left one of them out."""
    line: set[str] = set()
    earlier = request.renews
    while earlier is not None and earlier.pk not in line:
        line.add(earlier.pk)
        earlier = earlier.renews
    return line


def _in_the_way(old: Grant) -> Conflict:
    if old.state == states.REVOKED:
        return Conflict(
            "grant_revoked",
            f"Your grant for {old.release.title} was revoked: {old.state_reason}",
            "What was approved before that does not count any more. Withdraw this request and ask anew, or"
            f" write to {settings.CONTACT_EMAIL}.",
        )
    if old.state == states.SUSPENDED:
        return Conflict(
            "grant_suspended",
            f"Your grant for {old.release.title} is suspended: {old.state_reason}",
            f"If you think this is wrong, write to {settings.CONTACT_EMAIL}. It can be resumed.",
        )
    return Conflict(
        "grant_live",
        f"You hold a grant for {old.release.title} already.",
        "Use it; this request can be withdrawn.",
    )


def _start(request: Request, start: Start, by: str, now: datetime) -> Grant:
    if request.grant_days is None:
        raise RuntimeError(f"{request.pk} was approved without a length for its grants")
    begins = now
    if start.replaces is not None:
        # Of a renewed grant no day is lost.
        begins = max(now, start.replaces.ends_at)
        _replace(start.replaces, renewed=start.renewed, now=now)
    row = row_of("grant", states.NEW, "start")
    grant = Grant.objects.create(
        request=request,
        user=start.user,
        release=start.release,
        license_version=approved_license(request),
        organization=_organization(request, start.user),
        state=row.target,
        state_at=now,
        starts_at=now,
        ends_at=begins + timedelta(days=request.grant_days),
    )
    audit.record(
        row.audit,
        by=by,
        subject=f"grant:{grant.pk}",
        now=now,
        request=request.pk,
        release=start.release.slug,
        ends_at=grant.ends_at.isoformat(),
    )
    events.publish(GrantStarted(grant, by, now))
    # Whoever left between the decision and this moment is held to what the terms say of leaving.
    if end_affiliation(grant=grant, now=now):
        grant.refresh_from_db()
    return grant


def _organization(request: Request, user: User) -> Organization | None:
    """Under which organization the grant is given: that of the request, or a co-applicant's own."""
    if user.pk == request.applicant_id:
        return request.organization
    return queries.confirmed_organization(principal_for(user))


def _replace(old: Grant, *, renewed: bool, now: datetime) -> None:
    said = "It was renewed" if renewed else "It had ended"
    reason = f"{said}, and a later grant took its place."
    move_grant(old, "replace", reason=reason, by="system:sign", now=now)
    events.publish(GrantChanged(old, reason, "system:sign", now))
