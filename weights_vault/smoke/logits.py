"""Level 3, logits: the weights compute what the publisher's copy computed, on fixed token ids, in float32."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weights_vault.sealed.errors import SealedError
from weights_vault.smoke.errors import SmokeError, Unavailable
from weights_vault.smoke.forward import compute_logits, install
from weights_vault.smoke.reference import DOCUMENT_PATH, Reference, read_reference
from weights_vault.smoke.report import Figure, LevelResult, Problem, judged
from weights_vault.smoke.source import PartSource
from weights_vault.smoke.structure import Loadable

if TYPE_CHECKING:
    import numpy
    import torch

LEVEL = "logits"
# A position's first choice is decided when it leads by more than this many tolerances of the logits' own
# spread: the error of one logit is that of a normal variable, and 10 standard deviations do not happen.
DECIDED_BY = 10.0
MAX_DETAIL_CHARACTERS = 500


@dataclass(frozen=True)
class Comparison:
    """How far logits are from the reference.

    relative_rms: ‖found − reference‖ ÷ ‖reference, each position's mean over the vocabulary taken off‖.
    top1_agreement: share of positions with the same most likely token. overturned: positions where the
    reference had decided and the found one chose otherwise. max_abs: the largest difference of one logit.
    """

    relative_rms: float
    top1_agreement: float
    overturned: int
    max_abs: float


def check(
    source: PartSource, loadable: Loadable, weights: "dict[str, torch.Tensor]", device: "torch.device"
) -> LevelResult:
    """Run the loaded weights and compare with the reference.

    weights: as tensors.check gives them; the dict is emptied, so that nothing but the model holds them.
    Raises: Unavailable (memory).
    """
    try:
        reference = read_reference(source, loadable.blueprint)
    except (SmokeError, SealedError) as error:
        code = "reference-missing" if error.reference == "file-missing" else error.reference
        return judged(LEVEL, {}, [Problem(code, DOCUMENT_PATH, str(error))])
    found = compute(loadable, weights, reference.tokens, device)
    if isinstance(found, Problem):
        return judged(LEVEL, {}, [found])
    return judge(reference, found, loadable.blueprint.architecture)


def compute(
    loadable: Loadable,
    weights: "dict[str, torch.Tensor]",
    tokens: Sequence[Sequence[int]],
    device: "torch.device",
) -> "numpy.ndarray | Problem":
    """What the weights compute for the tokens: float32 (batch, tokens, vocab), or why they do not run.

    weights: emptied, see `check`. Raises: Unavailable.
    """
    blueprint = loadable.blueprint
    try:
        install(blueprint.model, weights)
        weights.clear()
        return compute_logits(blueprint.model, tokens, device)
    except Unavailable:
        raise
    except Exception as error:  # the arithmetic of a config that fits the tensors and contradicts itself
        detail = f"the model does not run: {type(error).__name__}: {error}"
        return Problem("forward-failed", blueprint.architecture, detail[:MAX_DETAIL_CHARACTERS])


def judge(reference: Reference, found: "numpy.ndarray", architecture: str) -> LevelResult:
    """The verdict on float32 logits (batch, tokens, vocab) against the reference's."""
    compared = compare(reference.logits, found, reference.relative_rms)
    problems = []
    # Written so that a NaN fails.
    if not compared.relative_rms <= reference.relative_rms:
        detail = f"relative RMS {compared.relative_rms:.3g}; the tolerance is {reference.relative_rms:.3g}"
        problems.append(Problem("logits-differ", architecture, detail))
    if compared.overturned:
        detail = f"another first choice at {compared.overturned} positions that the reference had decided"
        problems.append(Problem("top1-differs", architecture, detail))
    figures: dict[str, Figure] = {
        "relative_rms": compared.relative_rms,
        "tolerance": reference.relative_rms,
        "top1_agreement": compared.top1_agreement,
        "max_abs": compared.max_abs,
        "sequences": len(reference.tokens),
        "tokens": len(reference.tokens) * len(reference.tokens[0]),
        "reference": dict(reference.made_with),
    }
    return judged(LEVEL, figures, problems)


def compare(reference: "numpy.ndarray", found: "numpy.ndarray", tolerance: float) -> Comparison:
    """Compare two float32 arrays (batch, tokens, vocab), in float64, one position at a time.

    tolerance: relative RMS; sets which positions count as decided.
    """
    import numpy

    vocab = reference.shape[-1]
    want, have = reference.reshape(-1, vocab), found.reshape(-1, vocab)
    difference = spread = max_abs = 0.0
    for wanted, had in zip(want, have, strict=True):
        delta = had.astype(numpy.float64) - wanted
        centered = wanted - wanted.mean(dtype=numpy.float64)
        difference += float(delta @ delta)
        spread += float(centered @ centered)
        # A NaN stays: max() would lose it.
        max_abs = float(numpy.maximum(max_abs, numpy.abs(delta).max()))
    same = want.argmax(axis=1) == have.argmax(axis=1)
    top = (
        numpy.partition(want, vocab - 2, axis=1)[:, -2:].astype(numpy.float64)
        if vocab > 1
        else numpy.zeros((len(want), 2))
    )
    noise = tolerance * (spread / want.size) ** 0.5
    decided = top[:, 1] - top[:, 0] > DECIDED_BY * noise
    return Comparison(
        relative_rms=(difference / spread) ** 0.5 if spread else (0.0 if difference == 0 else float("inf")),
        top1_agreement=float(same.mean()),
        overturned=int((decided & ~same).sum()),
        max_abs=max_abs,
    )
