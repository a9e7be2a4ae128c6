"""Who may do what with accounts, and why not. One function a question."""

from dataclasses import replace

from django.conf import settings

from portal.accounts import matrix
from portal.accounts.factors import mfa_required, staff_factor_missing
from portal.accounts.matrix import Capability
from portal.accounts.models import AccessToken, Device, Organization, PendingAction, User
from portal.accounts.principals import Principal
from portal.accounts.roles import STAFF_ROLES
from portal.core.verdicts import Allowed, Denied, Verdict

LOGIN_REQUIRED = Denied("login_required", "You are not signed in.", "Sign in and try again.")
ACCOUNT_DISABLED = Denied(
    "account_disabled", "This account is disabled.", f"Write to {settings.CONTACT_EMAIL}."
)
EMAIL_UNVERIFIED = Denied(
    "email_unverified", "Your e-mail address is not verified.", "Enter the code that was mailed to you."
)
SESSION_OVER = Denied(
    "session_over",
    "The account's password or second factors changed meanwhile, and this session is over.",
    "Sign in again.",
)
SESSION_REQUIRED = Denied(
    "token_scope",
    "A token alone cannot do this.",
    "Open the page in a browser, sign in and confirm there.",
)
NOT_PERMITTED = Denied(
    "not_permitted", "Your roles do not allow this.", "Ask an administrator of this portal."
)

LOOKING_ONLY = Denied(
    "looking_as",
    "You are looking at the site as another role, so nothing can be changed.",
    "Leave that with the button at the top of each page, then do it.",
)

OWN_ORGANIZATION = Denied(
    "own_organization",
    "This is your own organization: others vouch for its domains, and say who speaks for it.",
    "Ask an administrator who is not of it, or the portal's operator.",
)
STAFF_ORGANIZATION = Denied(
    "staff_organization",
    "Staff do not change their own organization: it says whose requests they may not judge.",
    "Leave it as it is. If you have moved, ask an administrator to take your roles until you have said so.",
)


def may_sign_in(principal: Principal) -> Verdict:
    """May this principal act as a person at all: somebody, enabled, with a verified address?"""
    if principal.user is None:
        return LOGIN_REQUIRED
    if not principal.user.is_active:
        return ACCOUNT_DISABLED
    return Allowed() if principal.email_verified else EMAIL_UNVERIFIED


def staff_gate(principal: Principal) -> Verdict:
    """What every staff policy asks first: signed in, enabled, with the factor that STAFF_MFA asks for."""
    if principal.user is None:
        return LOGIN_REQUIRED
    if not principal.user.is_active:
        return ACCOUNT_DISABLED
    if staff_factor_missing(principal):
        return mfa_required()
    return Allowed()


def may_manage_people(principal: Principal) -> Verdict:
    """May this principal disable and enable accounts, end others' sessions and tokens?"""
    return staff_may(principal, matrix.PEOPLE_MANAGE)


def may_read_audit(principal: Principal) -> Verdict:
    """May this principal read the whole audit log?"""
    return staff_may(principal, matrix.AUDIT_READ)


def may_see_changes(principal: Principal) -> Verdict:
    """May this principal open the pages of what takes two? Staff alone propose and confirm, in a browser;
    which changes they see is another question."""
    if principal.user is None:
        return LOGIN_REQUIRED
    if not principal.is_session:
        return SESSION_REQUIRED
    return staff_gate(principal) if principal.roles & STAFF_ROLES else NOT_PERMITTED


def staff_may(principal: Principal, capability: Capability) -> Verdict:
    """May this principal do what only staff with the capability do: in a browser session, with the factor
    that the portal demands of staff? The portal itself may."""
    if principal.system is not None:
        return Allowed()
    if principal.user is None:
        return LOGIN_REQUIRED
    if not principal.is_session:
        return SESSION_REQUIRED
    if not matrix.allows(principal.roles, capability):
        return NOT_PERMITTED
    return staff_gate(principal)


def staff_may_with(principal: Principal, capability: Capability, scope: str) -> Verdict:
    """As `staff_may`, and with a token that holds `scope`: for what only reads, or prepares what a person
    then confirms in a browser."""
    held = principal.scopes is not None and scope in principal.scopes
    return staff_may(replace(principal, scopes=None) if held else principal, capability)


def may_speak_for(principal: Principal, organization: Organization) -> Verdict:
    """May this principal say who is of the organization, and which domains are its own? Who manages it, in a
    browser, or an administrator who is not of it."""
    verdict = may_sign_in(principal)
    if not verdict:
        return verdict
    if not principal.is_session:
        return SESSION_REQUIRED
    if principal.looking_as is None and organization.managers.filter(user=principal.user).exists():
        return Allowed()
    return may_keep_organization(principal, organization)


def may_keep_organization(principal: Principal, organization: Organization) -> Verdict:
    """May this principal vouch for its domains, and say who speaks for it? An administrator, of others'."""
    verdict = staff_may(principal, matrix.ORGANIZATIONS_MANAGE)
    own = principal.user is not None and principal.user.organization_id == organization.pk
    return OWN_ORGANIZATION if verdict and own else verdict


def may_look_as(principal: Principal) -> Verdict:
    """May this principal see the site as another role? Not twice over: who looks has that role alone."""
    return LOOKING_ONLY if principal.looking_as else staff_may(principal, matrix.LOOK_AS)


def may_correct_details(principal: Principal, user: User) -> Verdict:
    """A person's name, organization and country are their own word: they alone, in a browser."""
    verdict = may_sign_in(principal)
    if not verdict:
        return verdict
    if not principal.is_session:
        return SESSION_REQUIRED
    return Allowed() if principal.user is not None and principal.user.pk == user.pk else NOT_PERMITTED


def may_change_organization(principal: Principal, user: User) -> Verdict:
    """Not staff: it says whose requests they may not vote on. A first one only bars; they may name that."""
    if principal.roles & STAFF_ROLES and user.organization_id is not None:
        return STAFF_ORGANIZATION
    return Allowed()


def may_create_token(principal: Principal) -> Verdict:
    """A token is made by its owner in a browser: one token cannot make another, which would outlive it."""
    verdict = may_sign_in(principal)
    if not verdict:
        return verdict
    return Allowed() if principal.is_session else SESSION_REQUIRED


def may_end_token(principal: Principal, token: AccessToken | Device) -> Verdict:
    """May this principal end a token or a device? Its owner in a browser, itself, or who manages people."""
    own = principal.user is not None and principal.user.pk == token.user_id
    if own and (principal.is_session or principal.token_id == token.pk):
        return Allowed()
    return may_manage_people(principal)


def may_decide_pending(principal: Principal, action: PendingAction) -> Verdict:
    """Its owner, in a browser."""
    verdict = may_sign_in(principal)
    if not verdict:
        return verdict
    if not principal.is_session:
        return SESSION_REQUIRED
    return Allowed() if principal.user is not None and principal.user.pk == action.user_id else NOT_PERMITTED
