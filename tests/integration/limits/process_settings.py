"""The settings of a process that a test starts: those of the tests, on the database of the test itself."""

import json
import os

from portal.settings.test import *  # noqa: F403

DATABASES = {"default": json.loads(os.environ["TEST_DATABASE"])}
