"""The portal's own keys: the master key, the signing keys of four roles, the keys of delivery URLs.

None of them is ever in the database. The embedded settings make them at first start; elsewhere a missing
one is an error that names its setting. The master key and the private signing keys are the keeper's alone
(`manage.py keeper`); every process has the public ones.

    providers.py   what wraps file keys: a key of 32 bytes, or a service that never gives its key away
    master.py      the master key: the first provider wraps, the others unwrap while a rotation runs
    ring.py        the signing keys of each role, as a list with times
    signing.py     which of them sign now, and which recipients are told of
    delivery.py    HMAC keys of the URLs of the filesystem store
    files.py       reading and making key files
    embedded.py    what a first start makes
"""

from portal.core.keys.delivery import delivery_keys
from portal.core.keys.embedded import ensure_embedded_keys
from portal.core.keys.files import make_once
from portal.core.keys.master import MASTER_KEY_SIZE, MasterKey, master_key
from portal.core.keys.providers import UnwrapRefused
from portal.core.keys.signing import (
    Told,
    next_root,
    public_keys,
    root_fingerprint,
    root_signers,
    signing_key,
    told_keys,
)
from weights_vault.sealed.trust import ROLES

__all__ = [
    "MASTER_KEY_SIZE",
    "ROLES",
    "MasterKey",
    "Told",
    "UnwrapRefused",
    "delivery_keys",
    "ensure_embedded_keys",
    "make_once",
    "master_key",
    "next_root",
    "public_keys",
    "root_fingerprint",
    "root_signers",
    "signing_key",
    "told_keys",
]
