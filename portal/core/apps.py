"""The ground floor: what every other app stands on."""

import logging

from django.apps import AppConfig

logger = logging.getLogger(__name__)


class CoreConfig(AppConfig):
    name = "portal.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        from django.conf import settings

        from portal.core import certificates, checks, doctor, hardening, keys, limits, outbox, pruning  # noqa: F401  they register themselves
        from portal.core.log import health, own_sentences, thinning  # noqa: F401  they register themselves
        from portal.core.log import keys as log_keys

        if settings.EMBEDDED:
            # Said at every start, so that nobody takes this for a production installation.
            logger.warning("embedded settings: SQLite, files and made-up keys stand in for production parts")
            keys.ensure_embedded_keys()
            certificates.ensure_stand_in()
            if settings.LOG_KEY:
                log_keys.ensure_embedded()
