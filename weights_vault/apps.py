"""The vault as a Django app; `weights_vault.sealed`, `.smoke` and `.client` work without it."""

from django.apps import AppConfig


class WeightsVaultConfig(AppConfig):
    name = "weights_vault"
    label = "weights_vault"
    verbose_name = "Weights vault"

    def ready(self) -> None:
        from weights_vault import (  # noqa: F401  (register checks and jobs)
            checks,
            doctor,
            heads,
            sentences,
            tidy,
        )
        from weights_vault.actions import erasing, keys, notices  # noqa: F401  (register what they hear and do)
        from weights_vault.ledger import origins, watch  # noqa: F401  (register the ledger's jobs)
        from weights_vault.scrub import rounds  # noqa: F401  (registers the scrubber's job)
        from weights_vault.storage import checks as storage_checks  # noqa: F401  (registers a check)
