"""How long to wait before asking again: backoff with jitter, and what the server said, within limits."""

from __future__ import annotations

import random
from datetime import datetime

from weights_vault.client.clock import parse_http_date

FIRST_DELAY_S = 0.5
MAX_DELAY_S = 30.0
# A server may ask for patience, not for forever: 10^9 seconds would hang a job for decades.
MAX_RETRY_AFTER_S = 120.0
JITTER = 0.25
_random = random.SystemRandom()


def backoff_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row, from 1: doubling, capped, ± 25 % so that clients
    spread out.
    """
    delay = min(MAX_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 16))
    return delay * _random.uniform(1 - JITTER, 1 + JITTER)


def retry_after_s(header: str | None, here: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, at least 0, at most MAX_RETRY_AFTER_S, plus jitter.

    header: delta-seconds or an HTTP date (RFC 9110, section 10.2.3).
    Returns: None where it is absent or garbage.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        wanted = MAX_RETRY_AFTER_S if len(text) > 6 else float(text)
    elif moment := parse_http_date(text):
        wanted = (moment - here).total_seconds()
    else:
        return None
    return min(max(wanted, 0.0), MAX_RETRY_AFTER_S) * _random.uniform(1, 1 + JITTER)
