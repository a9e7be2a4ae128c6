"""The settings modules, each in a process of its own: what they do to the machine, what they read from it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "portal.settings.production",
    "PORTAL_URL": "https://weights.example.org",
    "SECRET_KEY": "x" * 50,
    "STORAGE_URL": "file:///srv/weights",
    "MASTER_KEY": "env:UNREAD",
    "SECRETS_KEY": "env:UNREAD",
    "SIGNING_KEYS": "/unread",
    "DELIVERY_KEYS": "file:/unread",
    "AGREEMENT_KEY": "/unread",
    "LOG_VERIFIER": "file:/unread",
    "DATABASE_URL": "sqlite://:memory:",
    "BROKER_URL": "redis://localhost:1/0",
    "CACHE_URL": "redis://localhost:1/1",
    "EMAIL_URL": "smtp://localhost:1",
    "DEFAULT_FROM_EMAIL": "portal@example.org",
    "CONTACT_EMAIL": "weights-help@example.org",
}
BEHIND_A_PROXY = """
import django; django.setup()
from django.test import RequestFactory
from allauth.account.adapter import get_adapter
from rest_framework.request import Request
from portal.api.throttles import AddressThrottle
request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR="192.0.2.66, 203.0.113.5", REMOTE_ADDR="10.0.0.1")
print(get_adapter().get_client_ip(request).strip(), AddressThrottle().get_ident(Request(request)))
"""


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `code` under umask 022, as a shell or a service without settings of its own would."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        umask=0o022,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def embedded(code: str, var: Path) -> subprocess.CompletedProcess[str]:
    return python(code, DJANGO_SETTINGS_MODULE="portal.settings.embedded", VAR_DIR=str(var))


def open_to_others(folder: Path) -> list[str]:
    """What below `folder`, itself included, gives group or others anything."""
    every = [folder, *folder.rglob("*")]
    return [path.name for path in every if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.parametrize(
    "start",
    ["import portal.wsgi", "import portal.celery, django; django.setup()", "import manage, sys; "
     "sys.argv = ['manage.py', 'check']; manage.main()"],
    ids=["web", "worker", "manage.py"],
)  # fmt: skip
def test_m2_whatever_a_process_makes_is_its_owners_alone(tmp_path: Path, start: str) -> None:
    var = tmp_path / "deep" / "var"
    write = "from django.db import connection; connection.cursor().execute('CREATE TABLE t (x)')"
    done = embedded(f"{start}\n{write}\nopen('{var}/mail.log', 'w').close()", var)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in var.rglob("*")}
    assert {"session-secret", "portal.sqlite3", "mail.log"} <= made
    assert open_to_others(tmp_path / "deep") == []


def test_m2_folder_left_open_by_an_older_portal_is_closed(tmp_path: Path) -> None:
    var = tmp_path / "var"
    var.mkdir(mode=0o755)
    (var / "portal.sqlite3").touch(mode=0o644)
    assert embedded("import portal.settings.embedded", var).returncode == 0
    assert stat.S_IMODE(var.stat().st_mode) == 0o700


def test_folder_that_is_everybodys_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    done = embedded("import portal.settings.embedded", shared)
    assert "VAR_DIR must be a folder of the portal's own" in done.stderr
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize(
    ("proxy", "counted"),
    [("on", "203.0.113.5 203.0.113.5"), ("off", "10.0.0.1 10.0.0.1")],
    ids=["proxy", "none"],
)
def test_m5_limits_count_the_address_that_the_proxy_saw(proxy: str, counted: str) -> None:
    done = python(BEHIND_A_PROXY, **PRODUCTION, BEHIND_TLS_PROXY=proxy)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == counted
