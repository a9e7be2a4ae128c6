"""D3–D7, byte by byte: a store on bare sockets that says anything at all, once or for ever.

Once, whatever it was, the download goes on and the result is identical. For ever, it ends with the store's
fault or the line's in words of the client's own, and no more was taken or kept than the manifest speaks of.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.integration.client.recipient import QUICK, Recipient
from tests.servers.certificate import write_certificate
from tests.simulators.misbehaving import MisbehavingStore, Script, as_asked
from tests.simulators.misbehavior import (
    RIGHT_BYTES,
    SIZE,
    WITH_AN_END,
    WITHOUT_END,
    a_body_for_ever,
    after,
    another_status_for_ever,
    garbage_after_the_body,
    headed,
    reset_before_a_word,
    silence_in_the_body,
)
from tests.simulators.portal import TOKEN, Answer, SimulatedPortal
from tests.simulators.sealed_release import SealedFile, random_files, seal_files
from weights_vault.client.api import Api
from weights_vault.client.errors import ClientError, Incomplete, IntegrityFailure, PortalFault
from weights_vault.client.redaction import Secret
from weights_vault.client.transfer import connection, fetcher
from weights_vault.client.transfer.connection import Fill, OddAnswer, RangeConnection

STALLS = replace(QUICK, stall_s=0.3, connect_s=0.3)
# What a kernel takes off a server that nobody reads, in both directions, and what a client reads ahead.
IN_THE_KERNEL = 64 << 20


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    """Two files of one part each, so that a kept connection has a second request."""
    return seal_files(random_files(first=SIZE, second=SIZE))


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@pytest.fixture
def store(portal: SimulatedPortal) -> Iterator[MisbehavingStore]:
    with MisbehavingStore(portal) as store:
        yield store


@pytest.fixture
def recipient(portal: SimulatedPortal, tmp_path: Path) -> Recipient:
    return Recipient(portal, tmp_path)


def failure_of(recipient: Recipient) -> ClientError | None:
    """How a download ends that the store may not let end well."""
    try:
        recipient.download(jobs=1, limits=replace(STALLS, tries=2))
    except (Incomplete, PortalFault, IntegrityFailure) as error:
        return error
    recipient.assert_complete()
    return None


def named(scripts: list[tuple[str, Script]]) -> list[object]:
    return [pytest.param(script, id=name) for name, script in scripts]


@pytest.mark.parametrize("script", named(WITH_AN_END + RIGHT_BYTES))
def test_said_once_it_is_survived_and_the_result_is_identical(
    store: MisbehavingStore, recipient: Recipient, script: Script
) -> None:
    store.first.append(script)
    recipient.download(jobs=1)
    recipient.assert_complete()


@pytest.mark.parametrize("script", named(WITHOUT_END))
def test_said_once_without_an_end_it_is_broken_off_and_the_rest_goes_on(
    store: MisbehavingStore, recipient: Recipient, script: Script
) -> None:
    store.first.append(script)
    recipient.download(jobs=1, limits=STALLS)
    recipient.assert_complete()
    assert store.talks[0].sent < IN_THE_KERNEL


@pytest.mark.parametrize("script", named(WITH_AN_END + WITHOUT_END))
def test_said_for_ever_it_ends_in_words_and_nothing_is_kept_that_is_not_right(
    store: MisbehavingStore, recipient: Recipient, script: Script
) -> None:
    store.script = script
    # None where only what follows the last byte is wrong, or a range comes on in the end.
    error = failure_of(recipient)
    assert "signature=" not in f"{error} {getattr(error, 'why', '')}"
    assert error is not None or recipient.final_names != []
    for file in recipient.portal.release.files.values():
        final = recipient.folder / file.entry.path
        assert not final.exists() or final.read_bytes() == file.plain
        partial = recipient.folder / ".weights" / "partial" / file.entry.id
        assert not partial.exists() or partial.stat().st_size <= file.entry.size
    assert all(talk.sent < IN_THE_KERNEL for talk in store.talks)
    store.script = as_asked
    recipient.download()
    recipient.assert_complete()


@pytest.mark.parametrize("script", [another_status_for_ever, a_body_for_ever])
def test_d3_an_answer_that_is_refused_is_hung_up_on_at_once(
    store: MisbehavingStore, portal: SimulatedPortal, script: Script
) -> None:
    """Also where the store said that it would close: nothing of it waits for the memory to be tidied up."""
    store.script = script
    file = portal.release.manifest.files[0]
    fill = Fill(memoryview(bytearray(file.body_size - 16)), lambda count: None)
    reader = RangeConnection(connect_s=5, stall_s=5)
    with pytest.raises(OddAnswer) as held:
        reader.read_range(portal.sign_url(file.id), 16, file.body_size, file.body_size, fill)
    assert store.talks[0].over.wait(5)
    assert held.value is not None


async def greets_with_an_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello")


async def greets_with_silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1 << 16):
        pass


@pytest.mark.parametrize("greeting", [greets_with_an_answer, greets_with_silence])
def test_d4_a_store_that_does_not_listen_first_ends_in_words(
    store: MisbehavingStore, recipient: Recipient, greeting: object
) -> None:
    store.greeting = greeting  # type: ignore[assignment]
    with pytest.raises((Incomplete, PortalFault)):
        recipient.download(jobs=1, limits=replace(STALLS, tries=2))
    assert recipient.final_names == []
    store.greeting = None
    recipient.download()
    recipient.assert_complete()


def test_d7_a_connection_that_nobody_accepts_is_given_up(recipient: Recipient) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nobody.listen(8)
        recipient.portal.store_url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(Incomplete, match="stopped before its end"):
            recipient.download(jobs=1, limits=replace(STALLS, tries=2))
    recipient.portal.store_url = None
    recipient.download()
    recipient.assert_complete()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for a store with TLS, which the recipient's machine trusts."""
    authorities, key = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    connection._tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authorities, key)
    return context


TLS_SCRIPTS = [
    as_asked,
    after(1000, "end"),
    after(100_000, "reset"),
    silence_in_the_body,
    reset_before_a_word,
    garbage_after_the_body,
    a_body_for_ever,
]


@pytest.mark.parametrize("script", TLS_SCRIPTS, ids=[str(number) for number in range(len(TLS_SCRIPTS))])
def test_d7_the_same_over_tls(
    portal: SimulatedPortal, recipient: Recipient, certificate: ssl.SSLContext, script: Script
) -> None:
    with MisbehavingStore(portal, tls=certificate) as store:
        store.first.append(script)
        recipient.download(jobs=1, limits=STALLS)
    recipient.assert_complete()


def test_a_store_whose_certificate_nobody_knows_gets_no_request(
    portal: SimulatedPortal,
    recipient: Recipient,
    certificate: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    connection._tls.cache_clear()
    with MisbehavingStore(portal, tls=certificate) as store:
        with pytest.raises(Incomplete) as caught:
            recipient.download(jobs=1, limits=replace(STALLS, tries=2))
        assert store.talks == []
    assert "certificate was not accepted" in caught.value.why
    assert recipient.final_names == []


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the workers would wait for; nobody does."""
    waited: list[float] = []
    monkeypatch.setattr(fetcher.PartFetcher, "_wait", lambda worker, seconds: waited.append(seconds))
    return waited


IN_AN_HOUR = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
BACKOFF_S = 0.001


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Slow Down"])
@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [
        ("7", 7, 9),
        ("0", 0, 0),
        ("1000000000", 120, 150),
        ("9" * 400, 120, 150),
        pytest.param(IN_AN_HOUR, 120, 150, id="a date in an hour"),
        ("Tue, 03 Nov 2026 10:00:00 GMT", 0, 0),
        ("soon", BACKOFF_S, BACKOFF_S),
        ("-5", BACKOFF_S, BACKOFF_S),
        ("1e9", BACKOFF_S, BACKOFF_S),
        ("٣", BACKOFF_S, BACKOFF_S),
        ("", BACKOFF_S, BACKOFF_S),
        (None, BACKOFF_S, BACKOFF_S),
    ],
)
def test_d6_what_the_store_asks_for_is_honored_capped_and_spread(
    store: MisbehavingStore,
    recipient: Recipient,
    waits: list[float],
    status: str,
    header: str | None,
    least_s: float,
    most_s: float,
) -> None:
    """D6: seconds, a date, garbage, 10⁹; backoff where the wish is none."""
    raw = header.encode().decode("latin-1") if header is not None else None
    store.first.extend([headed(status, retry_after=raw, content_range=None)] * 2)
    recipient.download(jobs=1)
    recipient.assert_complete()
    assert len(waits) == 2
    assert all(least_s <= waited <= most_s for waited in waits), waits
    assert least_s == most_s or waits[0] != waits[1]


@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [("7", 7, 9), ("1000000000", 120, 150), pytest.param(IN_AN_HOUR, 120, 150, id="a date in an hour")],
)
def test_d6_the_portal_is_waited_for_in_the_same_way(
    portal: SimulatedPortal, header: str, least_s: float, most_s: float
) -> None:
    waited: list[float] = []
    portal.answer("/me", *[Answer(503, headers={"Retry-After": header})] * 2)
    with Api(portal.url, Secret(TOKEN), pause=waited.append) as api:
        assert api.get("/me")["id"]
    assert len(waited) == 2
    assert all(least_s <= each <= most_s for each in waited), waited
    assert waited[0] != waited[1]
