"""Rates as people type them: `10M`, `500K`, `1.5G`, `10MiB`, always a second."""

from __future__ import annotations

import math
import re

from weights_vault.client.errors import WrongUsage

_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([kKmMgG]?)(i?)([bB]?)(?:/s)?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
# Less would be dropped by the store as a stalled connection.
LEAST_BYTES_PER_S = 1024


def parse_rate(typed: str) -> int:
    """Bytes a second of what a person typed.

    K, M, G are 1,000, 1,000² and 1,000³ bytes; Ki, Mi, Gi are 1,024 and so on; `B` and `/s` may follow.
    Raises: WrongUsage(rate-unusable).
    """
    found = _RATE.fullmatch(typed.strip())
    if found is None or (found[3] and not found[2]):
        raise _unusable(typed, _why(typed))
    base = 1024 if found[3] else 1000
    rate = round(float(found[1]) * math.pow(base, _POWERS[found[2].lower()]))
    if rate < LEAST_BYTES_PER_S:
        raise _unusable(typed, f"It is {rate:,} bytes a second, and the least is {LEAST_BYTES_PER_S:,}.")
    return rate


def _why(typed: str) -> str:
    if typed.strip().lower().endswith(("bit", "bit/s", "bps")):
        return "It is taken in bytes, not in bits: 80 Mbit/s is 10M."
    if "," in typed:
        return "Write the decimals with a point: 1.5G."
    return "A number is expected, with K, M, G, KiB, MiB or GiB behind it."


def _unusable(typed: str, why: str) -> WrongUsage:
    return WrongUsage(
        "rate-unusable",
        f"--limit-rate {typed!r} is not a rate.",
        why,
        "Examples, per second: --limit-rate 500K, --limit-rate 10M, --limit-rate 10MiB, --limit-rate 1.5G",
    )
