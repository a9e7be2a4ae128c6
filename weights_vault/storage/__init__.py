"""Where sealed bodies are kept. `STORAGE_URL` says where; its scheme chooses the adapter.

file:///srv/weights     a folder (`filesystem.py`); the portal serves the bytes itself, or its proxy does
s3://bucket?…           a bucket (`s3.py`, `s3_location.py` has the form); the store serves the bytes
"""

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys import delivery_keys
from weights_vault.storage.filesystem import FilesystemStorage
from weights_vault.storage.port import ObjectWriter, SignedUrls, Storage, StoredObject
from weights_vault.storage.s3_location import FORM, parse_location
from weights_vault.storage.signed_urls import ObjectUrls

__all__ = ["ObjectWriter", "SignedUrls", "Storage", "StoredObject", "delivery_urls", "storage"]


@cache
def _open(url: str) -> Storage:
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        if settings.EMBEDDED:  # in production the operator makes it: one that is missing is not mounted
            Path(parts.path).mkdir(parents=True, exist_ok=True, mode=0o700)
        return FilesystemStorage(parts.path, urls=delivery_urls)
    if parts.scheme == "s3":
        from weights_vault.storage.s3 import S3Storage  # boto3 takes 0.1 s to import

        return S3Storage(parse_location(url))
    raise ImproperlyConfigured(
        f"STORAGE_URL has the scheme {parts.scheme or '(none)'!r}, which is not known. "
        f"Use file:///folder or {FORM}."
    )


def storage() -> Storage:
    """The store that the settings name."""
    return _open(settings.STORAGE_URL)


def delivery_urls() -> ObjectUrls:
    """What signs and checks the URLs under which the portal serves the filesystem store."""
    return ObjectUrls(settings.PORTAL_URL, delivery_keys())
