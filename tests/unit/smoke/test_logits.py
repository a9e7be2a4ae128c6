"""Level logits: what the weights compute (W1, W2)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.smoke.conftest import DTYPES, MakeRelease
from tests.unit.smoke.releases import (
    FINAL_NORM,
    Raw,
    codes,
    edit_json,
    edit_shard,
    level,
    manifest_of,
    put,
    swap,
)
from weights_vault.smoke.logits import compare, judge
from weights_vault.smoke.reference import RELATIVE_RMS, Reference
from weights_vault.smoke.report import Report
from weights_vault.smoke.run import run
from weights_vault.smoke.source import FolderSource

LAYER = "model.decoder.layers.{}."
KEY, FC1 = LAYER + "self_attn.k_proj.weight", LAYER + "fc1.weight"


def published(folder: Path) -> Report:
    """Test the folder by a manifest that was made of it as it is: every digest is right (W2)."""
    return run(FolderSource(folder, manifest_of(folder)), device="cpu")


def swap_layers(folder: Path) -> None:
    parts = ("k_proj", "v_proj", "q_proj", "out_proj")
    for name in (*(f"self_attn.{part}.weight" for part in parts), "fc1.weight", "fc2.weight"):
        swap(folder, LAYER.format(0) + name, LAYER.format(3) + name)


def swap_halves(folder: Path) -> None:
    def change(shard: dict[str, Raw]) -> None:
        data = shard[KEY.format(1)].data
        half = len(data) // 2
        data[:] = data[half:] + data[:half]

    edit_shard(folder, KEY.format(1), change)


def transpose(folder: Path) -> None:
    def change(shard: dict[str, Raw]) -> None:
        matrix = shard[KEY.format(2)]
        matrix.data = bytearray(matrix.words().reshape(matrix.shape).T.tobytes())

    edit_shard(folder, KEY.format(2), change)


def flip_exponent(folder: Path) -> None:
    def change(shard: dict[str, Raw]) -> None:
        words = shard[FC1.format(1)].words()
        words[5] ^= words.dtype.type(1 << (words.itemsize * 8 - 3))

    edit_shard(folder, FC1.format(1), change)


def put_outliers(folder: Path) -> None:
    """OPT-175B's first release: 18 values up to 52256 in one shard (metaseq#122)."""
    edit_shard(folder, FC1.format(2), lambda shard: put(shard[FC1.format(2)], list(range(18)), 52_256.0))


def lose_final_norm(folder: Path) -> None:
    """Its values become those of a norm that was never loaded."""

    def change(shard: dict[str, Raw]) -> None:
        put(shard[FINAL_NORM], list(range(32)), 1.0)

    edit_shard(folder, FINAL_NORM, change)


DAMAGES: list[Callable[[Path], None]] = [
    swap_layers,
    swap_halves,
    transpose,
    flip_exponent,
    put_outliers,
    lose_final_norm,
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_untouched_weights_pass(release: MakeRelease, dtype: str) -> None:
    result = level(published(release(dtype)), "logits")
    assert (result.verdict, result.figures["top1_agreement"]) == ("passed", 1.0)
    relative_rms = result.figures["relative_rms"]
    assert isinstance(relative_rms, float)
    assert relative_rms < RELATIVE_RMS / 10


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_before_publishing_is_caught_with_correct_digests(
    release: MakeRelease, dtype: str, damage: Callable[[Path], None]
) -> None:
    """W2: the reference was recorded before the damage; the manifest after it."""
    folder = release(dtype)
    damage(folder)
    report = published(folder)
    assert [level(report, name).verdict for name in ("structure", "tensors")] == ["passed", "passed"]
    assert "logits-differ" in codes(level(report, "logits"))
    assert report.verdict == "failed"


def test_config_of_another_model_is_caught(release: MakeRelease) -> None:
    """The same shapes, computed otherwise."""
    folder = release()
    edit_json(folder / "config.json", lambda config: config.update(activation_function="gelu"))
    assert codes(level(published(folder), "logits")) >= {"logits-differ"}


def test_release_without_a_reference_fails(release: MakeRelease) -> None:
    folder = release()
    (folder / "smoke" / "reference.json").unlink()
    assert codes(level(published(folder), "logits")) == {"reference-missing"}


def logits(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, 3, 50)).astype(np.float32)


def reference(values: np.ndarray) -> Reference:
    tokens = tuple((0,) * values.shape[1] for _ in range(values.shape[0]))
    return Reference("OPTForCausalLM", tokens, values, RELATIVE_RMS, {})


def test_equal_logits_differ_by_nothing() -> None:
    found = compare(logits(), logits(), RELATIVE_RMS)
    assert (found.relative_rms, found.top1_agreement, found.overturned, found.max_abs) == (0.0, 1.0, 0, 0.0)


def test_relative_rms_is_the_defined_ratio() -> None:
    want, have = logits(0), logits(1)
    centered = want - want.mean(axis=-1, keepdims=True)
    found = compare(want, have, RELATIVE_RMS)
    assert found.relative_rms == pytest.approx(
        np.linalg.norm(have - want) / np.linalg.norm(centered), rel=1e-5
    )
    assert found.max_abs == pytest.approx(np.abs(have - want).max())


def test_constant_added_to_the_reference_changes_no_spread() -> None:
    """A large common offset must not make errors look small."""
    want = logits()
    near, far = compare(want, want + 0.01, 1e-4), compare(want + 100, want + 100.01, 1e-4)
    assert far.relative_rms == pytest.approx(near.relative_rms, rel=1e-2)


def test_near_tie_may_fall_either_way_and_a_decided_one_may_not() -> None:
    want = np.zeros((1, 2, 8), dtype=np.float32)
    want[..., 3], want[..., 7] = 1.0, -1.0
    want[0, 0, 4] = 1.0 - 1e-6
    have = want.copy()
    have[0, 0, 4] = 1.0 + 1e-6
    tied = compare(want, have, 1e-4)
    assert (tied.overturned, tied.top1_agreement) == (0, 0.5)
    have[0, 1, 4] = 1.5
    assert compare(want, have, 1e-4).overturned == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_value_that_is_not_finite_fails(value: float) -> None:
    have = logits()
    have[0, 0, 0] = value
    result = judge(reference(logits()), have, "OPTForCausalLM")
    assert "logits-differ" in codes(result)


def test_constant_reference_is_matched_only_by_itself() -> None:
    flat = np.ones((1, 1, 5), dtype=np.float32)
    assert compare(flat, flat, 1e-4).relative_rms == 0.0
    assert compare(flat, flat + 1, 1e-4).relative_rms == np.inf
