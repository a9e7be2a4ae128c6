"""The HMAC keys of delivery URLs: web processes sign and check with them, so web processes hold them."""

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys.files import decode, read_text

DELIVERY_KEY_SIZE = 32


def delivery_keys() -> Mapping[str, bytes]:
    """Return the HMAC keys of delivery URLs by id; the first signs new ones, all are accepted.

    Raises: ImproperlyConfigured: DELIVERY_KEYS is missing or malformed.
    """
    text = settings.DELIVERY_KEYS
    if text.startswith("file:"):
        text = read_text(Path(text.removeprefix("file:")), "DELIVERY_KEYS")
    keys: dict[str, bytes] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        identifier, _, encoded = item.partition(":")
        if not identifier.isalnum() or identifier in keys:
            raise ImproperlyConfigured(
                "DELIVERY_KEYS: each key needs an id of its own, of letters and digits."
            )
        keys[identifier] = decode(encoded, DELIVERY_KEY_SIZE, "DELIVERY_KEYS")
    if not keys:
        raise ImproperlyConfigured("DELIVERY_KEYS is empty. It is id:base64[,id:base64] or file:/path.")
    return keys
