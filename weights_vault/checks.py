"""System checks of the vault: what strangers can get at fails `check --deploy` (I8)."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from weights_vault.storage import storage
from weights_vault.storage.port import StorageError


@register(Tags.security)
def scrubbing_is_sane(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SCRUB_DAYS is a number of days that can pass."""
    if settings.SCRUB_DAYS >= 1 and settings.SCRUB_BYTES_PER_S >= 0:
        return []
    hint = "SCRUB_DAYS: at least 1. SCRUB_BYTES_PER_S: bytes a second, 0 for never."
    return [Error("SCRUB_DAYS or SCRUB_BYTES_PER_S makes no sense.", hint=hint, id="vault.E001")]


@register(Tags.security, deploy=True)
def store_is_private(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Nobody gets a sealed body from the store but by a signed URL. A store that cannot be asked has not
    shown that it is private.
    """
    try:
        faults = storage().public_faults()
    except (StorageError, ImproperlyConfigured) as error:
        faults = [f"the store cannot be asked who may read it: {error}"]
    hint = "Take public access away from it: nothing but signed URLs and this portal may read it."
    return [Error(f"Not for production: {fault}.", hint=hint, id="vault.E101") for fault in faults]
