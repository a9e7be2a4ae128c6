"""Seal one file into a store that is a folder, as publishing does it: SHA-256 and both digests of each part.

Usage: python -m tests.benchmarks.processes.seal_file PLAIN STORE WHAT.json
"""

import json
import os
import sys
import time
from pathlib import Path

import django

django.setup()

from tests.benchmarks.processes.said import say  # noqa: E402
from weights_vault.ingest.progress import SilentProgress  # noqa: E402
from weights_vault.ingest.seal import seal_file  # noqa: E402
from weights_vault.ingest.source import Fingerprint, SourceFile  # noqa: E402
from weights_vault.ingest.under_way import NoRecord  # noqa: E402
from weights_vault.sealed.body import BodySealer, new_file_key, new_nonce, sealed_size  # noqa: E402
from weights_vault.storage import delivery_urls  # noqa: E402
from weights_vault.storage.filesystem import FilesystemStorage  # noqa: E402
from weights_vault.storage.port import random_name  # noqa: E402


def main() -> None:
    plain, store, what = (Path(argument) for argument in sys.argv[1:])
    source = SourceFile("LOGBOOK.md", plain, "logbook", Fingerprint.of(os.lstat(plain)))
    key, nonce, name = new_file_key(), new_nonce(), random_name()
    began = time.perf_counter()
    sealer = BodySealer(key, nonce, source.size)
    store.mkdir(parents=True, exist_ok=True)
    with FilesystemStorage(store, delivery_urls).create(name, size=sealed_size(source.size)) as writer:
        sealed = seal_file(source, sealer, nonce, writer, NoRecord(), SilentProgress())
        writer.commit(sealed.receipts)
    seconds = time.perf_counter() - began
    body = store / name[:2] / name[2:4] / name
    digests = [[part.sealed, part.plain] for part in sealed.parts]
    document = {"body": str(body), "key": key.hex(), "nonce": nonce.hex(), "size": source.size}
    what.write_text(json.dumps({**document, "sha256": sealed.sha256, "parts": digests}))
    say(seconds=seconds)


main()
