"""What web and worker processes import of the keeper: the same functions, wherever the keys are.

KEEPER says where: "unix:/path", a process of its own (`manage.py keeper`), which alone can read the master
key and the private signing keys; or "inprocess", this very process, as tests do.

Ids go through the socket, header bytes and signed documents come back. The keeper reads everything else from
the database itself and judges anew: what a web process says of a grant, a file or a key counts for nothing.

    wire.py        one message: its length, then canonical JSON
    door.py        the asking side
    callers.py     a principal as ids, and back
    calls.py       what may be asked, and what the keeper does then
    server.py      the socket
"""

import base64
from collections.abc import Sequence
from datetime import datetime

from portal.accounts.principals import Principal
from weights_vault import keeper
from weights_vault.keeping import callers, door
from weights_vault.models import File, RecipientKey, Revision

__all__ = ["issue_headers"]


def issue_headers(
    *,
    by: Principal,
    grant: str,
    revision: Revision,
    key: RecipientKey,
    files: Sequence[File],
    now: datetime,
    address: str = "",
) -> keeper.Batch:
    """As `keeper.issue_headers`, which see. A keeper of its own goes by its own clock, not by `now`.

    Raises: what the keeper's does; Unavailable(keeper_away).
    """
    if not door.is_apart():
        return keeper.issue_headers(
            by=by, grant=grant, revision=revision, key=key, files=files, now=now, address=address
        )
    keeper.require_files_of(revision, files)
    made = door.ask(
        "issue_headers",
        {
            "by": callers.as_ids(by),
            "grant": grant,
            "revision": revision.pk,
            "key": key.pk,
            "files": [file.pk for file in files],
            "address": address,
        },
    )
    headers = [(file, base64.b64decode(header)) for file, header in made["headers"]]
    return keeper.Batch(headers, made["event"])
