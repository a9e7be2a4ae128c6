from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from weights_vault.client.errors import Incomplete, Interrupted
from weights_vault.client.signals import ended_in_order


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_schedulers_signal_is_6_and_says_how_to_go_on(number: signal.Signals) -> None:
    with pytest.raises(Incomplete) as caught, ended_in_order("The download", "what is in stays."):
        signal.raise_signal(number)
    assert (caught.value.exit_code, caught.value.reference) == (6, "terminated")
    assert number.name in caught.value.why
    assert signal.getsignal(number) is signal.SIG_DFL


def test_ctrl_c_is_130() -> None:
    with pytest.raises(Interrupted) as caught, ended_in_order("The download", "what is in stays."):
        signal.raise_signal(signal.SIGINT)
    assert caught.value.exit_code == 130


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    """`nohup weights download …` outlives its terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ended_in_order("The download", "what is in stays."):
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGHUP)],
)
def test_the_second_signal_kills_at_once(first: signal.Signals, second: signal.Signals) -> None:
    program = (
        "import signal\nfrom weights_vault.client.signals import ended_in_order\n"
        "with ended_in_order('x', 'y'):\n"
        f"  try: signal.raise_signal({int(first)})\n"
        f"  finally: signal.raise_signal({int(second)}); print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-second, "")


def test_everything_is_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ended_in_order("x", "y"):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
