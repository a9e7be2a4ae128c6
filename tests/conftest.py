"""What every test shares."""

from tests import append_only  # noqa: F401  (tests with real transactions may empty the audit log)
