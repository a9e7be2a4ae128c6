"""The figures of a smoke test in words for people; the report and --json have them all, unrounded.

Source: docs/reference/smoke-test.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weights_vault.client.output import size_text


def figures_text(level: str, figures: Mapping[str, Any]) -> str:
    """What one level found, such as `tensors 164 of 164 identical, 62.4 MiB, 0.4 s`.

    level: structure, tensors or logits. figures: of the report; any of them may be absent, as for a level
    that was skipped.
    """
    words = {"structure": _structure, "tensors": _tensors, "logits": _logits}.get(level, _other)(figures)
    if figures.get("problems"):
        words.append(count_text(figures["problems"], "problem"))
    if isinstance(figures.get("seconds"), int | float):
        words.append(seconds_text(figures["seconds"]))
    return ", ".join(words)


def seconds_text(seconds: float) -> str:
    """`0.4 s`, `95 s`, `12 min 5 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def _structure(figures: Mapping[str, Any]) -> list[str]:
    words = [str(figures["architecture"])] if figures.get("architecture") else []
    for name, noun in (("files", "file"), ("shards", "shard"), ("tensors", "tensor")):
        if name in figures:
            words.append(count_text(figures[name], noun))
    if isinstance(figures.get("dtypes"), dict):
        words.append(" + ".join(map(str, figures["dtypes"])) or "no dtype")
    return [*words, *_size(figures)] or _other(figures)


def _tensors(figures: Mapping[str, Any]) -> list[str]:
    if "tensors" not in figures:
        return _other(figures)
    # Without problems every tensor that was read had its signed digest.
    judged = "read" if figures.get("problems") or not figures.get("digests_compared") else "identical"
    words = [f"tensors {figures.get('read', 0):,} of {figures['tensors']:,} {judged}", *_size(figures)]
    outliers = figures.get("outliers") or []
    return [*words, count_text(len(outliers), "outlier")] if outliers else words


def _logits(figures: Mapping[str, Any]) -> list[str]:
    if "relative_rms" not in figures:
        return _other(figures)
    return [
        f"relative RMS {figures['relative_rms']:.2g} (at most {figures['tolerance']:.2g})",
        f"same first choice {100 * figures['top1_agreement']:.4g} %",
        f"{figures['tokens']:,} tokens",
    ]


def _other(figures: Mapping[str, Any]) -> list[str]:
    return [str(figures["because"])] if figures.get("because") else []


def _size(figures: Mapping[str, Any]) -> list[str]:
    return [size_text(figures["bytes"])] if isinstance(figures.get("bytes"), int) else []


def count_text(count: int, noun: str) -> str:
    """`1 file`, `21,000 parts`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
