"""`manage.py check --deploy` in the environment of a proper production, and beside it."""

import base64
import json
import os
import re
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from portal.core.keys.ring import Entry, Ring, keep
from portal.core.log.keys import named_after
from tests.unit.core.run_a_portal import COLUMNS, needs
from tests.unit.core.test_certificates import certificate, pem
from weights_vault.sealed.log.note import NoteSigner
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES

# Imports the settings again and again, each time with the one setting more that they named.
WHAT_IS_REQUIRED = """
import importlib, json, os, sys
from django.core.exceptions import ImproperlyConfigured
of_all, asked = json.loads(sys.argv[1]), []
while True:
    try:
        importlib.import_module("portal.settings.production")
        break
    except ImproperlyConfigured as error:
        asked.append(str(error).split()[0])
        os.environ[asked[-1]] = of_all[asked[-1]]
print(json.dumps(asked))
"""
HAVE_DEFAULTS = {
    *("DJANGO_SETTINGS_MODULE", "PROCESS", "PUBLIC_KEYS", "STAFF_MFA", "KEEPER", "VAR_DIR"),
    *("DELIVERY_ACCEL", "BEHIND_TLS_PROXY", "TRUSTED_PROXIES"),
    *("KEEPER_STATE", "KEEPER_CLIENTS", "HEADERS_PER_HOUR", "LOG_KEY", "LOG_CHECKPOINTS"),
}
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow


def key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def private(path: Path, data: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def log_key(path: Path, name: str) -> str:
    """Make what `log_signer --make-key` makes. Returns: the public key."""
    made = NoteSigner(name, SigningKey.generate())
    private(path, made.key.to_pem())
    path.with_suffix(".pub").write_text(f"{made.verifier.text}\n")
    return made.verifier.text


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What .env.sample asks for, with every blank filled in, as a web process has it."""
    folder = tmp_path_factory.mktemp("production")
    folder.chmod(0o700)
    (folder / "store").mkdir()
    public = folder / "public-keys"
    public.mkdir()
    keep(Ring({role: (Entry(SigningKey.generate().public, "", SINCE),) for role in ROLES}), public)
    signer = rsa.generate_private_key(65537, 3072)
    sample = re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", (ROOT / ".env.sample").read_text(), re.MULTILINE)
    given = {name: value.strip('"') for name, value in sample if value}
    filled = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": "postgres://weights:secret@127.0.0.1:1/weights",
        "BROKER_URL": "redis://localhost:6379/0",
        "CACHE_URL": "rediss://:secret@cache.example.org:6379/1",
        "STORAGE_URL": f"file://{folder}/store",
        "DELIVERY_ACCEL": "/sealed/",
        "PUBLIC_KEYS": str(public),
        "SECRETS_KEY": f"file:{private(folder / 'secrets.key', key())}",
        "DELIVERY_KEYS": f"file:{private(folder / 'delivery.keys', f'd1:{key()}')}",
        "AGREEMENT_KEY": private(folder / "agreement.pem", pem(signer, certificate(signer))),
        "LOG_VERIFIER": log_key(folder / "log" / "log.pem", named_after(given["PORTAL_URL"])),
        "EMAIL_URL": "smtp+tls://weights:secret@mail.example.org:587",
        "CONTACT_EMAIL": "weights-help@example.org",
        "VAR_DIR": str(folder / "var"),
        "BEHIND_TLS_PROXY": "on",
    }
    return {"PATH": os.environ["PATH"], **given, **filled}


@pytest.fixture(scope="module")
def of_all(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every setting that any process has, to choose from."""
    folder = tmp_path_factory.mktemp("keeper")
    folder.chmod(0o700)
    for role in ROLES:
        private(folder / "signing" / f"{role}.pem", SigningKey.generate().to_pem())
    public = Path(environment["PUBLIC_KEYS"]).parent / "log" / "log.pub"
    return {
        **environment,
        "TRUSTED_PROXIES": "1",
        "LOG_VERIFIER": f"file:{public}",
        "LOG_KEY": str(public.with_suffix(".pem")),
        "LOG_CHECKPOINTS": str(folder / "log"),
        "MASTER_KEY": f"file:{private(folder / 'master.key', key())}",
        "SIGNING_KEYS": str(folder / "signing"),
        "KEEPER_STATE": str(folder / "state"),
    }


def of_process(process: str, of_all: dict[str, str]) -> dict[str, str]:
    """What the table of docs/how-to/run-a-portal.md gives one process, and nothing else."""
    chosen = {name: of_all[name] for name in needs(process)}
    return {"PATH": os.environ["PATH"], **chosen, "PROCESS": process}


def check(environment: dict[str, str]) -> str:
    """What the check finds in this environment; "" when that is nothing."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr


def test_a_proper_production_is_clean(environment: dict[str, str]) -> None:
    assert check(environment) == ""


@pytest.mark.parametrize("process", COLUMNS)
def test_process_with_what_the_table_gives_it_is_clean(process: str, of_all: dict[str, str]) -> None:
    assert check(of_process(process, of_all)) == ""


@pytest.mark.parametrize("process", COLUMNS)
def test_table_gives_each_process_what_its_start_asks_for(process: str, of_all: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IS_REQUIRED, json.dumps(of_all)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PROCESS": process},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    asked = set(json.loads(done.stdout))
    made_by_it = {"LOG_VERIFIER"} if process == "log_signer" else set()
    assert asked <= needs(process) <= asked | made_by_it | HAVE_DEFAULTS


def test_log_key_is_made_before_anybody_knows_it(of_all: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.pem"
    done = subprocess.run(
        [sys.executable, "manage.py", "log_signer", "--make-key", str(path)],
        cwd=ROOT,
        env={**of_process("log_signer", of_all), "LOG_VERIFIER": ""},
        umask=0o077,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modes = {each.suffix: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert modes == {".pem": 0o600, ".pub": 0o644}


def test_each_fault_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    same = key()
    open_file = tmp_path / "delivery.keys"
    open_file.write_text(f"d1:{same}")
    open_file.chmod(0o644)
    faulty = {
        "SECRET_KEY": "x" * 50,
        "SECRETS_KEY": f"file:{private(tmp_path / 'secrets.key', same)}",
        "DELIVERY_KEYS": f"file:{open_file}",
        "EMAIL_URL": "smtp://mail.example.org:25",
        "CACHE_URL": "redis://cache.example.org:6379/1",
        "TRUSTED_PROXIES": "0",
        "STAFF_MFA": "any",
        "LIMITS": "sign_in_address=lots,nothing=1/m",
    }
    said = check({**environment, **faulty})
    codes = set(re.findall(r"\((?:core|accounts)\.([EW]\d+)\)", said))
    assert codes == {"E130", "E131", "E132", "E133", "E137", "E138", "W139", "W140", "W101"}
    assert "DELIVERY_KEYS and SECRETS_KEY" in said
    assert same not in said
