"""Sections 5 and 6: the tree and its tiles, against RFC 6962's vectors and two other implementations."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]
from pymerkle import verify_inclusion as pymerkle_verifies
from pymerkle.proof import InclusionProof  # type: ignore[import-untyped]

from tests.unit.sealed.log import by_the_specification as spec
from tests.unit.sealed.log.small_log import Stored
from tests.unit.sealed.test_properties import bounded
from weights_vault.sealed.errors import LogMalformed, LogTampered
from weights_vault.sealed.log.tiles import TILE_SIZE, Tiles, append
from weights_vault.sealed.log.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# The entries and roots that implementations of RFC 6962 have tested with since the first one.
RFC_ENTRIES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
RFC_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(700)]
STORED = Stored(LEAVES)
SIZES = st.integers(1, len(LEAVES))


def test_the_roots_are_those_of_the_known_vectors() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == hashlib.sha256().digest()
    roots = []
    for entry in RFC_ENTRIES:
        frontier.append(leaf_hash(bytes.fromhex(entry)))
        roots.append(frontier.root().hex())
    assert tuple(roots) == RFC_ROOTS


def test_an_entry_cannot_pose_as_a_node() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)


def test_every_small_tree_and_proof_is_that_of_the_definition() -> None:
    for size in range(1, 40):
        root = spec.mth(LEAVES[:size])
        for position in range(size):
            proof = inclusion_proof(position, size, STORED.subtree)
            assert proof == spec.path(position, LEAVES[:size])
            verify_inclusion(LEAVES[position], position, size, proof, root)
        for old in range(size + 1):
            proof = consistency_proof(old, size, STORED.subtree)
            assert proof == spec.proof(old, LEAVES[:size])
            verify_consistency(old, spec.mth(LEAVES[:old]), size, root, proof)


@bounded
@given(size=SIZES, share=st.floats(0, 1, exclude_max=True))
def test_inclusion_in_any_tree_holds_for_another_implementation(size: int, share: float) -> None:
    position = int(share * size)
    proof = inclusion_proof(position, size, STORED.subtree)
    assert spec.root_of_path(LEAVES[position], position, size, proof) == spec.mth(LEAVES[:size])


@bounded
@given(new=SIZES, share=st.floats(0, 1, exclude_min=True))
def test_consistency_of_any_trees_holds_for_another_implementation(new: int, share: float) -> None:
    old = max(1, int(share * new))
    proof = consistency_proof(old, new, STORED.subtree)
    roots = spec.mth(LEAVES[:old]), spec.mth(LEAVES[:new])
    assert spec.roots_of_proof(old, new, proof, roots[0]) == roots


def test_the_tree_of_pymerkle_is_this_one() -> None:
    """An implementation from PyPI: its roots are ours, and it takes our proofs of inclusion."""
    theirs = InmemoryTree(algorithm="sha256")
    for number in range(300):
        theirs.append_entry(b"%d" % number)
    ours = Stored([leaf_hash(b"%d" % number) for number in range(300)])
    for size in (1, 2, 3, 7, 8, 9, 255, 256, 257, 300):
        root = Frontier.read(size, ours.subtree).root()
        assert root == theirs.get_root(size)
        for position in range(0, size, 11):
            made = theirs.prove_inclusion(position + 1, size)
            path = [ours.leaves[position], *inclusion_proof(position, size, ours.subtree)]
            proof = InclusionProof("sha256", True, size, position + 1, made.rule, path)
            pymerkle_verifies(ours.leaves[position], root, proof, index=position + 1, size=size)


@bounded
@given(size=SIZES)
def test_a_frontier_read_from_tiles_goes_on_like_one_that_grew(size: int) -> None:
    read = Frontier.read(size - 1, STORED.subtree)
    read.append(LEAVES[size - 1])
    assert (read.size, read.root()) == (size, spec.mth(LEAVES[:size]))
    assert len(read.hashes) == size.bit_count()


def test_a_frontier_of_another_number_of_hashes_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="frontier of 2 hashes"):
        Frontier.of(5, [bytes(32)])


@bounded
@given(size=st.integers(2, 200), share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 255))
def test_a_proof_of_inclusion_with_a_bit_flipped_is_refused(size: int, share: float, bit: int) -> None:
    position = int(share * size)
    root, proof = spec.mth(LEAVES[:size]), inclusion_proof(position, size, STORED.subtree)
    for number in range(len(proof)):
        bent = [*proof[:number], _flipped(proof[number], bit), *proof[number + 1 :]]
        with pytest.raises(LogTampered):
            verify_inclusion(LEAVES[position], position, size, bent, root)
    for wrong in (proof[:-1], [*proof, proof[-1]], [*proof, bytes(32)], proof[1:]):
        with pytest.raises(LogTampered):
            verify_inclusion(LEAVES[position], position, size, wrong, root)
    with pytest.raises(LogTampered):
        verify_inclusion(_flipped(LEAVES[position], bit), position, size, proof, root)
    with pytest.raises(LogTampered):
        verify_inclusion(LEAVES[position], position, size, proof, _flipped(root, bit))


def test_a_proof_for_another_place_is_refused() -> None:
    root, proof = spec.mth(LEAVES[:21]), inclusion_proof(4, 21, STORED.subtree)
    for position in (*range(4), *range(5, 23), -1, 2**64):
        with pytest.raises(LogTampered):
            verify_inclusion(LEAVES[4], position, 21, proof, root)


@bounded
@given(new=st.integers(2, 200), share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 255))
def test_a_proof_of_consistency_that_was_changed_is_refused(new: int, share: float, bit: int) -> None:
    old = max(1, int(share * new))
    was, now = spec.mth(LEAVES[:old]), spec.mth(LEAVES[:new])
    proof = consistency_proof(old, new, STORED.subtree)
    wrong = [[*proof, bytes(32)], [*proof[1:], bytes(32)], proof[:-1], []]
    wrong += [[*proof[:n], _flipped(each, bit), *proof[n + 1 :]] for n, each in enumerate(proof)]
    for bent in wrong:
        with pytest.raises(LogTampered):
            verify_consistency(old, was, new, now, bent)
    for roots in ((_flipped(was, bit), now), (was, _flipped(now, bit))):
        with pytest.raises(LogTampered):
            verify_consistency(old, roots[0], new, roots[1], proof)


def test_consistency_at_the_edges() -> None:
    one, two = spec.mth(LEAVES[:1]), spec.mth(LEAVES[:2])
    verify_consistency(0, EMPTY_ROOT, 2, two, [])
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    verify_consistency(2, two, 2, two, [])
    for sizes, roots, proof in (
        ((0, 2), (one, two), []),
        ((0, 2), (EMPTY_ROOT, two), [one]),
        ((2, 2), (two, one), []),
        ((2, 2), (two, two), [two]),
        ((2, 1), (two, one), []),
        ((-1, 2), (EMPTY_ROOT, two), []),
    ):
        with pytest.raises(LogTampered):
            verify_consistency(sizes[0], roots[0], sizes[1], roots[1], proof)


def test_a_proof_of_what_is_not_there_is_a_mistake() -> None:
    for position, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(RuntimeError):
            inclusion_proof(position, size, STORED.subtree)
    with pytest.raises(RuntimeError):
        consistency_proof(6, 5, STORED.subtree)


@bounded
@given(steps=st.lists(st.integers(0, 300), max_size=4))
def test_tiles_are_those_of_the_definition_however_the_tree_grew(steps: list[int]) -> None:
    stored = Stored()
    for step in steps:
        start = len(stored.leaves)
        stored.grow(LEAVES[start : start + step])
    leaves = stored.leaves
    roots = [spec.mth(leaves[i : i + 256]) for i in range(0, len(leaves) // 256 * 256, 256)]
    expected = {(0, i // 256): b"".join(leaves[i : i + 256]) for i in range(0, len(leaves), 256)}
    expected |= {(1, i // 256): b"".join(roots[i : i + 256]) for i in range(0, len(roots), 256)}
    assert stored.tiles == expected


def test_a_tree_of_70_000_has_the_tiles_that_c2sp_counts() -> None:
    """tlog-tiles: 273 full tiles and one of 112 on level 0, one full and one of 17 on level 1, one of 1."""
    widths = {key: len(tile) // 32 for key, tile in append(0, [bytes(32)] * 70_000, _nothing).items()}
    assert len(widths) == 277
    assert widths[0, 272] == widths[1, 0] == 256
    assert (widths[0, 273], widths[1, 1], widths[2, 0]) == (112, 17, 1)


def test_growing_by_one_rewrites_one_tile() -> None:
    stored = Stored(LEAVES[:300])
    assert list(stored.grow(LEAVES[300:301])) == [(0, 1)]


def test_what_a_write_left_beyond_the_size_is_forgotten() -> None:
    stored = Stored(LEAVES[:10])
    assert append(7, LEAVES[7:8], stored.read) == {(0, 0): b"".join(LEAVES[:8])}


def test_a_proof_reads_a_tile_once_and_few_of_them() -> None:
    reads: list[tuple[int, int]] = []

    def read(level: int, index: int) -> bytes:
        reads.append((level, index))
        return STORED.read(level, index)

    inclusion_proof(3, 700, Tiles(read).subtree)
    assert sorted(reads) == [(0, 0), (0, 2), (1, 0)]


@pytest.mark.parametrize("tile", [b"", bytes(32 * 9), bytes(31), bytes(TILE_SIZE + 32)], ids=len)
def test_a_tile_that_is_short_or_no_tile_is_refused(tile: bytes) -> None:
    with pytest.raises(LogMalformed):
        Tiles(lambda level, index: tile).subtree(0, 9)
    if len(tile) < 32 * 10:
        with pytest.raises(LogMalformed):
            append(10, LEAVES[:1], lambda level, index: tile)


def _flipped(hash_: bytes, bit: int) -> bytes:
    return (int.from_bytes(hash_, "big") ^ 1 << bit).to_bytes(32, "big")


def _nothing(level: int, index: int) -> bytes:
    return b""
