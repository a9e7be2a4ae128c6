"""System check: a STORAGE_URL that cannot be read stops the start; nothing is asked of the network."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from weights_vault.storage import storage
from weights_vault.storage.port import StorageError


@register(Tags.security)
def storage_url_is_right(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """STORAGE_URL names a store. That it is set at all is asked elsewhere."""
    if not settings.STORAGE_URL:
        return []
    try:
        storage()
    except (ImproperlyConfigured, StorageError) as error:
        return [Error(str(error), hint="See .env.sample.", id="storage.E001")]
    return []
