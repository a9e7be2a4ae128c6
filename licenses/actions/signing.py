"""Sign the approved license, as each party of the request does; `accepting` says what that completes."""

from datetime import datetime
from typing import Any

from django.db import transaction

from licenses import policies, queries, team
from licenses.actions import versions
from licenses.actions.accepting import accept, approved_license
from licenses.actions.moving import lock_request, require, who
from licenses.actions.typed_names import checked_name
from licenses.models import Grant, Request
from licenses.queries.parties import signatory_of
from portal.accounts import pending
from portal.accounts.models import PendingAction, User
from portal.accounts.principals import Principal
from portal.core.problems import NotPermitted

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
    """Accept the license of an approved request, from a browser session alone, and return the grants that
    start with that: none while the signatory has not signed.

    by: the applicant, a co-applicant who joined, or the signatory, who gets no grant.
    typed_name: must be the name in the account. license_sha256: of the text that was shown.
    how: how the person was asked; "session", or "pending:act_…".
    Raises: NotPermitted, Conflict(state_changed, request_lapsed, grant_live, grant_suspended, grant_revoked).
        Conflict(license_changed): the text shown is not the one approved. Invalid: the name differs.
    """
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_sign(queries.request_case(by, request, now)))
        user, approved = who(by), approved_license(request)
        if license_sha256 != approved.sha256:
            shown = versions.version_shown(approved.license, license_sha256, request.organization_id)
            raise versions.license_changed(shown, approved)
        name = checked_name(user, typed_name)
        return accept(request, user, typed_name=name, how=how, by=by.actor, now=now)


def propose_sign(
    *, request: Request, by: Principal, now: datetime, typed_name: str | None = None
) -> PendingAction:
    """Prepare, from the command line, a signature that the person confirms in a browser; return it.

    typed_name: the name to sign with; left out, the name in the account.
    Raises: NotPermitted, Conflict(state_changed). Invalid: no name, or another than the account's.
    """
    request = Request.objects.select_related("license_version__license").get(pk=request.pk)
    require(policies.may_propose_sign(queries.request_case(by, request, now)))
    user, version = who(by), approved_license(request)
    name = checked_name(user, typed_name or user.full_name)
    titles = ", ".join(release.title for release in request.releases.order_by("slug"))
    return pending.propose(
        kind=SIGN_LICENSE,
        by=by,
        payload={"request": request.pk, "license_sha256": version.sha256, "typed_name": name},
        summary=f"Sign {version} (SHA-256 {version.sha256}) as {name}, {_in_what(request, user)} {titles}.",
        now=now,
    )


def _in_what(request: Request, user: User) -> str:
    signatory = signatory_of(request)
    binds = signatory is not None and signatory.user_id == user.pk
    return "binding the institution that asks for" if binds else "for"


def _perform(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    """Sign what was proposed, in the confirming transaction."""
    request = Request.objects.filter(pk=action.payload["request"]).first()
    if request is None or by.user is None or by.user.pk != action.user_id:
        raise NotPermitted.from_denied(team.NOT_A_PARTY)
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
