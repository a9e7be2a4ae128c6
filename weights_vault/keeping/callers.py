"""Who asks, as ids; and who that is by the keeper's own reading of the database, now.

Roles, addresses, whether the account may act and what a token may do are never taken from the caller: they
are read again. What only a web process can know (that this session proved a second factor) is its word.
"""

import re
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest
from typing import Any

from portal.accounts.models import AccessToken, Device, User
from portal.accounts.principals import Principal, principal_for
from portal.accounts.token_forms import binding
from portal.core.problems import NotPermitted
from weights_vault.sealed.canonical import Json
from weights_vault.sealed.errors import Malformed
from weights_vault.sealed.fields import ID, Fields

_FIELDS = ("person", "kind", "token", "mfa", "passkey", "looking_as")
_ROLE = re.compile("[a-z_]{0,32}")


def as_ids(by: Principal) -> dict[str, Any]:
    """The ids of who acts. by: a person in a session, or their token."""
    return {
        "person": by.person.public_id,
        "kind": "session" if by.is_session else "token",
        "token": by.token_id or "",
        "mfa": by.mfa,
        "passkey": by.passkey,
        "looking_as": by.looking_as or "",
    }


def read(told: Json, now: datetime) -> Principal:
    """The principal that the ids name, judged anew.

    Raises: Malformed. NotPermitted(login_required): the token has ended, or is another person's.
    """
    fields = Fields(told, _FIELDS, Malformed, "who asks")
    user = User.objects.filter(public_id=fields.text("person", ID)).first()
    if user is None:
        raise NotPermitted("account_disabled", "This account may not act here.", "Write to us.")
    kind = fields.text("kind")
    if kind == "session":
        principal = principal_for(user, mfa=fields.flag("mfa"), passkey=fields.flag("passkey"))
        return replace(principal, looking_as=fields.text("looking_as", _ROLE) or None)
    if kind != "token":
        raise fields.wrong("kind")
    identifier = fields.text("token", ID)
    token = _live(AccessToken, identifier, user, now) or _live(Device, identifier, user, now)
    if token is None:
        raise NotPermitted(
            "login_required", "This token has ended.", "Sign in again: weights login", status=401
        )
    grant = token.grant if isinstance(token, AccessToken) else ""
    return principal_for(user, scopes=frozenset(token.scopes), token_id=token.pk, grant=grant)


def _live(
    kind: type[AccessToken] | type[Device], identifier: str, user: User, now: datetime
) -> AccessToken | Device | None:
    row = kind.objects.filter(pk=identifier, user=user).first()
    live = row is not None and row.is_live(now) and compare_digest(row.binding, binding(user))
    return row if live else None
