"""What the worker process may not do: a last fence around libraries that parse what a publisher wrote.

The first fence is that nothing of the publisher's is ever run as code. This one bounds what a mistake there
could do. It is set before torch is imported and cannot be taken off again in this process. Wall-clock time is
the parent's to limit.
"""

import os
import resource
import sys

CPU_LIMIT_S = 4 * 3_600
# Beside the weights: torch and its threads map about 2 GiB of addresses, most of them never touched.
ADDRESSES_BESIDE_WEIGHTS = 16 * 1024**3
# The smoke test needs none of the parent's secrets (MASTER_KEY, DATABASE_URL, WEIGHTS_TOKEN …).
KEPT_VARIABLES = frozenset(
    {"PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PYTHONWARNINGS"}
    | {"CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES"}
)
DENIED_EVENTS = frozenset(
    {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
    | {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"}
)


class ConfinementBreached(RuntimeError):
    """Something in the worker reached for the network or for another program."""


def confine(*, cpu_s: int = CPU_LIMIT_S) -> None:
    """Drop the environment, deny network, other programs and core dumps, limit processor time.

    cpu_s: seconds, summed over all threads.
    """
    for name in set(os.environ) - KEPT_VARIABLES:
        del os.environ[name]
    # Read once by huggingface_hub and transformers, at import. A cache folder that cannot be is never written
    # to.
    os.environ.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HOME": os.devnull})
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_CPU, cpu_s)
    sys.addaudithook(_deny)


def limit_addresses(weights_bytes: int) -> None:
    """Limit this process's address space to what weights of this size can need on a CPU.

    Four times the weights: once as stored, and twice for the widest module in float32. Not for CUDA, which
    reserves hundreds of GiB of addresses.
    """
    _lower(resource.RLIMIT_AS, ADDRESSES_BESIDE_WEIGHTS + 4 * weights_bytes)


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (bounded, bounded))


def _deny(event: str, arguments: tuple[object, ...]) -> None:
    if event in DENIED_EVENTS:
        raise ConfinementBreached(f"the smoke test has no network and starts nothing: {event}")
