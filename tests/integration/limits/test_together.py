"""Limits over several processes, and over many threads: never more than the limit passes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from portal.core import limits
from portal.core.models import LimitUse
from tests.integration.licenses.race import codes, crew

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
PROCESSES, EACH = 3, 4


@contextmanager
def guesser(email: str) -> Iterator[subprocess.Popen[str]]:
    database = {**settings.DATABASES["default"], "NAME": str(connection.settings_dict["NAME"])}
    database.pop("TEST", None)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.integration.limits.process_settings",
        "TEST_DATABASE": json.dumps(database, default=str),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.limits.guessing", email, str(EACH)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


@pytest.mark.slow
def test_processes_together_let_no_more_guesses_through_than_one() -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(guesser("ada@example.org")) for _ in range(PROCESSES)]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60) for process in processes]
    statuses = [status for out, err in said for status in json.loads(out or f'"{err}"')]
    assert sorted(statuses) == [200] * 5 + [429] * (PROCESSES * EACH - 5)


def test_threads_together_let_no_more_through_than_the_limit() -> None:
    most = limits.limit("second_factor").most
    size = most + 7
    with crew(size) as race:
        results = race.run(*[lambda: limits.take("second_factor", "usr_1", now=NOW)] * size)
    assert codes(results) == ["too_many"] * (size - most)
    assert LimitUse.objects.get().used == most


def test_a_window_that_ended_is_begun_anew_by_one_of_many() -> None:
    most = limits.limit("second_factor").most
    later = NOW.replace(minute=30)
    for _ in range(most):
        limits.take("second_factor", "usr_1", now=NOW)
    with crew(most + 3) as race:
        results = race.run(*[lambda: limits.take("second_factor", "usr_1", now=later)] * (most + 3))
    assert codes(results) == ["too_many"] * 3
