from __future__ import annotations

from pathlib import Path
from typing import Any

from weights_vault.client.transfer.receipt import TIMEOUT_S, send_receipt
from weights_vault.client.transfer.wishes import Summary


class Listening:
    """Notes what it is told, as Api.tell does."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any], float]] = []

    def tell(self, path: str, body: dict[str, Any], *, timeout_s: float) -> bool:
        self.told.append((path, body, timeout_s))
        return True


def test_a_receipt_holds_figures_and_nothing_of_this_machine() -> None:
    summary = Summary(
        folder=Path("/home/ann/opt"), files=3, size=1000, fetched=1100, again=100, damaged=0,
        seconds=2.34567, complete=True,
    )  # fmt: skip
    api = Listening()
    assert send_receipt(api, "grt_1", "v1", "completed", summary)  # type: ignore[arg-type]
    assert api.told == [
        (
            "/grants/grt_1/receipts",
            {
                "revision": "v1",
                "event": "completed",
                "files": 3,
                "bytes": 1000,
                "fetched_bytes": 1100,
                "again_bytes": 100,
                "seconds": 2.346,
                "client": "weights/1",
            },
            TIMEOUT_S,
        )
    ]
