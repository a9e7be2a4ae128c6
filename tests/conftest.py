"""What every test shares."""

import gc
import signal
from collections import Counter
from collections.abc import Generator

import pytest

from tests import append_only  # noqa: F401  (tests with real transactions may empty the audit log)
from tests.leaks import pytest_runtest_makereport, pytest_sessionstart  # noqa: F401  (G8, over the whole suite)


def pytest_configure() -> None:
    """A shell that runs the tests in its background lets them ignore Ctrl-C, and they would hand that on to
    every process they start; `weights` leaves an ignored signal ignored.
    """
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: to look for garbage among ten thousand tests was a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with slow tests first, then those with many: the workers then end together.

    This needs xdist's `--no-loadscope-reorder`: its own order, by number, leaves what is slow to the end.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    size = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -size[item.path]))
