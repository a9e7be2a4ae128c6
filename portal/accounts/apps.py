"""People, what they may be, and how they prove who they are."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from portal.accounts import checks, forgetting, pending, restored, sessions, signals  # noqa: F401  they
        from portal.accounts import sentences  # noqa: F401  of the log
        from portal.accounts.devices import client, codes  # noqa: F401  the same
