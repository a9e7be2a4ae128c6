"""A newer license version for grants that live already: ask their holders, and take their acceptance."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from licenses import policies, queries
from licenses.actions import versions
from licenses.actions.moving import lock_grant, move_grant, require, who
from licenses.actions.typed_names import checked_name
from licenses.agreements import order
from licenses.models import Acceptance, Grant, LicenseVersion
from licenses.queries.reacceptance import demanding, demands_on, grants_to_ask
from portal.accounts import pending
from portal.accounts.models import PendingAction, User
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core.problems import Conflict, NotPermitted

REACCEPT: Final = "reaccept_license"
BY: Final = "system:reacceptance"


def want_reacceptance(*, version: LicenseVersion, now: datetime) -> int:
    """Ask the holders of live grants under earlier versions to accept `version`; return how many were asked.

    Each grant is a transaction of its own, and one that was asked is not asked again: whoever is
    interrupted here begins anew and goes on.
    """
    if version.reaccept_by is None:
        return 0
    asked = 0
    for pk in list(grants_to_ask(version, now).values_list("pk", flat=True)):
        with transaction.atomic():
            locked = lock_grant(Grant(pk=pk))
            if grants_to_ask(version, now).filter(pk=pk).exists():
                _ask(locked, version, version.reaccept_by, now)
                asked += 1
    return asked


def want_of_all(*, now: datetime) -> int:
    """Ask whoever was missed; return how many were asked. A grant can start in the very moment in which a
    version is published, seen neither by the job of that version nor, when it started, seeing it."""
    return sum(want_reacceptance(version=version, now=now) for version in demanding())


def want_of_new(grant: Grant, now: datetime) -> None:
    """Ask the holder of a grant that has just started, where newer versions are demanded already.

    A request approved under the version before is signed under it, whatever was published meanwhile.
    """
    demands = list(demands_on(grant))
    if demands:
        dates = [version.reaccept_by for version in demands if version.reaccept_by is not None]
        _ask(grant, demands[0], min(dates), now)


def _ask(grant: Grant, version: LicenseVersion, by: datetime, now: datetime) -> None:
    move_grant(
        grant,
        "want_reacceptance",
        reason="",
        by=BY,
        now=now,
        data={"license": version.pk, "reaccept_by": by.isoformat()},
        reaccept_by=by,
    )


def reaccept(
    *, grant: Grant, typed_name: str, license_sha256: str, by: Principal, now: datetime, how: str = "session"
) -> Grant:
    """Accept the newer license version that the grant waits for, from a browser session alone; return it.

    All the person's grants under the same request that wait for the same version move with it: one text is
    accepted once. typed_name, license_sha256, how: as in `sign`.
    Raises: NotPermitted, Conflict(state_changed). Conflict(license_changed): the text shown is not the one
        that waits. Invalid: the name differs.
    """
    with transaction.atomic():
        require_present(by)
        held = _locked_together(grant)
        grant = held[grant.pk]
        require(policies.may_reaccept(queries.grant_case(by, grant)))
        user, version = who(by), _wanted(grant, now)
        if license_sha256 != version.sha256:
            shown = versions.version_shown(version.license, license_sha256, version.organization_id)
            raise versions.license_changed(shown, version)
        name = checked_name(user, typed_name, refusal="The new version was not accepted.")
        _write(grant, user, version, name, how, now)
        for each in held.values():
            if queries.version_to_accept(each, now) == version:
                _move(each, version, by, how, now)
        grant.refresh_from_db()
    return grant


def _wanted(grant: Grant, now: datetime) -> LicenseVersion:
    version = queries.version_to_accept(grant, now)
    if version is None:
        raise Conflict(
            "state_changed",
            "No newer license version waits for your acceptance.",
            "Load the page again to see where the grant stands.",
        )
    return version


def _write(grant: Grant, user: User, version: LicenseVersion, name: str, how: str, now: datetime) -> None:
    # Another grant of the same request may have been on hold when the version was accepted: once is enough.
    acceptance, made = Acceptance.objects.get_or_create(
        request_id=grant.request_id,
        user=user,
        license_version=version,
        defaults={"sha256": version.sha256, "typed_name": name, "how": how, "at": now},
    )
    if made:
        order(acceptance=acceptance, now=now)


def _locked_together(grant: Grant) -> dict[str, Grant]:
    """The holder's grants under the same request, by id. In one order: two windows may begin with two of
    them."""
    mine = Grant.objects.select_for_update().filter(request=grant.request_id, user=grant.user_id)
    return {each.pk: each for each in mine.order_by("pk")}


def _move(grant: Grant, version: LicenseVersion, by: Principal, how: str, now: datetime) -> None:
    move_grant(
        grant,
        "reaccept",
        reason="",
        by=by.actor,
        now=now,
        data={
            "license": version.pk,
            "license_sha256": version.sha256,
            "before": grant.license_version_id,
            "how": how,
        },
        license_version=version,
        reaccept_by=None,
    )


def propose_reaccept(
    *, grant: Grant, by: Principal, now: datetime, typed_name: str | None = None
) -> PendingAction:
    """Prepare, from the command line, an acceptance that the holder confirms in a browser; return it.

    typed_name: the name to accept with; left out, the name in the account.
    Raises: NotPermitted, Conflict(state_changed). Invalid: no name, or another than the account's.
    """
    require(policies.may_propose_reaccept(queries.grant_case(by, grant)))
    user, version = who(by), _wanted(grant, now)
    name = checked_name(user, typed_name or user.full_name, refusal="The new version was not accepted.")
    return pending.propose(
        kind=REACCEPT,
        by=by,
        payload={"grant": grant.pk, "license_sha256": version.sha256, "typed_name": name},
        summary=f"Accept {version} (SHA-256 {version.sha256}) as {name}, for {grant.release.title}.",
        now=now,
    )


def _perform(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    """Accept what was proposed, in the confirming transaction."""
    grant = Grant.objects.filter(pk=action.payload["grant"], user=action.user).first()
    if grant is None or by.user is None or by.user.pk != action.user_id:
        raise NotPermitted.from_denied(policies.NOT_HOLDER)
    accepted = reaccept(
        grant=grant,
        typed_name=action.payload["typed_name"],
        license_sha256=action.payload["license_sha256"],
        by=by,
        now=now,
        how=f"pending:{action.pk}",
    )
    return {"grant": accepted.pk, "license": accepted.license_version_id}


pending.register(REACCEPT, _perform)
