"""The portal's settings while it is measured: embedded, with the row's own store and database."""

from portal.settings.embedded import *  # noqa: F403
from portal.settings.embedded import DATABASES as EMBEDDED_DATABASES
from portal.settings.embedded import STORAGE_URL as EMBEDDED_STORAGE_URL
from portal.settings.embedded import env

STAFF_MFA = "off"
KEEPER = "inprocess"
HEADERS_PER_HOUR = 0  # a row asks for more within a minute
STORAGE_URL = env.str("STORAGE_URL", default=EMBEDDED_STORAGE_URL)
# People are made by the hundred for a row; nobody signs in with a password.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES = EMBEDDED_DATABASES
if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL"))}
