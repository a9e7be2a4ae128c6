"""What the API leaves to the worker: forgetting idempotency keys that nobody will repeat."""

from datetime import datetime
from typing import Any

from portal.api import idempotency
from portal.core import jobs

FORGET = "api.forget_idempotency_keys"
EVERY_S = 86_400


@jobs.handler(FORGET)
def forget_idempotency_keys(payload: dict[str, Any], *, now: datetime) -> None:
    idempotency.forget(now=now)


jobs.periodic(FORGET, EVERY_S)
