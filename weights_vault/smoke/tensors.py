"""Level 2, tensors: each tensor's bytes are the published ones, every value is finite, the largest is the
recorded one.

The same pass loads the weights: a tensor is read once, digested as it lies in memory, and that memory becomes
the model's. There is never a second copy, and without the next level there is room for one tensor only.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from blake3 import blake3

from weights_vault.sealed.errors import SealedError
from weights_vault.smoke.checkpoint import Stored
from weights_vault.smoke.errors import MemoryInsufficient, SmokeError
from weights_vault.smoke.report import Figure, LevelResult, Problem, judged
from weights_vault.smoke.source import PartSource
from weights_vault.smoke.structure import FLOATING, Loadable

if TYPE_CHECKING:
    import numpy
    import torch

LEVEL = "tensors"
TORCH_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
# Of a tensor's largest value to its peers' in the other layers. OPT's damaged shard: beyond 10,000.
OUTLIER_RATIO = 100.0
MIN_PEERS = 4
GIB = 1 << 30


@dataclass(frozen=True)
class Observed:
    """What one tensor's bytes are. absmax: NaN where any value is; None for a tensor without fractions."""

    stored: Stored
    blake3: str
    absmax: float | None

    @property
    def finite(self) -> bool:
        """Whether no value is NaN or infinite; a tensor without fractions can hold neither."""
        return self.absmax is None or math.isfinite(self.absmax)


def check(
    source: PartSource, loadable: Loadable, *, keep: bool, signed: bool = True
) -> tuple[LevelResult, "dict[str, torch.Tensor] | None"]:
    """Read, digest and judge every tensor.

    keep: hold the weights for the next level. signed: compare with the manifest's digests; False only for a
    folder that no manifest describes yet.
    Returns: the result, and the weights by the model's own name in the dtype they are stored in (empty
    without `keep`); None when a tensor could not be read.
    Raises: MemoryInsufficient.
    """
    if keep:
        _require_memory(sum(each.signed.end - each.signed.start for each in loadable.placed.values()))
    problems: list[Problem] = []
    observed: dict[str, Observed] = {}
    weights: dict[str, torch.Tensor] = {}
    names = {stored.signed.name: own for own, stored in loadable.placed.items()}
    for found, tensor in load(source, loadable, problems, keep=keep):
        name = found.stored.signed.name
        observed[name] = found
        problems += _judge(found, signed=signed)
        if keep and tensor is not None and name in names:
            weights[names[name]] = tensor
    problems += _judge_ties(loadable, observed)
    complete = len(observed) == len(loadable.tensors)
    return judged(LEVEL, _figures(loadable, observed, signed=signed), problems), weights if complete else None


def _require_memory(weights_bytes: int) -> None:
    """Refuse at once what can never fit: Linux promises memory it has not got, and later kills for it."""
    machine_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if weights_bytes > machine_bytes:
        raise MemoryInsufficient(
            f"the weights have {weights_bytes / GIB:.1f} GiB and this machine {machine_bytes / GIB:.1f}; "
            "the levels before logits need room for one tensor only"
        )


def load(
    source: PartSource, loadable: Loadable, problems: list[Problem], *, keep: bool
) -> "Iterator[tuple[Observed, torch.Tensor | None]]":
    """Yield each tensor with what was observed of it, in the order they lie in the files.

    problems: grows by the tensors that could not be read; these are not yielded. Without `keep` the tensor's
    memory is used again for the next.
    Yields: the tensor in its stored dtype and shape; None for one that holds no fractions.
    """
    import numpy

    inventory = sorted(loadable.tensors.values(), key=lambda each: (each.file.path, each.signed.start))
    sizes = [each.signed.end - each.signed.start for each in inventory]
    try:
        shared = None if keep else numpy.empty(max(sizes, default=0), dtype=numpy.uint8)
        for stored, size in zip(inventory, sizes, strict=True):
            memory = numpy.empty(size, dtype=numpy.uint8) if shared is None else shared[:size]
            try:
                source.read(stored.file, stored.signed.start, memory.data)
            except (SmokeError, SealedError) as error:
                detail = f"could not be read from {stored.file.path}: {error}"
                problems.append(Problem(error.reference, stored.signed.name, detail))
                continue
            yield _observe(stored, memory)
    except MemoryError as error:
        raise MemoryInsufficient("the weights do not fit in this machine's memory") from error


def _observe(stored: Stored, memory: "numpy.ndarray") -> "tuple[Observed, torch.Tensor | None]":
    digest = blake3(memory.data, max_threads=blake3.AUTO).hexdigest()
    if stored.signed.dtype not in FLOATING:
        return Observed(stored, digest, None), None
    import torch

    kind = getattr(torch, TORCH_NAMES[stored.signed.dtype])
    tensor = torch.from_numpy(memory).view(kind).reshape(stored.signed.shape)
    return Observed(stored, digest, _absmax(tensor)), tensor


def _absmax(tensor: "torch.Tensor") -> float:
    """The largest magnitude, in one pass without a copy; NaN where any value is, infinity likewise."""
    if tensor.numel() == 0:
        return 0.0
    low, high = (bound.item() for bound in tensor.aminmax())
    return math.nan if math.isnan(low) or math.isnan(high) else max(abs(low), abs(high))


def _judge(found: Observed, *, signed: bool) -> Iterator[Problem]:
    tensor, where = found.stored.signed, found.stored.file.path
    if not found.finite:
        yield Problem("tensor-not-finite", tensor.name, f"holds NaN or infinity ({where})")
    if not signed:
        return
    if found.blake3 != tensor.blake3:
        digests = f"BLAKE3 {found.blake3[:16]}…, not {tensor.blake3[:16]}…"
        detail = f"differs from the published tensor ({digests}, in {where})"
        yield Problem("tensor-damaged", tensor.name, detail)
    elif found.absmax is not None and found.finite and found.absmax != _recorded(tensor.absmax):
        # Right bytes, wrong statistic: the manifest contradicts itself.
        detail = f"its largest magnitude is {found.absmax:g}; the manifest recorded {tensor.absmax}"
        yield Problem("tensor-statistic", tensor.name, detail)


def _recorded(text: str) -> float:
    try:
        return float.fromhex(text)
    except (ValueError, OverflowError):
        return math.nan


def _judge_ties(loadable: Loadable, observed: Mapping[str, Observed]) -> Iterator[Problem]:
    """Where both of two tied tensors are stored they are the same: a loader keeps one and drops the other."""
    for target, origin in loadable.blueprint.tied.items():
        if target in loadable.placed and origin in loadable.placed:
            names = [loadable.placed[each].signed.name for each in (target, origin)]
            both = [observed[name] for name in names if name in observed]
            if len(both) == 2 and both[0].blake3 != both[1].blake3:
                detail = f"the config ties it to {names[1]}, and they differ"
                yield Problem("tied-tensors-differ", names[0], detail)


def _figures(loadable: Loadable, observed: Mapping[str, Observed], *, signed: bool) -> dict[str, Figure]:
    finite = [each for each in observed.values() if each.absmax is not None and each.finite]
    largest = max(finite, key=lambda each: each.absmax or 0.0, default=None)
    return {
        "tensors": len(loadable.tensors),
        "read": len(observed),
        "digests_compared": signed,
        "bytes": sum(each.stored.signed.end - each.stored.signed.start for each in observed.values()),
        "absmax": largest.absmax if largest else None,
        "absmax_tensor": largest.stored.signed.name if largest else None,
        "outliers": outliers(
            {name: each.absmax for name, each in observed.items() if each.absmax is not None}
        ),
    }


def outliers(absmax: Mapping[str, float]) -> list[Figure]:
    """Tensors whose largest value is far from that of the same tensor in the other layers, the worst five.

    A figure for people, not a verdict: a digest cannot tell that the publisher's own copy was damaged, and
    this may.
    """
    roles: dict[str, list[tuple[str, float]]] = {}
    for name, value in absmax.items():
        roles.setdefault(re.sub(r"\.\d+\.", ".*.", name), []).append((name, value))
    found: list[tuple[float, str, float]] = []
    for peers in roles.values():
        usual = median(value for _, value in peers)
        if len(peers) >= MIN_PEERS and usual > 0:
            found += [(value / usual, name, value) for name, value in peers if value > OUTLIER_RATIO * usual]
    return [
        {"tensor": name, "absmax": value, "times_usual": round(ratio, 1)}
        for ratio, name, value in sorted(found, reverse=True)[:5]
    ]
