"""What a misbehaving store says: with an end and without one, and, all in all, right.

Each is named for the case that it belongs to.
"""

from __future__ import annotations

import gzip

from tests.simulators.misbehaving import Script, Talk

# Bytes of the files that these are about, one part each.
SIZE = 300_000


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


async def another_status_for_ever(talk: Talk) -> None:
    await talk.say(talk.head("200 OK", content_length=None, connection="close"))
    await talk.flood(bytes(1 << 16))


async def silence_on_a_last_connection(talk: Talk) -> None:
    await talk.say(talk.head(connection="close") + talk.wanted[:1000])
    await talk.silence()


async def a_last_body_byte_by_byte(talk: Talk) -> None:
    await talk.say(talk.head(connection="close"))
    await talk.drip(talk.wanted, 0.02)


WITHOUT_END: list[tuple[str, Script]] = [
    ("D7-silence-before-a-word", silence_before_a_word),
    ("D7-silence-in-the-head", silence_in_the_head),
    ("D7-silence-in-the-body", silence_in_the_body),
    ("D7-silence-on-a-last-connection", silence_on_a_last_connection),
    ("D7-a-last-body-byte-by-byte", a_last_body_byte_by_byte),
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
