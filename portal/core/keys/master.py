"""The master key, which wraps file keys: the keeper alone has it.

MASTER_KEY is one provider or several, separated by commas. The first wraps; the others, kept while a rotation
runs, only unwrap.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys.providers import (
    KEY_ID_SIZE,
    MASTER_KEY_SIZE,
    LocalKey,
    Provider,
    UnwrapRefused,
    open_provider,
)

__all__ = ["MASTER_KEY_SIZE", "MasterKey", "UnwrapRefused", "master_key"]

_MARK_SIZE = 1 + KEY_ID_SIZE
_Each = TypeVar("_Each")
_Result = TypeVar("_Result")


class MasterKey:
    """Wraps small secrets together with the context they belong to."""

    def __init__(self, *keys: bytes | Provider) -> None:
        """keys: providers, or keys of 32 bytes; the first one wraps."""
        if not keys:
            raise ValueError("a master key is one provider or more")
        providers = [LocalKey(key) if isinstance(key, bytes) else key for key in keys]
        self._current = providers[0]
        self._providers = {provider.mark: provider for provider in reversed(providers)}

    def __repr__(self) -> str:
        return f"<MasterKey {self.name}>"

    @property
    def name(self) -> str:
        """The id of the key that wraps, for people."""
        return self._current.mark[1:].hex()

    def wrap(self, key: bytes, context: str) -> bytes:
        """Return `key` encrypted; only the same `context` opens it again."""
        return self._current.wrap(key, context)

    def unwrap(self, blob: bytes, context: str) -> bytes:
        """Return what `wrap` was given.

        Raises: UnwrapRefused: the blob was changed, is of another context or of an unknown key.
        """
        blob = bytes(blob)
        if len(blob) <= _MARK_SIZE or not any(blob[:1] == mark[:1] for mark in self._providers):
            raise UnwrapRefused("not a wrapped key, or not by a master key that is configured")
        provider = self._providers.get(blob[:_MARK_SIZE])
        if provider is None:
            raise UnwrapRefused("wrapped by a master key that is not configured")
        return provider.unwrap(blob, context)

    def unwrap_all(self, wrapped: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """Return what each of the blobs held. wrapped: blobs, each with its context. Raises: as `unwrap`."""
        return self._together(lambda each: self.unwrap(*each), wrapped)

    def unwrap_each(self, wrapped: Sequence[tuple[bytes, str]]) -> "list[bytes | UnwrapRefused]":
        """The same, with the refusal in the place of what does not open."""
        return self._together(self._tried, wrapped)

    def wrap_all(self, opened: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """Return each encrypted. opened: keys, each with its context."""
        return self._together(lambda each: self.wrap(*each), opened)

    def _tried(self, each: tuple[bytes, str]) -> "bytes | UnwrapRefused":
        try:
            return self.unwrap(*each)
        except UnwrapRefused as refused:
            return refused

    def _together(self, work: Callable[[_Each], _Result], items: Sequence[_Each]) -> list[_Result]:
        at_once = max(provider.at_once for provider in self._providers.values())
        if at_once == 1 or len(items) <= 1:
            return [work(each) for each in items]
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(work, items))

    def is_current(self, blob: bytes) -> bool:
        """True when `blob` was wrapped by the key that wraps now; false asks for wrapping it again."""
        return bytes(blob)[:_MARK_SIZE] == self._current.mark


def master_key() -> MasterKey:
    """Return the master key that MASTER_KEY names: "env:NAME", "file:/path" or "aws-kms:KEY_ID".

    Raises: ImproperlyConfigured: missing, unreadable or of the wrong size.
    """
    if not (named := sources()):
        raise ImproperlyConfigured(
            "MASTER_KEY is not set. It is env:NAME or file:/path (32 bytes in base64), or aws-kms:KEY_ID. "
            "Only the keeper has it: run what needs it as the keeper's user, with the keeper's environment."
        )
    providers = {source: open_provider(source) for source in named}
    if len({provider.mark for provider in providers.values()}) < len(named):
        raise ImproperlyConfigured("MASTER_KEY names one key twice: to replace it, put another one first.")
    return MasterKey(*providers.values())


def sources() -> list[str]:
    """Return what MASTER_KEY names, the one that wraps first."""
    return [source.strip() for source in settings.MASTER_KEY.split(",") if source.strip()]
