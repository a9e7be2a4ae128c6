"""Sign the approved license: the acceptance, the grants and the request's end, all at once."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from licenses import judging, policies, queries, states, texts
from licenses.actions import versions
from licenses.actions.moving import lock_request, move_grant, move_request, require, row_of, who
from licenses.agreements import order
from licenses.events import GrantChanged, GrantStarted
from licenses.models import Acceptance, Grant, LicenseVersion, Request
from portal.accounts import pending
from portal.accounts.models import PendingAction, User
from portal.accounts.principals import Principal
from portal.core import audit, events
from portal.core.problems import Conflict, Invalid, NotPermitted
from weights_vault.models import Release

SIGN_LICENSE = "sign_license"


def sign(
    *,
    request: Request,
    typed_name: str,
    license_sha256: str,
    by: Principal,
    now: datetime,
    how: str = "session",
) -> list[Grant]:
    """Sign the license of an approved request, from a browser session alone, and return the grants.

    typed_name: must be the name in the account. license_sha256: of the text that was shown.
    how: how the person was asked; "session", or "pending:act_…".
    Raises: NotPermitted, Conflict(state_changed, grant_live). Conflict(license_changed): the text shown is
        not the one approved. Invalid: the name differs.
    """
    with transaction.atomic():
        request = lock_request(request)
        require(policies.may_sign(queries.request_case(by, request, now)))
        user, approved = who(by), _approved_license(request)
        if license_sha256 != approved.sha256:
            shown = approved.license.versions.filter(sha256=license_sha256).first()
            raise versions.license_changed(shown, approved)
        acceptance = Acceptance.objects.create(
            request=request,
            user=user,
            license_version=approved,
            sha256=approved.sha256,
            typed_name=_checked_name(user, typed_name),
            how=how,
            at=now,
        )
        order(acceptance=acceptance, now=now)
        move_request(
            request,
            "sign",
            by=by.actor,
            now=now,
            data={"license": approved.pk, "license_sha256": approved.sha256, "how": how},
        )
        return [_start(request, user, release, by, now) for release in request.releases.order_by("slug")]


def _approved_license(request: Request) -> LicenseVersion:
    if request.license_version is None:
        raise RuntimeError(f"{request.pk} passed the policy without a license version")
    return request.license_version


def _checked_name(user: User, typed: str) -> str:
    name, wrong = texts.clean(typed, multiline=False, max_characters=200)
    if not wrong and not name:
        wrong = "Type your full name."
    if not wrong and user.full_name and _folded(name) != _folded(user.full_name):
        wrong = f"Type your name as it stands in your account: {user.full_name}"
    if wrong:
        raise Invalid("name_invalid", "The license was not signed.", errors={"typed_name": [wrong]})
    return name


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _start(request: Request, user: User, release: Release, by: Principal, now: datetime) -> Grant:
    """Make the grant of one release. An expired one that still stands in its place is closed first."""
    if request.grant_days is None:
        raise RuntimeError(f"{request.pk} was approved without a length for its grants")
    standing = Grant.objects.select_for_update().filter(
        user=user, release=release, state__in=states.LIVE_STATES
    )
    for old in standing:
        _replace(old, now)
    row = row_of("grant", states.NEW, "start")
    grant = Grant.objects.create(
        request=request,
        user=user,
        release=release,
        license_version=_approved_license(request),
        organization_id=request.organization_id,
        state=row.target,
        state_at=now,
        starts_at=now,
        ends_at=now + timedelta(days=request.grant_days),
    )
    audit.record(
        row.audit,
        by=by.actor,
        subject=f"grant:{grant.pk}",
        now=now,
        request=request.pk,
        release=release.slug,
        ends_at=grant.ends_at.isoformat(),
    )
    events.publish(GrantStarted(grant, by.actor, now))
    return grant


def _replace(old: Grant, now: datetime) -> None:
    if now < old.ends_at:
        raise Conflict(
            "grant_live",
            f"You hold a grant for {old.release.title} already.",
            "Use it; this request can be withdrawn.",
        )
    reason = "It had ended, and a later grant took its place."
    move_grant(old, "replace", reason=reason, by="system:sign", now=now)
    events.publish(GrantChanged(old, reason, "system:sign", now))


def propose_sign(
    *, request: Request, by: Principal, now: datetime, typed_name: str | None = None
) -> PendingAction:
    """Prepare, from the command line, a signature that the person confirms in a browser; return it.

    typed_name: the name to sign with; left out, the name in the account.
    Raises: NotPermitted, Conflict(state_changed). Invalid: no name, or another than the account's.
    """
    request = Request.objects.select_related("license_version__license").get(pk=request.pk)
    require(policies.may_propose_sign(queries.request_case(by, request, now)))
    user, version = who(by), _approved_license(request)
    name = _checked_name(user, typed_name or user.full_name)
    titles = ", ".join(release.title for release in request.releases.order_by("slug"))
    return pending.propose(
        kind=SIGN_LICENSE,
        by=by,
        payload={"request": request.pk, "license_sha256": version.sha256, "typed_name": name},
        summary=f"Sign {version} (SHA-256 {version.sha256}) as {name}, for {titles}.",
        now=now,
    )


def _perform(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    """Sign what was proposed, in the confirming transaction."""
    request = Request.objects.filter(pk=action.payload["request"], applicant=action.user).first()
    if request is None or by.user is None or by.user.pk != action.user_id:
        raise NotPermitted.from_denied(judging.NOT_APPLICANT)
    grants = sign(
        request=request,
        typed_name=action.payload["typed_name"],
        license_sha256=action.payload["license_sha256"],
        by=by,
        now=now,
        how=f"pending:{action.pk}",
    )
    return {"request": request.pk, "grants": [grant.pk for grant in grants]}


pending.register(SIGN_LICENSE, _perform)
