"""S2 and S3: pieces of bodies moved, lost, doubled, and bodies put in each other's place."""

import os
from collections.abc import Callable

import pytest

from weights_vault.sealed import body
from weights_vault.sealed.errors import DigestMismatch, HeaderMislabeled, Malformed, PartTampered
from weights_vault.sealed.header import GrantLabel, make_header, open_header
from weights_vault.sealed.keys import generate_identity

KEY, NONCE = body.new_file_key(), body.new_nonce()
CHUNK, SEALED = body.CHUNK_SIZE, body.SEALED_CHUNK_SIZE
PLAINTEXT = os.urandom(4 * CHUNK + 9)
BODY = body.seal_body(KEY, NONCE, PLAINTEXT)
PART = BODY[16:]
CHUNKS = [PART[i : i + SEALED] for i in range(0, len(PART), SEALED)]


def joined(*indexes: int) -> bytes:
    return b"".join(CHUNKS[i] for i in indexes)


@pytest.mark.parametrize(
    "part",
    [
        joined(1, 0, 2, 3, 4),
        joined(0, 0, 2, 3, 4),
        joined(0, 2, 3, 4),
        joined(0, 1, 2, 3),
        joined(0, 1, 2, 3, 3, 4),
        joined(0, 1, 2, 3, 4, 4),
        joined(4, 0, 1, 2, 3),
        PART[:-1],
        PART + b"\x00",
        PART[1:],
        b"",
        PART + PART,
    ],
    ids=[
        "swapped",
        "doubled in place",
        "dropped",
        "last dropped",
        "doubled",
        "last doubled",
        "last first",
        "cut",
        "a byte more",
        "first byte lost",
        "empty",
        "twice",
    ],
)
def test_s2_chunks_of_a_part_moved_lost_or_doubled_are_refused(part: bytes) -> None:
    out = bytearray(b"\xee") * len(PLAINTEXT)
    with pytest.raises(PartTampered):
        body.BodyOpener(KEY, NONCE, len(PLAINTEXT)).open_part(0, part, out)
    assert not any(out)


@pytest.mark.parametrize("kept", range(1, 5))
def test_s2_a_body_cut_at_a_chunk_is_refused_also_where_its_size_is_believed(kept: int) -> None:
    """Whoever believes the length received looks for the last flag where there is none."""
    with pytest.raises(PartTampered):
        body.open_body(KEY, BODY[: 16 + kept * SEALED])


@pytest.mark.parametrize("change", [lambda b: b + bytes(16), lambda b: b + bytes(SEALED), lambda b: b[:-1]])
def test_s2_a_longer_or_shorter_body_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises((PartTampered, Malformed)):
        body.open_body(KEY, change(BODY))


def test_s2_parts_in_each_others_place_are_refused() -> None:
    size = 2 * body.PLAIN_PART_SIZE + 3
    sealer, opener = body.BodySealer(KEY, NONCE, size), body.BodyOpener(KEY, NONCE, size)
    plaintext = bytes(body.PLAIN_PART_SIZE)
    first, second = bytearray(body.PART_SIZE), bytearray(body.PART_SIZE)
    sealer.seal_part(0, plaintext, first)
    sealer.seal_part(1, plaintext, second)
    assert first != second
    out = bytearray(body.PLAIN_PART_SIZE)
    for index, part in ((1, first), (0, second)):
        with pytest.raises(PartTampered) as caught:
            opener.open_part(index, part, out)
        assert caught.value.index == index


def test_s2_the_last_flag_lost_is_refused() -> None:
    """The same chunk, sealed where more was to follow."""
    longer = body.seal_body(KEY, NONCE, PLAINTEXT[: 2 * CHUNK])
    out = bytearray(CHUNK)
    with pytest.raises(PartTampered):
        body.BodyOpener(KEY, NONCE, CHUNK).open_part(0, longer[16 : 16 + SEALED], out)
    assert not any(out)


def test_s3_a_body_of_another_file_is_refused_by_its_digest_and_by_its_key() -> None:
    other = body.seal_body(body.new_file_key(), body.new_nonce(), PLAINTEXT)
    with pytest.raises(DigestMismatch):
        body.check_part_digest(other[16:], body.part_digest(PART), index=0)
    with pytest.raises(PartTampered):
        body.BodyOpener(KEY, NONCE, len(PLAINTEXT)).open_part(0, other[16:], bytearray(len(PLAINTEXT)))


def test_s3_a_body_forged_under_the_right_key_is_refused_by_its_digest_alone() -> None:
    """Every recipient knows the file key: the tags of a forged body hold; only the signed digest tells."""
    forged = body.seal_body(KEY, NONCE, bytes(len(PLAINTEXT)))
    assert body.open_body(KEY, forged) == bytes(len(PLAINTEXT))
    with pytest.raises(DigestMismatch):
        body.check_part_digest(forged[16:], body.part_digest(PART), index=0)


def test_s3_a_body_with_its_own_header_in_place_of_another_revisions_is_refused_by_the_label() -> None:
    identity = generate_identity()
    old = make_header(KEY, identity.recipient, GrantLabel("grt_1", "rev_1", "fil_1"))
    with pytest.raises(HeaderMislabeled):
        open_header(old, [identity], GrantLabel("grt_1", "rev_2", "fil_1"))
