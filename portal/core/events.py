"""How a lower app tells a higher one that something happened, without importing it.

Handlers run at once, in the publisher's transaction, in the order in which they subscribed. An error in one
of them propagates: either everything happened or nothing did.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction

EventHandler = TypeVar("EventHandler", bound=Callable[[Any], None])

_handlers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type) -> Callable[[EventHandler], EventHandler]:
    """Decorator: call the function with each published event of exactly this type."""

    def register(function: EventHandler) -> EventHandler:
        if function not in _handlers[event_type]:
            _handlers[event_type].append(function)
        return function

    return register


def publish(event: object) -> None:
    """Hand `event` to its subscribers in the current transaction.

    Raises: RuntimeError: there is no transaction, so that a failing handler could not undo anything.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{type(event).__name__} was published outside a transaction")
    for function in _handlers[type(event)]:
        function(event)
