"""The machine in words."""

from tests.benchmarks.machine import processor_of, system_of

CPUINFO = """\
processor\t: 0
cpu family\t: 6
model\t\t: 167
model name\t: Intel(R) Xeon(R) Processor
flags\t\t: fpu sse2 avx2 avx512f sha_ni

processor\t: 1
model name\t: Another
"""


def test_the_processor_is_named_with_what_ciphers_use_of_it() -> None:
    assert processor_of(CPUINFO) == "Intel(R) Xeon(R) Processor (family 6, model 167, avx2, avx512f, sha_ni)"


def test_a_processor_that_tells_nothing_is_unknown() -> None:
    assert processor_of("") == "unknown (family ?, model ?)"


def test_the_system_is_what_the_distribution_calls_itself() -> None:
    assert system_of('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12"\n') == "Debian GNU/Linux 12"
