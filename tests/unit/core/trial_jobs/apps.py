"""Registers the trial jobs."""

from django.apps import AppConfig


class TrialJobsConfig(AppConfig):
    name = "tests.unit.core.trial_jobs"
    label = "trial_jobs"

    def ready(self) -> None:
        from tests.unit.core.trial_jobs import work  # noqa: F401
