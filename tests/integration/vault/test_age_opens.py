"""What a running portal delivers opens with Debian's age: header ‖ body."""

import http.client
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from django.utils import timezone

from portal.accounts.principals import Principal
from tests.unit.vault.fakes import GRANT
from tests.unit.vault.folders import safetensors
from weights_vault import delivery, keeper
from weights_vault.models import RecipientKey, Revision
from weights_vault.sealed.body import part_count, part_range
from weights_vault.sealed.keys import Identity

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SHARD = "model-00001-of-00002.safetensors"


def fetch(url: str, first: int, end: int) -> bytes:
    """Bytes first to end of the body, by one Range request."""
    parts = urlsplit(url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        link.request("GET", f"{parts.path}?{parts.query}", headers={"Range": f"bytes={first}-{end - 1}"})
        answer = link.getresponse()
        data = answer.read()
    finally:
        link.close()
    assert (answer.status, len(data)) == (206, end - first)
    return data


def fetch_body(url: str, plain_size: int) -> bytes:
    """The nonce, and then part after part, as the client does."""
    parts = [part_range(index, plain_size) for index in range(part_count(plain_size))]
    return fetch(url, 0, 16) + b"".join(fetch(url, part.body_start, part.body_end) for part in parts)


def test_every_delivered_file_opens_with_age(
    live_server: Any,
    settings: Any,
    folder: Path,
    tmp_path: Path,
    publish: Callable[..., Revision],
    session: Principal,
    key: RecipientKey,
    identity: Identity,
) -> None:
    settings.PORTAL_URL = live_server.url
    values = np.random.default_rng(3).random(5_000_000, np.float32)
    (folder / SHARD).write_bytes(safetensors({"w": values}))
    revision, now = publish("v1"), timezone.now()
    files = list(revision.files.all())
    asked: dict[str, Any] = {"by": session, "grant": GRANT, "revision": revision, "files": files, "now": now}
    headers = dict(keeper.issue_headers(key=key, **asked))
    urls = dict(delivery.issue_urls(**asked).urls)
    (tmp_path / "key.txt").write_text(identity.to_text() + "\n")
    for file in files:
        sealed = headers[file.id] + fetch_body(urls[file.id], file.size)
        opened = subprocess.run(
            ["age", "-d", "-i", str(tmp_path / "key.txt")], input=sealed, capture_output=True, check=True
        )
        assert opened.stdout == (folder / file.path).read_bytes()
    assert any(part_count(file.size) > 1 for file in files)
