"""The word that a download is complete, for the publisher's ledger: figures, no paths, no name of a folder.

Best effort: the download is just as complete if the portal cannot be told.
"""

from __future__ import annotations

from weights_vault.client.api import Api
from weights_vault.client.http_client import USER_AGENT
from weights_vault.client.transfer.wishes import Summary

TIMEOUT_S = 5.0


def send_receipt(api: Api, grant: str, revision: str, event: str, summary: Summary) -> bool:
    """Tell the portal what came of it. Returns: whether it took it.

    event: `completed` after a download, `verified` after a repair.
    Source: docs/reference/cli.md, "What is sent".
    """
    body = {
        "revision": revision,
        "event": event,
        "files": summary.files,
        "bytes": summary.size,
        "fetched_bytes": summary.fetched,
        "again_bytes": summary.again,
        "seconds": round(summary.seconds, 3),
        "client": USER_AGENT,
    }
    return api.tell(f"/grants/{grant}/receipts", body, timeout_s=TIMEOUT_S)
