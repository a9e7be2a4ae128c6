"""People, what they may be, and how they prove who they are."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from portal.accounts import checks, forgetting, pending, sessions, signals  # noqa: F401  they register
