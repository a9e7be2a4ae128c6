"""nginx's log as a witness: what went out, and how much of it twice."""

import pytest

from tests.benchmarks.nginx import Sending, sendings
from tests.benchmarks.resume import parts_a_worker_a_kill, twice
from weights_vault.sealed.body import PART_SIZE

LOG = """\
GET /api/v1/trust 200 1043 "-"
POST /api/v1/grants/grt_1/urls 200 512 "-"
GET /stored/ab/cd/abcd01 206 100 "bytes 0-99/250"
GET /stored/ab/cd/abcd01 206 40 "bytes 100-199/250"
GET /stored/ab/cd/abcd01 403 90 "-"
GET /stored/ab/cd/abcd01 206 50 "bytes 200-249/250"
GET /stored/ab/cd/abcd01 206 100 "bytes 100-199/250"
"""


def test_only_ranges_that_were_sent_count() -> None:
    assert sendings(LOG) == [
        Sending("abcd01", 0, 100, 100),
        Sending("abcd01", 100, 200, 40),
        Sending("abcd01", 200, 250, 50),
        Sending("abcd01", 100, 200, 100),
    ]


def test_a_reader_that_went_away_is_seen() -> None:
    assert [each.was_cut for each in sendings(LOG)] == [False, True, False, False]


def test_bytes_beyond_one_whole_body_were_sent_twice() -> None:
    assert twice(sendings(LOG), finished=1, body_bytes=250) == 40


def test_a_part_lost_by_each_worker_at_each_kill_is_a_figure_of_one() -> None:
    assert parts_a_worker_a_kill(100 * 4 * PART_SIZE, kills=100, jobs=4) == pytest.approx(1.0)
