"""The row of publishing: the whole pass over a folder into the S3 gateway, against a plain copy into it."""

from __future__ import annotations

from tests.benchmarks import s3
from tests.benchmarks.context import Context
from tests.benchmarks.peers import program
from tests.benchmarks.place import memory_folder
from tests.benchmarks.portal import make_portal, make_release_folder
from tests.benchmarks.programs import run, shown
from tests.benchmarks.race import Contestant, race
from tests.benchmarks.row import Against, Row, Target, rows_of

SHARDS = 4
FACTS = (
    f"{SHARDS} shards of random half-precision values. Our pass reads them once: SHA-256, both digests of "
    "every part, digest and statistics of every tensor, sealing, multipart upload, and the signed manifest.",
    "The smoke test that gates a publish is left out: random shards are no model. The rest is what "
    "`manage.py publish` does, timed as a whole command with the start of Django.",
    s3.FACT,
)


def publish(context: Context) -> list[Row]:
    """Each turn publishes under a release of its own: an unchanged file would not be sealed again."""
    releases = iter([f"opt-{number}" for number in range(context.runs)])
    # A gateway frees what was deleted late: every turn of both contestants stays in it.
    with memory_folder((2 + 2 * context.runs) * context.size) as folder, s3.store() as store:
        model = make_release_folder(folder / "model", context.size, SHARDS)
        portal = make_portal(
            folder / "portal",
            "http://127.0.0.1:8000",
            [f"opt-{number}" for number in range(context.runs)],
            **store.portal_settings(),
        )
        aws = f"{program('aws')} --endpoint-url {store.endpoint} s3 cp --only-show-errors --recursive "
        aws += f"{model} s3://{store.bucket}/plain"
        names = {str(folder): "$T", "/usr/bin/": ""}
        ours = (
            shown(f"STORAGE_URL='{store.gateway.storage_url(store.bucket)}' \\", names),
            "python -m tests.benchmarks.processes.portal_world publish $T/model opt-1",
        )
        raced = race(
            [
                Contestant(
                    "weights publish",
                    ours,
                    lambda: portal.manage("publish", str(model), next(releases)).seconds,
                ),
                Contestant("aws s3 cp", (shown(aws, names),), lambda: run(aws, store.keys()).seconds),
            ],
            context.runs,
            context.say,
        )
    what = "publish into the S3 gateway, whole pass"
    return rows_of("publish", what, "s", raced, [Against("aws s3 cp", Target("at most", 1.3))], FACTS)
