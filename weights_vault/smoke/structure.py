"""Level 1, structure: every file is there, and the tensors are the ones that the architecture expects.

Reads headers and small files only: no tensor is loaded, and the model stands on torch's meta device without
memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.manifest import ManifestFile
from weights_vault.smoke.architectures import Blueprint, build
from weights_vault.smoke.checkpoint import (
    INDEX_PATH,
    Stored,
    check_headers,
    check_index,
    gather,
    named,
    shards,
)
from weights_vault.smoke.documents import load_document
from weights_vault.smoke.errors import ConfigMalformed, SmokeError, Unavailable
from weights_vault.smoke.report import Figure, LevelResult, Problem, judged
from weights_vault.smoke.source import PartSource, checked_parts, read_checked

LEVEL = "structure"
CONFIG_PATH = "config.json"
MAX_CONFIG_BYTES = 1024 * 1024
FLOATING = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True)
class Loadable:
    """A checkpoint whose structure fits its architecture.

    tensors: all that the manifest lists, by stored name. placed: the ones the model takes, by the model's own
    name.
    """

    blueprint: Blueprint
    tensors: Mapping[str, Stored]
    placed: Mapping[str, Stored]


def check(source: PartSource) -> tuple[LevelResult, Loadable | None]:
    """Judge the structure of one revision.

    Returns: the result, and what can be loaded; None when the weights do not fit their architecture. A
    damaged document fails the level and leaves the weights loadable.
    Raises: Unavailable (no torch).
    """
    documents = list(check_files(source))
    problems: list[Problem] = []
    tensors = gather(source.manifest, problems)
    missing = {problem.where for problem in documents}
    if any(file.path in missing for file in shards(source.manifest)) or not tensors:
        if not tensors:
            problems.append(Problem("file-missing", "model.safetensors", "the manifest lists no weights"))
        return judged(LEVEL, _figures(source, tensors, None), documents + problems), None
    problems += chain(check_headers(source), check_index(source, tensors))
    blueprint = _blueprint(source, problems)
    figures = _figures(source, tensors, blueprint)
    if blueprint is None:
        return judged(LEVEL, figures, documents + problems), None
    placed = place(blueprint, tensors, problems)
    result = judged(LEVEL, figures, documents + problems)
    return result, None if problems else Loadable(blueprint, tensors, placed)


def check_files(source: PartSource) -> Iterator[Problem]:
    """Presence and size of each file of the manifest, and the digests of those that no later step reads."""
    for file in source.manifest.files:
        try:
            there = source.size(file)
            if there != file.size:
                yield Problem("file-size-wrong", file.path, f"has {there} bytes; {file.size} were published")
            elif not _is_read_later(file):
                for _ in checked_parts(source, file):
                    pass
        except (SmokeError, SealedError) as error:
            yield Problem(error.reference, file.path, str(error))


def place(blueprint: Blueprint, tensors: Mapping[str, Stored], problems: list[Problem]) -> dict[str, Stored]:
    """Put each stored tensor in its place in the model, and name those that are missing, left over or of a
    wrong shape.

    problems: grows by what is found. A tensor that is tied to another may be absent, and may stand for both.
    """
    placed: dict[str, Stored] = {}
    for name, stored in tensors.items():
        own = blueprint.own_name(name)
        if own in placed:
            # With and without the base model's name: which of the two a loader keeps is its secret.
            detail = f"{placed[own].signed.name} is the same tensor under another name"
            problems.append(Problem("tensor-repeated", name, detail))
        elif own in blueprint.expected:
            placed[own] = stored
            problems += _fits(name, stored, blueprint.expected[own])
        elif not blueprint.ignores(name):
            detail = f"{stored.file.path} has it; {blueprint.architecture} of this config does not"
            problems.append(Problem("tensor-unexpected", name, detail))
    for target, origin in blueprint.tied.items():
        if origin not in placed and target in placed:
            placed[origin] = placed.pop(target)
    for name in blueprint.expected.keys() - placed.keys() - blueprint.tied.keys():
        detail = f"{blueprint.architecture} of this config expects it"
        problems.append(Problem("tensor-missing", name, detail))
    return placed


def _fits(name: str, stored: Stored, expected: tuple[int, ...]) -> Iterator[Problem]:
    shape = tuple(stored.signed.shape)
    if shape != expected:
        detail = f"has the shape {list(shape)}; the architecture expects {list(expected)}"
        yield Problem("tensor-shape", name, detail)
    if stored.signed.dtype not in FLOATING:
        yield Problem(
            "tensor-dtype", name, f"is {stored.signed.dtype}; weights are one of {', '.join(FLOATING)}"
        )


def _is_read_later(file: ManifestFile) -> bool:
    return file.kind == "weights" or file.path in (CONFIG_PATH, INDEX_PATH)


def _blueprint(source: PartSource, problems: list[Problem]) -> Blueprint | None:
    file = named(source.manifest, CONFIG_PATH)
    if file is None:
        problems.append(Problem("file-missing", CONFIG_PATH, "the manifest does not list it"))
        return None
    try:
        return build(load_document(read_checked(source, file, max_bytes=MAX_CONFIG_BYTES), ConfigMalformed))
    except Unavailable:
        raise
    except (SmokeError, SealedError) as error:
        problems.append(Problem(error.reference, CONFIG_PATH, str(error)))
        return None


def _figures(
    source: PartSource, tensors: Mapping[str, Stored], blueprint: Blueprint | None
) -> dict[str, Figure]:
    kinds = [stored.signed.dtype for stored in tensors.values()]
    return {
        "architecture": blueprint.architecture if blueprint else None,
        "files": len(source.manifest.files),
        "bytes": sum(file.size for file in source.manifest.files),
        "shards": len(shards(source.manifest)),
        "tensors": len(tensors),
        "dtypes": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
    }
