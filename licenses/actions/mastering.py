"""Master agreements: staff propose one, a signatory binds an organization, staff name its people."""

from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from licenses import links, policies, queries, texts
from licenses.actions import versions
from licenses.actions.moving import require, who
from licenses.actions.typed_names import checked_name
from licenses.agreements import order
from licenses.models import LicenseVersion, MasterAgreement, MasterMember
from licenses.queries.parties import addresses_of
from portal.accounts import names
from portal.accounts.models import Organization, User
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.outbox import queue_mail
from portal.core.problems import Conflict, Invalid

MOST_MEMBERS: Final = 500
NOT_CHANGED: Final = "The agreement was not changed."
NOT_SIGNED: Final = "The agreement was not signed."


def propose_master(
    *,
    organization: Organization,
    license_version: LicenseVersion,
    ends_at: datetime,
    signatory_email: str,
    signatory_name: str,
    by: Principal,
    now: datetime,
) -> MasterAgreement:
    """Propose to `organization` that it accepts the license once for people it names; return the proposal.

    The signatory's address gets a mail that points to the agreement's page; it carries no credential.
    Raises: NotPermitted. Invalid: no name or address, an end that has passed, a version of another
        organization, or somebody who may not sign because they propose it themselves.
    """
    require(policies.may_keep_masters(queries.person(by)))
    name, email, wrong = _person(signatory_name, signatory_email)
    errors = {f"signatory_{field}": said for field, said in wrong.items()}
    errors |= _faults(organization, license_version, ends_at, email, who(by), now)
    if errors:
        raise Invalid("master_invalid", "The agreement was not proposed.", errors=errors)
    with transaction.atomic():
        master = MasterAgreement.objects.create(
            organization=organization,
            license_version=license_version,
            signatory_email=email,
            signatory_name=name,
            created_at=now,
            created_by=by.actor,
            ends_at=ends_at,
        )
        event = _record("master.proposed", master, by, now, license=license_version.pk)
        queue_mail(
            to=email,
            template="licenses/mail/master_proposed",
            context={"master": master, "master_page": links.page(links.MASTER, id=master.pk)},
            key=f"licenses:master_proposed:{event.pk}",
        )
    return master


def _faults(
    organization: Organization,
    version: LicenseVersion,
    ends_at: datetime,
    email: str,
    by: User,
    now: datetime,
) -> dict[str, list[str]]:
    """What is wrong with a proposal, by field."""
    errors = {}
    if ends_at <= now:
        errors["ends_at"] = ["This must be in the future."]
    if version.organization_id not in (None, organization.pk):
        errors["license_version"] = ["This version was negotiated with another organization."]
    if email in {by.email, *addresses_of(by)}:
        errors["signatory_email"] = ["Somebody else than who proposes the agreement must sign it."]
    return errors


def name_member(
    *, master: MasterAgreement, email: str, full_name: str, by: Principal, now: datetime
) -> MasterMember:
    """Name a person in the agreement and return their row; somebody who stands in it already is returned.

    Raises: NotPermitted, Conflict(state_changed). Invalid: no name or address, or too many people.
    """
    name, email, errors = _person(full_name, email)
    with transaction.atomic():
        master = _lock(master)
        require(policies.may_change_master(queries.master_case(by, master, now)))
        named = master.members.filter(removed_at__isnull=True)
        if named.count() >= MOST_MEMBERS:
            errors["email"] = [f"At most {MOST_MEMBERS} people can be named."]
        if errors:
            raise Invalid("master_invalid", NOT_CHANGED, errors=errors)
        standing = named.filter(email=email).first()
        if standing is not None:
            return standing
        member = MasterMember.objects.create(master=master, email=email, full_name=name, added_at=now)
        _record("master.member_named", master, by, now, member=member.pk)
    return member


def remove_member(*, member: MasterMember, reason: str, by: Principal, now: datetime) -> MasterMember:
    """Take a person out of the agreement, and return their row. Grants that they hold stay as they are.

    reason: kept in the log. Raises: NotPermitted, Conflict(state_changed). Invalid: no reason.
    """
    said = _checked_reason(reason)
    with transaction.atomic():
        master = _lock(member.master)
        require(policies.may_change_master(queries.master_case(by, master, now)))
        if not MasterMember.objects.filter(pk=member.pk, removed_at__isnull=True).update(removed_at=now):
            raise _moved_on()
        member.removed_at = now
        about = member_in_log(member)
        _record(
            "master.member_removed", master, by, now, member=member.pk, private={"reason": said}, about=about
        )
    return member


def member_in_log(member: MasterMember) -> str:
    """Whom the log's private values about a member are about: many have no account that would name them."""
    return f"member:{member.pk}"


def end_master(*, master: MasterAgreement, reason: str, by: Principal, now: datetime) -> MasterAgreement:
    """End the agreement now, signed or not, and return it. Grants that it gave stay as they are.

    reason: the signatory reads it in a mail.
    Raises: NotPermitted, Conflict(state_changed). Invalid: no reason.
    """
    said = _checked_reason(reason)
    with transaction.atomic():
        master = _lock(master)
        require(policies.may_change_master(queries.master_case(by, master, now)))
        MasterAgreement.objects.filter(pk=master.pk).update(ends_at=now)
        master.ends_at = now
        about = master.signatory.public_id if master.signatory else ""
        event = _record("master.ended", master, by, now, private={"reason": said}, about=about)
        queue_mail(
            to=master.signatory_email,
            template="licenses/mail/master_ended",
            context={
                "master": master,
                "reason": said,
                "master_page": links.page(links.MASTER, id=master.pk),
            },
            key=f"licenses:master_ended:{event.pk}",
        )
    return master


def sign_master(
    *, master: MasterAgreement, typed_name: str, license_sha256: str, by: Principal, now: datetime
) -> MasterAgreement:
    """Sign the agreement for the organization, from a browser session alone, and return it.

    by: whoever has the verified address that was asked. typed_name, license_sha256: as in `sign`.
    Raises: NotPermitted, Conflict(state_changed, license_changed). Invalid: the name differs.
    """
    with transaction.atomic():
        master = _lock(master)
        require_present(by)
        require(policies.may_sign_master(queries.master_case(by, master, now)))
        version = master.license_version
        if license_sha256 != version.sha256:
            shown = versions.version_shown(version.license, license_sha256, master.organization_id)
            raise versions.license_changed(shown, version)
        user = who(by)
        master.typed_name = checked_name(user, typed_name, refusal=NOT_SIGNED)
        master.signatory, master.sha256, master.signed_at = user, version.sha256, now
        master.save(update_fields=["typed_name", "signatory", "sha256", "signed_at"])
        _record("master.signed", master, by, now, license=version.pk, license_sha256=version.sha256)
        order(master=master, now=now)
    return master


def _lock(master: MasterAgreement) -> MasterAgreement:
    held = MasterAgreement.objects.select_for_update(of=("self",))
    return held.select_related("organization", "license_version__license").get(pk=master.pk)


def _person(name: str, email: str) -> tuple[str, str, dict[str, list[str]]]:
    """Return (name, address in lower case, what is wrong by "name" and "email")."""
    errors = {}
    said, wrong = texts.clean(name, multiline=False, max_characters=200)
    if wrong := wrong or names.fault(said) or ("" if said else "This is needed."):
        errors["name"] = [wrong]
    address, wrong = texts.clean(email, multiline=False, max_characters=254)
    address = address.lower()
    try:
        validate_email(address)
    except ValidationError:
        wrong = wrong or "Type an e-mail address."
    if wrong:
        errors["email"] = [wrong]
    return said, address, errors


def _checked_reason(reason: str) -> str:
    said, wrong = texts.clean(reason, multiline=True)
    if wrong or not said:
        raise Invalid("reason_missing", NOT_CHANGED, errors={"reason": [wrong or "Say why."]})
    return said


def _record(kind: str, master: MasterAgreement, by: Principal, now: datetime, **data: Any) -> Any:
    subject = f"master:{master.pk}"
    return audit.record(
        kind, by=by.actor, subject=subject, now=now, organization=master.organization_id, **data
    )


def _moved_on() -> Conflict:
    return Conflict(
        "state_changed",
        "Somebody changed this at the same moment.",
        "Load the page again to see where it stands.",
    )
