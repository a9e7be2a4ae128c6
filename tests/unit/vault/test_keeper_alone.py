"""No code but the keeper touches file keys."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
APPS = ("portal", "licenses", "weights_vault")
# What opens or makes a file key, and where each may be named.
DOORS = {
    "wrapped_key": {"weights_vault/keeper.py", "weights_vault/models/bodies.py"},
    "new_file_key": {"weights_vault/keeper.py"},
    "make_header": {"weights_vault/keeper.py"},
    "BodyOpener": set(),
    "open_header": set(),
}
# Recipients' own code: it opens with identities, never with the master key.
RECIPIENTS = ("weights_vault/sealed/", "weights_vault/client/", "weights_vault/smoke/")


def names_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg


def server_files() -> Iterator[tuple[str, set[str]]]:
    for app in APPS:
        for place in (ROOT / app).rglob("*.py"):
            path = place.relative_to(ROOT).as_posix()
            if not path.startswith(RECIPIENTS) and "/migrations/" not in path:
                yield path, set(names_in(place.read_text()))


def test_only_the_keeper_names_what_opens_or_makes_file_keys() -> None:
    found: dict[str, set[str]] = {door: set() for door in DOORS}
    for path, names in server_files():
        for door in names & DOORS.keys():
            found[door].add(path)
    assert found == DOORS


def test_only_the_keeper_unwraps_in_the_vault() -> None:
    unwrapping = {
        path for path, names in server_files() if path.startswith("weights_vault/") and "unwrap" in names
    }
    assert unwrapping == {"weights_vault/keeper.py"}


def test_the_keeper_hands_out_no_file_key() -> None:
    tree = ast.parse((ROOT / "weights_vault/keeper.py").read_text())
    public = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    returned = {node.name: ast.unparse(node.returns) if node.returns else "" for node in public}
    assert returned == {
        "new_body": "tuple[SealedBody, BodySealer]",
        "resume_body": "BodySealer",
        "issue_headers": "Batch",
        "gate": "dict[str, bytes]",
        "rewrap_in_batches": "Iterator[Rewrapped]",
        "waiting_for_rewrap": "int",
        "require_files_of": "None",
    }
