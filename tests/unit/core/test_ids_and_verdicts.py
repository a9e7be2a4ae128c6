"""Ids cannot be guessed; verdicts read as booleans."""

import re

from portal.core.ids import public_id
from portal.core.verdicts import Allowed, Denied


def test_public_id_has_prefix_and_120_random_bits() -> None:
    ids = {public_id("req") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"req_[a-z2-7]{24}", one) for one in ids)


def test_allowed_is_true_and_carries_its_grant() -> None:
    assert Allowed("grt_x")
    assert Allowed("grt_x").grant == "grt_x"


def test_denied_is_false_and_carries_its_reason() -> None:
    denied = Denied("grant_expired", "It ended.", "Renew it.")
    assert not denied
    assert (denied.code, denied.message, denied.next_step) == ("grant_expired", "It ended.", "Renew it.")
