"""The portal's own keys: wrapping is bound to its context; a missing key names its setting."""

import base64
import os
import secrets
import stat
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from portal.core import keys
from portal.core.keys import MasterKey, UnwrapRefused, files

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))


def encoded(key: bytes = KEY) -> str:
    return base64.b64encode(key).decode()


@given(st.binary(max_size=200), st.text(max_size=50))
def test_unwrap_returns_what_was_wrapped(secret: bytes, context: str) -> None:
    master = MasterKey(KEY)
    assert master.unwrap(master.wrap(secret, context), context) == secret


def test_wrapping_twice_gives_different_blobs_that_do_not_show_the_key() -> None:
    master, secret = MasterKey(KEY), secrets.token_bytes(16)
    first, second = master.wrap(secret, "body:1"), master.wrap(secret, "body:1")
    assert first != second
    assert secret not in first


def test_g3_blob_of_one_context_does_not_open_in_another() -> None:
    master = MasterKey(KEY)
    with pytest.raises(UnwrapRefused, match="something else"):
        master.unwrap(master.wrap(b"x" * 16, "body:1"), "body:2")


def test_every_flipped_bit_is_refused() -> None:
    master = MasterKey(KEY)
    blob = master.wrap(b"x" * 16, "body:1")
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UnwrapRefused):
            master.unwrap(bytes(changed), "body:1")


@pytest.mark.parametrize("size", [0, 1, 21, 36])
def test_short_blob_is_refused(size: int) -> None:
    with pytest.raises(UnwrapRefused):
        MasterKey(KEY).unwrap(MasterKey(KEY).wrap(b"", "c")[:size], "c")


def test_rotation_opens_old_blobs_and_wraps_with_the_new_key() -> None:
    old = MasterKey(OTHER).wrap(b"secret", "c")
    rotating = MasterKey(KEY, OTHER)
    assert rotating.unwrap(old, "c") == b"secret"
    assert not rotating.is_current(old)
    renewed = rotating.wrap(b"secret", "c")
    assert rotating.is_current(renewed)
    assert MasterKey(KEY).unwrap(renewed, "c") == b"secret"
    with pytest.raises(UnwrapRefused, match="not configured"):
        MasterKey(KEY).unwrap(old, "c")


def test_g8_master_key_does_not_show_itself() -> None:
    assert KEY.hex() not in repr(MasterKey(KEY))
    assert encoded() not in repr(MasterKey(KEY))


def test_master_key_comes_from_the_environment_or_a_file(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = MasterKey(KEY).wrap(b"x", "c")
    monkeypatch.setenv("WP_TEST_MASTER", encoded())
    (tmp_path / "key").write_text(encoded() + "\n")
    for source in ("env:WP_TEST_MASTER", f"file:{tmp_path}/key"):
        settings.MASTER_KEY = source
        assert keys.master_key().unwrap(blob, "c") == b"x"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("", "MASTER_KEY is not set"),
        ("env:WP_TEST_ABSENT", "WP_TEST_ABSENT, which is not set"),
        ("file:/nonexistent/key", "MASTER_KEY: /nonexistent/key cannot be read"),
        ("vault:x", "must be env:NAME or file:/path or aws-kms:KEY_ID"),
        ("env:WP_TEST_SHORT", "must hold 32 bytes in base64; it holds 3"),
        ("env:WP_TEST_GARBAGE", "does not hold base64"),
        ("env:WP_TEST_FOREIGN", "does not hold base64"),
    ],
)
def test_bad_master_key_names_its_setting_and_never_its_value(
    settings: Any, monkeypatch: pytest.MonkeyPatch, source: str, complaint: str
) -> None:
    monkeypatch.setenv("WP_TEST_SHORT", "QUJD")
    monkeypatch.setenv("WP_TEST_GARBAGE", "no base64 at all!")
    monkeypatch.setenv("WP_TEST_FOREIGN", "Ein Schlüssel ist das nicht.")
    settings.MASTER_KEY = source
    with pytest.raises(ImproperlyConfigured, match=complaint) as caught:
        keys.master_key()
    assert "no base64 at all" not in str(caught.value)


def test_key_file_that_is_no_text_names_its_setting(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\x7fELF\xd0\x00")
    settings.MASTER_KEY = f"file:{tmp_path}/key"
    with pytest.raises(ImproperlyConfigured, match=r"MASTER_KEY: .*key is no text file"):
        keys.master_key()


def test_missing_signing_key_names_its_setting_and_the_way_to_make_it(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEYS = str(tmp_path)
    with pytest.raises(
        ImproperlyConfigured, match=r"SIGNING_KEYS: .*head.pem cannot be read.*openssl genpkey"
    ):
        keys.signing_key("head")


def test_unknown_role_is_a_mistake_of_ours() -> None:
    with pytest.raises(RuntimeError, match="no signing role"):
        keys.signing_key("../root")


def test_delivery_keys_keep_their_order(settings: Any) -> None:
    settings.DELIVERY_KEYS = f"new:{encoded()}, old:{encoded(OTHER)}"
    assert list(keys.delivery_keys().items()) == [("new", KEY), ("old", OTHER)]


@pytest.mark.parametrize("text", ["", "d1:", f"d1:{encoded()},d1:{encoded()}", f":{encoded()}", "d1:QUJD"])
def test_bad_delivery_keys_name_their_setting(settings: Any, text: str) -> None:
    settings.DELIVERY_KEYS = text
    with pytest.raises(ImproperlyConfigured, match="DELIVERY_KEYS"):
        keys.delivery_keys()


@pytest.fixture
def embedded(settings: Any, tmp_path: Path) -> Path:
    settings.MASTER_KEY = f"file:{tmp_path}/keys/master.key"
    settings.SIGNING_KEYS = f"{tmp_path}/keys/signing"
    settings.DELIVERY_KEYS = f"file:{tmp_path}/keys/delivery.keys"
    settings.PUBLIC_KEYS = f"{tmp_path}/public"
    return tmp_path / "keys"


def key_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_embedded_keys_are_made_once_and_for_their_owner_alone(embedded: Path) -> None:
    previous = os.umask(0)
    try:
        keys.ensure_embedded_keys()
    finally:
        os.umask(previous)
    made = key_files(embedded)
    assert set(made) == {"master.key", "delivery.keys", *(f"signing/{role}.pem" for role in keys.ROLES)}
    assert len(set(made.values())) == 6
    for path in [embedded, *embedded.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    keys.ensure_embedded_keys()
    assert key_files(embedded) == made


def test_embedded_keys_made_by_many_at_once_are_one_set(embedded: Path) -> None:
    start = threading.Barrier(8)
    seen: list[tuple[bytes, ...]] = []

    def make() -> None:
        start.wait()
        keys.ensure_embedded_keys()
        blob = keys.master_key().wrap(b"", "c")
        seen.append(
            (blob[1:9], keys.delivery_keys()["d1"], *(keys.signing_key(r).to_pem() for r in keys.ROLES))
        )

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert len(key_files(embedded)) == 6


def test_key_made_as_the_hint_says_signs(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEYS = str(tmp_path)
    made = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(tmp_path / "head.pem")]
    subprocess.run(made, check=True)
    signature = keys.signing_key("head").sign(b"word")
    assert len(signature) == 64
    assert keys.public_keys("head")[0].verify(signature, b"word") is None


def test_folder_that_stood_before_the_key_stays_as_it_is(tmp_path: Path) -> None:
    """It may be /etc/portal, which others must go on reading."""
    tmp_path.chmod(0o755)
    keys.make_once(tmp_path / "signing.pem", lambda: b"key")
    keys.make_once(tmp_path / "new" / "signing.pem", lambda: b"key")
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path, tmp_path / "new")]
    assert modes == [0o755, 0o700]


def test_list_that_cannot_take_its_place_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "ring.json").mkdir()
    with pytest.raises(OSError, match=r"ring[.]json"):
        files.replace(tmp_path / "ring.json", b"{}")
    assert [path.name for path in tmp_path.iterdir()] == ["ring.json"]


def test_key_that_cannot_be_written_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        keys.make_once(tmp_path / "signing.pem", lambda: b"key")
    assert list(tmp_path.iterdir()) == []
