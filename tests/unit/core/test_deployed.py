"""`manage.py check --deploy` in the environment of a proper production, and beside it."""

import base64
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
from portal.core.log.keys import make as make_log_key
from tests.unit.core.test_certificates import certificate, pem
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES

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
    log = folder / "log" / "log.pem"
    log.parent.mkdir(mode=0o700)
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
        "LOG_VERIFIER": make_log_key(log).text,
        "EMAIL_URL": "smtp+tls://weights:secret@mail.example.org:587",
        "CONTACT_EMAIL": "weights-help@example.org",
        "VAR_DIR": str(folder / "var"),
        "BEHIND_TLS_PROXY": "on",
    }
    sample = re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", (ROOT / ".env.sample").read_text(), re.MULTILINE)
    return {"PATH": os.environ["PATH"], **{name: value for name, value in sample if value}, **filled}


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
