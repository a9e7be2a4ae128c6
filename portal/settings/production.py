"""A real installation: every part named in the environment; a missing one stops the start with its name."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal.settings.base import *
from portal.settings.base import env


def _required(name: str, hint: str) -> str:
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint} See .env.sample.")
    return value


PROCESS = env.str("PROCESS", default="web")
# Whom the others ask; what serves people and what mails them is no affair of these two (run-a-portal.md).
_SERVES = PROCESS not in ("keeper", "log_signer")


def _of_those_who_serve(name: str, hint: str) -> str:
    return _required(name, hint) if _SERVES else env.str(name, default="")


PORTAL_URL = _required("PORTAL_URL", "The address people use, such as https://weights.example.org.").rstrip(
    "/"
)
SECRET_KEY = _of_those_who_serve("SECRET_KEY", "50 random characters that sign sessions.")
if not SECRET_KEY:
    SECRET_KEY = secrets.token_urlsafe(50)  # Django wants one; nothing that these two sign outlives them
STORAGE_URL = _required("STORAGE_URL", "Where sealed bodies are kept, such as file:///srv/weights.")
VAR_DIR = Path(env.str("VAR_DIR", default="/var/lib/weights-portal"))
LOG_CHECKPOINTS = env.str("LOG_CHECKPOINTS", default=str(VAR_DIR / "log"))
KEEPER = env.str("KEEPER", default="unix:/run/weights-keeper/keeper.sock")
KEEPER_STATE = env.str("KEEPER_STATE", default="/var/lib/weights-keeper")
PUBLIC_KEYS = env.str("PUBLIC_KEYS", default=str(VAR_DIR / "public-keys"))
# The keeper's alone; `check --deploy` says so where another process has them.
MASTER_KEY = env.str("MASTER_KEY", default="")
SIGNING_KEYS = env.str("SIGNING_KEYS", default="")
if PROCESS == "keeper" or KEEPER == "inprocess":
    _required("MASTER_KEY", "What wraps file keys: env:NAME, file:/path (32 bytes, base64), aws-kms:KEY_ID.")
    _required("SIGNING_KEYS", "Folder with root.pem, manifest.pem, head.pem, countersign.pem.")
SECRETS_KEY = _of_those_who_serve(
    "SECRETS_KEY", "What encrypts secrets of second factors: env:NAME or file:/path (32 bytes, base64)."
)
DELIVERY_KEYS = _of_those_who_serve(
    "DELIVERY_KEYS", "Keys that sign delivery URLs: id:base64[,id:base64], or file:/path."
)
AGREEMENT_KEY = _of_those_who_serve(
    "AGREEMENT_KEY", "A PEM file with the key and certificate that sign agreements: /path/agreement.pem."
)

LOG_VERIFIER = env.str("LOG_VERIFIER", default="")
if PROCESS != "log_signer":  # whose command makes the key
    _required("LOG_VERIFIER", "The public key of the audit log: manage.py log_signer --make-key prints it.")
LOG_KEY = env.str("LOG_KEY", default="")  # in the environment of the log signer alone

_host = urlsplit(PORTAL_URL).hostname
if _host is None or not PORTAL_URL.startswith("https://"):
    raise ImproperlyConfigured("PORTAL_URL must be an https:// address.")
ALLOWED_HOSTS = [_host]
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]

DATABASES = {
    "default": env.db_url_config(_required("DATABASE_URL", "Such as postgres://user:secret@host/name."))
}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

CELERY_BROKER_URL = _of_those_who_serve("BROKER_URL", "Such as redis://host:6379/0 or amqp://host.")
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
_cache = _of_those_who_serve("CACHE_URL", "A Redis that all processes share; rate limits live there.")
if _cache:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _cache}}

_mail = _of_those_who_serve("EMAIL_URL", "Such as smtp+tls://user:secret@host:587.")
if _mail:
    vars().update(env.email_url_config(_mail))
DEFAULT_FROM_EMAIL = _of_those_who_serve("DEFAULT_FROM_EMAIL", "The sender of the portal's mails.")

CONTACT_EMAIL = _required("CONTACT_EMAIL", "Where people reach those who run the portal.")

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=True)
# Programs are not led to https, they are refused: portal/web/middleware.py.
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^identity/o/api/", r"^delivery/"]
# "__Host-": for this host alone, by TLS alone, so that no other host of the domain can plant one.
COOKIE_PREFIX = "__Host-"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Limits on calls and on guessing, and the ledger, then take the address that the proxy saw.
    ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=1)
