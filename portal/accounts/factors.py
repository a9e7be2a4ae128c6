"""What second factor staff need before they may act: one word, STAFF_MFA.

"passkey" (or "on"): a factor that cannot be relayed by a look-alike site, which is a passkey or a security
key. "any": a code from an authenticator app will do, too. "off": none, for the demo alone.

A recovery code opens a session, so that nobody who lost a phone is locked out of their own account; it is
typed, can be relayed, and is no passkey.
"""

from typing import Final

from django.conf import settings

from portal.accounts.principals import Principal
from portal.core.verdicts import Denied

PASSKEY: Final = "passkey"
ANY: Final = "any"
OFF: Final = "off"
_MEANINGS: Final = {
    "passkey": PASSKEY,
    "on": PASSKEY,
    "true": PASSKEY,
    "any": ANY,
    "off": OFF,
    "false": OFF,
}


# What is said to staff whose session has not proved it, and the way on.
_SAID: Final = "Staff need a second factor for this, and this session was not opened with one that counts."
_STEPS: Final = {
    PASSKEY: "Add a passkey under “Second factor”, or sign in with the one you have. "
    "Codes do not count for staff.",
    ANY: "Add a passkey or an authenticator app under “Second factor”, or sign in with the one you have.",
}


def mfa_required() -> Denied:
    """Return the refusal of who has not proved the factor that staff need here, with what would be one."""
    return Denied("mfa_required", _SAID, _STEPS.get(demanded(), _STEPS[PASSKEY]))


def demanded() -> str:
    """Return what STAFF_MFA asks for: PASSKEY, ANY or OFF. A word without a meaning asks for the most."""
    return _MEANINGS.get(str(settings.STAFF_MFA).lower(), PASSKEY)


def is_understood() -> bool:
    """True where STAFF_MFA is one of the words that mean something."""
    return str(settings.STAFF_MFA).lower() in _MEANINGS


def staff_factor_missing(principal: Principal) -> bool:
    """True in a session that has not proved what staff must prove before they act."""
    match demanded():
        case "off":
            return False
        case "any":
            return not (principal.mfa or principal.passkey)
        case _:
            return not principal.passkey


def votes_are_signed() -> bool:
    """True where each verdict carries its reviewer's passkey assertion (licenses/ballots.py)."""
    return demanded() == PASSKEY
