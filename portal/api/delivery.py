"""Serves sealed bodies from the filesystem store under signed URLs.

A plain view: no session, no database, no serializer. The signature is the whole permission; what was asked
for is decided before the first byte, so a body that began goes on when its URL expires (G5).

In production the portal only looks at the signature: `DELIVERY_ACCEL` names the proxy's internal location,
and the proxy sends the bytes (X-Accel-Redirect; docs/how-to/run-a-portal.md). Without it the portal streams
them itself, a thread and a slot for each body.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from portal.api.delivery_slots import DeliverySlots, SlotBody
from portal.core.problems import (
    PROBLEM_CONTENT_TYPE,
    NotFound,
    NotPermitted,
    Problem,
    Unavailable,
    problem_document,
)
from weights_vault.storage import delivery_urls, storage
from weights_vault.storage.port import ObjectMissing, StorageError
from weights_vault.storage.signed_urls import UrlRefused

READ_SIZE = 262_144  # what one download holds in memory
# The longest a reader may take for one READ_SIZE: 4 KiB a second, which no usable line stays below.
STALLED_READER_S = 60
STORE_RETRY_S = 30
BUSY_RETRY_S = 10  # about a part at 13 Mbit/s; `weights` comes back eight times before it gives up
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,15})-(?P<last>[0-9]{0,15})")
_MEDIA_TYPE = "application/octet-stream"
_NEVER_CACHED = "private, no-store, no-transform"  # no-transform: a proxy's gzip would change offsets
SLOTS = DeliverySlots()  # of this process


@csrf_exempt  # only GET is ever signed; any other method fails its signature below
def deliver(request: HttpRequest, object_name: str) -> HttpResponseBase:
    """Answer a signed URL: 200, 206, 403 (never signed, or expired), 404, 416, or 503 (all slots taken)."""
    try:
        _check(request)
        if settings.DELIVERY_ACCEL:
            return _hand_over(object_name)
        body = storage().open(object_name)
    except UrlRefused as refusal:
        return _refuse(NotPermitted(refusal.code, refusal.detail, "Ask the portal for a new address."))
    except ObjectMissing:
        return _refuse(NotFound())
    except StorageError:
        return _refuse(Unavailable(detail="The store cannot be read.", retry_after_s=STORE_RETRY_S))
    size = body.seek(0, 2)
    wanted = _wanted_range(request, size, _etag(object_name))
    if wanted is not None and wanted.start >= wanted.stop:
        body.close()
        return _unsatisfiable(size)
    _give_up_on_who_stalls(request)
    slot = SLOTS.take(settings.DELIVERY_MOST_AT_ONCE)
    if slot is None:
        body.close()
        return _refuse(_busy())
    return _answer(body, object_name, size, wanted, slot)


def _check(request: HttpRequest) -> None:
    delivery_urls().check(
        method=request.method or "",
        host=request.get_host(),
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        now=timezone.now(),
    )


def _hand_over(object_name: str) -> HttpResponse:
    """Let the proxy send the body, ranges and all: no thread, no slot and no open file is held here.

    The path is the layout of `FilesystemStorage`. Raises: ObjectMissing: told here, in a problem document.
    """
    storage().size(object_name)
    response = HttpResponse(content_type=_MEDIA_TYPE)
    response["X-Accel-Redirect"] = (
        f"{settings.DELIVERY_ACCEL}{object_name[:2]}/{object_name[2:4]}/{object_name}"
    )
    response["ETag"] = _etag(object_name)
    response["Cache-Control"] = _NEVER_CACHED
    return response


def _wanted_range(request: HttpRequest, size: int, etag: str) -> range | None:
    """The byte offsets asked for; None for the whole body; an empty range for one that cannot be satisfied.

    What is not one well-formed range is ignored, and so is a Range whose If-Range names another body
    (RFC 9110, 14.2 and 13.1.5).
    """
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if match is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match["first"], match["last"]
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _busy() -> Unavailable:
    return Unavailable(
        "deliveries_busy", "As many downloads as it can serve are under way.", retry_after_s=BUSY_RETRY_S
    )


def _give_up_on_who_stalls(request: HttpRequest) -> None:
    """Bound the sending of each piece. gunicorn lends its socket and sets it anew for the next request;
    another server needs a limit of its own.
    """
    connection = request.META.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(STALLED_READER_S)


def _answer(
    body: BinaryIO, object_name: str, size: int, wanted: range | None, slot: int
) -> StreamingHttpResponse:
    sent = wanted if wanted is not None else range(size)
    response = StreamingHttpResponse(
        SlotBody(_Body(body, sent), SLOTS, slot),
        status=200 if wanted is None else 206,
        content_type=_MEDIA_TYPE,
    )
    response["Content-Length"] = str(len(sent))
    if wanted is not None:
        response["Content-Range"] = f"bytes {sent.start}-{sent.stop - 1}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _etag(object_name)
    response["Cache-Control"] = _NEVER_CACHED
    return response


class _Body:
    """The bytes of one answer, read as they are sent; Django closes it, begun or not."""

    def __init__(self, source: BinaryIO, wanted: range) -> None:
        self._source = source
        self._wanted = wanted

    def __iter__(self) -> Iterator[bytes]:
        self._source.seek(self._wanted.start)
        left = len(self._wanted)
        while left:
            data = self._source.read(min(READ_SIZE, left))
            if not data:
                raise OSError("a stored object is shorter than it was when its answer began")
            left -= len(data)
            yield data

    def close(self) -> None:
        self._source.close()


def _etag(object_name: str) -> str:
    return f'"{object_name}"'  # strong: an object is written once and never replaced


def _unsatisfiable(size: int) -> JsonResponse:
    problem = Problem(
        "range_not_satisfiable", f"The body has {size} bytes.", "Ask for bytes within it.", status=416
    )
    response = _refuse(problem)
    response["Content-Range"] = f"bytes */{size}"
    return response


def _refuse(problem: Problem) -> JsonResponse:
    return JsonResponse(
        problem_document(problem),
        status=problem.status,
        content_type=PROBLEM_CONTENT_TYPE,
        headers={**problem.headers, "Cache-Control": _NEVER_CACHED},
    )
