"""The rows of second factors: locked before their account, and the encrypted texts in them."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from portal.accounts import secrets
from portal.accounts.adapter import MFA_COLUMN
from portal.accounts.models import User


def hold(user: User) -> None:
    """Lock the person's second factors until the transaction ends, before their account: signing in notes the
    use of one, and then that somebody signed in."""
    rows = Authenticator.objects.select_for_update().filter(user=user)
    list(rows.order_by("pk").values_list("pk"))


def rewrap_all() -> int:
    """Encrypt by the first key of SECRETS_KEY whatever another one encrypted; return how many rows changed.

    Each row is a transaction of its own, so that people go on signing in meanwhile.
    Raises: SecretRefused: one that no key of SECRETS_KEY opens; those before it are done.
    """
    rows = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk")
    return sum(_rewrap(pk) for pk in list(rows.values_list("pk", flat=True)))


def _rewrap(pk: int) -> bool:
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            return False
        data = with_texts(row.data, _anew)
        changed = bool(data != row.data)
        if changed:
            row.data = data
            row.save(update_fields=["data"])
        return changed


def _anew(text: str) -> str:
    return text if secrets.is_current(text) else secrets.wrap(secrets.unwrap(text, MFA_COLUMN), MFA_COLUMN)


def with_texts(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return an authenticator's data with every encrypted text in it replaced by what `change` makes of it.

    An app's secret, the seed of recovery codes, and codes that came from another system.
    """
    changed: dict[str, Any] = {name: change(data[name]) for name in ("secret", "seed") if data.get(name)}
    if data.get("migrated_codes"):
        changed["migrated_codes"] = [change(code) for code in data["migrated_codes"]]
    return {**data, **changed}
