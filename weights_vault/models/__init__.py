"""What the vault remembers. Fields, constraints and small properties; state moves live in `actions/`."""

from weights_vault.models.alerts import Alert
from weights_vault.models.bodies import SealedBody
from weights_vault.models.catalog import Model, Release
from weights_vault.models.keys import RecipientKey
from weights_vault.models.ledger import Holding, LedgerEntry, Origin
from weights_vault.models.revisions import File, Revision
from weights_vault.models.scrub import BodyCheck
from weights_vault.models.signed import HeadRecord, TrustRecord

__all__ = [
    "Alert",
    "BodyCheck",
    "File",
    "HeadRecord",
    "Holding",
    "LedgerEntry",
    "Model",
    "Origin",
    "RecipientKey",
    "Release",
    "Revision",
    "SealedBody",
    "TrustRecord",
]
