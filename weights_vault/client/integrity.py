"""The one boundary where errors of weights_vault.sealed become errors of the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from weights_vault.client.errors import IntegrityFailure
from weights_vault.sealed.errors import SealedError

NOTHING_WRITTEN = (
    "Nothing was written. Try again; if it stays, tell the portal's staff and send this reference."
)


@contextmanager
def refused_as(what: str, next_step: str = NOTHING_WRITTEN) -> Iterator[None]:
    """Turn a SealedError in the block into an IntegrityFailure with the same reference.

    what: the first line of the error, such as "The portal's manifest is refused".
    """
    try:
        yield
    except SealedError as error:
        raise IntegrityFailure(error.reference, what, f"{error}", next_step) from None
