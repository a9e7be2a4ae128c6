"""The embedded settings, core and accounts alone, plus the trial jobs; VAR_DIR comes from the environment."""

from portal.settings.embedded import *  # noqa: F403
from portal.settings.embedded import env

CELERY_BROKER_URL = env.str("BROKER_URL", default="filesystem://")
INSTALLED_APPS = [
    "tests.unit.core.trial_jobs",
    "portal.accounts",
    "portal.core",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.idp.oidc",
    "allauth.socialaccount",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
ROOT_URLCONF = "tests.unit.core.trial_jobs.urls"
TEMPLATES: list[object] = []
