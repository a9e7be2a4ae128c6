"""The portal's HTTP API: bounded answers, patient retries, errors in the client's own words.

Redirects are never followed: a token would travel with them. Answers are read up to a limit, uncompressed, so
that a hostile or broken portal cannot fill this machine's memory.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from weights_vault.client import clock
from weights_vault.client.ahead import Ahead
from weights_vault.client.answers import Json, parts, unreadable
from weights_vault.client.bearer import Bearer, FixedBearer, headers_with
from weights_vault.client.errors import AnswerTooLong, ClientError, NotSignedIn
from weights_vault.client.http_client import http_client
from weights_vault.client.problems import error_of, tls_or_network, tls_refused
from weights_vault.client.redaction import Secret
from weights_vault.client.retry import backoff_s, retry_after_s
from weights_vault.client.sendable import check_sendable

ANSWER_BYTES = 4 << 20
MAX_TRIES = 5
# A minute of waits. Whoever asks in the middle of a download is as patient with the portal as with the store.
ISSUE_TRIES = 8
LONG_WAIT_S = 2.0
# A whole list: pages of 50 entries, so that 10,000 of them fit; a portal whose pages never end is stopped.
MAX_PAGES = 200
LISTING_BYTES = 8 << 20
LISTING_ENTRIES = 10_000
# How long an answer that was asked for ahead, and is not needed, is waited for at the end.
UNTAKEN_S = 0.5
_TRY_AGAIN = frozenset({429, 502, 503, 504})


class Api:
    """One portal, one who asks.

    portal: URL without a slash at the end. token: one, or where the next one comes from; None asks only what
    is public.
    pause: waits so many seconds between tries. now: this machine's clock. say: tells the person of long
    waits.
    """

    def __init__(
        self,
        portal: str,
        token: Secret | Bearer | None,
        *,
        pause: Callable[[float], object] = time.sleep,
        now: Callable[[], datetime] = clock.now,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.portal = portal
        self.portal_time: datetime | None = None
        self._bearer = FixedBearer(token) if isinstance(token, Secret) else token
        self._pause = pause
        self._now = now
        self._say = say
        self._asked: dict[str, Ahead[bytes]] = {}
        self._http = http_client(portal)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for asked in self._asked.values():  # what an error left: soon answered, and waited for no longer
            asked.join(UNTAKEN_S)
        self._http.close()

    @property
    def signed_in(self) -> bool:
        """Whether it asks with a token."""
        return self._bearer is not None

    def ahead(self, *paths: str) -> None:
        """Ask for these at once, beside whatever is done next; the next GET of each takes its answer.

        On a far line that saves a round trip each, on a near one the portal works while modules load.
        """
        for path in paths:
            url = self._url(path)
            self._asked[url] = Ahead(partial(self._ask, "GET", url))

    def get(self, path: str, **query: str) -> Json:
        """The JSON object at `/api/v1{path}`. Raises: ClientError, by the answer."""
        return self._object(self._got(self._url(path), ANSWER_BYTES, query))

    def get_bytes(self, path: str, *, max_bytes: int, **query: str) -> bytes:
        """The bytes at a path, at most max_bytes. Raises: ClientError; AnswerTooLong."""
        return self._got(self._url(path), max_bytes, query)

    def post(self, path: str, body: Json, *, once: str | None = None) -> Json:
        """The JSON object that a POST answers. It is repeated only when the portal said it did nothing, or
        with `once`: a word of ours for one intention (Idempotency-Key), which the portal heeds once.
        """
        return self._object(self._ask("POST", self._url(path), body=body, once=once))

    def send(self, path: str, body: Json, *, once: str) -> None:
        """The same where the answer is not needed."""
        self._ask("POST", self._url(path), body=body, once=once)

    def patch(self, path: str, body: Json) -> Json:
        """The JSON object that a PATCH answers: it says how things are to be, so it may be repeated."""
        return self._object(self._ask("PATCH", self._url(path), body=body))

    def issue(self, path: str, body: Json) -> Json:
        """The JSON object that a POST answers which issues the same again if it is repeated, as it may be."""
        return self._object(self._ask("POST", self._url(path), body=body, issues=True))

    def tell(self, path: str, body: Json, *, timeout_s: float) -> bool:
        """POST once, without patience. Returns: whether the portal took it; it never raises."""
        try:
            request = self._http.build_request(
                "POST", self._url(path), json=body, headers=headers_with(self._current()), timeout=timeout_s
            )
            return self._send(request, ANSWER_BYTES)[0] < 300
        except (httpx.HTTPError, ClientError):
            return False

    def delete(self, path: str) -> Json:
        """The JSON object that a DELETE answers, {} for 204."""
        answer = self._ask("DELETE", self._url(path))
        return self._object(answer) if answer else {}

    def listing(self, path: str) -> list[Json]:
        """All results of a paged list, following `next` within this list of this portal alone.

        Raises: AnswerTooLong: pages, bytes or entries without end; PortalFault: `next` leads elsewhere.
        """
        results: list[Json] = []
        first = self._url(path)
        url: str | None = first
        left = LISTING_BYTES
        for _ in range(MAX_PAGES):
            answer = self._got(url or first, min(left, ANSWER_BYTES))
            left -= len(answer)
            page = self._object(answer)
            if not isinstance(page.get("results"), list):
                raise unreadable("A list was expected.")
            results += parts(page, "results")
            url = _page_of(first, page.get("next"))
            if url is None:
                return results
            if left <= 0 or len(results) > LISTING_ENTRIES:
                break
        raise _too_long(f"The list goes on after {len(results):,} entries.")

    def _got(self, url: str, max_bytes: int, query: dict[str, str] | None = None) -> bytes:
        """The answer to a GET, now or asked for ahead. Raises: ClientError; AnswerTooLong."""
        asked = self._asked.pop(url, None) if not query else None
        if asked is None:
            return self._ask("GET", url, query=query, max_bytes=max_bytes)
        answer = asked.take()
        if len(answer) > max_bytes:
            raise _beyond(max_bytes)
        return answer

    def _url(self, path: str) -> str:
        return f"{self.portal}/api/v1{path}"

    def _object(self, answer: bytes) -> Json:
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise unreadable("It is not a JSON object.")
        return found

    def _ask(
        self,
        method: str,
        url: str,
        *,
        query: dict[str, str] | None = None,
        body: Json | None = None,
        max_bytes: int = ANSWER_BYTES,
        issues: bool = False,
        once: str | None = None,
    ) -> bytes:
        """Ask; a token that is not taken is renewed once, where it can be. Raises: ClientError."""
        check_sendable(body)
        ask = partial(
            self._ask_with, method, url, query=query, body=body, max_bytes=max_bytes, issues=issues, once=once
        )
        token = self._current()
        try:
            return ask(token)
        except NotSignedIn:
            fresh = self._bearer.after_refusal(token) if self._bearer and token else None
            if fresh is None:
                raise
            return ask(fresh)

    def _current(self) -> Secret | None:
        return self._bearer.token() if self._bearer is not None else None

    def _ask_with(
        self,
        method: str,
        url: str,
        token: Secret | None,
        *,
        query: dict[str, str] | None,
        body: Json | None,
        max_bytes: int,
        issues: bool,
        once: str | None,
    ) -> bytes:
        """Ask, with retries where the portal says it did nothing, or where asking twice does no harm."""
        headers = headers_with(token) | ({"Idempotency-Key": once} if once else {})
        harmless = issues or once is not None or method in ("GET", "PATCH")
        tries = ISSUE_TRIES if issues else MAX_TRIES
        for attempt in range(1, tries + 1):
            last = attempt == tries
            try:
                request = self._http.build_request(
                    method, url, params=query or None, json=body, headers=headers
                )
                status, answer_headers, answer = self._send(request, max_bytes)
            except httpx.TransportError as error:
                if last or not _repeatable(error, harmless=harmless):
                    raise tls_or_network(error, self.portal) from None
                self._wait(backoff_s(attempt), "it cannot be reached")
                continue
            if status < 300:
                return answer
            if status not in _TRY_AGAIN or last:
                raise error_of(status, answer_headers, answer, self.portal)
            delay = retry_after_s(answer_headers.get("retry-after"), self._now()) or backoff_s(attempt)
            self._wait(delay, f"it answered {status}")
        raise RuntimeError("MAX_TRIES must be at least 1")

    def _wait(self, seconds: float, why: str) -> None:
        if self._say is not None and seconds >= LONG_WAIT_S:
            self._say(f"{self.portal}: {why}, trying again in {seconds:.0f} s")
        self._pause(seconds)

    def _send(self, request: httpx.Request, max_bytes: int) -> tuple[int, httpx.Headers, bytes]:
        response = self._http.send(request, stream=True)
        try:
            self.portal_time = clock.parse_http_date(response.headers.get("date", "")) or self.portal_time
            if response.headers.get("content-encoding", "identity") != "identity":
                raise unreadable("It is compressed, though that was not asked for.")
            return response.status_code, response.headers, _bounded(response, max_bytes)
        finally:
            response.close()


def _repeatable(error: httpx.TransportError, *, harmless: bool) -> bool:
    """A request that never left may be repeated; one that may have arrived only when it changes nothing."""
    never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return (harmless or never_left) and not tls_refused(error)


def _bounded(response: httpx.Response, max_bytes: int) -> bytes:
    kept = bytearray()
    for piece in response.iter_raw():
        kept += piece
        if len(kept) > max_bytes:
            raise _beyond(max_bytes)
    return bytes(kept)


def _page_of(first: str, url: object) -> str | None:
    """The next page's URL: the first one's with another query, because the token goes where it leads."""
    if url is None:
        return None
    if isinstance(url, str) and url.isascii() and url.isprintable() and "\\" not in url:
        try:
            if urlsplit(url)[:3] == urlsplit(first)[:3]:
                return url
        except ValueError:  # brackets that hold no address
            pass
    raise unreadable("The next page of a list is elsewhere.")


def _beyond(max_bytes: int) -> AnswerTooLong:
    return _too_long(f"It goes on after {max_bytes:,} bytes.")


def _too_long(why: str) -> AnswerTooLong:
    return AnswerTooLong(
        "answer-too-long",
        "The portal's answer is too long.",
        why,
        "Nothing was written. Tell the portal's staff.",
    )
