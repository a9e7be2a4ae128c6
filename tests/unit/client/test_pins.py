from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from weights_vault.client.errors import MachineFault
from weights_vault.client.home import Home
from weights_vault.client.pins import Pins, SeenHead

PORTAL = "https://weights.example.org"
ISSUED = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    return Pins(Home(tmp_path), PORTAL)


def test_before_first_contact_nothing_is_known(pins: Pins) -> None:
    assert (pins.root, pins.trust_sequence, pins.head("opt")) == (None, 0, None)


def test_the_sequence_of_one_root_only_rises(pins: Pins) -> None:
    pins.keep_trust(root="wp1-a", sequence=5)
    pins.keep_trust(root="wp1-a", sequence=3)
    assert (pins.root, pins.trust_sequence) == ("wp1-a", 5)
    pins.keep_trust(root="wp1-b", sequence=1)
    assert (pins.root, pins.trust_sequence) == ("wp1-b", 1)


def test_heads_only_rise_by_sequence_then_time(pins: Pins) -> None:
    newest = SeenHead(2, ISSUED)
    pins.keep_head("opt", newest)
    for older in (SeenHead(1, ISSUED + timedelta(days=1)), SeenHead(2, ISSUED - timedelta(hours=1))):
        pins.keep_head("opt", older)
    assert pins.head("opt") == newest
    pins.keep_head("opt", SeenHead(2, ISSUED + timedelta(hours=1)))
    assert pins.head("opt") == SeenHead(2, ISSUED + timedelta(hours=1))
    assert pins.head("gpt") is None


@pytest.mark.parametrize(
    "memory",
    [
        {"heads": []},
        {"heads": {"opt": []}},
        {"heads": {"opt": {"sequence": "2", "issued": "2026-11-20T00:00:00+00:00"}}},
        {"heads": {"opt": {"sequence": 2, "issued": "yesterday"}}},
        {"heads": {"opt": {"sequence": 2, "issued": "2026-11-20T00:00:00"}}},
        {"trust_sequence": "5"},
    ],
)
def test_a_memory_that_is_damaged_is_named_and_not_started_over(
    tmp_path: Path, memory: dict[str, object]
) -> None:
    home = Home(tmp_path)
    home.write_json("portals/weights.example.org.json", {"portal": PORTAL, **memory})
    with pytest.raises(MachineFault) as caught:
        Pins(home, PORTAL).keep_head("opt", SeenHead(1, ISSUED))
    assert caught.value.reference == "home-damaged"


def test_the_memory_of_another_portal_is_not_taken(tmp_path: Path) -> None:
    Pins(Home(tmp_path), "https://a.example/b").keep_trust(root="wp1-a", sequence=1)
    with pytest.raises(MachineFault) as caught:
        _ = Pins(Home(tmp_path), "https://a.example_b").root
    assert caught.value.reference == "home-damaged"


def test_the_keys_of_the_log_are_those_of_the_last_document(pins: Pins) -> None:
    assert pins.log == ()
    pins.keep_trust(root="wp1-a", sequence=5, log=("first", "second"))
    assert pins.log == ("first", "second")
    pins.keep_trust(root="wp1-a", sequence=6)
    assert pins.log == ()
