"""Recording the reference of a publisher's folder, before it is sealed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from weights_vault.smoke import logits, structure, tensors
from weights_vault.smoke.architectures import import_torch
from weights_vault.smoke.forward import choose_device
from weights_vault.smoke.listing import unsigned_listing
from weights_vault.smoke.reference import (
    LOGITS_PATH,
    RELATIVE_RMS,
    Reference,
    choose_tokens,
    write_reference,
)
from weights_vault.smoke.report import Figure, LevelResult, Problem, Report, judged, skipped
from weights_vault.smoke.run import describe, timed, versions
from weights_vault.smoke.source import FolderSource
from weights_vault.smoke.structure import Loadable

if TYPE_CHECKING:
    import torch


def record(folder: Path, *, device: str = "auto") -> Report:
    """Run the model of a Hugging Face-layout folder and write what it computes to `folder`/smoke.

    Writes smoke/reference.safetensors and smoke/reference.json, over earlier ones, and only when the weights
    fit their architecture, are finite and run.
    Returns: a report of the same three levels, release and revision empty.
    Raises: Unavailable; Damaged or TensorHeaderMalformed when the folder holds no checkpoint that can be
    listed.
    """
    started = datetime.now(UTC)
    import_torch()
    chosen = choose_device(device)
    source = FolderSource(folder, unsigned_listing(folder))
    result, loadable = timed(lambda: structure.check(source))
    results = [result]
    weights = None
    if loadable is not None:
        result, weights = timed(lambda: tensors.check(source, loadable, keep=True, signed=False))
        results.append(result)
    if loadable is None or weights is None or any(each.verdict != "passed" for each in results):
        missing = [each for each in (tensors.LEVEL, logits.LEVEL) if each not in {r.level for r in results}]
        results += [skipped(each, "an earlier level failed") for each in missing]
    else:
        result, _ = timed(lambda: (_record_logits(folder, loadable, weights, chosen), None))
        results.append(result)
    return Report("", "", None, describe(chosen), versions(), tuple(results), started, datetime.now(UTC))


def _record_logits(
    folder: Path, loadable: Loadable, weights: "dict[str, torch.Tensor]", device: "torch.device"
) -> LevelResult:
    import numpy

    blueprint = loadable.blueprint
    tokens = choose_tokens(blueprint.vocab, blueprint.positions)
    found = logits.compute(loadable, weights, tokens, device)
    if isinstance(found, Problem):
        return judged(logits.LEVEL, {}, [found])
    if not numpy.isfinite(found).all():
        problem = Problem("logits-not-finite", blueprint.architecture, "computed NaN or infinity")
        return judged(logits.LEVEL, {}, [problem])
    made_with = {**versions(), "device": describe(device), "dtype": "float32"}
    rows = tuple(tuple(row) for row in tokens)
    write_reference(folder, Reference(blueprint.architecture, rows, found, RELATIVE_RMS, made_with))
    figures: dict[str, Figure] = {
        "tokens": len(rows) * len(rows[0]),
        "vocab": blueprint.vocab,
        "spread": float(found.std(axis=-1).mean()),
        "tolerance": RELATIVE_RMS,
        "written": LOGITS_PATH,
    }
    return judged(logits.LEVEL, figures, [])
