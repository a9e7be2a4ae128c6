"""The vault's part of erasing a person: their keys are removed and lose their names. The ledger stays."""

from portal.accounts.events import PersonErased
from portal.core import audit, events
from portal.core.events import subscribe
from weights_vault.events import KeyRemoved
from weights_vault.models import RecipientKey

ERASED_NAME = "Erased"


@subscribe(PersonErased)
def erase_keys(event: PersonErased) -> None:
    """Remove every key of the person. Its fingerprint stays: headers in the ledger were made for it."""
    own = RecipientKey.objects.select_for_update().filter(user=event.user).order_by("pk")
    for key in own.exclude(state=RecipientKey.State.REMOVED):
        key.state, key.removed_at = RecipientKey.State.REMOVED, event.now
        key.answer_sha256, key.answer_by = "", None
        key.save()
        audit.record(
            "key.removed",
            by=event.by,
            subject=f"key:{key.pk}",
            now=event.now,
            fingerprint=key.fingerprint,
            key_kind=key.kind,
        )
        events.publish(KeyRemoved(key=key, by=event.by, now=event.now))
    RecipientKey.objects.filter(user=event.user).update(name=ERASED_NAME)
