"""D2, D5, D7 and D10 against the real nginx and portal: over a line that breaks, and with a wrong clock."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.client.published import Published, journaled, publish
from tests.servers.certificate import write_certificate
from tests.servers.doors import doors, port_of
from tests.servers.line import Line
from tests.servers.nginx import Nginx, Places, binary, documented
from tests.servers.production import Production, WebServer

pytestmark = pytest.mark.slow

MB = 1_000_000
# A connection's share: a part takes 3 s.
SLOWLY = "limit_rate 6m;\n"
MISSING = "faketime is not installed: Debian's `faketime` has it"


@pytest.fixture(scope="module")
def held() -> Iterator[list[socket.socket]]:
    """The sockets of the line, of nginx with and without TLS, and of the portal."""
    binary()
    with doors(4) as held:
        yield held


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, held: list[socket.socket]) -> Places:
    place = tmp_path_factory.mktemp("broken-line")
    (place / "store").mkdir()
    _, https, http, portal = map(port_of, held)
    certificate, key = write_certificate(place, longer=timedelta(days=2))
    return Places(
        https=https, http=http, portal=portal, store=place / "store", certificate=certificate, key=key
    )


@pytest.fixture(scope="module")
def release(places: Places, held: list[socket.socket]) -> Published:
    url, store = f"https://127.0.0.1:{port_of(held[0])}", f"file://{places.store}"
    portal = Production(places.store.parent, url=url, store=store, DELIVERY_ACCEL="/sealed/")
    return publish(portal, places.certificate)


@pytest.fixture(scope="module")
def line(places: Places, release: Published, held: list[socket.socket]) -> Iterator[Line]:
    """The line to nginx, and everything behind it."""
    folder = places.store.parent / "nginx"
    folder.mkdir()
    with (
        WebServer(release.portal, held[3], threads=2),
        Nginx(folder, SLOWLY + documented(places, folder), doors=held[1:3]),
        Line(held[0], places.https) as line,
    ):
        yield line


@pytest.fixture
def breaking(line: Line) -> Iterator[Line]:
    """The line, as a test sets it, and whole again after it."""
    yield line
    line.mend()


def shard_of(release: Published) -> tuple[str, str]:
    """A path of two parts, and its object's name."""
    return next(iter(release.shards.items()))


def test_d7_a_line_that_is_reset_each_megabyte_still_brings_everything(
    breaking: Line, release: Published, tmp_path: Path
) -> None:
    """D7, over TLS and through the real server: nothing that came is fetched again."""
    breaking.breaks_after = MB
    path, _ = shard_of(release)
    code, document, err = release.download(tmp_path / "release", "--jobs", "2", "--include", path)
    assert code == 0, err
    assert breaking.breaks >= release.plain.joinpath(path).stat().st_size // MB - 2
    assert (document["again_bytes"], "Traceback" in err) == (0, False)
    assert (tmp_path / "release" / path).read_bytes() == (release.plain / path).read_bytes()


def test_d2_a_url_that_expires_in_the_middle_of_a_part_is_renewed_silently(
    breaking: Line, release: Published, places: Places, tmp_path: Path
) -> None:
    """D2: the body under way goes on past the end; what asks again is refused and gets another URL."""
    log = places.store.parent / "nginx" / "weights-access.log"
    before = log.read_text().count(" 403 ") if log.exists() else 0
    breaking.breaks_after = 9 * MB
    release.portal.stale_mark.write_text("1")
    path, _ = shard_of(release)
    code, document, err = release.download(tmp_path / "release", "--jobs", "1", "--include", path)
    assert (code, document["again_bytes"]) == (0, 0), err
    assert not release.portal.stale_mark.exists()
    assert log.read_text().count(" 403 ") > before
    assert not re.search(r"expired|refused|answered 403", err)
    assert (tmp_path / "release" / path).read_bytes() == (release.plain / path).read_bytes()


@contextmanager
def replaced(stored: Path) -> Iterator[None]:
    """Another body under the same name, for a while."""
    aside = stored.with_name("aside")
    size = stored.stat().st_size
    stored.rename(aside)
    stored.write_bytes(bytes(size))
    try:
        yield
    finally:
        aside.replace(stored)


def test_d5_a_body_replaced_while_it_is_fetched_is_refused_and_its_first_part_stays(
    breaking: Line, release: Published, places: Places, tmp_path: Path
) -> None:
    """D5: the second part is under way, breaks off, and goes on in another body."""
    breaking.breaks_after = 20 * MB
    folder = tmp_path / "release"
    path, name = shard_of(release)
    words = ("--jobs", "1", "--include", path)
    process = release.start(folder, *words)
    while not journaled(folder) & release.parts:
        assert process.poll() is None, process.communicate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    with replaced(places.store / name[:2] / name[2:4] / name):
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "part-digest-mismatch" in out) == (5, True), err
    assert "is not what was published" in err
    assert not (folder / path).exists()
    assert len(journaled(folder) & release.parts) == 1
    code, _, err = release.download(folder, *words)
    assert code == 0, err
    assert (folder / path).read_bytes() == (release.plain / path).read_bytes()


def faketime() -> str:
    found = shutil.which("faketime")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.mark.parametrize(
    ("off", "reference", "said"),
    [
        ("+1d", "clock-wrong", "24 hours ahead of"),
        ("-1d", "clock-wrong", "24 hours behind"),
        # The certificate is checked before anybody can say what time it is.
        ("+5d", "certificate-refused", "Check this machine's date and time"),
        ("-5d", "certificate-refused", "Check this machine's date and time"),
    ],
)
def test_d10_a_clock_days_off_is_said_and_nothing_is_made(
    line: Line, release: Published, tmp_path: Path, off: str, reference: str, said: str
) -> None:
    """D10: whatever depends on the time (certificates, heads, signatures), the clock is what is said."""
    code, document, err = release.download(tmp_path / "release", front=[faketime(), "-f", off])
    assert (code, document["error"]["reference"]) == (10, reference), err
    assert said in err
    assert not (tmp_path / "release").exists()
