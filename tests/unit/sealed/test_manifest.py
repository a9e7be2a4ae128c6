"""Section 9: manifests. S1 and D12."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.sealed.build import DIGEST, NOW, manifest, manifest_file, signing_keys, tensor
from weights_vault.sealed import body
from weights_vault.sealed import manifest as manifests
from weights_vault.sealed.canonical import dumps
from weights_vault.sealed.errors import EnvelopeMalformed, ManifestMalformed, SealedError, SignatureInvalid
from weights_vault.sealed.manifest import (
    MANIFEST_TYPE,
    Manifest,
    PartDigests,
    decode_manifest,
    encode_manifest,
    envelope_digest,
    open_manifest,
    sign_manifest,
)
from weights_vault.sealed.manifest_json import MAX_STATEMENT_SIZE
from weights_vault.sealed.signing import SigningKey, seal_envelope

KEYS = signing_keys()
KEY = KEYS["manifest"]
GOOD = manifest()
PAYLOAD = encode_manifest(GOOD)


def bent(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The statement with one thing changed: signed by somebody careless or malicious, then."""
    statement = json.loads(PAYLOAD)
    change(statement)
    return json.dumps(statement).encode()


def first(statement: dict[str, Any]) -> dict[str, Any]:
    file: dict[str, Any] = statement["predicate"]["files"][0]
    return file


def test_a_signed_manifest_opens_to_what_was_signed() -> None:
    assert open_manifest(sign_manifest(GOOD, KEY), [KEY.public]) == GOOD


def test_signing_twice_gives_the_same_bytes() -> None:
    assert sign_manifest(GOOD, KEY) == sign_manifest(GOOD, KEY)
    assert len(envelope_digest(sign_manifest(GOOD, KEY))) == 64


def test_the_payload_is_canonical_json_of_an_in_toto_statement() -> None:
    statement = json.loads(PAYLOAD)
    assert dumps(statement) == PAYLOAD
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "weights-portal:manifest/v1"
    assert statement["subject"][0] == {"name": "model.safetensors", "digest": {"sha256": DIGEST}}


def test_size_file_and_part_of_a_manifest() -> None:
    big = manifest_file("big.safetensors", body.PLAIN_PART_SIZE + 1)
    made = manifest(manifest_file(), big)
    assert made.size == 100 + body.PLAIN_PART_SIZE + 1
    assert made.file("big.safetensors").part(1) == body.part_range(1, big.size)
    with pytest.raises(KeyError):
        made.file("missing")


def test_a_fraction_of_a_second_is_cut_off() -> None:
    made = manifest(created=NOW + timedelta(microseconds=999_999))
    assert made.created == NOW
    assert decode_manifest(encode_manifest(made)) == made


def test_s1_every_bit_of_a_small_manifest_envelope_flipped_is_refused() -> None:
    small = manifest(manifest_file("a", 1))
    envelope = bytearray(sign_manifest(small, KEY))
    for bit in range(len(envelope) * 8):
        envelope[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealedError):
            open_manifest(bytes(envelope), [KEY.public])
        envelope[bit // 8] ^= 1 << bit % 8
    assert open_manifest(bytes(envelope), [KEY.public]) == small


@pytest.mark.parametrize("role", ["root", "head", "countersign"])
def test_a_manifest_signed_by_the_key_of_another_role_is_refused(role: str) -> None:
    with pytest.raises(SignatureInvalid):
        open_manifest(sign_manifest(GOOD, KEYS[role]), [KEY.public])


def test_d12_another_document_signed_by_the_right_key_is_no_manifest() -> None:
    with pytest.raises(EnvelopeMalformed):
        open_manifest(
            seal_envelope("application/vnd.weights-portal.head.v1+json", PAYLOAD, [KEY]), [KEY.public]
        )
    with pytest.raises(ManifestMalformed):
        open_manifest(seal_envelope(MANIFEST_TYPE, b"{}", [KEY]), [KEY.public])


def test_d12_a_manifest_beyond_32_mib_is_refused_unread() -> None:
    with pytest.raises(EnvelopeMalformed, match="33554432"):
        open_manifest(bytes(manifests.MAX_MANIFEST_SIZE + 1), [KEY.public])


def test_d12_a_key_twice_is_refused() -> None:
    doubled = PAYLOAD.replace(b'"kind":"weights"', b'"kind":"weights","kind":"config"')
    with pytest.raises(ManifestMalformed) as caught:
        decode_manifest(doubled)
    assert caught.value.reference == "json-duplicate-key"


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda s: s.update(predicateType="weights-portal:manifest/v2"),
        lambda s: s.update(more=1),
        lambda s: s.pop("subject"),
        lambda s: s["subject"].pop(),
        lambda s: s["subject"].reverse(),
        lambda s: s["subject"][0].update(name="other"),
        lambda s: s["subject"][0]["digest"].update(sha256="00" * 32),
        lambda s: s["subject"][0]["digest"].update(sha512="00" * 64),
        lambda s: s["predicate"].pop("previous"),
        lambda s: s["predicate"].update(unknown=True),
        lambda s: s["predicate"].update(sequence=0),
        lambda s: s["predicate"].update(sequence="1"),
        lambda s: s["predicate"].update(sequence=True),
        lambda s: s["predicate"].update(previous="no digest"),
        lambda s: s["predicate"].update(previous=DIGEST.upper()),
        lambda s: s["predicate"].update(created="yesterday"),
        lambda s: s["predicate"].update(portal=""),
        lambda s: s["predicate"].update(portal="two words"),
        lambda s: s["predicate"].update(release="../x"),
        lambda s: s["predicate"].update(release="OPT"),
        lambda s: s["predicate"].update(revision=""),
        lambda s: s["predicate"].update(revision="v 1"),
        lambda s: s["predicate"].update(revision_id="a/b"),
        lambda s: s["predicate"].update(files=[]),
        lambda s: s["predicate"].update(files={}),
    ],
    ids=range(26),
)
def test_d12_a_statement_that_breaks_a_rule_is_malformed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(ManifestMalformed):
        decode_manifest(bent(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.pop("nonce"),
        lambda f: f.pop("parts"),
        lambda f: f.update(executable=True),
        lambda f: f.update(path="../model.safetensors"),
        lambda f: f.update(path=".weights/state.json"),
        lambda f: f.update(kind="pickle"),
        lambda f: f.update(id="fil 1"),
        lambda f: f.update(id=1),
        lambda f: f.update(sha256=None),
        lambda f: f.update(sha256="00" * 31),
        lambda f: f.update(nonce="00" * 15),
        lambda f: f.update(nonce="0F" * 16),
        lambda f: f.update(body_format="age-v2"),
        lambda f: f.update(body_format=None),
        lambda f: f.update(size=101),
        lambda f: f.update(size=-1),
        lambda f: f.update(size=2**43),
        lambda f: f.update(size=100.0),
        lambda f: f.update(body_size=100),
        lambda f: f.update(body_size=f["body_size"] + 1),
        lambda f: f.update(parts=[]),
        lambda f: f.update(parts=f["parts"] * 2),
        lambda f: f["parts"][0].pop(),
        lambda f: f["parts"][0].append(DIGEST),
        lambda f: f["parts"][0].reverse() or f["parts"].append(f["parts"][0]),
        lambda f: f["parts"].__setitem__(0, [DIGEST, ""]),
        lambda f: f["parts"].__setitem__(0, [DIGEST, None]),
        lambda f: f["parts"].__setitem__(0, [DIGEST, DIGEST.upper()]),
        lambda f: f["parts"].__setitem__(0, {"sealed": DIGEST, "plain": DIGEST}),
    ],
    ids=range(29),
)
def test_d12_a_file_that_breaks_a_rule_is_malformed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(ManifestMalformed):
        decode_manifest(bent(lambda statement: change(first(statement))))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("blake3"),
        lambda t: t.update(extra=1),
        lambda t: t.update(name=""),
        lambda t: t.update(name="x" * 1025),
        lambda t: t.update(dtype="F17"),
        lambda t: t.update(dtype="F32"),
        lambda t: t.update(shape=[2, 4]),
        lambda t: t.update(shape=[-2, -3]),
        lambda t: t.update(shape=[1] * 17),
        lambda t: t.update(shape=[2, True, 3]),
        lambda t: t.update(start=94, end=106),
        lambda t: t.update(start=92, end=80),
        lambda t: t.update(start=-12, end=0),
        lambda t: t.update(blake3="00"),
        lambda t: t.update(absmax=1.5),
        lambda t: t.update(mean="0.1"),
        lambda t: t.update(mean="0x1.8p+1 "),
        lambda t: t.update(std="NaN"),
        lambda t: t.update(std=None),
    ],
    ids=range(19),
)
def test_d12_a_tensor_that_breaks_a_rule_is_malformed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(ManifestMalformed):
        decode_manifest(bent(lambda statement: change(first(statement)["tensors"][0])))


@pytest.mark.parametrize(
    "tensors",
    [
        (tensor("a", 70), tensor("b", 80)),
        (tensor("b", 80), tensor("a", 60)),
        (tensor("a", 60), tensor("a", 80)),
    ],
    ids=["overlap", "order", "name twice"],
)
def test_d12_tensors_over_each_other_unordered_or_of_one_name_are_malformed(tensors: tuple[Any, ...]) -> None:
    with pytest.raises(ManifestMalformed):
        encode_manifest(manifest(manifest_file(tensors=tensors)))


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 1.5, -2e-310, 5e-324, 1.7976931348623157e308, float("inf"), float("nan")]
)
def test_tensor_figures_survive_bit_for_bit(value: float) -> None:
    for text in (value.hex(), (-value).hex()):
        made = manifest(manifest_file(tensors=(replace(tensor(), absmax=text),)))
        assert decode_manifest(encode_manifest(made)).files[0].tensors[0].absmax == text


def test_empty_tensors_and_scalars_are_taken() -> None:
    spans = (tensor("empty", 50, (0, 7)), tensor("scalar", 50, ()), tensor("last", 100, (0,)))
    made = manifest(manifest_file(tensors=spans))
    assert decode_manifest(encode_manifest(made)) == made


def test_d12_two_files_of_one_path_or_id_are_malformed() -> None:
    one = manifest_file("a")
    for files in (
        (one, replace(one, id="fil_2")),
        (one, manifest_file("b", id=one.id)),
        (one, manifest_file("A")),
    ):
        with pytest.raises(ManifestMalformed):
            encode_manifest(manifest(*files))


@pytest.mark.parametrize(
    "change",
    [
        {"release": "No Slug"},
        {"sequence": 0},
        {"files": ()},
        {"files": (manifest_file(parts=(PartDigests("", ""),)),)},
        {"files": (manifest_file("../x"),)},
    ],
    ids=range(5),
)
def test_what_a_reader_would_refuse_is_not_signed(change: dict[str, Any]) -> None:
    with pytest.raises(ManifestMalformed):
        sign_manifest(replace(GOOD, **change), KEY)


def test_the_largest_statement_that_is_taken_fits_its_envelope() -> None:
    """Whatever can be signed can be opened, with as many signatures as an envelope has."""
    signers = [SigningKey.generate() for _ in range(8)]
    envelope = seal_envelope(MANIFEST_TYPE, bytes(MAX_STATEMENT_SIZE), signers)
    assert len(envelope) <= manifests.MAX_MANIFEST_SIZE
    with pytest.raises(ManifestMalformed, match=str(MAX_STATEMENT_SIZE)):
        decode_manifest(bytes(MAX_STATEMENT_SIZE + 1))


def test_a_manifest_of_350_gb_fits_and_opens() -> None:
    """21,000 parts and 1,200 tensors: what the limits were made for."""
    shard = 700 * body.PLAIN_PART_SIZE
    files = []
    for number in range(30):
        tensors = tuple(tensor(f"layers.{number}.{i}", i * 200, (100,)) for i in range(40))
        files.append(manifest_file(f"model-{number:05}-of-00030.safetensors", shard, tensors=tensors))
    large: Manifest = manifest(*files)
    envelope = sign_manifest(large, KEY)
    assert sum(len(file.parts) for file in large.files) == 21_000
    assert len(envelope) < 5_000_000
    assert open_manifest(envelope, [KEY.public]) == large
