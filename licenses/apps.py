"""Licenses, requests and grants as a Django app."""

from django.apps import AppConfig


class LicensesConfig(AppConfig):
    name = "licenses"
    label = "licenses"
    verbose_name = "Licenses"

    def ready(self) -> None:
        from licenses import (  # noqa: F401  (periodic jobs; what we are told)
            jobs,
            pace,
            restored,
            sentences,
            subscriptions,
        )
        from licenses.actions import erasing, signing  # noqa: F401  (erases its part; registers an action)
        from licenses.agreements import doctor, making, sweeping  # noqa: F401  (an examination, two jobs)
