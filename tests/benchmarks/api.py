"""Rows of the API: what one URL and one header cost on top of the call that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import s3
from tests.benchmarks.context import PYTHON, Context
from tests.benchmarks.errors import BenchError
from tests.benchmarks.place import memory_folder
from tests.benchmarks.programs import run
from tests.benchmarks.row import Row, Series, Target
from tests.with_postgres import find_binaries, postgres

URLS, HEADERS = 10_000, 1_000
BATCH = 500  # what a call takes at most
URL_MS, HEADER_MS = 0.15, 0.5
ROOM = 1 << 28


def costs(context: Context) -> list[Row]:
    """URLs of both stores, and headers for a post-quantum key."""
    with database() as url, s3.store() as store:
        folder_store = measure(context, url)
        s3_store = measure(context, url, **store.portal_settings())
    count = f"{URLS:,} URLs through the API"
    return [
        _row(f"{count}, folder store: each, on top of the view", folder_store, "urls", URL_MS),
        _row(f"{count}, S3 store: each, on top of the view", s3_store, "urls", URL_MS),
        _row(
            f"{HEADERS:,} headers through the API: each, on top of the view", s3_store, "headers", HEADER_MS
        ),
    ]


@contextmanager
def database() -> Iterator[str]:
    """DATABASE_URL of a PostgreSQL, or "" where none is installed: then it is SQLite."""
    try:
        find_binaries()
    except SystemExit:
        yield ""
        return
    with postgres() as url:
        yield url


def measure(context: Context, database_url: str, **environment: str) -> dict[str, Any]:
    """What `processes.api_cost` tells, in a portal of its own. A database serves one: it is emptied first."""
    with memory_folder(ROOM) as folder:
        settings = {
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
            "VAR_DIR": str(folder / "var"),
            "PYTHONWARNINGS": "ignore",
            **environment,
        }
        if database_url:
            settings["DATABASE_URL"] = fresh_database(database_url, folder)
        return run([*COMMAND, str(context.runs)], settings).told


def fresh_database(url: str, folder: Path) -> str:
    """Another database on the same server, named for the folder."""
    import psycopg

    name = folder.name.replace("-", "_")
    if not name.isidentifier():
        raise BenchError(f"{name} cannot name a database")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{url.rpartition('/')[0]}/{name}"


COMMAND = [PYTHON, "-m", "tests.benchmarks.processes.api_cost", str(URLS), str(HEADERS)]


def _row(what: str, told: dict[str, Any], kind: str, most: float) -> Row:
    each, alone = zip(*told[kind], strict=True)
    command = " ".join(["python", *COMMAND[1:], str(len(each))])
    facts = (
        f"Database: {told['database']}. The calls go through Django's test client in one process "
        f"and through every middleware; {BATCH} ids a call against one id a call.",
        f"A call with one id takes {sorted(alone)[len(alone) // 2]:.1f} ms ({kind}).",
    )
    return Row("api", what, "ms", Series("weights", (command,), each), None, Target("at most", most), facts)
