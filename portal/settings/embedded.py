"""One machine, nothing to install: SQLite, the filesystem as store and broker, keys made at first start.

What stands in here for a production part says so at start and fails `manage.py check --deploy`.
"""

import os
import secrets
import stat
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal.settings.base import *
from portal.settings.base import BASE_DIR, INSTALLED_APPS, LOGGING, PROCESS, env

# Database, mail, logs and keys lie on one disk, perhaps a shared machine's. manage.py, the web server and the
# worker have these settings in common and nothing before them, so here each of them keeps to itself whatever
# it makes. In production that is the service's own affair (UMask= of its unit).
os.umask(0o077)

EMBEDDED = True
INSTALLED_APPS = ["portal.demo", *INSTALLED_APPS]
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
PORTAL_URL = env.str("PORTAL_URL", default="http://localhost:8000").rstrip("/")


def _close(folder: Path) -> None:
    """Make the portal's folder, or take one made before, and let nobody else in: not to older files either.

    Raises: ImproperlyConfigured: it is everybody's, like /tmp.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mode = folder.stat().st_mode
    if mode & stat.S_ISVTX:
        raise ImproperlyConfigured(f"VAR_DIR must be a folder of the portal's own; {folder} is shared.")
    if stat.S_IMODE(mode) != 0o700:
        folder.chmod(0o700)


def _secret_key(path: Path) -> str:
    """The session secret of this folder, made once; two processes that start together agree on one."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(50))
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()


_close(VAR_DIR)
SECRET_KEY = _secret_key(VAR_DIR / "keys" / "session-secret")
ALLOWED_HOSTS = [urlsplit(PORTAL_URL).hostname or "localhost", "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR_DIR / "portal.sqlite3",
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}

STORAGE_URL = f"file://{VAR_DIR}/store"
KEEPER = env.str("KEEPER", default=f"unix:{VAR_DIR}/keeper/keeper.sock")
KEEPER_STATE = str(VAR_DIR / "keeper")
# Of one user on one machine, too, only the keeper and the commands that publish or change keys
# are told where these lie.
_keyless = PROCESS not in ("keeper", "all")
MASTER_KEY = "" if _keyless else f"file:{VAR_DIR}/keys/master.key"
SECRETS_KEY = f"file:{VAR_DIR}/keys/secrets.key"
SIGNING_KEYS = "" if _keyless else f"{VAR_DIR}/keys/signing"
PUBLIC_KEYS = f"{VAR_DIR}/keys/public"
DELIVERY_KEYS = f"file:{VAR_DIR}/keys/delivery.keys"
AGREEMENT_KEY = f"{VAR_DIR}/keys/agreement.pem"
LOG_KEY = f"{VAR_DIR}/keys/log/log.pem" if PROCESS in ("log_signer", "all") else ""
LOG_VERIFIER = f"file:{VAR_DIR}/keys/log/log.pub"
LOG_CHECKPOINTS = f"{VAR_DIR}/log"

CELERY_BROKER_URL = "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "data_folder_in": str(VAR_DIR / "broker" / "messages"),
    "data_folder_out": str(VAR_DIR / "broker" / "messages"),
    "control_folder": str(VAR_DIR / "broker" / "control"),
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "broker" / "beat-schedule")

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = "Weights Portal <portal@localhost>"
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default="contact@localhost")

if env.bool("WEIGHTS_PORTAL_DEMO", default=False):
    # The command that started the demo has said it once.
    LOGGING["loggers"]["portal.core.apps"] = {"level": "ERROR"}

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
