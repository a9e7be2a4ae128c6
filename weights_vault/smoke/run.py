"""Running the levels, one after the other, into one report."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

from weights_vault.smoke import logits, structure, tensors
from weights_vault.smoke.architectures import import_torch
from weights_vault.smoke.forward import choose_device
from weights_vault.smoke.report import LevelResult, Report, skipped
from weights_vault.smoke.source import PartSource

if TYPE_CHECKING:
    import torch

LEVELS = (structure.LEVEL, tensors.LEVEL, logits.LEVEL)
Rest = TypeVar("Rest")


def run(
    source: PartSource,
    *,
    device: str = "auto",
    level: str = "logits",
    manifest_sha256: str | None = None,
    signed: bool = True,
) -> Report:
    """Test one revision, up to and including `level`.

    source: the revision's files. device: "auto" (CUDA where there is one, else the CPU) or torch's name of
    one; it matters to the logits alone. level: one of LEVELS. manifest_sha256: digest of the manifest's
    envelope, for the report.
    Returns: the report; a level that could not run is "skipped", and the verdict is then "failed". Damaged
    tensors still go on to the logits, to show how much the damage matters.
    Raises: Unavailable (torch, device, memory): this machine cannot test, which says nothing about the
    weights.
    """
    if level not in LEVELS:
        raise ValueError(f"level is one of {', '.join(LEVELS)}")
    started = datetime.now(UTC)
    wanted = LEVELS[: LEVELS.index(level) + 1]
    import_torch()
    chosen = choose_device(device) if level == logits.LEVEL else None
    results = _levels(source, wanted, chosen, signed=signed)
    return Report(
        release=source.manifest.release,
        revision=source.manifest.revision,
        manifest_sha256=manifest_sha256,
        device=describe(chosen),
        versions=versions(),
        levels=tuple(results),
        started_at=started,
        finished_at=datetime.now(UTC),
    )


def _levels(
    source: PartSource, wanted: tuple[str, ...], device: "torch.device | None", *, signed: bool
) -> list[LevelResult]:
    result, loadable = timed(lambda: structure.check(source))
    results = [result]
    if tensors.LEVEL not in wanted:
        return results
    if loadable is None:
        because = "the weights do not fit their architecture"
        return [*results, *(skipped(name, because) for name in wanted[1:])]
    result, weights = timed(lambda: tensors.check(source, loadable, keep=device is not None, signed=signed))
    results.append(result)
    if device is None:
        return results
    if weights is None:
        return [*results, skipped(logits.LEVEL, "not every tensor could be read")]
    result, _ = timed(lambda: (logits.check(source, loadable, weights, device), None))
    return [*results, result]


def timed(step: Callable[[], tuple[LevelResult, Rest]]) -> tuple[LevelResult, Rest]:
    """What `step` returns, with the seconds it took among the level's figures."""
    started = time.monotonic()
    result, rest = step()
    seconds = round(time.monotonic() - started, 3)
    return replace(result, figures={**result.figures, "seconds": seconds}), rest


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    return {name: version(name) for name in ("torch", "transformers")}


def describe(device: "torch.device | None") -> str:
    """The device in words: "cpu", or "cuda: NVIDIA H100"; "none" where nothing was computed."""
    if device is None:
        return "none"
    if device.type != "cuda":
        return str(device)
    import torch

    return f"{device}: {torch.cuda.get_device_name(device)}"
