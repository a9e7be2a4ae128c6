"""What every installation shares. Values that differ come from the environment (.env.sample lists them)."""

from pathlib import Path
from typing import Any

import environ

from portal.api.conf import REST_FRAMEWORK as REST_FRAMEWORK
from portal.api.conf import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from portal.settings import providers

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

EMBEDDED = False
DEBUG = False

INSTALLED_APPS = [
    "portal.web",
    "portal.api",
    "licenses",
    "weights_vault",
    "portal.accounts",
    "portal.core",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "portal.accounts.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "portal.web.middleware.Edges",
    "django.middleware.security.SecurityMiddleware",
    "portal.web.middleware.NoPlainHttp",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.accounts.browsers.SeenBrowsers",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.brakes.Brakes",
    "portal.accounts.middleware.AccountTransactions",
    "portal.accounts.middleware.LookingOnly",  # reads the session, whose row is locked before
    "portal.accounts.session_ends.SessionsEnd",
    "portal.accounts.middleware.ResumedWithQuery",
    "portal.accounts.middleware.FactorFirst",
    "portal.core.problems.ProblemMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.site",
            ],
        },
    },
]

# --- time and language ---
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# --- static files ---
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site has to read them
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- accounts ---
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "portal.accounts.backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "portal.accounts.passwords.NoWordsOfThisPlace"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "portal.accounts.forms.SignupForm"
ACCOUNT_FORMS = {
    "login": "portal.accounts.password_forms.LoginForm",
    "signup": "portal.accounts.sign_up.SlowSignupForm",
    "change_password": "portal.accounts.password_forms.ChangePasswordForm",
    "set_password": "portal.accounts.password_forms.SetPasswordForm",
    "reset_password_from_key": "portal.accounts.password_forms.ResetPasswordKeyForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
# allauth's own limits count in the cache, and not atomically: portal/core/limits.py counts instead, for the
# addresses that portal/accounts/brakes.py names. LIMITS changes figures: "sign_in_address=40/m,tokens=10/h".
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False
LIMITS: dict[str, str] = env.dict("LIMITS", default={})
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = None
# Its device flow alone has addresses (portal/urls.py); nothing signs identity tokens, so there is no key.
IDP_OIDC_ADAPTER = "portal.accounts.devices.provider.OIDCAdapter"
# Accounts elsewhere. An address that a provider names links nothing and is verified here like any other.
_PROVIDERS = providers.configured(env)
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": _PROVIDERS, "OAUTH_PKCE_ENABLED": True}}
SOCIALACCOUNT_ADAPTER = "portal.accounts.providers.SocialAccountAdapter"
SOCIALACCOUNT_FORMS = {"signup": "portal.accounts.providers.ProviderSignupForm"}
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_REQUIRED = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_STORE_TOKENS = False
MFA_ADAPTER = "portal.accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # by PIN, finger or face: a stolen device alone opens nothing
MFA_FORMS = {
    "add_webauthn": "portal.accounts.passkey_forms.AddForm",
    "edit_webauthn": "portal.accounts.passkey_forms.RenameForm",
    "authenticate_webauthn": "portal.accounts.passkey_forms.SecondFactorForm",
    "login_webauthn": "portal.accounts.passkey_forms.SignInForm",
    "reauthenticate_webauthn": "portal.accounts.passkey_forms.ConfirmForm",
}
STAFF_MFA: str | bool = env.str("STAFF_MFA", default="passkey")  # portal/accounts/factors.py

# --- security ---
SESSION_ENGINE = "portal.accounts.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # forms and htmx take the token from the page
COOKIE_PREFIX = ""
# Not the cookie that Django tries first: what a message says stays on the server, with the session.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "object-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", *providers.origins(_PROVIDERS)],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- jobs: rows are the truth, Celery only wakes the worker ---
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# A mail server that says nothing must not hold a worker for longer than its lease.
EMAIL_TIMEOUT = 30

# --- keys: which process this is, and where the one is that holds them ---
PROCESS = env.str("PROCESS", default="all")  # web, worker, keeper, log_signer; all: none in particular
KEEPER_CLIENTS = env.str("KEEPER_CLIENTS", default="")
KEEPER_THREADS = env.int("KEEPER_THREADS", default=8)
HEADERS_PER_HOUR = env.int("HEADERS_PER_HOUR", default=20_000)

# --- the portal's own rules ---
ACCESS_POLICY = "licenses.access.LicenseAccess"
URL_LIFETIME_S = env.int("URL_LIFETIME_S", default=600)
DELIVERY_ACCEL = env.str("DELIVERY_ACCEL", default="")
DELIVERY_MOST_AT_ONCE = env.int("DELIVERY_MOST_AT_ONCE", default=8)
LEDGER_ADDRESS_DAYS = env.int("LEDGER_ADDRESS_DAYS", default=180)
SCRUB_DAYS = env.int("SCRUB_DAYS", default=30)
SCRUB_BYTES_PER_S = env.int("SCRUB_BYTES_PER_S", default=20_000_000)
LEFTOVER_DAYS = env.int("LEFTOVER_DAYS", default=7)
REVIEW_TARGET_DAYS = env.int("REVIEW_TARGET_DAYS", default=5)
SIGN_WITHIN_DAYS = env.int("SIGN_WITHIN_DAYS", default=30)
TIMESTAMP_URL = env.str("TIMESTAMP_URL", default="")
PORTAL_NAME = env.str("PORTAL_NAME", default="Weights Portal")
LOG_WITNESSES = env.str("LOG_WITNESSES", default="")  # portal/core/log/witnesses.py
LOG_JOURNAL_DAYS = env.int("LOG_JOURNAL_DAYS", default=90)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "class": "portal.core.secrecy.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # These tell every address they ask, and an address can be a credential; boto3 tells what it signs,
    # oauthlib the tokens and codes that it is given.
    "loggers": {
        name: {"level": "WARNING"}
        for name in ("httpx", "httpcore", "boto3", "botocore", "s3transfer", "urllib3", "oauthlib")
    }
    # It tells, with a traceback, that nobody said which timestamp servers to trust: that is for the reader.
    | {"pyhanko": {"level": "ERROR"}},
}
