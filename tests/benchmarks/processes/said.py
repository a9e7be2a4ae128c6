"""What a measured process tells the benchmark: one JSON document on its standard output."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any


def say(**document: Any) -> None:
    """Print the document. peak: bytes of memory this process took at most, added by itself."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    json.dump({**document, "peak": peak}, sys.stdout)
