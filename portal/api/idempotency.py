"""`Idempotency-Key`: a creating call that is sent again, or fifty times at once, happens once.

The key's row is claimed in the transaction of the action itself. A call that fails leaves no row, so that it
may be made again with the same key; parallel calls wait for the first one's commit at the unique constraint.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from portal.accounts.principals import Principal
from portal.api.models import MAX_KEY_LENGTH, IdempotencyKey
from portal.core.problems import Conflict

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Done:
    """What came of a call: HTTP status and the public id of the thing it made or changed."""

    status: int
    subject: str


def once(request: Request, *, principal: Principal, perform: Callable[[], Done], now: datetime) -> Done:
    """Perform a call, or find what came of it when it was made before with the same key.

    perform: does the thing; what it raises leaves no trace of the key.
    Raises: Conflict idempotency_key_reused: the key came with another body. ValidationError: it is no key.
    """
    key = _key_of(request)
    if key is None:
        return perform()
    with transaction.atomic():
        row, fresh = IdempotencyKey.objects.get_or_create(
            user=principal.user,
            key=key,
            route=f"{request.method} {request.path}",
            defaults={"body_sha256": _digest(request), "created_at": now},
        )
        if not fresh:
            return _repeated(row, request)
        done = perform()
        IdempotencyKey.objects.filter(pk=row.pk).update(status=done.status, subject=done.subject)
        return done


def forget(*, now: datetime) -> int:
    """Delete the rows of keys older than KEPT_FOR. Returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]


def _repeated(row: IdempotencyKey, request: Request) -> Done:
    if row.body_sha256 != _digest(request) or row.status is None:
        raise Conflict(
            code="idempotency_key_reused",
            detail="This idempotency key was used before, with another body.",
            next_step="Make a new key for each thing that you want done; repeat one only with the same body.",
        )
    return Done(row.status, row.subject)


def _key_of(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise ValidationError({HEADER: [f"Give 1 to {MAX_KEY_LENGTH} printable ASCII characters."]})
    return key


def _digest(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()
