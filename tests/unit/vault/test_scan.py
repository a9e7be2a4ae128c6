"""What a folder may hold, and why the rest is refused (I3)."""

import io
import json
import os
import pickle
import socket
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.vault.folders import with_header, write_folder
from weights_vault.ingest.kinds import MAX_TEXT_BYTES, MAX_WEIGHTS_BYTES
from weights_vault.ingest.scan import FolderRefused, scan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "folder")


def reasons(folder: Path) -> dict[str, str]:
    with pytest.raises(FolderRefused) as caught:
        scan(folder)
    return {path: messages[0] for path, messages in caught.value.errors.items()}


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("data.pkl"))
    return buffer.getvalue()


def test_each_file_of_a_whole_folder_gets_its_kind(folder: Path) -> None:
    for name in ("tokenizer.json", "vocab.json", "generation_config.json", "model.safetensors.index.json"):
        (folder / name).write_text("{}")
    for name in ("merges.txt", "DATA_CARD.md", "LOGBOOK.md", "README.md", "LICENSE"):
        (folder / name).write_text("text\n")
    assert {file.path: file.kind for file in scan(folder)} == {
        "DATA_CARD.md": "data_card",
        "LICENSE": "license",
        "LICENSE.md": "license",
        "LOGBOOK.md": "logbook",
        "MODEL_CARD.md": "model_card",
        "README.md": "model_card",
        "config.json": "config",
        "generation_config.json": "config",
        "merges.txt": "tokenizer",
        "model-00001-of-00002.safetensors": "weights",
        "model-00002-of-00002.safetensors": "weights",
        "model.safetensors.index.json": "config",
        "smoke/reference.json": "reference",
        "smoke/reference.safetensors": "reference",
        "tokenizer.json": "tokenizer",
        "vocab.json": "tokenizer",
    }


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "model.pt", "model.PTH", "last.ckpt", "data.pkl", "x.npz", "x.joblib"]
)
def test_pickle_suffix_is_refused(name: str, folder: Path) -> None:
    """I3"""
    (folder / name).write_bytes(pickle.dumps({"a": 1}))
    assert "run code" in reasons(folder)[name]


@pytest.mark.parametrize("name", ["model.zip", "model.7z", "model.tar", "model.tar.gz", "model.whl"])
def test_archive_suffix_is_refused(name: str, folder: Path) -> None:
    """I3"""
    (folder / name).write_bytes(b"")
    assert "archive" in reasons(folder)[name]


DISGUISES: dict[str, tuple[bytes, str]] = {
    "zip": (zipped(), "zip archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(30), "7z archive"),
    "tar": (tarred(), "tar archive"),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), "gzip"),
    "elf": (b"\x7fELF" + bytes(60), "program"),
    "script": (b"#!/bin/sh\necho\n", "script"),
    **{
        f"pickle {protocol}": (pickle.dumps({"a": 1}, protocol=protocol), "pickle")
        for protocol in range(2, 6)
    },
}


@pytest.mark.parametrize("name", ["LICENSE.md", "tokenizer.model", "config.json"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_other_format_under_an_innocent_name_is_refused(disguise: str, name: str, folder: Path) -> None:
    """I3"""
    data, word = DISGUISES[disguise]
    (folder / name).write_bytes(data)
    assert word in reasons(folder)[name]


@pytest.mark.parametrize("disguise", ["zip", "7z", "pickle 2", "pickle 4"])
def test_other_format_named_safetensors_is_refused(disguise: str, folder: Path) -> None:
    """I3"""
    data, word = DISGUISES[disguise]
    (folder / "model.safetensors").write_bytes(data)
    assert word in reasons(folder)["model.safetensors"]


def test_text_pickle_is_refused_as_no_json(folder: Path) -> None:
    """I3: protocol 0 is plain ASCII."""
    (folder / "config.json").write_bytes(pickle.dumps({"a": 1}, protocol=0))
    assert reasons(folder)["config.json"] == "it is not JSON"


@pytest.mark.parametrize("name", ["modeling_opt.py", "run.sh", "native.so", "notebook.ipynb"])
def test_code_is_refused(name: str, folder: Path) -> None:
    """I3"""
    (folder / name).write_text("print()\n")
    assert "code" in reasons(folder)[name]


@pytest.mark.parametrize("name", ["notes.txt", "model.gguf", "smoke/extra.json", "weights"])
def test_what_is_not_on_the_list_is_refused(name: str, folder: Path) -> None:
    """I3"""
    (folder / name).write_text("x\n")
    assert "not on the list" in reasons(folder)[name]


@pytest.mark.parametrize("name", [".gitattributes", ".config.json", "smoke/.reference.json"])
def test_hidden_files_are_refused_by_their_path(name: str, folder: Path) -> None:
    """G6"""
    (folder / name).write_text("{}\n")
    assert "begins with a dot" in reasons(folder)[name]


@pytest.mark.parametrize("where", ["config.json", "tokenizer_config.json", "generation_config.json"])
@pytest.mark.parametrize(
    "document", [{"auto_map": {"AutoModel": "evil.Model"}}, {"a": [{"b": {"auto_map": {}}}]}]
)
def test_auto_map_is_refused_at_any_depth(where: str, document: object, folder: Path) -> None:
    (folder / where).write_text(json.dumps(document))
    assert "auto_map" in reasons(folder)[where]


def _symlink(place: Path) -> None:
    place.symlink_to("/etc/hostname")


def _folder_symlink(place: Path) -> None:
    place.symlink_to("/etc", target_is_directory=True)


def _socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(place.parent)  # a socket's address has 108 bytes at most
        try:
            server.bind(place.name)
        finally:
            os.chdir(here)


SPECIAL: dict[str, tuple[Callable[[Path], object], str]] = {
    "symlink": (_symlink, "symbolic link"),
    "folder symlink": (_folder_symlink, "symbolic link"),
    "dangling symlink": (lambda place: place.symlink_to("nowhere"), "symbolic link"),
    "pipe": (os.mkfifo, "pipe"),
    "socket": (_socket, "socket"),
}


@pytest.mark.parametrize("what", SPECIAL)
def test_what_is_no_plain_file_is_refused(what: str, folder: Path) -> None:
    """I3"""
    make, word = SPECIAL[what]
    make(folder / "model.safetensors")
    assert word in reasons(folder)["model.safetensors"]


def test_device_is_refused() -> None:
    """I3: a folder with real devices, because only root can make one."""
    assert "device" in reasons(Path("/dev"))["null"]


def test_file_over_the_limit_is_refused_without_reading_it(folder: Path) -> None:
    """I3: sparse, so that the test needs no 64 GiB."""
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(MAX_WEIGHTS_BYTES + 1)
    assert "larger than 68,719,476,736 bytes" in reasons(folder)["model.safetensors"]


def test_text_over_the_limit_is_refused(folder: Path) -> None:
    """I3"""
    (folder / "LOGBOOK.md").write_bytes(b"x" * (MAX_TEXT_BYTES + 1))
    assert "larger than" in reasons(folder)["LOGBOOK.md"]


@pytest.mark.parametrize(
    "name",
    ["a\\b.safetensors", "CON.safetensors", "a:b.safetensors", " x.safetensors", "e\u0301.safetensors"],
)
def test_path_that_is_unsafe_somewhere_is_refused(name: str, folder: Path) -> None:
    """I3"""
    (folder / name).write_bytes((folder / "model-00001-of-00002.safetensors").read_bytes())
    assert "path cannot be published" in reasons(folder)[name]


def test_name_that_is_not_unicode_is_refused(folder: Path) -> None:
    """I3"""
    Path(os.fsdecode(bytes(folder) + b"/\xff.safetensors")).write_bytes(b"")
    assert "path cannot be published" in reasons(folder)["\udcff.safetensors"]


def test_two_paths_that_some_systems_confuse_are_refused(folder: Path) -> None:
    """I3"""
    shard = (folder / "model-00001-of-00002.safetensors").read_bytes()
    (folder / "x").mkdir()
    (folder / "X").mkdir()
    (folder / "x" / "a.safetensors").write_bytes(shard)
    (folder / "X" / "a.safetensors").write_bytes(shard)
    assert "cannot tell it from" in reasons(folder)["x/a.safetensors"]


def test_all_refusals_come_at_once(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"")
    (folder / "b.py").write_bytes(b"")
    assert set(reasons(folder)) == {"a.bin", "b.py"}


def test_folder_that_cannot_be_listed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "locked").mkdir()
    real = os.scandir

    def guarded(place: Path) -> object:
        if place.name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(place)

    monkeypatch.setattr(os, "scandir", guarded)
    assert reasons(folder) == {"locked": "it cannot be read: Permission denied"}


def test_folder_nested_without_end_is_refused(folder: Path) -> None:
    deep = folder.joinpath(*"abcdefghij")
    deep.mkdir(parents=True)
    assert reasons(folder) == {"a/b/c/d/e/f/g/h/i": "it lies more than 8 folders deep"}


def test_excluded_paths_are_left_out_whatever_they_are(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    paths = {file.path for file in scan(folder, ["*.bin", ".git/*"])}
    assert not paths & {"a.bin", ".git/config"}


def test_folder_without_weights_is_refused(folder: Path) -> None:
    for shard in folder.glob("*.safetensors"):
        shard.unlink()
    assert "no weights" in reasons(folder)["."]


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    assert reasons(tmp_path / "nothing") == {str(tmp_path / "nothing"): "it is not a folder"}


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BAD_INDEXES: dict[str, bytes] = {
    "not json": b"\x08\x00\x00\x00\x00\x00\x00\x00nonsense",
    "overlap": with_header({"a": ENTRY, "b": {**ENTRY, "data_offsets": [4, 12]}}, bytes(12)),
    "gap": with_header({"a": ENTRY}, bytes(16)),
    "beyond the end": with_header({"a": ENTRY}, bytes(4)),
    "length against shape": with_header({"a": {**ENTRY, "shape": [3]}}, bytes(8)),
    "unknown dtype": with_header({"a": {**ENTRY, "dtype": "PICKLE"}}, bytes(8)),
    "no tensor": with_header({}, b""),
    "header longer than the file": b"\xff\xff\xff\x7f\x00\x00\x00\x00{}",
    "empty": b"",
}


@pytest.mark.parametrize("index", BAD_INDEXES)
def test_lying_tensor_index_is_refused(index: str, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(BAD_INDEXES[index])
    assert "model.safetensors" in reasons(folder)


@pytest.mark.parametrize("dtype", ["C64", "F4"])
def test_dtype_without_statistics_is_refused_by_name(dtype: str, folder: Path) -> None:
    size = {"C64": 16, "F4": 1}[dtype]
    header = {"a": {"dtype": dtype, "shape": [2], "data_offsets": [0, size]}}
    (folder / "model.safetensors").write_bytes(with_header(header, bytes(size)))
    assert f"{dtype} values are not supported" in reasons(folder)["model.safetensors"]


def test_vocabulary_may_contain_any_word(folder: Path) -> None:
    (folder / "vocab.json").write_text(json.dumps({"auto_map": 1}))
    assert "vocab.json" in {file.path for file in scan(folder)}


@pytest.mark.parametrize("data", [b"caf\xe9", b"a\x00b", b"\xef\xbb\xbf\xff"])
def test_document_that_is_no_text_is_refused(data: bytes, folder: Path) -> None:
    (folder / "MODEL_CARD.md").write_bytes(data)
    assert "text" in reasons(folder)["MODEL_CARD.md"]


def test_json_nested_without_end_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("[" * 100_000 + "]" * 100_000)
    assert reasons(folder)["config.json"] == "it is not JSON"
