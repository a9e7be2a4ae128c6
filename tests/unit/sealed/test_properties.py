"""S5: parsers refuse or accept, and do nothing else; what is written is read back.

Bounded here; the same strategies stand more examples: `HYPOTHESIS_MAX_EXAMPLES`.
"""

import json
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.unit.sealed.build import NOW, head, manifest, manifest_file, signing_keys, tensor, trust_document
from weights_vault.sealed import body, canonical, keys, stanzas, tensors
from weights_vault.sealed.age import write_header
from weights_vault.sealed.challenge import open_challenge
from weights_vault.sealed.errors import (
    ManifestMalformed,
    SealedError,
)
from weights_vault.sealed.header import GrantLabel, make_header, open_header
from weights_vault.sealed.manifest import decode_manifest, encode_manifest, open_manifest
from weights_vault.sealed.paths import check_collisions, check_path, fold_path
from weights_vault.sealed.stanzas import Stanza
from weights_vault.sealed.trust import fingerprint, open_head, open_trust, sign_head, sign_trust

bounded = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "150")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

T = TypeVar("T")
KEYS = signing_keys()
TRUST = trust_document(KEYS)
IDENTITY = keys.generate_identity("x25519")
FILE_KEY, NONCE = bytes(16), bytes(range(16))
LABEL = GrantLabel("grt_1", "rev_1", "fil_1")
HEADER = make_header(FILE_KEY, IDENTITY.recipient, LABEL)
STATEMENT = encode_manifest(manifest())
TENSOR_INDEX = b'{"a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}'
GENUINE_TENSORS = struct.pack("<Q", len(TENSOR_INDEX)) + TENSOR_INDEX + bytes(12)

words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
stanza_contents = st.tuples(st.lists(words, min_size=1, max_size=8), st.binary(max_size=150))
characters = st.characters(exclude_categories=["Cs"])
revision_names = st.from_regex(r"[a-z][a-z0-9.]{0,8}", fullmatch=True)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def taken(read: Callable[[], T]) -> T | None:
    """What a reader makes of its input, or None where it refuses. Any other exception is a crash."""
    try:
        return read()
    except SealedError:
        return None


def edited(original: bytes) -> st.SearchStrategy[bytes]:
    """Genuine bytes with a stretch cut out and something else put in."""
    places = st.integers(0, len(original))
    return st.builds(
        lambda start, length, new: original[:start] + new + original[start + length :],
        places,
        st.integers(0, 40),
        st.binary(max_size=40),
    )


@bounded
@given(json_values)
def test_s5_canonical_json_is_read_back_and_written_again_the_same(value: Any) -> None:
    written = canonical.dumps(value)
    read = canonical.loads_strict(written, max_bytes=10**6, max_depth=50, max_items=10**5)
    assert read == value == json.loads(written)
    assert canonical.dumps(read) == written


@bounded
@given(st.binary(max_size=200) | edited(STATEMENT))
@example(STATEMENT)
def test_s5_the_strict_reader_accepts_nothing_that_python_reads_otherwise(data: bytes) -> None:
    value = taken(lambda: canonical.loads_strict(data, max_bytes=10_000, max_depth=8))
    assert value is None or json.loads(data) == value


@bounded
@given(st.lists(stanza_contents, min_size=1, max_size=8))
def test_s5_stanzas_are_read_back(content: list[tuple[list[str], bytes]]) -> None:
    written = tuple(Stanza(kind, tuple(arguments), data) for (kind, *arguments), data in content)
    header = write_header(FILE_KEY, written)
    parsed = stanzas.parse_header(header + b"and a body")
    assert parsed.stanzas == written
    assert parsed.size == len(header)


@bounded
@given(st.binary(max_size=300) | edited(HEADER))
def test_s5_no_edited_header_opens(data: bytes) -> None:
    assume(data != HEADER)
    assert taken(lambda: open_header(data, [IDENTITY], LABEL)) is None


@bounded
@given(st.binary(max_size=300) | edited(HEADER))
@example(HEADER + b"body")
def test_s5_a_header_that_parses_has_one_encoding(data: bytes) -> None:
    parsed = taken(lambda: stanzas.parse_header(data))
    if parsed is not None:
        written = stanzas.write_stanzas(parsed.stanzas) + stanzas.write_mac_line(parsed.mac)
        assert written == data[: parsed.size]


@bounded
@given(st.text(max_size=100) | edited(str(IDENTITY.recipient).encode()).map(lambda b: b.decode("latin-1")))
@example("age1pq1")
@example(f" {IDENTITY.recipient}\n")
def test_s5_a_recipient_that_is_taken_has_one_text(text: str) -> None:
    recipient = taken(lambda: keys.parse_recipient(text))
    assert recipient is None or str(recipient) == text.strip()


@bounded
@given(st.text(max_size=100) | edited(IDENTITY.to_text().encode()).map(lambda b: b.decode("latin-1")))
@example(IDENTITY.to_text())
def test_s5_an_identity_that_is_taken_has_one_text(text: str) -> None:
    identity = taken(lambda: keys.parse_identity(text))
    assert identity is None or identity.to_text() == text.strip()


@bounded
@given(st.binary(max_size=70_000), st.binary(min_size=16, max_size=16))
@example(b"", NONCE)
def test_s5_what_is_sealed_opens(plaintext: bytes, nonce: bytes) -> None:
    sealed = body.seal_body(FILE_KEY, nonce, plaintext)
    assert len(sealed) == body.sealed_size(len(plaintext))
    assert body.open_body(FILE_KEY, sealed) == plaintext


@bounded
@given(edited(body.seal_body(FILE_KEY, NONCE, b"a small plaintext of some forty bytes")))
def test_s5_no_edited_body_opens(sealed: bytes) -> None:
    assume(sealed != body.seal_body(FILE_KEY, NONCE, b"a small plaintext of some forty bytes"))
    assert taken(lambda: body.open_body(FILE_KEY, sealed)) is None


@bounded
@given(st.integers(0, body.MAX_PLAIN_SIZE))
def test_s5_ranges_cover_body_and_file_at_every_size(size: int) -> None:
    count = body.part_count(size)
    first, last = body.part_range(0, size), body.part_range(count - 1, size)
    assert (first.body_start, first.plain_start) == (16, 0)
    assert (last.body_end, last.plain_end) == (body.sealed_size(size), size)
    assert last.sealed_size - last.plain_size == 16 * max(1, -(-last.plain_size // body.CHUNK_SIZE))
    assert body.plain_size_of(body.sealed_size(size)) == size


@bounded
@given(st.integers(0, 2**43))
def test_s5_a_body_size_belongs_to_one_file_size_or_none(size: int) -> None:
    plain = taken(lambda: body.plain_size_of(size))
    assert plain is None or body.sealed_size(plain) == size


@bounded
@given(st.lists(st.integers(0, 60), max_size=6), st.text(characters, max_size=20))
def test_s5_manifests_are_read_back(lengths: list[int], name: str) -> None:
    spans, position = [], 0
    for number, length in enumerate(lengths):
        spans.append(tensor(f"{number} {name}", position, (length,)))
        position += 2 * length + number
    made = manifest(manifest_file(size=position + 1, tensors=tuple(spans)), sequence=position + 1)
    assert decode_manifest(encode_manifest(made)) == made


@bounded
@given(edited(STATEMENT))
@example(STATEMENT)
def test_s5_an_edited_statement_is_refused_or_says_what_it_says(data: bytes) -> None:
    read = taken(lambda: decode_manifest(data))
    assert read is None or canonical.dumps(json.loads(data)) == encode_manifest(read)


@bounded
@given(st.text(max_size=60) | st.from_regex(r"[a-z.~ /\\:-]{1,20}", fullmatch=True))
@example("a/b.json")
def test_s5_a_path_that_is_taken_stays_below_its_folder(path: str) -> None:
    if taken(lambda: check_path(path)):
        resolved = os.path.normpath(os.path.join("/folder", path))  # noqa: PTH118
        assert resolved == f"/folder/{path}"
        assert path.isprintable()


@bounded
@given(st.lists(st.from_regex(r"[aAbB]{1,2}(/[aAbB]){0,2}", fullmatch=True), max_size=6))
def test_s5_paths_without_collision_are_files_of_their_own(paths: list[str]) -> None:
    folded = [fold_path(path) for path in paths]
    collide = len(set(folded)) < len(paths)
    nested = any(one.startswith(other + "/") for one in folded for other in folded)
    if collide or nested:
        with pytest.raises(ManifestMalformed):
            check_collisions(paths)
    else:
        check_collisions(paths)


@bounded
@given(
    st.binary(max_size=100)
    | st.builds(
        lambda text, more: struct.pack("<Q", len(text)) + text + bytes(more),
        edited(TENSOR_INDEX),
        st.integers(0, 14),
    )
)
@example(GENUINE_TENSORS)
def test_s5_a_tensor_index_that_is_taken_covers_its_file(data: bytes) -> None:
    index = taken(lambda: tensors.read_tensor_header(data, len(data)))
    if index is not None:
        assert sum(span.end - span.start for span in index.tensors) == len(data) - index.header_size


@bounded
@given(st.binary(max_size=300))
def test_s5_arbitrary_bytes_are_no_envelope_and_no_challenge(data: bytes) -> None:
    public = [KEYS["manifest"].public]
    openers: tuple[Callable[[], object], ...] = (
        lambda: open_manifest(data, public),
        lambda: open_trust(data, pinned=None, minimum_sequence=0, portal=TRUST.portal, now=NOW),
        lambda: open_head(data, TRUST, release="opt", minimum_sequence=0, now=NOW),
        lambda: open_challenge(data, IDENTITY, origin="o", account="a", now=NOW),
    )
    assert [taken(opener) for opener in openers] == [None] * len(openers)


@bounded
@given(
    st.integers(1, 2**53 - 1),
    st.lists(revision_names, unique=True, max_size=5),
)
def test_s5_trust_documents_and_heads_are_read_back(sequence: int, names: list[str]) -> None:
    trust = replace(TRUST, sequence=sequence)
    opened = open_trust(
        sign_trust(trust, KEYS["root"]),
        pinned=fingerprint(KEYS["root"].public),
        minimum_sequence=sequence,
        portal=trust.portal,
        now=NOW,
    )
    assert opened == trust
    made = head(sequence=sequence, withdrawn=tuple(name for name in names if name != "v2"))
    envelope = sign_head(made, KEYS["head"])
    assert open_head(envelope, opened, release=made.release, minimum_sequence=sequence, now=NOW) == made
