"""Rows of `weights download`: from nginx before a portal, and from the S3 gateway."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import s3
from tests.benchmarks.context import Context
from tests.benchmarks.nginx import ACCEL, Front
from tests.benchmarks.peers import ensure_client, program
from tests.benchmarks.place import digest, expect_same, memory_folder
from tests.benchmarks.portal import Granted, Portal, make_portal, make_release_folder
from tests.benchmarks.programs import run, shown
from tests.benchmarks.race import Contestant, race
from tests.benchmarks.row import Against, Row, Target, rows_of
from tests.servers.ports import free_ports

RELEASE = "opt-bench"
WHOLE = (
    "Every time is that of the whole command, from the start of its process to its end. `weights` asks the "
    "portal for trust, head, manifest, headers and URLs, checks every part, opens it, and syncs the file."
)


@dataclass(frozen=True)
class Fetching:
    """One release in one shard, and where contestants put it. wanted: the shard's digest."""

    folder: Path
    portal: Portal
    granted: Granted
    wanted: str

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def ours(self) -> Contestant:
        """`weights download`, with a home that has seen the portal before."""
        command = [str(ensure_client()), "download", RELEASE, "--to", str(self.out)]
        environment = self.portal.recipient(self.granted, self.folder / "home")
        return self.contestant(
            "weights download",
            f"weights download {RELEASE} --to {self.out}",
            lambda: run(command, environment).seconds,
            lambda: expect_same(self.out / self.granted.shards[0].path, self.wanted),
        )

    def contestant(
        self, name: str, command: str, act: Callable[[], float], check: Callable[[], None]
    ) -> Contestant:
        names = {str(self.folder): "$T", self.granted.shards[0].object: "$OBJECT", "/usr/bin/": ""}
        return Contestant(name, (shown(command, names),), act, self._clear, check)

    def peer(self, name: str, command: str, check: Callable[[], None], **environment: str) -> Contestant:
        return self.contestant(name, command, lambda: run(command, environment).seconds, check)

    def _clear(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(mode=0o700)
        self.out.rmdir()  # `weights` makes its folder itself

    def file(self) -> Path:
        """Where a peer puts the one file."""
        return self.folder / "out" / "shard"


def from_nginx(context: Context) -> list[Row]:
    """The portal signs, nginx sends the bytes; the peers fetch the same body from the same nginx."""
    with memory_folder(4 * context.size) as folder:
        port, portal_port = free_ports(2)
        front = Front(port, portal_port, folder / "portal" / "var" / "store", folder / "plain")
        portal = make_portal(folder / "portal", front.url, [RELEASE], DELIVERY_ACCEL=ACCEL)
        fetching = published(portal, folder, context.size)
        with portal.serving(portal_port), front.nginx(folder / "nginx"):
            raced = race([fetching.ours(), *_nginx_peers(fetching, front)], context.runs, context.say)
    goals = {"aria2c -x8": 0.8, "curl -o": 1.2, "curl | age -d": 0.5}
    against = [Against(name, Target("at most", goal)) for name, goal in goals.items()]
    facts = [WHOLE, "aria2c and curl fetch the sealed body and neither check nor open it."]
    return rows_of("nginx", "`weights download` from nginx, verified and opened", "s", raced, against, facts)


def _nginx_peers(fetching: Fetching, front: Front) -> list[Contestant]:
    """The body, and header and body as one age file, as files of nginx: no portal stands in their way."""
    shard, plain, out = fetching.granted.shards[0], front.plain, fetching.file()
    body = front.store / shard.object[:2] / shard.object[2:4] / shard.object
    (plain / "shard.body").hardlink_to(body)
    (plain / "shard.age").write_bytes(shard.header)
    run(f"cat {body} >>{plain / 'shard.age'}")
    sealed, url = digest(body), f"{front.url}/plain/shard.body"
    aria2 = f"{program('aria2c')} -x8 -s8 -q -d {out.parent} -o {out.name} {url}"
    curl = f"{program('curl')} -sf --create-dirs -o {out} {url}"
    age = f"{program('age')} -d -i {fetching.granted.identity}"
    piped = f"mkdir {out.parent}; {program('curl')} -sf {front.url}/plain/shard.age | {age} -o {out}"
    return [
        fetching.peer("aria2c -x8", aria2, lambda: expect_same(out, sealed)),
        fetching.peer("curl -o", curl, lambda: expect_same(out, sealed)),
        fetching.peer("curl | age -d", piped, lambda: expect_same(out, fetching.wanted)),
    ]


def from_s3(context: Context) -> list[Row]:
    """The portal signs URLs of the store; the peers fetch the same object with the store's own keys."""
    with memory_folder(5 * context.size) as folder, s3.store() as store:
        [port] = free_ports(1)
        portal = make_portal(
            folder / "portal", f"http://127.0.0.1:{port}", [RELEASE], **store.portal_settings()
        )
        fetching = published(portal, folder, context.size)
        with portal.serving(port):
            raced = race([fetching.ours(), *_s3_peers(fetching, store)], context.runs, context.say)
    against = [Against(each.name, Target("at most", 1.0)) for each in raced[1:]]
    facts = [WHOLE, "The peers fetch the sealed object and neither check nor open it.", s3.FACT]
    return rows_of(
        "s3", "`weights download` from the S3 gateway, verified and opened", "s", raced, against, facts
    )


def _s3_peers(fetching: Fetching, store: s3.Store) -> list[Contestant]:
    shard, out = fetching.granted.shards[0], fetching.file()

    def check() -> None:
        if out.stat().st_size != shard.body_size:
            raise s3.incomplete(out)

    aws = f"{program('aws')} --endpoint-url {store.endpoint} s3 cp --only-show-errors "
    aws += f"s3://{store.bucket}/{shard.object} {out}"
    rclone = f"{program('rclone')} copyto --retries 1 {store.remote}/{shard.object} {out}"
    return [
        fetching.peer("aws s3 cp", aws, check, **store.keys()),
        fetching.peer("rclone copy", rclone, check, **store.keys()),
    ]


def published(portal: Portal, folder: Path, size: int) -> Fetching:
    """Publish one random shard, forget the publisher's folder, and give it to a recipient."""
    model = make_release_folder(folder / "model", size, shards=1)
    portal.manage("publish", str(model), RELEASE)
    granted = portal.grant(RELEASE)
    wanted = digest(model / granted.shards[0].path)
    shutil.rmtree(model)
    (folder / "plain").mkdir()
    return Fetching(folder, portal, granted, wanted)
