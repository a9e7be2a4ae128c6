"""pyrage opens an age file into a file. Runs in the peers' own environment, without anything of ours.

Usage: python peer_pyrage.py IDENTITY SEALED OUT
"""

import json
import sys
import time
from pathlib import Path

import pyrage

identity_file, sealed, out = sys.argv[1:]
began = time.perf_counter()
text = next(
    line for line in Path(identity_file).read_text().splitlines() if line.startswith("AGE-SECRET-KEY-")
)
pyrage.decrypt_file(sealed, out, [pyrage.x25519.Identity.from_str(text)])
json.dump({"seconds": time.perf_counter() - began}, sys.stdout)
