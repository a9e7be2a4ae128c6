"""What every test shares."""

import signal

import pytest

from tests import append_only  # noqa: F401  (tests with real transactions may empty the audit log)


def pytest_configure() -> None:
    """A shell that runs the tests in its background lets them ignore Ctrl-C, and they would hand that on to
    every process they start; `weights` leaves an ignored signal ignored.
    """
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with slow tests first: two workers then end together, not one long after the other."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
