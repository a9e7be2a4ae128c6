"""Section 10: paths that a manifest may hold. D12 and G6."""

import pytest

from weights_vault.sealed.errors import ManifestMalformed
from weights_vault.sealed.paths import check_collisions, check_path


@pytest.mark.parametrize(
    "path",
    [
        "config.json",
        "model-00001-of-00003.safetensors",
        "smoke/reference.safetensors",
        "a.gitattributes",
        "README with spaces.md",
        "über/Ünïcode/模型.json",
        "console.txt",
        "com.txt",
        "com10",
        "aux1/x",
        "clock.txt",
        "a.weights/x",
        "x" * 255,
        "/".join(["d"] * 31 + ["f"]),
    ],
    ids=lambda path: path[:40],
)
def test_a_path_below_the_folder_is_taken(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../x",
        "a/..",
        "a/.",
        "./a",
        "/etc/passwd",
        "a//b",
        "a/",
        "//server/share",
        "a\\b",
        "..\\x",
        "C:/x",
        "c:x",
        "file:stream",
        "a*",
        "a?",
        "a|b",
        "a<b",
        "a>b",
        'a"b',
        "a\nb",
        "a\0b",
        "a\tb",
        "a\x7fb",
        "a\u202eb",
        "a\u200bb",
        "a\u00a0b",
        "a\u3000b",
        "a\u2028b",
        "a\ue000b",
        "a\ufeffb",
        "a\ud800b",
        "a\u0378b",
        "u\u0308ber",
        "a.",
        "a. /b",
        "a ",
        " a",
        "a/ b",
        "-rf",
        "a/-rf",
        "~/x",
        "~root",
        "nul",
        "NUL.txt",
        "a/Con",
        "com1.safetensors",
        "LPT9",
        "com\u00b9.txt",
        "CONIN$",
        "conout$.txt",
        "CLOCK$",
        "a/clock$.json",
        "aux .txt",
        "prn.tar.gz",
        ".weights",
        ".weights/journal",
        ".Weights/trust.dsse.json",
        ".WEIGHTS/x",
        ".weights2",
        ".gitattributes",
        ".git/config",
        ".ssh/authorized_keys",
        ".bashrc",
        "a/.hidden",
        "a/.hidden/x",
        "...x",
        "x" * 256,
        "é" * 128,
        "/".join(["d"] * 33),
        "/".join(["d" * 60] * 9),
    ],
    ids=lambda path: ascii(path)[:40],
)
def test_d12_a_path_outside_the_folder_or_that_some_system_takes_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ManifestMalformed):
        check_path(path)


def test_a_refusal_shows_no_character_that_plays_with_the_terminal() -> None:
    with pytest.raises(ManifestMalformed) as caught:
        check_path("a\x1b[2J\u202eb")
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "paths",
    [
        ("a", "a"),
        ("a", "A"),
        ("x/Model.bin", "X/model.BIN"),
        ("straße", "STRASSE"),
        ("ﬁle", "file"),
        ("ａ", "a"),
        ("K", "\u212a"),
        ("é", "É"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("a/b/c", "A/B"),
        ("x", "y", "z/1", "Z"),
    ],
    ids=str,
)
def test_d12_two_files_of_one_place_are_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(ManifestMalformed) as caught:
        check_collisions(paths)
    assert caught.value.reference == "path-twice"


def test_different_files_in_shared_folders_do_not_collide() -> None:
    paths = ["a/b", "a/c", "ab", "a.b", "b/a/b", "A/d"]
    check_collisions(paths)
    assert len(paths) == len(set(paths))
