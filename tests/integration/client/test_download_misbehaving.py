"""D3–D7, byte by byte: a store on bare sockets that says anything at all, once or for ever.

Once, whatever it was, the download goes on and the result is identical. For ever, it ends with the store's
fault or the line's in words of the client's own, and no more was taken or kept than the manifest speaks of.
"""

from __future__ import annotations

import asyncio
import gzip
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
from tests.simulators.misbehaving import MisbehavingStore, Script, Talk, as_asked
from tests.simulators.portal import TOKEN, Answer, SimulatedPortal
from tests.simulators.sealed_release import SealedFile, random_files, seal_files
from weights_vault.client.api import Api
from weights_vault.client.errors import ClientError, Incomplete, IntegrityFailure, PortalFault
from weights_vault.client.redaction import Secret
from weights_vault.client.transfer import connection, fetcher

SIZE = 300_000
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


def said(data: bytes, *, then_wanted: bool = False) -> Script:
    """These bytes, perhaps those that were asked for, and an orderly end."""

    async def script(talk: Talk) -> None:
        await talk.say(data + (talk.wanted if then_wanted else b""))
        talk.hang_up()

    return script


def headed(status: str = "206 Partial Content", **headers: str | None) -> Script:
    """A head of one's own over the right bytes, on a connection that stays open."""

    async def script(talk: Talk) -> None:
        await talk.say(talk.head(status, **headers) + talk.wanted)
        talk.hang_up()

    return script


def chunks(framed: bytes) -> Script:
    """What says that it is chunked, and is this."""

    async def script(talk: Talk) -> None:
        await talk.say(talk.head(content_length=None, transfer_encoding="chunked") + framed)
        talk.hang_up()

    return script


def after(count: int, then: str) -> Script:
    """The head and so many bytes of the right ones, then an end of the connection."""

    async def script(talk: Talk) -> None:
        await talk.say(talk.head() + talk.wanted[:count])
        if then == "reset":
            await talk.reset()
        elif then == "half-open":
            talk.end_our_half()
            await talk.silence()
        talk.hang_up()

    return script


async def reset_before_a_word(talk: Talk) -> None:
    await talk.reset()


async def reset_in_the_head(talk: Talk) -> None:
    await talk.say(talk.head()[:20])
    await talk.reset()


async def reset_after_the_whole_body(talk: Talk) -> None:
    await talk.say(talk.head() + talk.wanted)
    await talk.reset()


async def garbage_after_the_body(talk: Talk) -> None:
    await talk.say(talk.head() + talk.wanted + b"\x00garbage\r\n\r\n" * 3)


async def two_answers_for_one(talk: Talk) -> None:
    """The second one waits on the kept connection for the next request."""
    zeros = bytes(talk.end - talk.start)
    await talk.say((talk.head() + talk.wanted) + (talk.head() + zeros))


async def says_close_and_stays(talk: Talk) -> None:
    await talk.say(talk.head(connection="close") + talk.wanted)
    await talk.silence()


async def says_keep_alive_and_goes(talk: Talk) -> None:
    await talk.say(talk.head(connection="keep-alive", keep_alive="timeout=600") + talk.wanted)
    talk.hang_up()


async def several_ranges(talk: Talk) -> None:
    part = f"--x\r\nContent-Range: bytes {talk.start}-{talk.end - 1}/{len(talk.body)}\r\n\r\n".encode()
    body = part + talk.wanted + b"\r\n--x--\r\n"
    length, kind = str(len(body)), "multipart/byteranges; boundary=x"
    await talk.say(talk.head(content_range=None, content_length=length, content_type=kind) + body)


async def really_zipped(talk: Talk) -> None:
    body = gzip.compress(talk.wanted, 1)
    await talk.say(talk.head(content_encoding="gzip", content_length=str(len(body))) + body)


async def longer_than_its_chunks_may_be(talk: Talk) -> None:
    data = talk.wanted + b"more"
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
    await talk.say(talk.head(content_length=None, transfer_encoding="chunked") + framed)


async def chunks_without_an_end(talk: Talk) -> None:
    framed = b"%x\r\n%s\r\n" % (len(talk.wanted), talk.wanted)
    await talk.say(talk.head(content_length=None, transfer_encoding="chunked") + framed)
    talk.hang_up()


WITH_AN_END: list[tuple[str, Script]] = [
    ("D3-ends-in-the-status-line", said(b"HTTP/1.1 20")),
    ("D3-ends-in-the-head", said(b"HTTP/1.1 206 Partial Content\r\nContent-Le")),
    ("D3-ends-after-the-head", after(0, "end")),
    ("D3-ends-in-the-body", after(1000, "end")),
    ("D3-ends-one-byte-early", after(SIZE, "end")),
    ("D3-half-open-in-the-body", after(1000, "half-open")),
    ("D3-length-is-no-number", headed(content_length="many")),
    ("D3-length-is-negative", headed(content_length="-5")),
    ("D3-length-is-beyond-any", headed(content_length="9" * 30)),
    ("D3-two-lengths", headed(Content_length="5")),
    ("D3-chunk-beyond-any", chunks(b"FFFFFFFFFFFFFFFF\r\n")),
    ("D3-chunk-of-a-negative-size", chunks(b"-5\r\nhello\r\n")),
    ("D3-chunk-that-is-none", chunks(b"hello\r\n\r\n")),
    ("D3-chunks-without-an-end", chunks_without_an_end),
    ("D3-chunks-for-longer", longer_than_its_chunks_may_be),
    ("D3-nothing-in-no-chunk", chunks(b"0\r\n\r\n")),
    ("D3-garbage-after-the-body", garbage_after_the_body),
    ("D3-two-answers-for-one", two_answers_for_one),
    ("D3-says-keep-alive-and-goes", says_keep_alive_and_goes),
    ("D4-nothing-of-http", said(b"\x16\x03\x01 who are you\r\n\r\n")),
    ("D4-http-of-1991", said(b"", then_wanted=True)),
    ("D4-a-version-of-the-future", said(b"HTTP/9.9 206 Yes\r\n\r\n", then_wanted=True)),
    ("D4-101", headed("101 Switching Protocols", upgrade="h2c")),
    ("D4-204", said(b"HTTP/1.1 204 No Content\r\n\r\n")),
    ("D4-206-of-nothing", said(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n")),
    ("D4-304", said(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    ("D4-no-content-range", headed(content_range=None)),
    ("D4-content-range-of-no-unit", headed(content_range=f"0-{SIZE}/*")),
    ("D4-content-range-beyond-any", headed(content_range=f"bytes {'9' * 40}-{'9' * 41}/*")),
    ("D4-several-ranges", several_ranges),
    ("D4-really-zipped", really_zipped),
    ("D4-zipped-twice", headed(content_encoding="identity, gzip")),
    ("D4-a-header-of-200-kb", headed(x_long="x" * 200_000)),
    ("D4-more-headers-than-any", headed(**{f"x_{number}": "y" for number in range(2_000)})),
    ("D4-a-header-without-a-name", said(b"HTTP/1.1 206 Partial Content\r\n: x\r\n\r\n", then_wanted=True)),
    ("D4-a-null-in-a-header", headed(content_range="bytes 0\x00-5/9")),
    ("D7-reset-before-a-word", reset_before_a_word),
    ("D7-reset-in-the-head", reset_in_the_head),
    ("D7-reset-in-the-body", after(100_000, "reset")),
]
RIGHT_BYTES: list[tuple[str, Script]] = [
    ("D7-reset-after-the-body", reset_after_the_whole_body),
    ("D3-says-close-and-stays", says_close_and_stays),
]


async def silence_before_a_word(talk: Talk) -> None:
    await talk.silence()


async def silence_in_the_head(talk: Talk) -> None:
    await talk.say(talk.head()[:-2])
    await talk.silence()


async def silence_in_the_body(talk: Talk) -> None:
    await talk.say(talk.head() + talk.wanted[:1000])
    await talk.silence()


async def a_head_byte_by_byte(talk: Talk) -> None:
    await talk.drip(talk.head(x_long="x" * 2000), 0.02)


async def a_body_byte_by_byte(talk: Talk) -> None:
    await talk.say(talk.head())
    await talk.drip(talk.wanted, 0.02)


async def chunks_of_one_byte(talk: Talk) -> None:
    await talk.say(talk.head(content_length=None, transfer_encoding="chunked"))
    await talk.drip(b"1\r\nx\r\n" * 10_000, 0.02)


async def continues_for_ever(talk: Talk) -> None:
    await talk.flood(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)


async def heads_for_ever(talk: Talk) -> None:
    await talk.say(b"HTTP/1.1 206 Partial Content\r\n")
    await talk.flood(b"X-Flood: yes\r\n" * 1000)


async def a_body_for_ever(talk: Talk) -> None:
    await talk.say(talk.head(content_length=None, connection="close") + talk.wanted)
    await talk.flood(bytes(1 << 16))


async def chunks_for_ever(talk: Talk) -> None:
    await talk.say(talk.head(content_length=None, transfer_encoding="chunked"))
    await talk.flood(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


async def chunk_words_for_ever(talk: Talk) -> None:
    await talk.say(talk.head(content_length=None, transfer_encoding="chunked") + b"5;")
    await talk.flood(b"word=1;" * 1000)


async def trailers_for_ever(talk: Talk) -> None:
    framed = b"%x\r\n%s\r\n0\r\n" % (len(talk.wanted), talk.wanted)
    await talk.say(talk.head(content_length=None, transfer_encoding="chunked") + framed)
    await talk.flood(b"X-Trailer: yes\r\n" * 1000)


WITHOUT_END: list[tuple[str, Script]] = [
    ("D7-silence-before-a-word", silence_before_a_word),
    ("D7-silence-in-the-head", silence_in_the_head),
    ("D7-silence-in-the-body", silence_in_the_body),
    ("D7-a-head-byte-by-byte", a_head_byte_by_byte),
    ("D7-a-body-byte-by-byte", a_body_byte_by_byte),
    ("D7-chunks-of-one-byte", chunks_of_one_byte),
    ("D3-continues-for-ever", continues_for_ever),
    ("D3-heads-for-ever", heads_for_ever),
    ("D3-a-body-for-ever", a_body_for_ever),
    ("D3-chunks-for-ever", chunks_for_ever),
    ("D3-chunk-words-for-ever", chunk_words_for_ever),
    ("D3-trailers-for-ever", trailers_for_ever),
]


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
