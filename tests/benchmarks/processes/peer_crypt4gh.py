"""crypt4gh's command, timed without its interpreter's start. Standard input and output are the files.

Usage: python peer_crypt4gh.py encrypt|decrypt ARGUMENT … <IN >OUT
Runs in the peers' own environment, without anything of ours; tells its time on standard error.
"""

import json
import sys
import time

from crypt4gh.__main__ import main  # type: ignore[import-not-found]

began = time.perf_counter()
main(sys.argv[1:])
sys.stdout.flush()
json.dump({"seconds": time.perf_counter() - began}, sys.stderr)
