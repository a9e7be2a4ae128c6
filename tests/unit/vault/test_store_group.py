"""Who on the machine may read what the filesystem store makes: a web server in the group, where the operator
says so with the mode of the store's folder.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from weights_vault.storage import storage
from weights_vault.storage.port import random_name


@pytest.fixture(params=[0o077, 0o022], ids=["umask 077", "umask 022"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(root: Path) -> set[tuple[str, int]]:
    """What lies below the store's folder: kind and mode."""
    return {
        ("folder" if path.is_dir() else "object", stat.S_IMODE(path.stat().st_mode))
        for path in root.rglob("*")
    }


def put() -> None:
    with storage().create(random_name(), size=4) as writer:
        writer.commit([writer.put(0, 0, memoryview(b"body"))])


@pytest.mark.parametrize(
    ("own", "folder", "body"), [(0o750, 0o750, 0o640), (0o700, 0o700, 0o600), (0o2750, 0o750, 0o640)]
)
def test_objects_are_as_readable_to_the_group_as_the_stores_folder(
    umask: None, store_root: Path, own: int, folder: int, body: int
) -> None:
    store_root.mkdir(exist_ok=True)
    store_root.chmod(own)
    put()
    found = {(kind, mode & 0o777) for kind, mode in modes(store_root)}
    assert found == {("folder", folder), ("object", body)}


def test_a_store_that_the_portal_makes_is_its_own_alone(umask: None, store_root: Path) -> None:
    put()
    assert modes(store_root) == {("folder", 0o700), ("object", 0o600)}
    assert stat.S_IMODE(store_root.stat().st_mode) == 0o700


def test_others_never_get_anything(umask: None, store_root: Path) -> None:
    store_root.mkdir(exist_ok=True)
    store_root.chmod(0o777)
    put()
    assert not any(mode & 0o027 for _, mode in modes(store_root))
