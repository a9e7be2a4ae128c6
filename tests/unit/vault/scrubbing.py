"""A revision whose bodies have several parts, and hands that harm what is stored of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weights_vault.models import File, Revision, SealedBody
from weights_vault.sealed.body import NONCE_SIZE, PART_SIZE
from weights_vault.storage import storage


def body_of(revision: Revision, path: str) -> SealedBody:
    return File.objects.select_related("body").get(revision=revision, path=path).body


def place_of(body: SealedBody, root: Path) -> Path:
    name = body.object_name
    return root / name[:2] / name[2:4] / name


def flip(body: SealedBody, root: Path, part: int = 0, offset: int = 0) -> None:
    """One bit of a part rots."""
    place = place_of(body, root)
    place.chmod(0o600)
    with place.open("r+b") as stored:
        stored.seek(NONCE_SIZE + part * PART_SIZE + offset)
        byte = stored.read(1)[0]
        stored.seek(-1, os.SEEK_CUR)
        stored.write(bytes([byte ^ 1]))


@contextmanager
def store_that(**methods: object) -> Iterator[None]:
    """The store in use, with some of its methods replaced."""
    store = storage()
    for name, method in methods.items():
        setattr(store, name, method)
    try:
        yield
    finally:
        for name in methods:
            delattr(store, name)
