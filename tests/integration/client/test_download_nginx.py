"""The portal in production's shape: gunicorn with the production settings, and in front of it the real nginx
with the very configuration of docs/how-to/run-a-portal.md, over TLS.
"""

from __future__ import annotations

import re
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.client.published import Published, kill_after_first_part, publish
from tests.servers.certificate import write_certificate
from tests.servers.doors import doors, port_of
from tests.servers.nginx import Nginx, Places, binary, documented
from tests.servers.ports import CLOSED
from tests.servers.production import Production, WebServer
from weights_vault.client.http_client import USER_AGENT

pytestmark = pytest.mark.slow

THREADS = 2
JOBS = 2
ACCEL = "/sealed/"
# A connection's share, so that a kill meets a download under way: 60 MB take a second.
SLOWLY = "limit_rate 30m;\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx-portal")


@pytest.fixture(scope="module")
def held() -> Iterator[list[socket.socket]]:
    """The sockets of nginx, with and without TLS, and of the portal."""
    binary()
    with doors(3) as held:
        yield held


@pytest.fixture(scope="module")
def places(place: Path, held: list[socket.socket]) -> Places:
    https, http, portal = map(port_of, held)
    certificate, key = write_certificate(place)
    return Places(
        https=https, http=http, portal=portal, store=place / "store", certificate=certificate, key=key
    )


@pytest.fixture(scope="module")
def release(place: Path, places: Places) -> Published:
    url, store = f"https://127.0.0.1:{places.https}", f"file://{places.store}"
    places.store.mkdir(mode=0o750)  # as on the page
    # A portal that sent bodies itself would send one at a time.
    portal = Production(place, url=url, store=store, DELIVERY_ACCEL=ACCEL, DELIVERY_MOST_AT_ONCE="1")
    return publish(portal, places.certificate)


@pytest.fixture(scope="module")
def nginx(place: Path, places: Places, release: Published, held: list[socket.socket]) -> Iterator[Nginx]:
    """nginx, and the portal behind it."""
    folder = place / "nginx"
    folder.mkdir()
    http = SLOWLY + documented(places, folder)
    with (
        WebServer(release.portal, held[2], threads=THREADS),
        Nginx(folder, http, doors=held[:2]) as nginx,
    ):
        yield nginx


@pytest.fixture
def stored(places: Places, release: Published) -> Path:
    """Where a shard's body lies."""
    name = next(iter(release.shards.values()))
    return places.store / name[:2] / name[2:4] / name


@pytest.fixture
def shard(stored: Path) -> bytes:
    """Its bytes."""
    return stored.read_bytes()


@pytest.fixture
def url(nginx: Nginx, release: Published) -> str:
    """A signed URL of that body."""
    return release.body_url(next(iter(release.shards)))


def test_a_release_is_downloaded_verified_and_opened(
    nginx: Nginx, release: Published, tmp_path: Path
) -> None:
    code, document, err = release.download(tmp_path / "release", "--jobs", str(JOBS))
    assert code == 0, err
    assert (document["complete"], document["again_bytes"]) == (True, 0)
    release.assert_complete(tmp_path / "release")
    assert document["receipt_sent"]


def test_its_receipt_stands_in_the_ledger(nginx: Nginx, release: Published, tmp_path: Path) -> None:
    """What the real client says is taken as it says it; the address is the client's own, not nginx's word."""
    code, document, err = release.download(tmp_path / "release", "--jobs", str(JOBS))
    assert (code, document["receipt_sent"]) == (0, True), err
    with closing(sqlite3.connect(release.portal.folder / "portal.sqlite3")) as database:
        told = database.execute(
            'SELECT e.kind, e."count", e.fetched, e.again, e.client, o.address'
            " FROM weights_vault_ledgerentry e JOIN weights_vault_origin o ON o.id = e.origin"
            " ORDER BY e.id DESC LIMIT 1"
        ).fetchone()
        said = database.execute(
            "SELECT completed_at, verified_at, opened_at FROM weights_vault_holding"
        ).fetchone()
    files, fetched = len(release.made["files"]), document["fetched_bytes"]
    assert told == ("completed", files, fetched, document["again_bytes"], USER_AGENT, "127.0.0.1")
    assert all(said)


def test_d1_killed_it_goes_on_with_the_parts_that_are_in(
    nginx: Nginx, release: Published, tmp_path: Path
) -> None:
    """D1: `kill -9`; the second process fetches what the journal did not have, and no byte more."""
    folder = tmp_path / "release"
    known = kill_after_first_part(release.start(folder, "--jobs", str(JOBS)), release, folder)
    code, document, err = release.download(folder, "--jobs", str(JOBS))
    assert code == 0, err
    release.assert_complete(folder)
    assert document["fetched_bytes"] == release.bytes_without(known)
    assert document["again_bytes"] == 0


def test_d2_an_expired_url_is_renewed_silently(nginx: Nginx, release: Published, tmp_path: Path) -> None:
    before = nginx.log("weights-access.log").count(" 403 ")
    release.portal.stale_mark.touch()
    code, document, err = release.download(tmp_path / "release", "--jobs", "1")
    assert (code, document["complete"]) == (0, True), err
    assert not release.portal.stale_mark.exists()
    assert nginx.log("weights-access.log").count(" 403 ") > before
    assert not re.search(r"expired|refused|answered 403", err)
    release.assert_complete(tmp_path / "release")


def test_g5_a_url_past_its_lifetime_is_403(nginx: Nginx, release: Published) -> None:
    name = next(iter(release.shards.values()))
    old = release.signed_url(name, lifetime_s=600, now=datetime.now(UTC) - timedelta(seconds=602))
    with release.ask() as client:
        answer = client.get(old)
    assert (answer.status_code, answer.json()["code"]) == (403, "url_expired")


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        (r"issued=\d", "issued=2"),
        (r"lifetime=\d+", "lifetime=900"),
        (r"key=", "key=x"),
        (r"signature=.", "signature=g"),
        (r"&lifetime=\d+", ""),
        (r"$", "&x=1"),
        (r"/delivery/....", "/delivery/0000"),
        (r"/delivery/", "/delivery//"),
        (r"/delivery/", "/delivery/%2e%2e/delivery/"),
        (r"\?", "%3f"),
    ],
)
def test_g4_a_url_changed_in_any_way_opens_nothing(
    written: str, changed: str, url: str, release: Published
) -> None:
    with release.ask() as client:
        answer = client.get(re.sub(written, changed, url, count=1))
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
def test_g4_a_url_signed_for_get_opens_nothing_for_another_method(
    method: str, url: str, release: Published
) -> None:
    with release.ask() as client:
        assert client.request(method, url).status_code == 403


def test_g4_another_host_is_another_url(url: str, release: Published) -> None:
    with release.ask() as client:
        assert client.get(url, headers={"Host": "localhost"}).status_code in (400, 403)


@pytest.mark.parametrize("way", ["{place}", "{place}?{query}", "sealed/../{place}", "%73ealed/{rest}"])
def test_the_internal_location_is_404_from_outside(
    way: str, url: str, nginx: Nginx, release: Published
) -> None:
    """Also for who names it in headers that only the portal's answer may carry."""
    name = next(iter(release.shards.values()))
    rest = f"{name[:2]}/{name[2:4]}/{name}"
    path = way.format(place=f"sealed/{rest}", rest=rest, query=urlsplit(url).query)
    asked = {"X-Accel-Redirect": f"/sealed/{rest}", "X-Original-URL": f"/sealed/{rest}"}
    with release.ask() as client:
        assert client.get(f"{release.url}/{path}", headers=asked).status_code == 404
        assert (
            client.get(f"{release.url}/about/", headers=asked).headers["Content-Type"].startswith("text/html")
        )


def test_the_answer_has_one_strong_etag_and_is_neither_kept_nor_changed(
    url: str, shard: bytes, release: Published
) -> None:
    with release.ask() as client:
        answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert answer.content == shard
    assert answer.headers.get_list("ETag") == [f'"{next(iter(release.shards.values()))}"']
    assert {"no-store", "no-transform"} <= set(answer.headers["Cache-Control"].split(", "))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not {"Content-Encoding", "Last-Modified", "X-Accel-Redirect", "Set-Cookie"} & set(answer.headers)


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=16-16781327", 16, 16_781_328),
        ("bytes=30000000-", 30_000_000, None),
        ("bytes=-10", -10, None),
    ],
)
def test_a_range_is_answered_with_exactly_its_bytes(
    wanted: str, first: int, end: int | None, url: str, shard: bytes, release: Published
) -> None:
    with release.ask() as client:
        answer = client.get(url, headers={"Range": wanted})
    start, stop, _ = slice(first, end).indices(len(shard))
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(shard)}"
    assert answer.content == shard[start:stop]


def test_several_ranges_come_in_one_answer(url: str, shard: bytes, release: Published) -> None:
    with release.ask() as client:
        answer = client.get(url, headers={"Range": "bytes=0-9,1000-1999"})
    assert answer.status_code == 206
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + answer.content).get_payload()
    assert [part["Content-Range"] for part in parts] == [  # type: ignore[union-attr,index]
        f"bytes 0-9/{len(shard)}",
        f"bytes 1000-1999/{len(shard)}",
    ]
    assert shard[1000:2000] in answer.content


def test_a_range_beyond_the_body_is_416(url: str, shard: bytes, release: Published) -> None:
    with release.ask() as client:
        answer = client.get(url, headers={"Range": f"bytes={len(shard)}-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(shard)}")


def test_if_range_gives_the_range_of_this_body_and_the_whole_of_another(url: str, release: Published) -> None:
    tag = f'"{next(iter(release.shards.values()))}"'
    with release.ask() as client:
        same = client.get(url, headers={"Range": "bytes=0-9", "If-Range": tag})
        with client.stream("GET", url, headers={"Range": "bytes=0-9", "If-Range": '"other"'}) as other:
            assert (same.status_code, other.status_code) == (206, 200)
        with client.stream("GET", url, headers={"If-None-Match": tag}) as again:
            assert again.status_code == 200


def test_an_object_that_is_gone_is_told_by_the_portal_and_by_weights(
    nginx: Nginx, release: Published, stored: Path, tmp_path: Path
) -> None:
    """I6: the client's message names the file."""
    path = next(iter(release.shards))
    stored.rename(tmp_path / "aside")
    try:
        code, document, err = release.download(tmp_path / "release", "--include", path)
    finally:
        (tmp_path / "aside").rename(stored)
    assert (code, document["error"]["reference"]) == (9, "object-missing")
    assert path in err


def stall(url: str, authorities: Path) -> ssl.SSLSocket:
    """Ask for the whole body, read the first line of its answer, and then nothing."""
    parts = urlsplit(url)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(20)
    plain.connect((parts.hostname, parts.port))
    reader = ssl.create_default_context(cafile=str(authorities)).wrap_socket(
        plain, server_hostname=parts.hostname
    )
    reader.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return reader


def test_readers_who_take_nothing_hold_no_thread_of_the_portal(
    url: str, nginx: Nginx, release: Published
) -> None:
    """Twice as many as the portal has threads, and it still serves pages, and the next download."""
    with ExitStack() as readers:
        stalled = [readers.enter_context(stall(url, release.authorities)) for _ in range(2 * THREADS)]
        assert [reader.recv(12) for reader in stalled] == [b"HTTP/1.1 200"] * len(stalled)
        with release.ask() as client:
            for _ in range(THREADS):
                assert client.get(f"{release.url}/about/").status_code == 200
            assert client.get(url, headers={"Range": "bytes=0-9"}).status_code == 206


def test_plain_http_only_points_to_https(places: Places, nginx: Nginx, release: Published) -> None:
    with release.ask() as client:
        answer = client.get(f"http://127.0.0.1:{places.http}/about/?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://127.0.0.1/about/?x=1")


def test_a_body_longer_than_the_portal_reads_is_refused_at_the_door(nginx: Nginx, release: Published) -> None:
    with release.ask() as client:
        answer = client.post(f"{release.url}/api/v1/keys", content=bytes((1 << 20) + 1))
    assert answer.status_code == 413


def test_a_portal_that_is_down_is_told_with_the_time_to_wait(
    release: Published, places: Places, tmp_path: Path
) -> None:
    with doors(2) as held, release.ask() as client:
        port, http = map(port_of, held)
        alone = replace(places, https=port, http=http, portal=CLOSED)
        with Nginx(tmp_path, documented(alone, tmp_path), doors=held):
            answer = client.get(f"https://127.0.0.1:{port}/delivery/none")
    assert (answer.status_code, answer.headers["Retry-After"]) == (502, "10")


def test_g8_no_log_holds_a_signed_url_or_a_token(nginx: Nginx, release: Published, url: str) -> None:
    """G8: with everything that the tests before this one have asked for, refused and broken off."""
    with release.ask() as client:
        client.get(f"{url}&x=1")
        client.get(f"{release.url}/accounts/password/reset/key/1-abcdef-secret/")
        client.get(f"{release.url}/about/")  # on the same connection: the lines before it are written
    assert "GET /accounts/password/reset/key/ " in nginx.log("weights-access.log")
    assert "GET /delivery/" in nginx.log("weights-access.log")
    logs = [*nginx.folder.glob("*.log"), *release.portal.folder.glob("*.log")]
    assert {"weights-access.log", "weights-error.log", "error.log", "web.log"} <= {log.name for log in logs}
    for log in logs:
        assert not re.search(r"signature=|wp_[A-Za-z0-9]|abcdef-secret", log.read_text()), log.name
