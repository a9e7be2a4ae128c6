"""What second factor staff need before they may act: one word, STAFF_MFA.

"passkey" (or "on"): a factor that cannot be relayed by a look-alike site, which is a passkey or a security
key. "any": a code from an authenticator app will do, too. "off": none, for the demo alone.

A recovery code opens a session, so that nobody who lost a phone is locked out of their own account; it is
typed, can be relayed, and is no passkey.
"""

from typing import Final

from django.conf import settings

from portal.accounts.principals import Principal

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
