"""keys create, add, list, remove: nothing is enrolled without proof and without its owner's word (G9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators import portal as portal_module
from tests.simulators.portal import SimulatedPortal
from weights_vault.sealed.challenge import Challenge, seal_challenge
from weights_vault.sealed.keys import generate_identity


def identity_file(place: Path, kind: str = "x25519", mode: int = 0o600) -> tuple[Path, str]:
    identity = generate_identity(kind)
    path = place / "key.txt"
    path.write_text(f"# a key\n{identity.to_text()}\n")
    path.chmod(mode)
    return path, str(identity.recipient)


def test_create_makes_a_postquantum_key_and_waits_for_its_owner(
    weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    done = weights("keys", "create", "--json")
    assert done.code == 0
    (key,) = portal.keys.values()
    assert (key.kind, key.state) == ("mlkem768x25519", "active")
    (kept,) = home.glob("keys/*.txt")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert done.json["recipient"] == key.recipient
    (pending,) = portal.pending.values()
    assert f"confirm: {portal.url}/pending/{pending.id}/  code: ABCD-1234" in done.err.splitlines()


def test_create_kind_x25519(weights: Weights, portal: SimulatedPortal) -> None:
    assert weights("keys", "create", "--kind", "x25519", "--name", "laptop").code == 0
    (key,) = portal.keys.values()
    assert (key.kind, key.name) == ("x25519", "laptop")


def test_confirm_line_is_shown_even_with_quiet(weights: Weights) -> None:
    assert "confirm: " in weights("keys", "create", "--quiet").err


def test_create_without_a_working_token_makes_no_key(
    weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    portal.token_alive = False
    assert weights("keys", "create").code == 3
    assert list(home.glob("keys/*")) == []


@pytest.mark.parametrize(
    ("becomes", "code", "reference"), [("refused", 4, "action-refused"), ("expired", 6, "action-expired")]
)
def test_a_proposal_that_is_not_confirmed_ends_with_its_reason(
    weights: Weights, portal: SimulatedPortal, becomes: str, code: int, reference: str
) -> None:
    portal.pending_becomes = becomes
    done = weights("keys", "create")
    assert (done.code, reference in done.err) == (code, True)


def test_no_wait_returns_at_once(weights: Weights, portal: SimulatedPortal) -> None:
    done = weights("keys", "create", "--no-wait", "--json")
    assert (done.code, done.json["active"]) == (0, False)
    assert [path for _, path in portal.asked if "pending" in path] == []


def test_add_enrolls_a_file_that_stays_where_it_is(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, home: Path
) -> None:
    path, recipient = identity_file(tmp_path)
    assert weights("keys", "add", str(path)).code == 0
    assert [key.recipient for key in portal.keys.values()] == [recipient]
    assert list(home.glob("keys/*")) == []
    assert weights("keys", "list", "--json").json["keys"][0]["identity_file"] == str(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_add_refuses_a_private_key_that_others_can_read(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, mode: int
) -> None:
    path, _ = identity_file(tmp_path, mode=mode)
    done = weights("keys", "add", str(path))
    assert done.code == 2
    assert f"chmod 600 {path}" in done.err
    assert portal.keys == {}


@pytest.mark.parametrize(
    "text",
    ["", "not a key", "age1publickey", "AGE-SECRET-KEY-1NONSENSE", "-----BEGIN OPENSSH PRIVATE KEY-----"],
)
def test_g9_a_file_that_holds_no_usable_identity_is_refused_without_repeating_it(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "key.txt"
    path.write_text(text)
    path.chmod(0o600)
    done = weights("keys", "add", str(path))
    assert (done.code, "identity-file-unusable" in done.err) == (2, True)
    assert not text or text not in done.err
    assert portal.asked == []


def test_add_of_a_file_that_is_not_there_or_is_a_folder(weights: Weights, tmp_path: Path) -> None:
    assert "identity-file-missing" in weights("keys", "add", str(tmp_path / "none")).err
    assert weights("keys", "add", str(tmp_path)).code == 2


def test_list_says_which_keys_are_on_this_machine(weights: Weights, portal: SimulatedPortal) -> None:
    portal.add_key(str(generate_identity("x25519").recipient))
    assert "not on this machine" in weights("keys", "list").out


def test_list_of_nothing_says_what_to_do(weights: Weights) -> None:
    assert "weights keys create" in weights("keys", "list").out


def test_remove_proposes_and_waits(weights: Weights, portal: SimulatedPortal) -> None:
    key = portal.add_key(str(generate_identity("x25519").recipient))
    done = weights("keys", "remove", key.id)
    assert (done.code, key.state) == (0, "removed")
    assert "confirm: " in done.err


def test_remove_of_what_is_not_there_is_4_and_of_no_id_2(weights: Weights) -> None:
    assert weights("keys", "remove", "key_unknown").code == 4
    assert weights("keys", "remove", "../me").code == 2


@pytest.mark.parametrize(
    ("change", "reference"),
    [
        ({"origin": "https://evil.example"}, "challenge-elsewhere"),
        ({"account": "usr_other"}, "challenge-elsewhere"),
        ({"expires": None}, "challenge-expired"),
    ],
    ids=["origin", "account", "expired"],
)
def test_g9_a_challenge_of_another_origin_account_or_time_is_never_answered(
    weights: Weights,
    portal: SimulatedPortal,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, object],
    reference: str,
) -> None:
    if "expires" in change:
        change = {"expires": portal.now - timedelta(minutes=20)}

    def bent(challenge: Challenge) -> bytes:
        return seal_challenge(replace(challenge, **change))

    monkeypatch.setattr(portal_module, "seal_challenge", bent)
    done = weights("keys", "create")
    assert done.code == 5
    assert reference in done.err
    assert not any(path.endswith("/proof") for _, path in portal.asked)


def test_download_enrolls_a_key_where_there_is_none_and_says_so(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path
) -> None:
    portal.access = {
        "allowed": False, "code": "no_recipient_key", "message": "No.", "next_step": "Add.", "grant": None,
    }  # fmt: skip
    done = weights("download", "opt-tiny", "--to", str(tmp_path / "release"))
    assert done.code == 0
    assert "no enrolled key on this machine: enrolling" in done.err
    assert "confirm: " in done.err
    assert (tmp_path / "release" / "config.json").exists()


def test_download_uses_an_enrolled_key_again_and_a_proposed_one_that_nobody_confirmed(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, home: Path
) -> None:
    portal.pending_becomes = "expired"
    assert weights("download", "opt-tiny", "--to", str(tmp_path / "release")).code == 6
    assert not (tmp_path / "release").exists()
    portal.pending_becomes = "confirmed"
    assert weights("download", "opt-tiny", "--to", str(tmp_path / "release")).code == 0
    assert weights("download", "opt-tiny", "--to", str(tmp_path / "again")).code == 0
    assert len(list(home.glob("keys/*.txt"))) == 1


def test_download_with_an_identity_file_enrolls_that_one(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, home: Path
) -> None:
    path, recipient = identity_file(tmp_path)
    done = weights("download", "opt-tiny", "--to", str(tmp_path / "release"), "--identity", str(path))
    assert done.code == 0
    assert [key.recipient for key in portal.keys.values()] == [recipient]
    assert list(home.glob("keys/*.txt")) == []


def test_an_encrypted_identity_file_says_how_to_decrypt_it(weights: Weights, tmp_path: Path) -> None:
    path = tmp_path / "my key.age"
    path.write_text("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n")
    path.chmod(0o600)
    done = weights("keys", "add", str(path))
    assert (done.code, f"age -d '{path}' > FILE" in done.err) == (2, True)
