"""verify: finds what is not as published, without the network; --repair mends it and nothing else (D9)."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import (
    MIB,
    SealedFile,
    make_release,
    random_files,
    seal_files,
    small_files,
)


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    return seal_files({**small_files(), **random_files(large=17 * MIB)})


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@pytest.fixture
def folder(weights: Weights, portal: SimulatedPortal, tmp_path: Path) -> Path:
    """A complete download."""
    place = tmp_path / "release"
    weights("keys", "create", "--kind", "x25519")
    assert weights("download", "opt-tiny", "--to", str(place)).code == 0
    portal.asked.clear()
    portal.sent.clear()
    return place


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def test_an_untouched_folder_is_as_published_and_the_portal_is_not_asked(
    weights: Weights, portal: SimulatedPortal, folder: Path
) -> None:
    done = weights("verify", str(folder), "--json")
    assert (done.code, done.json["verified"], done.json["files"]) == (0, True, 5)
    assert portal.asked == []


def test_a_flipped_bit_is_5_and_names_file_and_part(weights: Weights, folder: Path) -> None:
    flip(folder / "large.safetensors", 16 * MIB + 5)
    done = weights("verify", str(folder))
    assert done.code == 5
    assert "large.safetensors: damaged in part 1" in done.err
    assert "--repair" in done.err


@pytest.mark.parametrize("damage", ["missing", "longer", "shorter", "link", "empty"])
def test_other_damage_is_5_too(weights: Weights, folder: Path, tmp_path: Path, damage: str) -> None:
    target = folder / "model.safetensors"
    data = target.read_bytes()
    if damage in ("missing", "link"):
        target.unlink()
    if damage == "link":
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_bytes(data)
        target.symlink_to(elsewhere)
    if damage == "longer":
        target.write_bytes(data + b"x")
    if damage == "shorter":
        target.write_bytes(data[:-1])
    if damage == "empty":
        target.write_bytes(b"")
    done = weights("verify", str(folder))
    assert (done.code, "model.safetensors" in done.err) == (5, True)


def test_d9_repair_fetches_the_damaged_part_alone(
    weights: Weights, portal: SimulatedPortal, folder: Path
) -> None:
    flip(folder / "large.safetensors", 5)
    (folder / "config.json").unlink()
    done = weights("verify", str(folder), "--repair", "--json")
    assert (done.code, done.json["mended_parts"]) == (0, 2)
    manifest = portal.release.manifest
    assert sorted((sent.file, sent.start) for sent in portal.sent) == sorted(
        [(manifest.file("large.safetensors").id, 16), (manifest.file("config.json").id, 16)]
    )
    assert (folder / "large.safetensors").read_bytes() == portal.release.named("large.safetensors").plain
    assert weights("verify", str(folder)).code == 0


@pytest.mark.parametrize("extra", [b"x", b"x" * 5000])
def test_repair_cuts_what_was_added_to_a_file(weights: Weights, folder: Path, extra: bytes) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(extra)
    assert weights("verify", str(folder), "--repair").code == 0


def test_repair_of_an_untouched_folder_asks_nobody(
    weights: Weights, portal: SimulatedPortal, folder: Path
) -> None:
    assert weights("verify", str(folder), "--repair").code == 0
    assert portal.asked == []


def test_repair_needs_a_live_grant(weights: Weights, portal: SimulatedPortal, folder: Path) -> None:
    flip(folder / "config.json", 1)
    portal.access = {
        "allowed": False,
        "code": "grant_expired",
        "message": "Over.",
        "next_step": "Renew.",
        "grant": None,
    }
    assert weights("verify", str(folder), "--repair").code == 4


def test_files_that_are_not_of_the_release_are_named(weights: Weights, folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    done = weights("verify", str(folder), "--json")
    assert (done.code, done.json["extra"]) == (0, ["notes.txt"])


def test_files_that_were_not_asked_for_are_not_missing(
    weights: Weights, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "part"
    weights("download", "opt-tiny", "--to", str(place), "--include", "*.json")
    done = weights("verify", str(place), "--json")
    assert (done.code, done.json["files"], len(done.json["left_out"])) == (0, 2, 3)


def test_a_folder_cannot_vouch_for_itself(
    weights: Weights, portal: SimulatedPortal, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEIGHTS_HOME", str(tmp_path / "another-machine"))
    done = weights("verify", str(folder))
    assert (done.code, "portal-key-unknown" in done.err) == (2, True)
    assert weights("verify", str(folder), "--portal-key", portal.fingerprint).code == 0
    assert weights("verify", str(folder), "--portal-key", "wp1-other").code == 5


def test_a_manifest_that_was_changed_in_the_folder_is_5(weights: Weights, folder: Path) -> None:
    flip(folder / ".weights" / "manifest.dsse.json", 300)
    assert weights("verify", str(folder)).code == 5


def test_what_is_no_download_is_2(weights: Weights, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        done = weights("verify", str(place))
        assert (done.code, "not-a-download" in done.err) == (2, True)


def test_an_unfinished_download_is_6(
    weights: Weights, portal: SimulatedPortal, folder: Path, tmp_path: Path
) -> None:
    state = folder / ".weights" / "state.json"
    state.write_text(state.read_text().replace('"complete": true', '"complete": false'))
    (folder / "large.safetensors").unlink()
    done = weights("verify", str(folder))
    assert (done.code, "download-unfinished" in done.err) == (6, True)


def test_links_and_what_others_can_read_are_told_though_the_bytes_are_right(
    weights: Weights, folder: Path, tmp_path: Path
) -> None:
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "config.json").chmod(0o644)
    folder.chmod(0o755)
    done = weights("verify", str(folder), "--json")
    assert (done.code, done.json["links"], done.json["extra"]) == (0, ["elsewhere"], ["elsewhere"])
    assert done.json["exposed"] == [". (0755)", "config.json (0644)"]
    plain = weights("verify", str(folder)).out
    assert f"to close them: chmod -R u=rwX,go= {folder}" in plain
    assert "links, which may lead anywhere: elsewhere" in plain


def test_a_folder_reached_through_a_link_is_no_part_of_the_release(
    weights: Weights, folder: Path, tmp_path: Path
) -> None:
    (folder / "tokenizer").rename(tmp_path / "tokenizer")
    (folder / "tokenizer").symlink_to(tmp_path / "tokenizer")
    done = weights("verify", str(folder))
    assert (done.code, "tokenizer/vocab.json: a link" in done.err) == (5, True)


def test_repair_hashes_what_was_damaged_and_takes_the_rest_as_it_was_found(
    weights: Weights, folder: Path
) -> None:
    """Hundreds of gigabytes are read once, not three times."""
    flip(folder / "config.json", 3)
    done = weights("verify", str(folder), "--repair", "--json")
    assert done.code == 0
    hashed = [
        json.loads(line)["total_bytes"]
        for line in done.err.splitlines()
        if line.startswith('{"event": "started"') and '"check"' in line
    ]
    size = (folder / "config.json").stat().st_size
    assert hashed == [done.json["bytes"], size, size]


def test_a_folder_on_its_way_to_another_revision_says_from_where_to_where(
    weights: Weights, portal: SimulatedPortal, folder: Path
) -> None:
    files = {**small_files(), "config.json": b"{}", "empty.txt": b"not any more"}
    release = make_release(seal_files(files, "v2"), portal=portal.url, revision="v2", sequence=2)
    portal.publish(release)
    assert weights("download", "opt-tiny", "--to", str(folder), "--include", "config.json").code == 0
    done = weights("verify", str(folder))
    assert (done.code, "on its way from v1 to v2" in done.err) == (6, True)
    assert "of the earlier revision still: empty.txt" in done.err
    assert "large.safetensors" not in done.err
    assert weights("download", "opt-tiny", "--to", str(folder)).code == 0
    assert weights("verify", str(folder), "--json").json["revision"] == "v2"
    assert not (folder / "large.safetensors").exists()


def test_a_disk_that_cannot_be_read_is_7(
    weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "preadv", failing)
    done = weights("verify", str(folder))
    assert (done.code, "error[disk-error]" in done.err) == (7, True)


def test_a_file_that_may_not_be_read_is_not_called_missing(
    weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member of the group looks at files that are the owner's alone."""
    opened = os.open

    def refusing(path: object, *rest: int, **more: int) -> int:
        if Path(str(path)).name == "config.json":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(str(path), *rest, **more)

    monkeypatch.setattr(os, "open", refusing)
    done = weights("verify", str(folder))
    assert (done.code, "error[folder-not-writable]" in done.err) == (7, True)
    assert ("missing" in done.err, "config.json" in done.err) == (False, True)
    assert "Let its owner give you the right to read it" in done.err


def test_what_is_to_be_copied_into_a_shell_names_the_folder_and_nothing_else(
    weights: Weights, folder: Path
) -> None:
    place = folder.rename(folder.with_name("two words"))
    place.chmod(0o755)
    assert f"chmod -R u=rwX,go= '{place}'" in weights("verify", str(place)).out
    flip(place / "large.safetensors", 5)
    assert f"`weights verify '{place}' --repair`" in weights("verify", str(place)).err
