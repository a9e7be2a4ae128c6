"""How large years of deliveries are, and how long the release manager's page then takes.

Usage: python -m tests.benchmarks.ledger [RECIPIENTS]
For PostgreSQL: python -m tests.with_postgres python -m tests.benchmarks.ledger
Writes for each of RECIPIENTS (10,000) headers of 300 files, one manifest and 20 batches of URLs, over two
years, into a database of its own; says what that takes on disk, and what is read how fast (median of 5).
"""

import os
import resource
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.test")
django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from tests.integration.api import world  # noqa: E402
from weights_vault.ledger import reading  # noqa: E402
from weights_vault.models import File, Holding, LedgerEntry, Origin, Revision  # noqa: E402
from weights_vault.queries import holders_of  # noqa: E402

FILES, URL_BATCHES, WRITTEN_AT_ONCE = 300, 20, 1_000
FIRST, SPAN_S = datetime(2025, 1, 1, tzinfo=UTC), 2 * 365 * 86_400
TABLES = ("ledgerentry", "holding", "origin")


def fill(recipients: int) -> world.World:
    """Write what that many recipients leave in the ledger; return who and what else is there."""
    built = published()
    revision = built.revision.pk
    for first in range(0, recipients, WRITTEN_AT_ONCE // URL_BATCHES):
        numbers = range(first, min(recipients, first + WRITTEN_AT_ONCE // URL_BATCHES))
        Origin.objects.bulk_create(origin(number) for number in numbers)
        Holding.objects.bulk_create(holding(number, revision) for number in numbers)
        LedgerEntry.objects.bulk_create(entry for number in numbers for entry in entries(number, revision))
    return built


def published() -> world.World:
    """A world whose published revision has 300 files."""
    files = tuple((f"shard-{n:05d}.safetensors", "weights", 10**9) for n in range(FILES))
    vars(world)["PUBLISHED_FILES"] = files
    return world.build()


def began(number: int) -> datetime:
    # Spread over the span in no order, as people come.
    return FIRST + timedelta(seconds=number * 7_919_993 % SPAN_S)


def origin(number: int) -> Origin:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return Origin(
        pk=number + 1, grant=grant(number), day=began(number).date(), address=address, network=f"{address}/24"
    )


def grant(number: int) -> str:
    return f"grt_{number:024d}"


def holding(number: int, revision: str) -> Holding:
    return Holding(
        grant=grant(number),
        revision=revision,
        release="opt-175b",
        person=f"usr_{number:024d}",
        files=b"\xff" * 37 + b"\x0f",
        file_count=FILES,
        first_at=began(number),
        last_at=began(number) + timedelta(minutes=9 * URL_BATCHES),
        stirred=False,
    )


def entries(number: int, revision: str) -> Iterator[LedgerEntry]:
    known = {
        "grant": grant(number),
        "revision": revision,
        "person": f"usr_{number:024d}",
        "origin": number + 1,
    }
    start, bits = began(number), b"\xff" * 37 + b"\x0f"
    yield LedgerEntry(kind="manifest", at=start, **known)
    yield LedgerEntry(
        kind="headers",
        key=f"key_{number:024d}",
        files=bits,
        count=FILES,
        digests=secrets.token_bytes(32 * FILES),
        size=FILES * 10**9,
        at=start,
        **known,
    )
    for batch in range(URL_BATCHES):
        at = start + timedelta(minutes=9 * (batch + 1))
        yield LedgerEntry(
            kind="urls", files=bits, count=FILES, size=FILES * 10**9, lifetime_s=600, at=at, **known
        )


def bytes_on_disk() -> dict[str, int]:
    """Bytes of each table with its indexes and what is stored beside it."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # A page belongs to a table or to one of its indexes.
            cursor.execute(
                "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name "
                "GROUP BY m.tbl_name"
            )
            sizes = dict(cursor.fetchall())
            return {table: sizes[f"weights_vault_{table}"] for table in TABLES}
        cursor.execute("VACUUM ANALYZE")
        found = {}
        for table in TABLES:
            cursor.execute("SELECT pg_total_relation_size(%s)", [f"weights_vault_{table}"])
            found[table] = cursor.fetchone()[0]
        return found


def milliseconds(call: Callable[[], object]) -> float:
    """The median of five calls, after one to warm up."""
    call()
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def readings(built: world.World, recipients: int) -> Iterator[tuple[str, float]]:
    """What is read, and in how many milliseconds."""
    manager = world.in_browser(built.manager)
    some = grant(recipients // 2)
    for address in (
        "/ledger/",
        f"/ledger/?page={recipients // 100}",
        "/ledger/?release=opt-175b&days=365",
        f"/ledger/?grant={some}",
        f"/ledger/{some}/",
        "/api/v1/ledger?limit=200",
        "/api/v1/ledger?release=opt-175b&kind=headers",
        f"/api/v1/ledger?grant={some}",
        "/api/v1/ledger?before=2025-06-01T00:00:00Z",
    ):
        yield address, milliseconds(lambda address=address: expect(manager.get(address)))  # type: ignore[misc]
    revision, file = Revision.objects.get(), File.objects.first()
    assert file is not None
    yield (
        "headers_issued (who got this header)",
        milliseconds(lambda: reading.headers_issued(grant=some, revision=revision.pk, file=file.pk)),
    )
    yield "holders_of (who is told of a recall)", milliseconds(lambda: holders_of(revision))
    built.export("ledger")
    start, sent = time.perf_counter(), 0
    answer: Any = manager.get("/api/v1/ledger.csv")
    expect(answer)
    for piece in answer.streaming_content:
        sent += len(piece)
    yield f"/api/v1/ledger.csv, all of it, {sent / 2**20:.0f} MiB", (time.perf_counter() - start) * 1000


def expect(answer: object) -> None:
    assert answer.status_code == 200, answer  # type: ignore[attr-defined]


def main(recipients: int) -> None:
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        start = time.perf_counter()
        built = fill(recipients)
        print(
            f"{connection.vendor}: {recipients:,} recipients written in {time.perf_counter() - start:.0f} s"
        )
        for table, size in bytes_on_disk().items():
            print(f"  {table:12} {size / 2**20:8.1f} MiB  {size / recipients:8.0f} bytes a recipient")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for what, taken in readings(built, recipients):
            cache.clear()
            print(f"  {taken:9.1f} ms  {what}")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"  peak memory grew by {grown / 1024:.0f} MiB while reading")
    finally:
        connection.creation.destroy_test_db(str(connection.settings_dict["NAME"]), verbosity=0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
