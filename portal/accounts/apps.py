"""People, what they may be, and how they prove who they are."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from portal.accounts import (  # noqa: F401
            affiliations,
            changes,
            checks,
            exports,
            forgetting,
            pending,
            providers,
            restored,
            sentences,
            sessions,
            signals,
        )
        from portal.accounts.actions import affiliations as ends  # noqa: F401
        from portal.accounts.actions import roles  # noqa: F401  all of these register themselves
        from portal.accounts.devices import client, codes  # noqa: F401
