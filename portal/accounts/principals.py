"""Who acts: a person in a browser session, a program with a token, the portal itself, or nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.credentials import DeviceAccess
from portal.accounts.matrix import LOOK_AS, allows, capabilities_of, reads_within
from portal.accounts.models import AccessToken, OrganizationManager, User
from portal.accounts.roles import RESEARCHER
from portal.accounts.scopes import carried, of_staff

PASSKEY: Final = str(Authenticator.Type.WEBAUTHN)
LOOKING: Final = "looking_as"  # in a session: as which role its person looks at the site, until when


@dataclass(frozen=True)
class Principal:
    """The facts about an actor that policies judge.

    scopes: what a token may do; None means a browser session, which may do all that the person may.
    mfa: this very session was opened with a second factor. passkey: with one that cannot be relayed.
    grant: the one grant that a token is for, "" for all. system: what part of the portal acts, when nobody
    else does. looking_as: the one role that this session looks at the site as; it then has no other.
    manages: the person speaks for an organization; which ones, their rows say.
    """

    user: User | None = None
    scopes: frozenset[str] | None = None
    mfa: bool = False
    passkey: bool = False
    roles: frozenset[str] = frozenset()
    email_verified: bool = False
    token_id: str | None = None
    grant: str = ""
    system: str | None = None
    looking_as: str | None = None
    manages: bool = False

    @property
    def actor(self) -> str:
        """What the audit log calls this actor."""
        if self.system is not None:
            return f"system:{self.system}"
        return self.user.public_id if self.user is not None else "anonymous"

    @property
    def capabilities(self) -> frozenset[str]:
        """Names of what the roles allow, for templates."""
        return frozenset(each.name for each in capabilities_of(self.roles))

    @property
    def looking_as_said(self) -> str:
        """The role that is looked as, in words."""
        return (self.looking_as or "").replace("_", " ")

    @property
    def is_session(self) -> bool:
        """True for a person in a browser, who alone may confirm, sign, vote and enroll."""
        return self.user is not None and self.scopes is None

    @property
    def person(self) -> User:
        """The person who acts, once a policy has made sure that there is one.

        Raises: RuntimeError: there is none; a policy was not asked.
        """
        if self.user is None:
            raise RuntimeError(f"{self.actor} is no person")
        return self.user


ANONYMOUS = Principal()


def system_principal(name: str) -> Principal:
    """Return the portal itself, acting through a job or a management command of this name."""
    return Principal(system=name)


def principal_for(
    user: User,
    *,
    scopes: frozenset[str] | None = None,
    mfa: bool = False,
    passkey: bool = False,
    token_id: str | None = None,
    grant: str = "",
) -> Principal:
    """Return the principal of `user`: a session, or with `scopes` a token. For tests, jobs and commands.

    A token acts with those roles alone that its scopes carry.
    """
    verified = EmailAddress.objects.filter(user=OuterRef("pk"), email=user.email, verified=True)
    speaks = OrganizationManager.objects.filter(user=OuterRef("pk"))
    # One query for all: this stands before every answer.
    account = User.objects.filter(pk=user.pk)
    rows = list(account.values_list("role_grants__role", Exists(verified), Exists(speaks)))
    # A disabled account holds none.
    roles = frozenset(role for role, _, _ in rows if role and user.is_active)
    return Principal(
        user=user,
        scopes=scopes,
        mfa=mfa,
        passkey=passkey,
        roles=roles if scopes is None else carried(roles, scopes),
        email_verified=any(is_verified for _, is_verified, _ in rows),
        manages=any(is_manager for _, _, is_manager in rows),
        token_id=token_id,
        grant=grant,
    )


def principal_of(request: Any) -> Principal:
    """Return who makes this request (Django's or DRF's): by its token, else by its session."""
    user = request.user
    if not isinstance(user, User):
        return ANONYMOUS
    token = getattr(request, "auth", None)
    if isinstance(token, AccessToken | DeviceAccess):
        return _of_token(user, token)
    inner = getattr(request, "_request", request)
    proved = _proved(inner, user)
    principal = principal_for(user, mfa=bool(proved), passkey=PASSKEY in proved)
    role = looked_as(getattr(inner, "session", {}), user, timezone.now())
    return principal if role is None else _looking(principal, role)


def looked_as(session: Mapping[str, Any], user: User, now: datetime) -> str | None:
    """Return as which role this session looks at the site now; None where it does not."""
    kept = session.get(LOOKING)
    if not kept or kept["user"] != user.public_id or now.timestamp() >= kept["until"]:
        return None
    return str(kept["role"])


def _looking(principal: Principal, role: str) -> Principal:
    """The same person with that role alone, while what they are themselves still lets them look so."""
    roles = principal.roles
    if not allows(roles, LOOK_AS) or not (role == RESEARCHER or reads_within(role, roles)):
        role = RESEARCHER  # until they leave it: nothing may be changed, and nothing more is read
    held_now = frozenset() if role == RESEARCHER else frozenset({role})
    return replace(principal, roles=held_now, looking_as=role, manages=False)


def _of_token(user: User, token: AccessToken | DeviceAccess) -> Principal:
    """A token with a staff scope was made by who had proved the factor that staff must prove, and ends when
    the account's factors change: it stands for those that the account has."""
    scopes = frozenset(token.scopes)
    kinds: set[str] = set()
    if of_staff(scopes):
        factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
        kinds = set(factors.values_list("type", flat=True))
    return principal_for(
        user,
        scopes=scopes,
        mfa=bool(kinds),
        passkey=PASSKEY in kinds,
        token_id=token.pk,
        grant=token.grant,
    )


def owes_second_factor(request: HttpRequest) -> bool:
    """True in the session of a person who has a second factor that this session never proved."""
    user = request.user
    return isinstance(user, User) and bool(_factors(user)) and not _proved(request, user)


def owes_passkey(request: HttpRequest) -> bool:
    """True in the session of staff, or of who may look into the records, whose account has a passkey that
    this session never proved.

    What can be typed can be relayed: whoever holds a code of theirs must not put a passkey of their own on
    the account, nor take theirs away.
    """
    user = request.user
    if not isinstance(user, User) or PASSKEY in _proved(request, user):
        return False
    with_passkey = Authenticator.objects.filter(user=user, type=PASSKEY).exists()
    return with_passkey and (user.is_staff or bool(principal_for(user).roles))


def _proved(request: HttpRequest, user: User) -> frozenset[str]:
    """Return which kinds of second factor this session itself proved, while the account has one.

    That the account has one is not enough: a session stolen before it was set up never proved it.
    """
    records = [each for each in get_authentication_records(request, user) if each.get("method") == "mfa"]
    if not records or not _factors(user):
        return frozenset()
    # Whoever takes a passkey away ends every session but the one that did it: this asks of that one.
    kept = _factors(user)
    return frozenset(
        str(each.get("type")) for each in records if each.get("type") != PASSKEY or each.get("id") in kept
    )


def _factors(user: User) -> frozenset[int]:
    # A session was just compared with the account's factors: they are not read a second time.
    if user.factors is None:
        user.get_session_auth_hash()
    return user.factors or frozenset()
