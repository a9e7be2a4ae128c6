"""The embedded settings in a temporary folder; DATABASE_URL puts the same tests on PostgreSQL."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="weights-portal-test-")
_owner = os.getpid()


def _remove() -> None:
    # Forked children inherit this hook; only the process that made the folder may remove it.
    if os.getpid() == _owner:
        shutil.rmtree(_folder, ignore_errors=True)


atexit.register(_remove)
os.environ["VAR_DIR"] = _folder

from portal.settings.embedded import *  # noqa: E402
from portal.settings.embedded import DATABASES as EMBEDDED_DATABASES  # noqa: E402
from portal.settings.embedded import VAR_DIR, env  # noqa: E402

SECRET_KEY = "for tests alone: nothing outside a temporary folder is signed with it"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = False
STAFF_MFA = "off"
KEEPER = "inprocess"
# Tests share the folder in which headers are counted, and travel in time: one would spend another's.
HEADERS_PER_HOUR = 0
WHITENOISE_AUTOREFRESH = True  # tests collect no static files; without this it warns of their missing folder

DATABASES = {
    "default": {
        **EMBEDDED_DATABASES["default"],
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
        # A file, not :memory:, because concurrency tests open a connection in each thread.
        "TEST": {"NAME": VAR_DIR / "test.sqlite3"},
    }
}
if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL"))}
