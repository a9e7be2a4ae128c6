"""Everything that the portal keeps about a person, as one JSON document that is written while it is read."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from licenses.models import Grant, Request
from licenses.queries import own as licenses_own
from portal.accounts import browsers
from portal.accounts import own as accounts_own
from portal.accounts.models import User
from portal.accounts.principals import Principal
from weights_vault.ledger import own as vault_own
from weights_vault.models import RecipientKey

FORMAT: Final = 1
Row = dict[str, Any]


def document(principal: Principal, now: datetime) -> Iterator[str]:
    """Yield, piece by piece, {"format", "portal", "exported_at", "account", "requests": […], …}."""
    user = principal.person
    head = {
        "format": FORMAT,
        "portal": settings.PORTAL_URL,
        "exported_at": now,
        "account": accounts_own.account(user),
    }
    yield _json(head)[:-1]
    for name, rows in _parts(principal, user).items():
        yield f",\n{_json(name)}: ["
        yield from _listed(rows())
        yield "]"
    yield "}\n"


def _parts(principal: Principal, user: User) -> dict[str, Callable[[], Iterable[Row]]]:
    grants = list(Grant.objects.filter(user=user).values_list("pk", flat=True))
    return {
        "tokens": lambda: accounts_own.tokens(user),
        "pending_actions": lambda: accounts_own.pending_actions(user),
        "browser_sessions": lambda: browsers.own(user),
        "recipient_keys": lambda: vault_own.keys(user),
        "requests": lambda: licenses_own.requests(user, principal),
        "places_in_teams": lambda: licenses_own.places(user),
        "messages_elsewhere": lambda: licenses_own.messages_elsewhere(user),
        "acceptances": lambda: licenses_own.acceptances(user),
        "grants": lambda: licenses_own.grants(user),
        "destruction_certificates": lambda: licenses_own.certificates(user),
        "deliveries": lambda: vault_own.deliveries(user),
        "addresses_of_deliveries": lambda: vault_own.origins(grants),
        "log": lambda: accounts_own.log(user, _subjects(user, grants)),
    }


def _subjects(user: User, grants: list[str]) -> frozenset[str]:
    """What is the person's, as the log names it."""
    requests = Request.objects.filter(applicant=user).values_list("pk", flat=True)
    keys = RecipientKey.objects.filter(user=user).values_list("pk", flat=True)
    found = {"request": requests, "grant": grants, "key": keys}
    return frozenset(f"{noun}:{pk}" for noun, ids in found.items() for pk in ids)


def _listed(rows: Iterable[Row]) -> Iterator[str]:
    for index, row in enumerate(rows):
        yield f"{',' if index else ''}\n{_json(row)}"


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
