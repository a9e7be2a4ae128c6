"""The settings of a process that a test starts: its database, its folders, a policy that allows all."""

import json
import os

from portal.settings.embedded import *  # noqa: F403

DATABASES = {"default": json.loads(os.environ["TEST_DATABASE"])}
STORAGE_URL = os.environ["TEST_STORAGE_URL"]
STAFF_MFA = "off"  # tests/integration/licenses/test_evidence.py is about what it asks for
ACCESS_POLICY = os.environ.get("TEST_ACCESS_POLICY", "tests.unit.vault.fakes.FakePolicy")
