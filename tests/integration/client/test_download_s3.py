"""The portal with a real S3 gateway as its store: `weights` fetches the bodies there, under presigned URLs.

nginx ends TLS for both, as a load balancer would. The portal refuses nothing less for itself, and the client
takes no URL of a store that is less protected than the portal.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.published import Published, journaled, kill_after_first_part, publish
from tests.servers import ceph_fixtures
from tests.servers.ceph import ACCESS_KEY, SECRET_KEY, Gateway
from tests.servers.certificate import write_certificate
from tests.servers.doors import doors, port_of
from tests.servers.line import Line
from tests.servers.nginx import Nginx, Places, binary, documented
from tests.servers.production import Production, WebServer

pytestmark = pytest.mark.slow

gateway = ceph_fixtures.gateway
owner = ceph_fixtures.owner

JOBS = 2
BUCKET = "weights-of-a-portal"
# A connection's share, so that a kill meets a download under way: 60 MB take a second.
SLOWLY = "limit_rate 30m;\n"
# TLS before the gateway; what is signed is the host, so it is handed on.
STORE_DOOR = """
log_format store '$request_method $uri $status $msec $request_time';
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {places.certificate};
    ssl_certificate_key {places.key};
    access_log {folder}/store.log store;
    client_max_body_size 0;
    location / {{
        proxy_pass http://127.0.0.1:{gateway};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_request_buffering off;
    }}
}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s3-portal")


@pytest.fixture(scope="module")
def held() -> Iterator[list[socket.socket]]:
    """The sockets of nginx, with and without TLS and before the store, of the portal, and of the line."""
    binary()
    with doors(5) as held:
        yield held


@pytest.fixture(scope="module")
def places(place: Path, held: list[socket.socket]) -> Places:
    https, http, _, portal, _ = map(port_of, held)
    certificate, key = write_certificate(place)
    return Places(https=https, http=http, portal=portal, store=place, certificate=certificate, key=key)


@pytest.fixture(scope="module")
def line(held: list[socket.socket]) -> Iterator[Line]:
    """What leads to the store."""
    with Line(held[4], port_of(held[2])) as line:
        yield line


@pytest.fixture
def breaking(line: Line) -> Iterator[Line]:
    """The same, as a test sets it, and whole again after it."""
    yield line
    line.mend()


@pytest.fixture(scope="module")
def nginx(
    place: Path, places: Places, gateway: Gateway, held: list[socket.socket], line: Line
) -> Iterator[tuple[Nginx, str]]:
    """nginx before the portal and the gateway; and the address of the gateway behind it and the line."""
    folder, port = place / "nginx", port_of(held[2])
    folder.mkdir()
    door = STORE_DOOR.format(port=port, places=places, folder=folder, gateway=gateway.port)
    with Nginx(folder, SLOWLY + documented(places, folder) + door, doors=held[:3]) as nginx:
        yield nginx, f"https://127.0.0.1:{port_of(held[4])}"


@pytest.fixture(scope="module")
def release(
    place: Path,
    places: Places,
    nginx: tuple[Nginx, str],
    gateway: Gateway,
    owner: Any,
    held: list[socket.socket],
) -> Iterator[Published]:
    """A release that was published into the bucket, and its portal running."""
    owner.create_bucket(Bucket=BUCKET)
    portal = Production(
        place,
        url=f"https://127.0.0.1:{places.https}",
        store=gateway.storage_url(BUCKET).replace(gateway.endpoint, nginx[1]),
        AWS_ACCESS_KEY_ID=ACCESS_KEY,
        AWS_SECRET_ACCESS_KEY=SECRET_KEY,
        AWS_CA_BUNDLE=str(places.certificate),
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    release = publish(portal, places.certificate)
    with WebServer(portal, held[3], threads=2):
        yield release


@pytest.fixture
def log(nginx: tuple[Nginx, str], release: Published) -> Log:
    return Log(nginx[0], release)


class Log:
    """What the store was asked for since this was made.

    A line is written when its request ends, so that of a killed process comes late: its begin is what counts.
    """

    def __init__(self, nginx: Nginx, release: Published) -> None:
        self._nginx = nginx
        self._line = re.compile(
            rf"^GET /{BUCKET}/(?:{'|'.join(release.shards.values())}) (\d+) (\S+) (\S+)$", re.MULTILINE
        )
        self._since = time.time()

    def statuses(self) -> list[str]:
        """Of the requests for shards, in their order."""
        lines = self._line.findall(self._nginx.log("store.log"))
        return [status for status, end, took in lines if float(end) - float(took) >= self._since]


def test_a_release_is_downloaded_from_the_store_and_no_byte_of_it_from_the_portal(
    nginx: tuple[Nginx, str], release: Published, log: Log, tmp_path: Path
) -> None:
    code, document, err = release.download(tmp_path / "release", "--jobs", str(JOBS))
    assert code == 0, err
    assert (document["complete"], document["again_bytes"]) == (True, 0)
    release.assert_complete(tmp_path / "release")
    assert set(log.statuses()) == {"206"}
    assert "/delivery/" not in nginx[0].log("weights-access.log")
    assert release.body_url(next(iter(release.shards))).startswith(nginx[1])


def test_d1_killed_it_goes_on_with_the_parts_that_are_in(
    nginx: tuple[Nginx, str], release: Published, log: Log, tmp_path: Path
) -> None:
    """D1: `kill -9`; what is in is not asked for again."""
    folder = tmp_path / "release"
    known = kill_after_first_part(release.start(folder, "--jobs", str(JOBS)), release, folder)
    after_the_kill = Log(nginx[0], release)
    code, _, err = release.download(folder, "--jobs", str(JOBS))
    assert code == 0, err
    release.assert_complete(folder)
    assert len(after_the_kill.statuses()) <= len(release.parts - known)
    assert log.statuses()


def test_d2_an_expired_url_is_renewed_silently(release: Published, log: Log, tmp_path: Path) -> None:
    """D2: the store itself refuses it."""
    release.portal.stale_mark.touch()
    shard = next(iter(release.shards))
    code, _, err = release.download(tmp_path / "release", "--jobs", "1", "--include", shard)
    assert code == 0, err
    assert not release.portal.stale_mark.exists()
    assert log.statuses()[0] == "403"
    assert set(log.statuses()[1:]) == {"206"}
    assert not re.search(r"expired|refused|answered 403", err)


def test_d2_a_url_that_expires_in_the_middle_of_a_part_is_renewed_silently(
    breaking: Line, release: Published, log: Log, tmp_path: Path
) -> None:
    """D2: the body under way goes on past the end; what asks again is refused and gets another URL."""
    # The line takes 5 s before it breaks, and the first URL has 4 s left when it is signed.
    breaking.breaks_after, breaking.bytes_per_s, breaking.slow_once = 10_000_000, 2_000_000, True
    release.portal.stale_mark.write_text("4")
    shard = next(iter(release.shards))
    code, document, err = release.download(tmp_path / "release", "--jobs", "1", "--include", shard)
    assert (code, document["again_bytes"]) == (0, 0), err
    assert not release.portal.stale_mark.exists()
    assert log.statuses()[:2] == ["206", "403"]
    assert not re.search(r"expired|refused|answered 403", err)


def test_d7_a_line_that_is_reset_each_megabyte_still_brings_everything(
    breaking: Line, release: Published, tmp_path: Path
) -> None:
    """D7: over TLS, from the real store; nothing that came is fetched again."""
    breaking.breaks_after = 1_000_000
    shard = next(iter(release.shards))
    code, document, err = release.download(tmp_path / "release", "--jobs", "2", "--include", shard)
    assert (code, document["again_bytes"], "Traceback" in err) == (0, 0, False), err
    plain = (release.plain / shard).read_bytes()
    assert breaking.breaks >= len(plain) // 1_000_000 - 4
    assert (tmp_path / "release" / shard).read_bytes() == plain


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        (r"X-Amz-Expires=\d+", "X-Amz-Expires=604800"),
        (r"X-Amz-Signature=.", "X-Amz-Signature=g"),
        (r"&X-Amz-SignedHeaders=[^&]*", ""),
        (r"$", "&response-content-type=text/html"),
    ],
)
def test_g4_a_presigned_url_changed_in_any_way_opens_nothing(
    written: str, changed: str, release: Published
) -> None:
    url = release.body_url(next(iter(release.shards)))
    with release.ask() as client:
        assert client.get(url, headers={"Range": "bytes=0-9"}).status_code == 206
        assert client.get(re.sub(written, changed, url, count=1)).status_code == 403


def test_d5_an_object_that_was_replaced_is_refused_with_the_reason(
    release: Published, owner: Any, tmp_path: Path
) -> None:
    """D5: killed, both bodies replaced, started again; once they are what they were, it goes on."""
    folder = tmp_path / "release"
    known = kill_after_first_part(release.start(folder, "--jobs", "1"), release, folder)
    with set_aside(owner, *release.shards.values()) as sizes:
        for name, size in sizes.items():
            owner.put_object(Bucket=BUCKET, Key=name, Body=bytes(size))
        code, document, err = release.download(folder, "--jobs", "1")
    assert (code, document["error"]["reference"]) == (5, "part-digest-mismatch")
    assert "is not what was published" in err
    assert any(path in err for path in release.shards)
    assert journaled(folder) >= known
    code, _, err = release.download(folder)
    assert code == 0, err
    release.assert_complete(folder)


def test_d5_an_object_overwritten_in_the_middle_of_a_part_is_refused_with_the_reason(
    breaking: Line, release: Published, owner: Any, tmp_path: Path
) -> None:
    """D5: the second part is under way, breaks off, and goes on in another object, with another ETag."""
    breaking.breaks_after, breaking.bytes_per_s = 20_000_000, 12_000_000
    path, name = next(iter(release.shards.items()))
    folder = tmp_path / "release"
    process = release.start(folder, "--jobs", "1", "--include", path)
    while not release.parts & journaled(folder):
        assert process.poll() is None, process.communicate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    with set_aside(owner, name) as sizes:
        owner.put_object(Bucket=BUCKET, Key=name, Body=bytes(sizes[name]))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "part-digest-mismatch" in out) == (5, True), err
    assert "is not what was published" in err
    assert not (folder / path).exists()
    code, _, err = release.download(folder, "--include", path)
    assert code == 0, err


def test_i6_an_object_that_is_lost_is_told_by_its_name(
    release: Published, owner: Any, tmp_path: Path
) -> None:
    path, name = next(iter(release.shards.items()))
    with set_aside(owner, name):
        code, document, err = release.download(tmp_path / "release", "--include", path)
    assert (code, document["error"]["reference"]) == (9, "object-missing")
    assert path in err
    assert "Traceback" not in err


def test_g8_neither_log_nor_what_weights_says_holds_a_presigned_url(
    nginx: tuple[Nginx, str], release: Published, tmp_path: Path
) -> None:
    """G8: of a download, and of one that found nothing."""
    process = release.start(tmp_path / "release", "--include", "config.json")
    said = "".join(process.communicate(timeout=60))
    assert process.returncode == 0, said
    logs = [*nginx[0].folder.glob("*.log"), *release.portal.folder.glob("*.log")]
    assert {"store.log", "weights-access.log", "web.log"} <= {log.name for log in logs}
    for text in [said, *(log.read_text() for log in logs)]:
        assert not re.search(r"X-Amz-(?:Signature|Credential)|wp_[A-Za-z0-9]", text)


@contextmanager
def set_aside(owner: Any, *names: str) -> Iterator[dict[str, int]]:
    """Take objects away, and bring them back. Yields: the size of each."""
    sizes = {}
    for name in names:
        sizes[name] = owner.head_object(Bucket=BUCKET, Key=name)["ContentLength"]
        move(owner, name, f"aside-{name}")
    try:
        yield sizes
    finally:
        for name in names:
            move(owner, f"aside-{name}", name)


def move(owner: Any, name: str, to: str) -> None:
    owner.copy_object(Bucket=BUCKET, Key=to, CopySource={"Bucket": BUCKET, "Key": name})
    owner.delete_object(Bucket=BUCKET, Key=name)
