"""What may be asked of the keeper, by name: ids in, header bytes and signed documents out.

Each call reads its rows itself. There is no call that signs bytes, none that hands out a key, and none that
takes a time: the keeper goes by its own clock.
"""

import base64
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from portal.core import keys
from portal.core.problems import NotFound, NotPermitted
from weights_vault import heads, keeper, trust
from weights_vault.keeping import callers
from weights_vault.models import File, RecipientKey, Release, Revision
from weights_vault.sealed.canonical import Json
from weights_vault.sealed.errors import Malformed
from weights_vault.sealed.fields import ID, SLUG, Fields

Call = Callable[[Json, datetime], Any]

CALLS: Final[dict[str, Call]] = {}
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]{0,45}")
_NOTHING: Final[tuple[str, ...]] = ()


def call(name: str) -> Callable[[Call], Call]:
    """Decorator: `function(arguments, now)` is what the keeper does when it is asked for `name`."""

    def register(function: Call) -> Call:
        CALLS[name] = function
        return function

    return register


@call("issue_headers")
def issue_headers(arguments: Json, now: datetime) -> dict[str, Any]:
    """Returns: headers, pairs of a file's id and its header as base64, in the order asked for; event, the
    batch's number in the log."""
    names = ("by", "grant", "revision", "key", "files", "address")
    fields = Fields(arguments, names, Malformed, "the call")
    by = callers.read(fields.value("by"), now)
    ids = fields.texts("files", 1, keeper.MAX_BATCH, ID)
    revision = _revision(fields.text("revision", ID))
    key = RecipientKey.objects.filter(pk=fields.text("key", ID)).first()
    if key is None:
        raise NotPermitted("no_recipient_key", "There is no such recipient key.", "Run: weights keys create")
    headers = keeper.issue_headers(
        by=by,
        grant=fields.text("grant", ID),
        revision=revision,
        key=key,
        files=_files(revision, ids),
        now=now,
        address=fields.text("address", _ADDRESS),
    )
    pairs = [[file, base64.b64encode(header).decode()] for file, header in headers]
    return {"headers": pairs, "event": headers.event}


def _revision(identifier: str) -> Revision:
    found = Revision.objects.select_related("release").defer("manifest").filter(pk=identifier).first()
    if found is None:
        raise NotFound()
    return found


def _files(revision: Revision, ids: tuple[str, ...]) -> list[File]:
    found = File.objects.filter(revision=revision).in_bulk(ids)
    if len(found) != len(ids):
        raise NotFound()
    return [found[identifier] for identifier in ids]


@call("sign_head")
def sign_head(arguments: Json, now: datetime) -> str:
    """Sign and keep the head of one release, as the rows have it. Returns: the envelope as base64."""
    slug = Fields(arguments, ("release",), Malformed, "the call").text("release", SLUG)
    release = Release.objects.filter(slug=slug).first()
    if release is None:
        raise NotFound()
    return base64.b64encode(heads.sign(release, now)).decode()


@call("sign_trust")
def sign_trust(arguments: Json, now: datetime) -> str:
    """Sign and keep the trust document, where that is due. Returns: the envelope as base64."""
    Fields(arguments, _NOTHING, Malformed, "the call")
    return base64.b64encode(trust.sign(now)).decode()


@call("health")
def health(arguments: Json, now: datetime) -> dict[str, str]:
    """That it answers, and which root it signs for."""
    Fields(arguments, _NOTHING, Malformed, "the call")
    return {"root": keys.root_fingerprint()}
