"""The exact limits at the API's doors: a problem document, for the account, whichever of its tokens calls."""

import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.core.models import LimitUse
from tests.integration.api.world import World, with_token

pytestmark = pytest.mark.django_db
PATH = "/api/v1/keys"


@pytest.fixture(autouse=True)
def _two_pass(settings: Any) -> None:
    settings.LIMITS = {"keys": "2/10m", "drafts": "2/10m"}


def test_over_the_limit_is_a_problem_document_that_says_until_when(world: World) -> None:
    client = with_token(world.researcher)
    answers = [client.post(PATH, {}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    problem = answers[-1].json()
    assert (problem["code"], problem["limit"], problem["status"]) == ("too_many", "keys", 429)
    assert re.fullmatch(r"Try again (on \d+ \w+ )?at \d\d:\d\d UTC\.", problem["next_step"])
    assert int(answers[-1].headers["Retry-After"]) == problem["retry_after_s"] <= 600
    assert answers[-1].headers["Content-Type"] == "application/problem+json"


def test_tokens_of_one_account_count_together_and_accounts_apart(
    world: World,
) -> None:
    for _ in range(2):
        with_token(world.researcher).post(PATH, {})
    assert with_token(world.researcher).post(PATH, {}).status_code == 429
    assert with_token(world.reviewers[0]).post(PATH, {}).status_code != 429


def test_reading_and_who_is_refused_anyway_count_nothing(world: World) -> None:
    with_token(world.researcher).get(PATH)
    APIClient().post(PATH, {})
    assert not LimitUse.objects.exists()
