"""What the options of `weights download` do, and what it warns of, reports and sends, as people type it."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators import faults
from tests.simulators.portal import Answer, SimulatedPortal
from tests.simulators.sealed_release import make_release, random_files, seal_files, small_files
from weights_vault.client.transfer import preflight


@pytest.fixture
def enrolled(weights: Weights) -> Weights:
    """A machine with an enrolled key."""
    weights("keys", "create", "--kind", "x25519")
    return weights


def events(err: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.splitlines() if line.startswith("{")]


def test_limit_rate_is_held(enrolled: Weights, tmp_path: Path) -> None:
    """200 KB at 200 KB/s, of which a quarter of a second is credit."""
    began = time.monotonic()
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--limit-rate", "200K")
    assert (done.code, time.monotonic() - began > 0.5) == (0, True)


def test_a_wrong_rate_is_refused_before_anything_is_asked(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.asked.clear()
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--limit-rate", "10 Mbps")
    assert (done.code, "error[rate-unusable]" in done.err, portal.asked) == (2, True, [])


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """What people have; the portal's settings take another for the process that reads them."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_group_opens_to_the_group_and_says_what_that_means(
    enrolled: Weights, tmp_path: Path, usual_umask: None
) -> None:
    folder = tmp_path / "release"
    done = enrolled("download", "opt-tiny", "--to", str(folder), "--group", "--json")
    assert done.code == 0
    assert "group-can-read" in {each["reference"] for each in done.json["warnings"]}
    assert (folder / "config.json").stat().st_mode & 0o777 == 0o640
    assert folder.stat().st_mode & 0o777 == 0o750
    assert enrolled("verify", str(folder), "--json").json["exposed"] == []
    (folder / "config.json").unlink()
    assert enrolled("verify", str(folder), "--repair").code == 0
    assert (folder / "config.json").stat().st_mode & 0o777 == 0o640


def test_dry_run_in_a_folder_tells_what_is_still_to_fetch_and_the_room(
    enrolled: Weights, tmp_path: Path
) -> None:
    folder = tmp_path / "release"
    enrolled("download", "opt-tiny", "--to", str(folder), "--include", "*.json")
    done = enrolled("download", "opt-tiny", "--to", str(folder), "--dry-run", "--json")
    assert (done.json["fetch_bytes"], done.json["needed_bytes"]) == (200_000, 200_000)
    assert done.json["free_bytes"] > 0
    assert not (folder / "model.safetensors").exists()
    plain = enrolled("download", "opt-tiny", "--to", str(folder), "--dry-run").out
    assert "to fetch: 195.3 KiB; room needed: 195.3 KiB" in plain
    assert "is in" in plain


def test_dry_run_tells_what_an_upgrade_would_fetch_and_changes_nothing(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    folder = tmp_path / "release"
    enrolled("download", "opt-tiny", "--to", str(folder))
    files = {**small_files(), "config.json": b'{"model_type": "opt", "v": 2}'}
    portal.publish(make_release(seal_files(files, "v2"), portal=portal.url, revision="v2", sequence=2))
    done = enrolled("download", "opt-tiny", "--to", str(folder), "--dry-run", "--json")
    assert (done.json["revision"], done.json["fetch_bytes"]) == ("v2", 29)
    assert enrolled("verify", str(folder)).out.startswith("opt-tiny@v1:")


def test_dry_run_says_where_the_room_is_too_little(
    enrolled: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "room_in", lambda folder: preflight.Room(1000, None))
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--dry-run")
    assert (done.code, "TOO LITTLE" in done.out) == (0, True)


def ending(portal: SimulatedPortal, *, token_h: float = 1000, grant_h: float = 1000) -> None:
    """Let the token and the grant end in so many hours."""
    token, grant = ((portal.now + timedelta(hours=hours)).isoformat() for hours in (token_h, grant_h))
    account = {"id": "usr", "email": "r@example.org", "token": {"expires_at": token}}
    portal.always("/me", Answer(body=json.dumps(account).encode()))
    portal.always("/grants/grt_simulated", Answer(body=json.dumps({"ends_at": grant}).encode()))


@pytest.fixture
def slow_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if 200 KB were a lot: the best line gives 100 bytes a second."""
    monkeypatch.setattr("weights_vault.client.transfer.ends.HOPED_BYTES_PER_S", 100.0)


@pytest.mark.usefixtures("slow_line")
@pytest.mark.parametrize(
    ("ends", "reference"),
    [
        ({"token_h": 0.5}, "token-ends-first"),
        ({"grant_h": 0.5}, "grant-ends-first"),
    ],
)
def test_an_end_that_comes_too_soon_is_told_before_the_start(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path, ends: dict[str, float], reference: str
) -> None:
    ending(portal, **ends)
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert done.code == 0
    assert f"warning[{reference}]" in done.err
    assert "  next: " in done.err


def test_ends_that_are_far_away_or_unknown_are_not_spoken_of(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    ending(portal)
    assert "warning" not in enrolled("download", "opt-tiny", "--to", str(tmp_path / "one")).err
    portal.always("/me", Answer(500))
    portal.always("/grants/grt_simulated", Answer(body=b'{"ends_at": "soon"}'))
    assert "warning" not in enrolled("download", "opt-tiny", "--to", str(tmp_path / "two")).err


def test_events_of_a_download_are_json_lines_on_stderr(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.faults.append(faults.refused(503, retry_after="0"))
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--json")
    told = events(done.err)
    assert told[0]["event"] == "started"
    assert told[-1]["event"] == "finished"
    assert {"retrying", "file_done"} <= {each["event"] for each in told}
    assert (told[-1]["done_bytes"], told[-1]["files_done"]) == (done.json["bytes"], 4)
    assert sum(done.json["retries_by_reason"].values()) >= 1


def test_events_tell_of_an_end_with_an_error_too(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.every_fault = faults.flipped
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--json")
    assert done.code == 5
    assert events(done.err)[-1]["event"] == "finished"


def test_the_summary_says_what_came_twice_and_why(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.faults.append(faults.flipped)
    done = enrolled(
        "download", "opt-tiny", "--to", str(tmp_path / "release"), "--include", "model*", "--jobs", "1"
    )
    assert "on average" in done.out
    assert "fetched again: a part of model.safetensors is damaged (195.4 KiB)" in done.out


def receipts(portal: SimulatedPortal, status: int = 201) -> list[str]:
    """Take receipts from now on. Returns: a list that grows by each one's path."""
    taken: list[str] = []

    def take(handler: Any) -> None:
        taken.append(handler.path)
        handler.reply({}, status)

    portal.always("/grants/grt_simulated/receipts", Answer(write=take))
    return taken


def test_a_complete_download_is_told_to_the_portal_once(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    taken = receipts(portal)
    folder = str(tmp_path / "release")
    assert enrolled("download", "opt-tiny", "--to", folder, "--include", "config.json", "--json").code == 0
    assert taken == []
    assert enrolled("download", "opt-tiny", "--to", folder, "--json").json["receipt_sent"] is True
    assert enrolled("download", "opt-tiny", "--to", folder, "--json").json["receipt_sent"] is False
    assert len(taken) == 1
    (tmp_path / "release" / "config.json").unlink()
    assert enrolled("verify", folder, "--repair").code == 0
    assert len(taken) == 2


@pytest.mark.parametrize("status", [404, 500, 429])
def test_a_portal_that_takes_no_receipt_is_no_trouble(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path, status: int
) -> None:
    receipts(portal, status)
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--json")
    assert (done.code, done.json["receipt_sent"]) == (0, False)


def test_d2_a_grant_revoked_in_the_middle_is_4_and_what_is_in_stays(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    def revoke(delivery: faults.Delivery) -> None:
        faults.served(delivery)
        portal.urls.clear()
        portal.access = {
            "allowed": False,
            "code": "grant_revoked",
            "message": "Revoked.",
            "next_step": "Ask.",
            "grant": None,
        }

    portal.faults.append(revoke)
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--jobs", "1", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "grant_revoked")
    assert (tmp_path / "release" / "config.json").exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_are_bars_and_the_same_result(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    monkeypatch.setattr("weights_vault.client.output.sys.stderr", terminal)
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert (done.code, "verified and opened" in done.out) == (0, True)
    assert "total" in terminal.getvalue()


def test_a_larger_release_is_hashed_again_after_a_touch_and_nothing_is_fetched(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    files = {**small_files(), **random_files(large=300_000)}
    portal.publish(make_release(seal_files(files, "v2"), portal=portal.url, revision="v2", sequence=2))
    folder = tmp_path / "release"
    enrolled("download", "opt-tiny", "--to", str(folder))
    (folder / "large.safetensors").touch()
    portal.sent.clear()
    done = enrolled("download", "opt-tiny", "--to", str(folder), "--json")
    assert (done.code, portal.sent) == (0, [])
    assert [each["phase"] for each in events(done.err) if each["event"] == "started"] == ["check"]


@pytest.mark.parametrize(
    ("name", "value", "reference"),
    [
        ("ALL_PROXY", "socks5://user:hidden-word@proxy:1", "proxy-unusable"),
        ("HTTPS_PROXY", "ftp://user:hidden-word@proxy:1", "proxy-unusable"),
        ("SSL_CERT_FILE", "/not/there", "certificates-unusable"),
    ],
)
def test_an_environment_that_cannot_be_used_is_2_without_its_secrets(
    enrolled: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    reference: str,
) -> None:
    monkeypatch.setenv(name, value)
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert (done.code, f"error[{reference}]" in done.err) == (2, True)
    assert "hidden-word" not in done.err
