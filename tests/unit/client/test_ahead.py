"""Questions asked before their answers are needed."""

from __future__ import annotations

import threading

import pytest

from weights_vault.client.ahead import Ahead


def test_it_asks_at_once_and_gives_the_answer_when_taken() -> None:
    asked = threading.Event()

    def ask() -> int:
        asked.set()
        return 7

    ahead = Ahead(ask)
    assert asked.wait(5.0)
    assert ahead.take() == 7


def test_what_asking_raised_is_raised_when_taken() -> None:
    def ask() -> int:
        raise ValueError("no")

    ahead = Ahead(ask)
    with pytest.raises(ValueError, match="no"):
        ahead.take()
