"""Running what is measured, and what the page shows of it."""

import subprocess
import sys

import pytest

from tests.benchmarks.errors import BenchError
from tests.benchmarks.programs import PeakWatcher, clean_environment, peak_of, run, shown

MIB = 1 << 20


def test_the_peak_is_the_high_water_mark_in_bytes() -> None:
    assert peak_of("Name:\tpython\nVmHWM:\t   84532 kB\nVmRSS:\t   12 kB\n") == 84_532 * 1024


def test_a_process_that_is_gone_has_no_peak() -> None:
    assert peak_of("Name:\tpython\nState:\tZ (zombie)\n") is None


def test_a_watched_process_tells_the_memory_it_took() -> None:
    taking = f"data = bytearray({64 * MIB}); print('taken', flush=True); input()"
    command = [sys.executable, "-c", taking]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        peak = PeakWatcher(process.pid).finish()
        process.stdin.write(b"\n")
    assert 64 * MIB < peak < 256 * MIB


def test_a_program_that_fails_ends_the_benchmark_with_its_words() -> None:
    with pytest.raises(BenchError, match="no such peer"):
        run("echo no such peer >&2; exit 3")


def test_what_a_process_tells_is_its_json_on_either_stream() -> None:
    assert run("""echo '{"seconds": 1.5}'""").told == {"seconds": 1.5}
    assert run("""echo warning >&2; echo '{"seconds": 2.5}' >&2""").told == {"seconds": 2.5}


def test_settings_of_this_shell_do_not_reach_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "WEIGHTS_TOKEN", "AWS_PROFILE", "DATABASE_URL", "RCLONE_CONFIG"):
        monkeypatch.setenv(name, "mine")
    given = clean_environment({"WEIGHTS_TOKEN": "the row's"})
    assert given["WEIGHTS_TOKEN"] == "the row's"
    assert not {"HTTPS_PROXY", "AWS_PROFILE", "DATABASE_URL", "RCLONE_CONFIG"} & set(given)


def test_a_shown_command_names_no_path_of_this_machine() -> None:
    command = ["/usr/bin/age", "-d", "-i", "/dev/shm/bench-1/key", "/dev/shm/bench-1/store/x"]
    names = {"/dev/shm/bench-1": "$T", "/dev/shm/bench-1/store": "$STORE", "/usr/bin/": ""}
    assert shown(command, names) == "age -d -i $T/key $STORE/x"


def test_a_shown_command_names_no_port_of_one_run() -> None:
    assert shown("curl http://127.0.0.1:39139/plain/x", {}) == "curl http://127.0.0.1:$PORT/plain/x"
