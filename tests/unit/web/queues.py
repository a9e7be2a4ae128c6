"""A review queue to look at, and people who fill it."""

from django.test import Client

from licenses.models import Request
from tests.unit.web.world import World
from weights_vault.models import Release


def queue(client: Client, query: str = "") -> str:
    """The queue's page. query: of the address, with its question mark."""
    answer = client.get(f"/review/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def crowd(world: World, release: Release, count: int) -> list[Request]:
    """So many requests for the release, each by a person of their own, the last the oldest."""
    made = []
    for number in range(count):
        world.person(f"p{number}@many.example.org", f"Person {number}", f"Lab {number}")
        made.append(world.submitted(f"p{number}", release, days_ago=1 + number / 24))
    return made
