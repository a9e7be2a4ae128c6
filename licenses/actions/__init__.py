"""What people do, one verb a function: each takes `by` and `now`, is one transaction, raises Problems."""

from licenses.actions.drafting import draft, edit
from licenses.actions.granting import change_many, extend, resume, revoke, suspend
from licenses.actions.lapsing import lapse
from licenses.actions.publishing import apply_terms, publish_license_version
from licenses.actions.signing import propose_sign, sign
from licenses.actions.submitting import appeal, confirm_license, submit, withdraw
from licenses.actions.talking import ask, note, say
from licenses.actions.voting import vote

__all__ = [
    "appeal",
    "apply_terms",
    "change_many",
    "ask",
    "confirm_license",
    "draft",
    "edit",
    "extend",
    "lapse",
    "note",
    "propose_sign",
    "publish_license_version",
    "resume",
    "revoke",
    "say",
    "sign",
    "submit",
    "suspend",
    "vote",
    "withdraw",
]
