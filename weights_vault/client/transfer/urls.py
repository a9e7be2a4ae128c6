"""Time-limited URLs of the files of one grant: asked for in batches, renewed before and when they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from weights_vault.client import clock
from weights_vault.client.answers import Json, unreadable
from weights_vault.client.api import Api
from weights_vault.client.transfer.limits import BATCH_FILES

# A URL is renewed this long before its end, or in its last quarter where it lives shorter.
MARGIN_S = 30.0


@dataclass(frozen=True)
class SignedUrl:
    """A URL that works for whoever has it, until a moment of the monotonic clock. Never shown."""

    url: str = field(repr=False)
    good_until: float


class UrlBook:
    """Gives each worker a URL that still lives. Thread-safe: one renewal at a time, for a batch.

    revision: its name. file_ids: in the order in which they will be fetched.
    """

    def __init__(
        self,
        api: Api,
        *,
        grant: str,
        revision: str,
        file_ids: Sequence[str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._grant = grant
        self._revision = revision
        self._waiting = list(file_ids)
        self._monotonic = monotonic
        self._urls: dict[str, SignedUrl] = {}
        self._lock = threading.Lock()

    def url(self, file_id: str) -> str:
        """A URL of this file that has not ended. Raises: whatever the API raises when access has ended."""
        with self._lock:
            found = self._urls.get(file_id)
            if found is None or self._monotonic() >= found.good_until:
                self._renew(file_id)
            return self._urls[file_id].url

    def refused(self, file_id: str, url: str) -> None:
        """The store does not take this URL: the next `url()` asks for another, unless that was done."""
        with self._lock:
            found = self._urls.get(file_id)
            if found is not None and found.url == url:
                del self._urls[file_id]

    def finished(self, file_id: str) -> None:
        """This file needs no URL any more."""
        with self._lock:
            self._urls.pop(file_id, None)
            if file_id in self._waiting:
                self._waiting.remove(file_id)

    def _renew(self, file_id: str) -> None:
        now = self._monotonic()
        ended = [
            name for name in self._waiting if name not in self._urls or now >= self._urls[name].good_until
        ]
        batch = [file_id, *(name for name in ended if name != file_id)][:BATCH_FILES]
        answer = self._api.issue(f"/grants/{self._grant}/urls", {"revision": self._revision, "files": batch})
        good_until = now + self._lifetime_s(answer)
        for entry in _entries(answer):
            if entry.get("file") in batch:
                self._urls[str(entry["file"])] = SignedUrl(self._checked(entry.get("url")), good_until)
        if file_id not in self._urls:
            raise unreadable("It holds no URL for a file that was asked for.")

    def _lifetime_s(self, answer: Json) -> float:
        try:
            expires = datetime.fromisoformat(str(answer.get("expires_at")))
            # Both times are the portal's own, so that this machine's clock plays no part.
            lifetime_s = (expires - (self._api.portal_time or clock.now())).total_seconds()
        except (ValueError, TypeError):
            raise unreadable("It does not say until when its URLs live.") from None
        return max(1.0, lifetime_s - min(MARGIN_S, lifetime_s / 4))

    def _checked(self, url: object) -> str:
        if isinstance(url, str) and url.isascii() and url.isprintable() and " " not in url:
            parts = urlsplit(url)
            # A store may stand elsewhere, but never reached with less protection than the portal itself.
            safe = parts.scheme == "https" or (
                parts.scheme == "http" and self._api.portal.startswith("http:")
            )
            if safe and parts.hostname and not parts.username:
                return url
        raise unreadable("One of its URLs cannot be used.")


def _entries(answer: Json) -> list[Json]:
    found = answer.get("urls")
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise unreadable("A list of URLs was expected.")
    return found
