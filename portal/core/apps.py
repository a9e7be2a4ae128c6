"""The ground floor: what every other app stands on."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "portal.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        from django.conf import settings

        from portal.core import checks, doctor, keys, outbox  # noqa: F401  they register themselves

        if settings.EMBEDDED:
            keys.ensure_embedded_keys()
