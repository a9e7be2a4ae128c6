"""What URLs and headers cost on top of the view that gives them: the same calls with one file and with 500.

Usage: python -m tests.benchmarks.processes.api_cost URLS HEADERS RUNS
Django's test client in this process: the request goes through every middleware, and no socket.
"""

import sys
import time
from collections.abc import Sequence

import django

django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from tests.benchmarks.processes import portal_world  # noqa: E402
from tests.benchmarks.processes.said import say  # noqa: E402
from tests.integration.api import world  # noqa: E402
from weights_vault import keeper  # noqa: E402
from weights_vault.models import File, Release, Revision, SealedBody  # noqa: E402
from weights_vault.storage import storage  # noqa: E402

SLUG = "opt-api"
BATCH = keeper.MAX_BATCH
SHARD_BYTES = 9 << 30


def many_files(count: int) -> Revision:
    """A published revision of so many shards that exist in the database alone."""
    now = timezone.now()
    revision = world.revision_of(Release.objects.get(slug=SLUG), portal_world.REVISION, 1)
    bodies = [keeper.new_body(SHARD_BYTES, now=now)[0] for _ in range(count)]
    for body in bodies:
        body.state = SealedBody.State.STORED
    SealedBody.objects.bulk_create(bodies, batch_size=BATCH)
    File.objects.bulk_create(
        [
            File(revision=revision, path=f"model-{number:05}.safetensors", kind="weights", size=SHARD_BYTES,
                 sha256="0" * 64, body=body)
            for number, body in enumerate(bodies)
        ],
        batch_size=BATCH,
    )  # fmt: skip
    return revision


def store_first_of_each_batch(ids: Sequence[str]) -> None:
    """The portal asks the store for one body of a call before it gives out URLs: that one must be there."""
    for identifier in ids[::BATCH]:
        name = File.objects.get(pk=identifier).body.object_name
        with storage().create(name, size=1) as writer:
            writer.commit([writer.put(0, 0, memoryview(b"x"))])


def timed(client: APIClient, path: str, body: dict[str, str], batches: Sequence[Sequence[str]]) -> float:
    """Seconds that these calls take, one after the other."""
    cache.clear()  # the brake that counts calls of one account
    began = time.perf_counter()
    for files in batches:
        answer = client.post(path, {**body, "files": list(files)}, format="json")
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.content[:500]!r}")
    return time.perf_counter() - began


def on_top(client: APIClient, path: str, body: dict[str, str], ids: Sequence[str]) -> tuple[float, float]:
    """Milliseconds for each item on top of the call itself, and for a call with one item."""
    batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
    alone = timed(client, path, body, [batch[:1] for batch in batches])
    full = timed(client, path, body, batches)
    return (full - alone) / (len(ids) - len(batches)) * 1000, alone / len(batches) * 1000


def database_version() -> str:
    """As its server tells it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SHOW server_version" if connection.vendor == "postgresql" else "SELECT sqlite_version()"
        )
        return str(cursor.fetchone()[0]).split(" ")[0]


def main() -> None:
    urls, headers, runs = (int(argument) for argument in sys.argv[1:])
    portal_world.make_world(SLUG)
    revision = many_files(urls)
    portal = portal_world.world_of(SLUG)
    given, (key, _) = portal.granted(), portal.key()
    client = world.with_token(portal.researcher)
    client.defaults["SERVER_NAME"] = "localhost"
    ids = list(revision.files.filter(size=SHARD_BYTES).values_list("pk", flat=True))
    store_first_of_each_batch(ids)
    place, body = f"/api/v1/grants/{given.pk}", {"revision": revision.name}
    asked = {"urls": (ids, body), "headers": (ids[:headers], {**body, "key": key.pk})}
    for name, (some, fields) in asked.items():
        timed(client, f"{place}/{name}", fields, [some[:1]])  # what the first call of a process sets up
    costs = {
        name: [on_top(client, f"{place}/{name}", fields, some) for _ in range(runs)]
        for name, (some, fields) in asked.items()
    }
    say(database=f"{connection.display_name} {database_version()}", **costs)


if __name__ == "__main__":
    main()
