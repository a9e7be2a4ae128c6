"""The machine that the figures were measured on, in words that let somebody compare."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """memory: bytes. disk: what the measured files lay on."""

    processor: str
    cores: int
    memory: int
    kernel: str
    system: str
    disk: str


def this_machine() -> Machine:
    """Read it from /proc and /etc."""
    return Machine(
        processor=processor_of(Path("/proc/cpuinfo").read_text()),
        cores=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
        system=system_of(Path("/etc/os-release").read_text()),
        disk="tmpfs (/dev/shm)",
    )


def processor_of(cpuinfo: str) -> str:
    """Model name, and family, model and the vector extensions that ciphers and digests use.

    cpuinfo: the text of /proc/cpuinfo. A virtual machine often hides the name: the numbers tell more.
    """
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    known = [word for word in ("avx2", "avx512f", "sha_ni") if word in fields.get("flags", "").split()]
    numbers = f"family {fields.get('cpu family', '?')}, model {fields.get('model', '?')}"
    return f"{fields.get('model name', 'unknown')} ({', '.join([numbers, *known])})"


def system_of(release: str) -> str:
    """The distribution's name. release: the text of /etc/os-release."""
    fields = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    return fields.get("PRETTY_NAME", "Linux").strip('"')
