"""Public identifiers: what pages, the API and the audit log call a thing."""

import base64
import secrets

ID_BYTES = 15  # 120 bits: an id cannot be guessed, and encodes to 24 base32 characters without padding


def could_be_id(text: str) -> bool:
    """Return whether an id can look so. What cannot is asked of no database: PostgreSQL fails on a NUL."""
    return text.isascii() and text.replace("_", "").isalnum()


def public_id(prefix: str) -> str:
    """Return a fresh unguessable id such as "req_k3j…": the prefix, "_", 24 lower-case base32 characters."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()}"
