"""The settings of a web process beside a test: the test's own, with the keys and the store that it has."""

import os

from portal.settings import test
from portal.settings.test import *  # noqa: F403

for _name, _value in vars(test).items():
    if _name.isupper() and isinstance(_value, str) and str(test.VAR_DIR) in _value:
        globals()[_name] = _value.replace(str(test.VAR_DIR), os.environ["BESIDE_VAR_DIR"])
