"""The download command as people type it: words, documents, exit codes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators import faults
from tests.simulators.portal import Answer, SimulatedPortal
from weights_vault.client.transfer import session
from weights_vault.client.transfer.limits import Limits
from weights_vault.sealed.keys import generate_identity


@pytest.fixture
def enrolled(weights: Weights, portal: SimulatedPortal) -> Weights:
    """A machine with an enrolled key."""
    weights("keys", "create", "--kind", "x25519")
    portal.asked.clear()
    return weights


def test_the_summary_is_one_document_with_json_and_two_lines_without(
    enrolled: Weights, tmp_path: Path
) -> None:
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "one"), "--json")
    assert done.code == 0
    document = done.json
    assert (document["release"], document["revision"], document["files"]) == ("opt-tiny", "v1", 4)
    assert (document["complete"], document["again_bytes"]) == (True, 0)
    assert document["folder"] == str(tmp_path / "one")
    plain = enrolled("download", "opt-tiny", "--to", str(tmp_path / "two"))
    assert "verified and opened" in plain.out
    assert "done: model.safetensors" in plain.err


def test_quiet_says_only_the_result(enrolled: Weights, tmp_path: Path) -> None:
    enrolled("whoami")
    enrolled("download", "opt-tiny", "--to", str(tmp_path / "one"))
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "two"), "--quiet")
    assert (done.code, done.err) == (0, "")


def test_the_default_folder_is_named_for_the_release(
    enrolled: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert enrolled("download", "opt-tiny@v1").code == 0
    assert (tmp_path / "opt-tiny" / "config.json").exists()


def test_dry_run_tells_files_and_writes_nothing(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, home: Path
) -> None:
    done = weights("download", "opt-tiny", "--to", str(tmp_path / "release"), "--dry-run", "--json")
    assert done.code == 0
    assert {each["path"] for each in done.json["files"]} >= {"config.json", "model.safetensors"}
    assert not (tmp_path / "release").exists()
    assert portal.keys == {}
    assert not any(path.endswith(("/headers", "/urls")) for _, path in portal.asked)


@pytest.mark.parametrize(
    "code", ["license_unsigned", "grant_revoked", "grant_expired", "stage_not_open", "quota_exhausted"]
)
def test_a_refusal_is_4_with_the_rules_own_code_and_next_step(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, code: str
) -> None:
    portal.access = {
        "allowed": False,
        "code": code,
        "message": "Not now.",
        "next_step": "Do this.",
        "grant": None,
    }
    done = weights("download", "opt-tiny", "--to", str(tmp_path / "release"), "--json")
    assert done.code == 4
    assert done.json["error"]["code"] == code
    assert done.json["error"]["reference"] == code.replace("_", "-")
    assert done.err.splitlines()[-2:] == ["  why: Not now.", "  next: Do this."]
    assert not (tmp_path / "release").exists()
    assert portal.keys == {}


def test_an_identity_file_that_others_can_read_is_refused_before_anything(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    key = tmp_path / "key.txt"
    key.write_text(generate_identity("x25519").to_text())
    key.chmod(0o644)
    done = weights("download", "opt-tiny", "--to", str(tmp_path / "release"), "--identity", str(key))
    assert (done.code, "secret-file-exposed" in done.err) == (2, True)
    assert portal.sent == []


def test_d2_an_ended_token_is_3_and_the_folder_is_kept(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    def end_token(delivery: faults.Delivery) -> None:
        faults.served(delivery)
        portal.token_alive = False
        portal.urls.clear()

    portal.faults.append(end_token)
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--jobs", "1")
    assert done.code == 3
    assert "/tokens/" in done.err
    portal.token_alive = True
    assert enrolled("download", "opt-tiny", "--to", str(tmp_path / "release")).code == 0


def test_a_lost_connection_is_6_and_says_how_to_go_on(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "Limits", lambda: Limits(backoff=lambda failures: 0.0))
    portal.every_fault = faults.cut_short(0)
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert done.code == 6
    assert "run the same command again" in done.err


def test_the_trouble_of_the_line_is_shown_while_it_lasts(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.faults.append(faults.refused(503, retry_after="0"))
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert done.code == 0


def test_damaged_weights_are_5(enrolled: Weights, portal: SimulatedPortal, tmp_path: Path) -> None:
    portal.every_fault = faults.flipped
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--json")
    assert (done.code, done.json["error"]["reference"]) == (5, "part-digest-mismatch")


def test_d12_an_expired_head_is_5_and_nothing_is_written(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.head_changes |= {
        "issued": portal.now - timedelta(days=2),
        "expires": portal.now - timedelta(days=1),
    }
    done = weights("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert (done.code, "error[expired]" in done.err) == (5, True)
    assert not (tmp_path / "release").exists()


def test_ids_of_the_portal_that_are_none_never_reach_a_path(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.access = {"allowed": True, "code": None, "message": "", "next_step": "", "grant": "../../me"}
    done = weights("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert (done.code, "answer-unreadable" in done.err) == (9, True)


@pytest.mark.parametrize(
    "answer",
    [
        {"expires_at": "soon", "urls": []},
        {"expires_at": "2030-01-01T00:00:00Z", "urls": []},
        {"expires_at": "2030-01-01T00:00:00Z", "urls": "none"},
        {"expires_at": "2030-01-01T00:00:00Z", "urls": [{"file": "fil_v10", "url": "file:///etc/passwd"}]},
        {"expires_at": "2030-01-01T00:00:00Z", "urls": [{"file": "fil_v10", "url": "http://h/\r\nX: y"}]},
    ],
)
def test_urls_that_cannot_be_used_are_9(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path, answer: dict[str, object]
) -> None:
    portal.always("/grants/grt_simulated/urls", Answer(body=json.dumps(answer).encode()))
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--include", "config.json")
    assert (done.code, "answer-unreadable" in done.err) == (9, True)


@pytest.mark.parametrize(
    "answer", [{"headers": None}, {"headers": [{"file": "fil_v10", "header": "%%%"}]}, {"headers": []}]
)
def test_headers_that_cannot_be_read_are_9(
    enrolled: Weights, portal: SimulatedPortal, tmp_path: Path, answer: dict[str, object]
) -> None:
    portal.always("/grants/grt_simulated/headers", Answer(body=json.dumps(answer).encode()))
    done = enrolled("download", "opt-tiny", "--to", str(tmp_path / "release"), "--include", "config.json")
    assert (done.code, "answer-unreadable" in done.err) == (9, True)
