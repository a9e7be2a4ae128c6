"""The vault as a Django app; `weights_vault.sealed`, `.smoke` and `.client` work without it."""

from django.apps import AppConfig


class WeightsVaultConfig(AppConfig):
    name = "weights_vault"
    label = "weights_vault"
    verbose_name = "Weights vault"
