"""Section 3: sizes, ranges, sealing and opening parts."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from weights_vault.sealed import body
from weights_vault.sealed.errors import DigestMismatch, Malformed, PartTampered

CHUNK, PART = body.CHUNK_SIZE, body.PLAIN_PART_SIZE
KEY, NONCE = bytes(range(16)), bytes(range(16, 32))
FILL = 0xEE


def sealed_part(plaintext: bytes, index: int = 0) -> bytes:
    where = body.part_range(index, len(plaintext))
    return body.seal_body(KEY, NONCE, plaintext)[where.body_start : where.body_end]


def test_constants_are_those_of_the_specification() -> None:
    assert (body.CHUNK_SIZE, body.SEALED_CHUNK_SIZE, body.CHUNKS_PER_PART) == (65_536, 65_552, 256)
    assert (body.PLAIN_PART_SIZE, body.PART_SIZE) == (16_777_216, 16_781_312)
    assert (body.FILE_KEY_SIZE, body.NONCE_SIZE, body.BODY_FORMAT) == (16, 16, "age-v1-stream")


@pytest.mark.parametrize(
    ("plain", "sealed", "parts"),
    [
        (0, 32, 1),
        (1, 33, 1),
        (CHUNK, 16 + CHUNK + 16, 1),
        (CHUNK + 1, 16 + CHUNK + 1 + 32, 1),
        (PART, 16 + body.PART_SIZE, 1),
        (PART + 1, 16 + body.PART_SIZE + 17, 2),
    ],
)
def test_sizes_of_body_and_parts(plain: int, sealed: int, parts: int) -> None:
    assert body.sealed_size(plain) == sealed
    assert body.part_count(plain) == parts
    assert body.plain_size_of(sealed) == plain


@pytest.mark.parametrize("size", [0, 16, 31, 16 + 65_552 + 16, 16 + 65_552 + 1])
def test_a_body_size_that_no_file_has_is_malformed(size: int) -> None:
    with pytest.raises(Malformed):
        body.plain_size_of(size)


def test_part_ranges_follow_each_other_and_cover_the_body() -> None:
    size = 3 * PART + 5
    ranges = [body.part_range(index, size) for index in range(body.part_count(size))]
    assert ranges[0].body_start == body.NONCE_SIZE
    assert [r.body_end for r in ranges[:-1]] == [r.body_start for r in ranges[1:]]
    assert [r.plain_end for r in ranges[:-1]] == [r.plain_start for r in ranges[1:]]
    assert (ranges[-1].body_end, ranges[-1].plain_end) == (body.sealed_size(size), size)
    assert [r.sealed_size for r in ranges] == [body.PART_SIZE] * 3 + [5 + 16]


@pytest.mark.parametrize("index", [-1, 1])
def test_a_part_that_the_file_does_not_have_is_a_mistake_of_the_program(index: int) -> None:
    with pytest.raises(RuntimeError):
        body.part_range(index, PART)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, PART - 1, PART, PART + 1])
def test_what_is_sealed_opens(size: int) -> None:
    plaintext = os.urandom(size)
    assert body.open_body(KEY, body.seal_body(KEY, NONCE, plaintext)) == plaintext


def test_parts_are_sealed_and_opened_in_any_order_by_several_threads() -> None:
    size = 4 * PART + 100_000
    plaintext = os.urandom(size)
    sealed, opened = bytearray(body.sealed_size(size)), bytearray(size)
    sealer, opener = body.BodySealer(KEY, NONCE, size), body.BodyOpener(KEY, NONCE, size)
    barrier = threading.Barrier(2)

    def seal(index: int) -> None:
        where = body.part_range(index, size)
        sealer.seal_part(
            index,
            memoryview(plaintext)[where.plain_start : where.plain_end],
            memoryview(sealed)[where.body_start : where.body_end],
        )

    def open_(index: int) -> None:
        where = body.part_range(index, size)
        opener.open_part(
            index,
            memoryview(sealed)[where.body_start : where.body_end],
            memoryview(opened)[where.plain_start : where.plain_end],
        )

    def both(job: object, indexes: list[int]) -> None:
        barrier.wait(timeout=30)
        for index in indexes:
            job(index)  # type: ignore[operator]

    with ThreadPoolExecutor(2) as pool:
        for job in (seal, open_):
            list(pool.map(both, [job, job], [[4, 2, 0], [3, 1]]))
    sealed[:16] = NONCE
    assert opened == plaintext
    assert bytes(sealed) == body.seal_body(KEY, NONCE, plaintext)


def test_sealing_writes_to_the_front_of_a_larger_buffer() -> None:
    out = bytearray([FILL]) * 100
    assert body.BodySealer(KEY, NONCE, 3).seal_part(0, b"abc", out) == 19
    assert out[19:] == bytes([FILL]) * 81
    assert body.BodyOpener(KEY, NONCE, 3).open_part(0, bytes(out[:19]), out) == 3
    assert out[:3] == b"abc"


def test_a_sealer_seals_each_part_once() -> None:
    sealer, out = body.BodySealer(KEY, NONCE, 3), bytearray(19)
    sealer.seal_part(0, b"abc", out)
    with pytest.raises(RuntimeError, match="already"):
        sealer.seal_part(0, b"abd", out)


@pytest.mark.parametrize(("plaintext", "room"), [(b"ab", 19), (b"abcd", 19), (b"abc", 18)])
def test_sealing_sizes_that_do_not_fit_is_a_mistake_and_uses_nothing_up(plaintext: bytes, room: int) -> None:
    sealer = body.BodySealer(KEY, NONCE, 3)
    with pytest.raises(RuntimeError):
        sealer.seal_part(0, plaintext, bytearray(room))
    assert sealer.seal_part(0, b"abc", bytearray(19)) == 19


def test_opening_into_too_small_a_buffer_is_a_mistake() -> None:
    with pytest.raises(RuntimeError):
        body.BodyOpener(KEY, NONCE, 3).open_part(0, sealed_part(b"abc"), bytearray(2))


@pytest.mark.parametrize(("key", "nonce"), [(KEY[:-1], NONCE), (KEY, NONCE + b"x")])
def test_a_key_or_nonce_of_another_length_is_a_mistake(key: bytes, nonce: bytes) -> None:
    with pytest.raises(RuntimeError):
        body.BodyOpener(key, nonce, 3)


def test_s1_every_bit_of_a_small_part_flipped_is_refused_and_the_buffer_wiped() -> None:
    plaintext = b"forty bytes of plaintext, more or less.."
    part = bytearray(sealed_part(plaintext))
    opener = body.BodyOpener(KEY, NONCE, len(plaintext))
    for bit in range(len(part) * 8):
        part[bit // 8] ^= 1 << bit % 8
        out = bytearray([FILL]) * len(plaintext)
        with pytest.raises(PartTampered):
            opener.open_part(0, part, out)
        assert out == bytes(len(out))
        part[bit // 8] ^= 1 << bit % 8
    assert opener.open_part(0, part, out) == len(plaintext)


@pytest.mark.parametrize("bit", range(128))
def test_s1_a_bit_of_the_nonce_or_key_flipped_opens_nothing(bit: int) -> None:
    bent = bytearray(NONCE)
    bent[bit // 8] ^= 1 << bit % 8
    for key, nonce in ((KEY, bytes(bent)), (bytes(bent), NONCE)):
        out = bytearray([FILL]) * 3
        with pytest.raises(PartTampered):
            body.BodyOpener(key, nonce, 3).open_part(0, sealed_part(b"abc"), out)
        assert out == bytes(3)


LARGE = PART + 2 * CHUNK + 77


@pytest.fixture(scope="module")
def large() -> tuple[bytes, bytes]:
    plaintext = os.urandom(LARGE)
    return plaintext, body.seal_body(KEY, NONCE, plaintext)


KINDS_OF_BYTES = [
    (0, 0),  # first byte of the first chunk
    (0, CHUNK - 1),  # its last byte
    (0, CHUNK),  # its tag
    (0, CHUNK + 15),
    (0, CHUNK + 16),  # the second chunk
    (0, 128 * 65_552 + 5),  # in the middle
    (0, body.PART_SIZE - 17),  # last byte and tag of the last chunk of the part
    (0, body.PART_SIZE - 1),
    (1, 0),
    (1, 65_552 + 3),
    (1, 2 * 65_552),  # the last, short chunk
    (1, 2 * 65_552 + 76),
    (1, 2 * 65_552 + 77),  # its tag
    (1, 2 * 65_552 + 92),
]


@pytest.mark.parametrize(("index", "offset"), KINDS_OF_BYTES)
def test_s1_a_bit_of_each_kind_of_byte_of_a_large_body_is_refused_and_no_plaintext_left(
    large: tuple[bytes, bytes], index: int, offset: int
) -> None:
    where = body.part_range(index, LARGE)
    part = bytearray(large[1][where.body_start : where.body_end])
    part[offset] ^= 0x10
    out = bytearray([FILL]) * where.plain_size
    with pytest.raises(PartTampered) as caught:
        body.BodyOpener(KEY, NONCE, LARGE).open_part(index, part, out)
    assert caught.value.index == index
    assert not any(out)


def test_s1_an_interruption_while_opening_leaves_no_plaintext(monkeypatch: pytest.MonkeyPatch) -> None:
    plaintext = os.urandom(3 * CHUNK)
    opener = body.BodyOpener(KEY, NONCE, len(plaintext))
    cipher, calls = opener._cipher, []

    class InterruptedCipher:
        def decrypt_into(self, *arguments: object) -> int:
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return cipher.decrypt_into(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(opener, "_cipher", InterruptedCipher())
    out = bytearray([FILL]) * len(plaintext)
    with pytest.raises(KeyboardInterrupt):
        opener.open_part(0, sealed_part(plaintext), out)
    assert not any(out)
    calls.clear()
    part = bytearray(sealed_part(plaintext))
    with pytest.raises(KeyboardInterrupt):
        opener.open_part_in_place(0, part)
    assert not any(part)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, PART - 1, PART, PART + 1])
def test_what_is_sealed_opens_in_place(size: int) -> None:
    plaintext = os.urandom(size)
    opener, sealed = body.BodyOpener(KEY, NONCE, size), body.seal_body(KEY, NONCE, plaintext)
    opened = bytearray()
    for index in range(body.part_count(size)):
        where = body.part_range(index, size)
        buffer = bytearray(sealed[where.body_start : where.body_end])
        views = opener.open_part_in_place(index, buffer)
        assert sum(map(len, views)) == where.plain_size
        assert all(view.obj is buffer for view in views)
        opened += b"".join(views)
    assert opened == plaintext


def test_s1_in_place_every_bit_of_a_small_part_flipped_leaves_a_buffer_of_zeros() -> None:
    plaintext = b"forty bytes of plaintext, more or less.."
    part = sealed_part(plaintext)
    opener = body.BodyOpener(KEY, NONCE, len(plaintext))
    for bit in range(len(part) * 8):
        buffer = bytearray(part)
        buffer[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PartTampered):
            opener.open_part_in_place(0, buffer)
        assert buffer == bytes(len(part))


@pytest.mark.parametrize(("index", "offset"), KINDS_OF_BYTES)
def test_s1_in_place_a_bit_of_each_kind_of_byte_leaves_a_buffer_of_zeros(
    large: tuple[bytes, bytes], index: int, offset: int
) -> None:
    where = body.part_range(index, LARGE)
    part = bytearray(large[1][where.body_start : where.body_end])
    part[offset] ^= 0x10
    with pytest.raises(PartTampered) as caught:
        body.BodyOpener(KEY, NONCE, LARGE).open_part_in_place(index, part)
    assert caught.value.index == index
    assert not any(part)


def _swapped(part: bytes) -> bytes:
    chunk = body.SEALED_CHUNK_SIZE
    return part[chunk : 2 * chunk] + part[:chunk] + part[2 * chunk :]


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(_swapped, id="chunks-swapped"),
        pytest.param(lambda part: part[: body.SEALED_CHUNK_SIZE] * 2 + part[131_104:], id="chunk-doubled"),
        pytest.param(lambda part: part[body.SEALED_CHUNK_SIZE :], id="chunk-dropped"),
        pytest.param(lambda part: part[:-1], id="cut"),
        pytest.param(lambda part: part[: 2 * body.SEALED_CHUNK_SIZE], id="cut-at-a-chunk"),
        pytest.param(lambda part: part + bytes(16), id="appended"),
        pytest.param(lambda part: b"", id="nothing"),
    ],
)
def test_s2_in_place_chunks_moved_cut_or_added_leave_a_buffer_of_zeros(
    bend: Callable[[bytes], bytes],
) -> None:
    plaintext = os.urandom(2 * CHUNK + 7)
    buffer = bytearray(bend(sealed_part(plaintext)))
    with pytest.raises(PartTampered):
        body.BodyOpener(KEY, NONCE, len(plaintext)).open_part_in_place(0, buffer)
    assert not any(buffer)


def test_s2_in_place_another_part_of_the_same_body_is_refused() -> None:
    size = 2 * PART
    plaintext = os.urandom(size)
    where = body.part_range(0, size)
    buffer = bytearray(body.seal_body(KEY, NONCE, plaintext)[where.body_start : where.body_end])
    with pytest.raises(PartTampered):
        body.BodyOpener(KEY, NONCE, size).open_part_in_place(1, buffer)
    assert not any(buffer)


def test_check_part_digest_passes_the_right_and_refuses_every_other() -> None:
    digest = body.part_digest(b"part")
    body.check_part_digest(b"part", digest, index=0)
    for wrong in (body.part_digest(b"parT"), digest[:-1], digest.upper(), ""):
        with pytest.raises(DigestMismatch):
            body.check_part_digest(b"part", wrong, index=0)


def test_part_digest_is_blake3_of_the_bytes() -> None:
    # The empty input's digest as the BLAKE3 paper's test vectors give it.
    assert body.part_digest(b"") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_part_tampered_survives_a_process_pool() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(PartTampered(7)))  # noqa: S301
    assert (error.index, str(error)) == (7, str(PartTampered(7)))
