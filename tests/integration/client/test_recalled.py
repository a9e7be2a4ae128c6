"""A revision that was recalled: show and download refuse it with the reason and what to fetch instead."""

from __future__ import annotations

import json

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators.portal import Answer, SimulatedPortal

REASON = "Two layers are swapped."


@pytest.fixture
def recalled(portal: SimulatedPortal, weights: Weights) -> SimulatedPortal:
    """v0 of the release was withdrawn; v1 is current."""
    found = weights("show", "opt-tiny", "--json").json
    found["revisions"].append(
        {"name": "v0", "state": "withdrawn", "reason": REASON, "published_at": "2026-10-01T00:00:00Z"}
    )
    portal.always("/releases/opt-tiny", Answer(body=json.dumps(found).encode()))
    return portal


@pytest.mark.parametrize("command", [["show"], ["download"]])
def test_it_is_refused_as_4_with_the_reason_and_the_current_one(
    recalled: SimulatedPortal, weights: Weights, command: list[str]
) -> None:
    done = weights(*command, "opt-tiny@v0")
    assert done.code == 4
    for said in ("error[revision-unavailable]", "was withdrawn", REASON, "weights download opt-tiny@v1"):
        assert said in done.err


def test_show_of_the_release_lists_it_with_the_reason(recalled: SimulatedPortal, weights: Weights) -> None:
    done = weights("show", "opt-tiny")
    assert done.code == 0
    [line] = [line for line in done.out.splitlines() if line.strip().startswith("v0")]
    assert line.split(maxsplit=3) == ["v0", "withdrawn", "2026-10-01", REASON]


def test_on_hold_with_nothing_else_says_where_to_look(portal: SimulatedPortal, weights: Weights) -> None:
    found = weights("show", "opt-tiny", "--json").json
    found["revisions"] = [{"name": "v1", "state": "quarantined", "reason": REASON, "published_at": None}]
    found["revision"] = None
    portal.always("/releases/opt-tiny", Answer(body=json.dumps(found).encode()))
    done = weights("show", "opt-tiny@v1")
    assert done.code == 4
    for said in ("opt-tiny@v1 is on hold.", REASON, "No other revision is available now."):
        assert said in done.err
