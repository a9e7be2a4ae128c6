"""A person's passkeys: what a page asks of them, and whether what came back is theirs.

A passkey counts only where the device made sure who uses it (by PIN, finger or face), so that it is two
factors in one; and only for the portal's own address, to the letter.
"""

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData

from portal.accounts.assertions import Assertion, AssertionRefused, rp_id_of, verify
from portal.accounts.models import User
from portal.core import audit

ASK_FOR_MS: Final = 300_000
_COUNTER: Final = "sign_count"


def of(user: User) -> list[Authenticator]:
    """Return the person's passkeys, oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk"))


def credential(passkey: Authenticator) -> AttestedCredentialData:
    """Return what a passkey's device said of it when it was made: its id and its public key (COSE)."""
    data: AttestedCredentialData = passkey.wrap().authenticator_data.credential_data
    return data


def request_options(user: User, challenge: bytes) -> dict[str, Any]:
    """Return what a page hands to `navigator.credentials.get`, as JSON.

    challenge: what one of the person's own passkeys is to sign.
    """
    allowed = [
        {"type": "public-key", "id": websafe_encode(credential(passkey).credential_id)}
        for passkey in of(user)
    ]
    return {
        "publicKey": {
            "challenge": websafe_encode(challenge),
            "rpId": rp_id_of(settings.PORTAL_URL),
            "allowCredentials": allowed,
            "userVerification": "required",
            "timeout": ASK_FOR_MS,
        }
    }


def by_credential(user: User, credential_id: str) -> Authenticator:
    """Return the person's passkey of this id, lower-case hex.

    Raises: RuntimeError: they have none; it was checked before.
    """
    found = next((each for each in of(user) if credential(each).credential_id.hex() == credential_id), None)
    if found is None:
        raise RuntimeError(f"{user.public_id} has no such passkey")
    return found


def check(user: User, assertion: Assertion, challenge: bytes) -> Authenticator:
    """Return the passkey of this very person that signed `challenge`, its use noted.

    Raises: AssertionRefused.
    """
    known = {credential(passkey).credential_id: passkey for passkey in of(user)}
    passkey = known.get(assertion.credential_id)
    if passkey is None:
        raise AssertionRefused("no passkey of this person")
    key = credential(passkey).public_key
    counter = verify(assertion, public_key=key, portal_url=settings.PORTAL_URL, challenge=challenge)
    note_use(passkey, counter)
    return passkey


def note_use(passkey: Authenticator, counter: int) -> None:
    """Note when a passkey was used, and its counter. One that fell behind leaves a line in the log.

    A counter that falls behind says that two devices hold the key (Web Authentication, section 7.2, step 22).
    It is told, not refused: of two answers that are on their way at once the later may arrive first, and most
    passkeys are kept on several devices by design and count nothing.
    Raises: AssertionRefused: it was taken off the account meanwhile.
    """
    now = timezone.now()
    with transaction.atomic():
        # What is kept never goes back: of two uses at once, the second meets the counter of the first.
        kept = Authenticator.objects.select_for_update(no_key=True).filter(pk=passkey.pk).first()
        if kept is None:
            raise AssertionRefused("no passkey of this person any more")
        known = int(kept.data.get(_COUNTER, kept.wrap().authenticator_data.counter))
        if (known or counter) and counter <= known:
            owner = passkey.user.public_id
            audit.record(
                "account.passkey_counter_behind",
                by=owner,
                subject=f"user:{owner}",
                now=now,
                known=known,
                said=counter,
            )
        passkey.data, passkey.last_used_at = {**kept.data, _COUNTER: max(counter, known)}, now
        passkey.save(update_fields=["data", "last_used_at"])
