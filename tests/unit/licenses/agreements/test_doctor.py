"""The doctor's line: the certificate is good, and no document waits."""

from datetime import timedelta

import pytest

from licenses.agreements import making
from licenses.agreements.doctor import agreements
from portal.core import certificates
from tests.unit.licenses.agreements.papers import accepted
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_all_is_well() -> None:
    making.make({"agreement": accepted(World()).pk}, now=NOW)
    found = agreements(NOW + DAY)
    assert found.ok
    assert "Stand-in" in found.detail


def test_document_that_waits_is_told_after_ten_minutes() -> None:
    accepted(World())
    assert agreements(NOW + timedelta(minutes=9)).ok
    late = agreements(NOW + timedelta(minutes=11))
    assert (late.ok, late.detail) == (False, "waiting for more than 10 minutes: 1")


def test_certificate_that_ends_soon_or_ended_is_told() -> None:
    end = certificates.load().not_after
    assert agreements(end - 31 * DAY).ok
    for moment in (end - 29 * DAY, end):
        found = agreements(moment)
        assert not found.ok
        assert "AGREEMENT_KEY" in found.next_step
