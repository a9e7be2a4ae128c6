"""What the embedded settings make at their first start."""

import base64
import secrets
from pathlib import Path

from django.conf import settings

from portal.core.keys.delivery import DELIVERY_KEY_SIZE
from portal.core.keys.files import make_once
from portal.core.keys.providers import MASTER_KEY_SIZE
from portal.core.keys.ring import RING
from portal.core.keys.signing import tell_public_keys
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES


def ensure_embedded_keys() -> None:
    """Make the keys of the embedded settings that are not there yet; safe when two processes start at once.

    Files are 0600 in folders 0700. Nothing that exists is touched. A process that is not to have the master
    key and the signing keys makes none.
    """
    if settings.SIGNING_KEYS:
        for role in ROLES:
            make_once(Path(settings.SIGNING_KEYS) / f"{role}.pem", lambda: SigningKey.generate().to_pem())
        if not (Path(settings.PUBLIC_KEYS) / RING).exists():
            tell_public_keys()
    if settings.MASTER_KEY:
        make_once(
            Path(settings.MASTER_KEY.removeprefix("file:")),
            lambda: base64.b64encode(secrets.token_bytes(MASTER_KEY_SIZE)),
        )
    make_once(
        Path(settings.SECRETS_KEY.removeprefix("file:")),  # portal/accounts/secrets.py reads it
        lambda: base64.b64encode(secrets.token_bytes(32)),
    )
    make_once(
        Path(settings.DELIVERY_KEYS.removeprefix("file:")),
        lambda: b"d1:" + base64.b64encode(secrets.token_bytes(DELIVERY_KEY_SIZE)),
    )
