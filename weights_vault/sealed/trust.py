"""Whom to believe: the trust document (section 12) and the head (section 13), under one name.

Specification: docs/reference/sealed-format.md.
"""

from .head import HEAD_TYPE, Head, open_head, sign_head
from .trust_document import (
    ROLES,
    TRUST_TYPE,
    TrustDocument,
    fingerprint,
    follow_roots,
    open_trust,
    roots_of,
    sign_trust,
)

__all__ = [
    "HEAD_TYPE",
    "ROLES",
    "TRUST_TYPE",
    "Head",
    "TrustDocument",
    "fingerprint",
    "follow_roots",
    "open_head",
    "open_trust",
    "roots_of",
    "sign_head",
    "sign_trust",
]
