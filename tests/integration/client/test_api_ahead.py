"""The API asked ahead: each answer is taken once, under the limits of whoever takes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.portal import TOKEN, Answer, SimulatedPortal
from tests.simulators.sealed_release import random_files, seal_files
from weights_vault.client.api import Api
from weights_vault.client.errors import AnswerTooLong, ClientError
from weights_vault.client.redaction import Secret


@pytest.fixture
def portal() -> Iterator[SimulatedPortal]:
    with SimulatedPortal(seal_files(random_files(model=1000))) as simulated:
        yield simulated


@pytest.fixture
def api(portal: SimulatedPortal) -> Iterator[Api]:
    with Api(portal.url, Secret(TOKEN), pause=lambda seconds: None) as made:
        yield made


def test_an_answer_asked_for_ahead_is_taken_once(api: Api, portal: SimulatedPortal) -> None:
    portal.answer("/me", Answer(body=b'{"id": "first"}'), Answer(body=b'{"id": "second"}'))
    api.ahead("/me")
    assert [api.get("/me")["id"] for _ in range(2)] == ["first", "second"]


def test_an_error_comes_when_the_answer_is_taken(api: Api, portal: SimulatedPortal) -> None:
    portal.answer("/me", Answer(404))
    api.ahead("/me")
    with pytest.raises(ClientError):
        api.get("/me")


def test_an_answer_is_no_longer_than_whoever_takes_it_allows(api: Api) -> None:
    api.ahead("/trust")
    with pytest.raises(AnswerTooLong):
        api.get_bytes("/trust", max_bytes=10)
