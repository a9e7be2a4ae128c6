"""Make tests/vectors/age: `python -m tests.vectors.make_age_vectors`.

Each vector goes wrong in one place. Existing files are left as they are: a vector, once committed, is never
made again.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.vectors.age_reference import (
    CHUNK,
    HybridKey,
    Stream,
    X25519Key,
    header,
    hybrid_body,
    hybrid_parts,
    mac_line,
    raw_base64,
    stanza,
    x25519_body,
    x25519_parts,
)
from tests.vectors.age_vectors import OWN_VECTORS

FILE_KEY = b"OWN VECTOR KEYS!"
X25519 = X25519Key(hashlib.sha256(b"x25519 vector identity").digest())
OTHER_X25519 = X25519Key(hashlib.sha256(b"another x25519 identity").digest())
HYBRID = HybridKey(hashlib.sha256(b"hybrid vector identity").digest())
OTHER_HYBRID = HybridKey(hashlib.sha256(b"another hybrid identity").digest())
LOW_ORDER = {
    "zero": bytes(32),
    "one": b"\x01" + bytes(31),
    "order_8": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    "order_8_high_bit": bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7"),
}
SUCCESS, NO_MATCH, HMAC, HEADER, PAYLOAD = (
    "success",
    "no match",
    "HMAC failure",
    "header failure",
    "payload failure",
)


@dataclass(frozen=True)
class Made:
    expect: str
    comment: str
    file: bytes
    released: bytes = b""
    identities: tuple[str, ...] = (X25519.identity,)


def x25519_stanza(key: X25519Key = X25519, file_key: bytes = FILE_KEY) -> bytes:
    share, body = x25519_parts(file_key, key.public)
    return stanza("X25519", raw_base64(share), body=body)


def hybrid_stanza(key: HybridKey = HYBRID, file_key: bytes = FILE_KEY) -> bytes:
    share, body = hybrid_parts(file_key, key)
    return stanza("mlkem768x25519", raw_base64(share), body=body)


def small(*stanzas: bytes) -> bytes:
    return header(FILE_KEY, *stanzas) + Stream(FILE_KEY).add(3, last=True).body


def valid(*stanzas: bytes, identities: tuple[str, ...] = (X25519.identity,), comment: str = "") -> Made:
    stream = Stream(FILE_KEY).add(3, last=True)
    file = header(FILE_KEY, *stanzas) + stream.body
    return Made(SUCCESS, comment, file, stream.plaintext[0], identities)


def bad_header(comment: str, *stanzas: bytes, identities: tuple[str, ...] = (X25519.identity,)) -> Made:
    return Made(HEADER, comment, small(*stanzas), identities=identities)


def not_canonical(text: str) -> str:
    """The last character's unused bits set: the same bytes, another text."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def streams() -> Iterator[tuple[str, Made]]:
    def good(name: str, *sizes: int) -> tuple[str, Made]:
        stream = Stream(FILE_KEY)
        for size in sizes[:-1]:
            stream.add(size)
        stream.add(sizes[-1], last=True)
        file = header(FILE_KEY, x25519_stanza()) + stream.body
        return name, Made(SUCCESS, f"chunks of {sizes}", file, b"".join(stream.plaintext))

    def bad(name: str, comment: str, body: bytes, released: bytes = b"") -> tuple[str, Made]:
        return name, Made(PAYLOAD, comment, header(FILE_KEY, x25519_stanza()) + body, released)

    def two() -> Stream:
        return Stream(FILE_KEY).add(CHUNK).add(10, last=True)

    def flipped(body: bytes, position: int) -> bytes:
        return body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]

    yield good("stream_empty_file", 0)
    yield good("stream_one_byte", 1)
    yield good("stream_chunk_less_one", CHUNK - 1)
    yield good("stream_last_chunk_full", CHUNK)
    yield good("stream_chunk_and_one", CHUNK, 1)
    yield good("stream_two_chunks_full", CHUNK, CHUNK)
    yield good("stream_three_chunks", CHUNK, CHUNK, 7)
    yield good("stream_part_and_one_chunk", *[CHUNK] * 256, 5)
    yield good("stream_last_part_full", *[CHUNK] * 257)
    yield bad("stream_no_chunk", "only the nonce", Stream(FILE_KEY).body)
    yield bad(
        "stream_tag_missing", "a chunk shorter than a tag", Stream(FILE_KEY).add(0, last=True).body[:-1]
    )
    yield bad("stream_bad_tag", "a bit of the tag", flipped(two().body, -1))
    yield bad("stream_bad_first_chunk", "a bit of the first chunk", flipped(two().body, 100))
    yield bad("stream_bad_nonce", "a bit of the nonce", flipped(two().body, 0))
    yield bad("stream_no_final", "the last flag is missing", Stream(FILE_KEY).add(10).body)
    yield bad(
        "stream_no_final_full", "the last flag is missing on a full chunk", Stream(FILE_KEY).add(CHUNK).body
    )
    yield bad(
        "stream_final_too_early",
        "two chunks with the last flag",
        Stream(FILE_KEY).add(CHUNK, last=True).add(10, last=True).body,
    )
    yield bad(
        "stream_last_chunk_empty",
        "an empty chunk after a full one",
        Stream(FILE_KEY).add(CHUNK).add(0, last=True).body,
    )
    yield bad(
        "stream_short_first_chunk",
        "a chunk that is not full, then another",
        Stream(FILE_KEY).add(100).add(10, last=True).body,
    )
    yield bad("stream_cut_at_chunk", "the last chunk is gone", two().body[: 16 + CHUNK + 16])
    yield bad("stream_cut_in_chunk", "the last chunk is cut", two().body[:-1])
    yield bad("stream_one_byte_more", "a byte follows the last chunk", two().body + b"\x00")
    yield bad(
        "stream_chunk_more",
        "a chunk follows the last one",
        Stream(FILE_KEY).add(CHUNK, last=True).body + bytes(CHUNK + 16),
    )
    swapped = Stream(FILE_KEY).add(CHUNK).add(CHUNK).add(4, last=True)
    swapped.chunks[:2] = reversed(swapped.chunks[:2])
    yield bad("stream_chunks_swapped", "the first two chunks in each other's place", swapped.body)
    doubled = Stream(FILE_KEY).add(CHUNK).add(4, last=True, counter=1)
    doubled.chunks.insert(1, doubled.chunks[0])
    yield bad("stream_chunk_doubled", "the first chunk twice", doubled.body)
    yield bad(
        "stream_chunk_dropped",
        "the second of three chunks is missing",
        Stream(FILE_KEY).add(CHUNK).add(4, last=True, counter=2).body,
    )
    yield bad(
        "stream_counter_from_one",
        "chunks are counted from 1",
        Stream(FILE_KEY).add(10, last=True, counter=1).body,
    )
    late = Stream(FILE_KEY)
    for _ in range(256):
        late.add(CHUNK)
    late.add(9, last=True)
    released = b"".join(late.plaintext[:256])
    yield bad(
        "stream_bad_second_part", "a bit of the chunk after the first 256", flipped(late.body, -20), released
    )


def x25519() -> Iterator[tuple[str, Made]]:
    share, body = x25519_parts(FILE_KEY, X25519.public)
    text, (long_share, long_body) = raw_base64(share), x25519_parts(FILE_KEY + b"!", X25519.public)
    _, short_body = x25519_parts(FILE_KEY[:-1], X25519.public)
    yield "x25519", valid(x25519_stanza())
    yield "x25519_second_stanza_fits", valid(x25519_stanza(OTHER_X25519), x25519_stanza())
    yield (
        "x25519_second_identity_fits",
        valid(x25519_stanza(), identities=(OTHER_X25519.identity, X25519.identity)),
    )
    yield "x25519_unknown_stanza", valid(stanza("grease", "x", body=b"1234"), x25519_stanza())
    yield "x25519_no_match", Made(NO_MATCH, "for another key", small(x25519_stanza(OTHER_X25519)))
    yield (
        "x25519_bad_tag",
        Made(NO_MATCH, "", small(stanza("X25519", text, body=body[:-1] + bytes([body[-1] ^ 1])))),
    )
    yield "x25519_lower_case", Made(NO_MATCH, "", small(stanza("x25519", text, body=body)))
    yield "x25519_extra_argument", bad_header("", stanza("X25519", text, "1", body=body))
    yield "x25519_no_argument", bad_header("", stanza("X25519", body=body))
    yield "x25519_short_share", bad_header("", stanza("X25519", raw_base64(share[:-1]), body=body))
    yield "x25519_long_share", bad_header("", stanza("X25519", raw_base64(share + b"\x00"), body=body))
    yield "x25519_share_not_canonical", bad_header("", stanza("X25519", not_canonical(text), body=body))
    yield (
        "x25519_long_file_key",
        bad_header("17 bytes", stanza("X25519", raw_base64(long_share), body=long_body)),
    )
    yield "x25519_short_file_key", bad_header("15 bytes", stanza("X25519", text, body=short_body))
    broken = f"-> X25519 {text}\n{not_canonical(raw_base64(body))}\n".encode()
    yield "x25519_body_not_canonical", bad_header("", broken)
    for name, low in LOW_ORDER.items():
        weak = stanza("X25519", raw_base64(low), body=x25519_body(FILE_KEY, bytes(32), low, X25519.public))
        yield f"x25519_low_order_{name}", bad_header("the shared secret is all zero", weak)
    yield (
        "x25519_malformed_after_match",
        bad_header("the second is malformed", x25519_stanza(), stanza("X25519")),
    )


def hybrid() -> Iterator[tuple[str, Made]]:
    mine = (HYBRID.identity,)
    share, body = hybrid_parts(FILE_KEY, HYBRID)
    kind, text = "mlkem768x25519", raw_base64(share)

    def no_match(name: str, *stanzas: bytes) -> tuple[str, Made]:
        return name, Made(NO_MATCH, "", small(*stanzas), identities=mine)

    def changed(position: int) -> bytes:
        bent = bytearray(share)
        bent[position] ^= 1
        return stanza(kind, raw_base64(bytes(bent)), body=body)

    yield "hybrid", valid(hybrid_stanza(), identities=mine)
    yield "hybrid_second_stanza_fits", valid(hybrid_stanza(OTHER_HYBRID), hybrid_stanza(), identities=mine)
    yield "hybrid_and_x25519", valid(x25519_stanza(), hybrid_stanza(), identities=mine)
    yield "hybrid_unknown_stanza", valid(stanza("grease"), hybrid_stanza(), identities=mine)
    yield no_match("hybrid_no_match", hybrid_stanza(OTHER_HYBRID))
    yield no_match("hybrid_upper_case", stanza(kind.upper(), text, body=body))
    yield no_match("hybrid_bad_tag", stanza(kind, text, body=body[:-1] + bytes([body[-1] ^ 1])))
    yield no_match("hybrid_bad_mlkem", changed(0))
    yield no_match("hybrid_bad_x25519", changed(1100))
    long_share, long_body = hybrid_parts(FILE_KEY + b"!", HYBRID)
    for name, bent in {
        "hybrid_extra_argument": stanza(kind, text, "1", body=body),
        "hybrid_no_argument": stanza(kind, body=body),
        "hybrid_short_share": stanza(kind, raw_base64(share[:-1]), body=body),
        "hybrid_long_share": stanza(kind, raw_base64(share + b"\x00"), body=body),
        "hybrid_share_not_canonical": stanza(kind, not_canonical(text), body=body),
        "hybrid_long_file_key": stanza(kind, raw_base64(long_share), body=long_body),
    }.items():
        yield name, bad_header("", bent, identities=mine)
    for name, low in LOW_ORDER.items():
        weak = stanza(kind, raw_base64(share[:1088] + low), body=hybrid_body(FILE_KEY, bytes(32)))
        yield (
            f"hybrid_low_order_{name}",
            bad_header("the X25519 share is of low order", weak, identities=mine),
        )
    wrong = stanza("X25519", text, body=body)
    yield "hybrid_share_in_x25519", bad_header("", wrong, identities=(*mine, X25519.identity))


def stanzas() -> Iterator[tuple[str, Made]]:
    me = x25519_stanza()
    visible = [chr(c) for c in range(0x21, 0x7F)]
    groups = ["".join(visible[i : i + 16]) for i in range(0, len(visible), 16)]
    full = "A" * 64
    yield "stanza_every_character", valid(stanza(*groups), me)
    yield "stanza_empty_body", valid(stanza("empty"), me)
    yield (
        "stanza_body_of_48",
        valid(stanza("full", body=bytes(48)), me, comment="a full line, then an empty one"),
    )
    yield "stanza_body_of_96", valid(stanza("full", body=bytes(96)), me)
    yield "stanza_most", valid(*[stanza("grease")] * 15, me, comment="16 stanzas, the limit")
    yield "stanza_one_too_many", bad_header("17 stanzas", *[stanza("grease")] * 16, me)
    yield "stanza_many_arguments", bad_header("9 arguments, kind included", stanza(*"abcdefghi"), me)
    yield "stanza_huge", bad_header("a header of more than 16 KiB", stanza("huge", body=bytes(13_000)), me)
    for name, text in {
        "stanza_no_arguments": "->\n\n",
        "stanza_empty_first_argument": "-> \n\n",
        "stanza_empty_argument": "-> a  b\n\n",
        "stanza_trailing_space": "-> a \n\n",
        "stanza_no_space": "->a\n\n",
        "stanza_bad_start": "=> a\n\n",
        "stanza_control_character": "-> a\x7fb\n\n",
        "stanza_tab": "-> a\tb\n\n",
        "stanza_not_ascii": "-> é\n\n",
        "stanza_carriage_return": "-> a\r\n\r\n",
        "stanza_no_body": "-> a\n",
        "stanza_no_last_line": f"-> a\n{full}\n",
        "stanza_long_line": f"-> a\n{full}AAAA\n\n",
        "stanza_two_short_lines": "-> a\nAAAA\nAAAA\n",
        "stanza_padding": "-> a\nAA==\n",
        "stanza_not_canonical": "-> a\nAB\n",
        "stanza_one_character": "-> a\nA\n",
        "stanza_url_alphabet": "-> a\n-_-_\n",
        "stanza_space_in_body": "-> a\nAA AA\n",
    }.items():
        yield name, bad_header("", text.encode(), me)
    yield "stanza_none", bad_header("no stanza at all")


def macs() -> Iterator[tuple[str, Made]]:
    authenticated = header(FILE_KEY, x25519_stanza()).rpartition(b"---")[0] + b"---"
    line = mac_line(FILE_KEY, authenticated)
    body = Stream(FILE_KEY).add(3, last=True).body
    changed = authenticated.replace(b"\n---", b"\n-> more\n\n---")
    yield "hmac_bad", Made(HMAC, "", authenticated + mac_line(b"another file key", authenticated) + body)
    yield "hmac_stanza_added", Made(HMAC, "a stanza came in afterwards", changed + line + body)
    for name, bent in {
        "hmac_missing": b"\n",
        "hmac_no_space": line[1:],
        "hmac_two_spaces": b" " + line,
        "hmac_trailing_space": line[:-1] + b" \n",
        "hmac_short": line[:-3] + b"\n",
        "hmac_long": line[:-1] + b"AAA\n",
        "hmac_padding": line[:-1] + b"=\n",
        "hmac_not_canonical": b" " + not_canonical(line[1:-1].decode()).encode() + b"\n",
        "hmac_carriage_return": line[:-1] + b"\r\n",
        "hmac_no_line_end": line[:-1],
    }.items():
        yield name, Made(HEADER, "", authenticated + bent + (b"" if name == "hmac_no_line_end" else body))


def others() -> Iterator[tuple[str, Made]]:
    whole = header(FILE_KEY, x25519_stanza())
    second = b"age-encryption.org/v2\n"
    yield "file_empty", Made(HEADER, "", b"")
    yield "file_version_2", Made(HEADER, "", header(FILE_KEY, x25519_stanza(), version=second) + bytes(32))
    yield "file_crlf", Made(HEADER, "", whole.replace(b"\n", b"\r\n") + bytes(32))
    yield "file_space_first", Made(HEADER, "", b" " + whole + bytes(32))
    yield "file_header_cut", Made(HEADER, "", whole[:-20])
    yield "file_key_zero", _zero_key()


def _zero_key() -> Made:
    """A file key of zeros is a key like any other: nothing is special about it."""
    stream = Stream(bytes(16)).add(3, last=True)
    file = header(bytes(16), x25519_stanza(file_key=bytes(16))) + stream.body
    return Made(SUCCESS, "the file key is all zero", file, stream.plaintext[0])


FAMILIES: tuple[Callable[[], Iterator[tuple[str, Made]]], ...] = (
    streams,
    x25519,
    hybrid,
    stanzas,
    macs,
    others,
)


def write(path: Path, made: Made) -> None:
    lines = [f"expect: {made.expect}", f"payload: {hashlib.sha256(made.released).hexdigest()}"]
    lines += [f"identity: {identity}" for identity in made.identities]
    lines += [f"comment: {made.comment}"] if made.comment else []
    compressed = zlib.compress(made.file, 9)
    data = made.file
    if len(compressed) < len(data) // 2:
        lines.append("compressed: zlib")
        data = compressed
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + data)


def main() -> None:
    OWN_VECTORS.mkdir(exist_ok=True)
    made = 0
    for family in FAMILIES:
        for name, vector in family():
            path = OWN_VECTORS / name
            if not path.exists():
                write(path, vector)
                made += 1
    print(f"{made} made")


if __name__ == "__main__":
    main()
