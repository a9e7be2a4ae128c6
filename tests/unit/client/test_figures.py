from __future__ import annotations

import pytest

from weights_vault.client.figures import figures_text, seconds_text

TENSORS = {"tensors": 1164, "read": 1164, "digests_compared": True, "bytes": 65_427_456, "outliers": []}


@pytest.mark.parametrize(
    ("level", "figures", "text"),
    [
        ("tensors", TENSORS | {"seconds": 0.442}, "tensors 1,164 of 1,164 identical, 62.4 MiB, 0.4 s"),
        ("tensors", TENSORS | {"read": 3, "problems": 1}, "tensors 3 of 1,164 read, 62.4 MiB, 1 problem"),
        ("tensors", TENSORS | {"digests_compared": False}, "tensors 1,164 of 1,164 read, 62.4 MiB"),
        ("tensors", {"because": "no memory"}, "no memory"),
        (
            "structure",
            {"architecture": "OPT", "files": 1, "shards": 3, "tensors": 164, "dtypes": {"F16": 164}},
            "OPT, 1 file, 3 shards, 164 tensors, F16",
        ),
        (
            "logits",
            {"relative_rms": 1.234e-7, "tolerance": 1e-4, "top1_agreement": 0.98437, "tokens": 2048},
            "relative RMS 1.2e-07 (at most 0.0001), same first choice 98.44 %, 2,048 tokens",
        ),
        ("another", {}, ""),
    ],
)
def test_figures_read_well(level: str, figures: dict[str, object], text: str) -> None:
    assert figures_text(level, figures) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (95.4, "95 s"), (725.9, "12 min 5 s")]
)
def test_seconds_are_rounded(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
