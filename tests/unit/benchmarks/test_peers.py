"""What the peers say of themselves, and what they told."""

import pytest

from tests.benchmarks.errors import BenchError
from tests.benchmarks.peers import openssl_rate, pinned, version_in

SPEED = """\
version: 3.0.19
CPUINFO: OPENSSL_ia32cap=0xfffa32034f8bffff:0x1a415f46f1bf2ffb
ChaCha20-Poly1305  8812625.92k
"""


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("1.1.1\n", "1.1.1"),
        ("OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)", "3.0.19"),
        ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1", "7.88.1"),
        ("aria2 version 1.36.0\nCopyright (C) 2006, 2019", "1.36.0"),
        ("aws-cli/2.9.19 Python/3.11.2 Linux/6.18", "2.9.19"),
        ("rclone v1.60.1-DEV\n- os/version: debian 12.11", "1.60.1-DEV"),
        ("nginx version: nginx/1.22.1", "1.22.1"),
        ("ceph version 16.2.15 (618f440892089921c3e944a991122ddc44e60516) pacific", "16.2.15"),
        ("no figures at all", "unknown"),
    ],
)
def test_a_version_is_found_in_what_a_program_says(said: str, version: str) -> None:
    assert version_in(said) == version


def test_the_rate_of_openssl_speed_is_in_thousands_of_bytes() -> None:
    assert openssl_rate(SPEED) == pytest.approx(8_812_625_920)


def test_a_speed_run_that_told_no_rate_is_an_error() -> None:
    with pytest.raises(BenchError):
        openssl_rate("version: 3.0.19\n")


def test_pinned_versions_are_read_and_comments_are_not() -> None:
    assert pinned("# peers\ncrypt4gh==1.8.6\n\npyrage==1.4.0\n") == {"crypt4gh": "1.8.6", "pyrage": "1.4.0"}
