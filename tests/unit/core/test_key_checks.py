"""Who is to have which keys: what `check --deploy` says where a process has those that are not its own."""

import base64
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage

from portal.core import key_checks, keys
from weights_vault.sealed.signing import SigningKey

ROOT = Path(__file__).resolve().parents[3]
WHAT_IT_HAS = """
import json, django
django.setup()
from django.conf import settings
from portal.core import keys
def can(ask):
    try:
        ask()
    except Exception as error:
        return type(error).__name__
    return "yes"
print(json.dumps({
    "master": can(keys.master_key), "signing": can(lambda: keys.signing_key("root")),
    "public": can(keys.root_fingerprint), "log": settings.LOG_KEY,
}))
"""


def ids(messages: list[CheckMessage]) -> list[str]:
    return [str(message.id) for message in messages]


@pytest.fixture
def web(settings: Any, tmp_path: Path) -> None:
    settings.PROCESS, settings.KEEPER = "web", "unix:/run/keeper/socket"
    settings.MASTER_KEY = settings.SIGNING_KEYS = ""


@pytest.mark.usefixtures("web")
def test_web_process_without_keys_is_as_it_should_be() -> None:
    assert key_checks.only_the_keeper_holds_keys(None) == []
    assert key_checks.is_keyless()


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("process", ["web", "worker", "log_signer", "webb"])
def test_process_that_can_read_the_master_key_fails(process: str, settings: Any, tmp_path: Path) -> None:
    settings.PROCESS = process
    (tmp_path / "key").write_text("x")
    for source in (
        f"file:{tmp_path}/key",
        "env:SOMETHING",
        "aws-kms:1234",
        f"file:/nonexistent,file:{tmp_path}/key",
    ):
        settings.MASTER_KEY = source
        (found,) = key_checks.only_the_keeper_holds_keys(None)
        assert found.id == "core.E121"
        assert f"a {process} process can read the master key" in found.msg
    settings.MASTER_KEY = "file:/nonexistent/key"
    assert key_checks.only_the_keeper_holds_keys(None) == []


@pytest.mark.usefixtures("web")
def test_process_that_can_read_signing_keys_fails(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEYS = str(tmp_path)
    assert key_checks.only_the_keeper_holds_keys(None) == []
    keys.make_once(tmp_path / "head.pem", lambda: SigningKey.generate().to_pem())
    (found,) = key_checks.only_the_keeper_holds_keys(None)
    assert "private signing keys" in found.msg


@pytest.mark.usefixtures("web")
def test_keys_in_the_process_itself_fail_and_the_keeper_may_have_them(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(base64.b64encode(secrets.token_bytes(32)).decode())
    settings.MASTER_KEY = f"file:{tmp_path}/key"
    settings.PROCESS = "keeper"
    assert key_checks.only_the_keeper_holds_keys(None) == []
    settings.KEEPER = "inprocess"
    assert ids(key_checks.only_the_keeper_holds_keys(None)) == ["core.E121"]


@pytest.mark.usefixtures("web")
def test_process_of_everything_is_none_for_production(settings: Any, tmp_path: Path) -> None:
    settings.PROCESS = "all"
    assert key_checks.only_the_keeper_holds_keys(None) == []
    settings.MASTER_KEY = "env:SOMETHING"
    (found,) = key_checks.only_the_keeper_holds_keys(None)
    assert found.msg == "Not for production: a process of everything can read the master key."


def test_unknown_process_is_said_at_the_start(settings: Any) -> None:
    settings.PROCESS = "webb"
    assert ids(key_checks.process_is_known(None)) == ["core.E120"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("process", "has"),
    [
        ("web", {"master": "ImproperlyConfigured", "signing": "ImproperlyConfigured", "public": "yes"}),
        ("webb", {"master": "ImproperlyConfigured", "signing": "ImproperlyConfigured", "public": "yes"}),
        ("worker", {"master": "ImproperlyConfigured", "signing": "ImproperlyConfigured", "public": "yes"}),
        ("keeper", {"master": "yes", "signing": "yes", "public": "yes"}),
        (
            "log_signer",
            {"master": "ImproperlyConfigured", "signing": "ImproperlyConfigured", "public": "yes"},
        ),
    ],
)
def test_embedded_processes_know_where_their_own_keys_are_alone(
    process: str, has: dict[str, str], tmp_path: Path
) -> None:
    """One user, one folder: still a web process is not told where the keys lie."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings.embedded",
        "VAR_DIR": str(tmp_path),
    }
    for name in ("all", process):
        done = subprocess.run(
            [sys.executable, "-c", WHAT_IT_HAS], cwd=ROOT, env={**environment, "PROCESS": name},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = json.loads(done.stdout)
    assert bool(found.pop("log")) == (process == "log_signer")
    assert found == has
