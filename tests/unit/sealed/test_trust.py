"""Sections 12 and 13: trust documents and heads. D12."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.sealed.build import NOW, OTHER_DIGEST, PORTAL, RELEASE, head, signing_keys, trust_document
from weights_vault.sealed.errors import (
    EnvelopeMalformed,
    Expired,
    RolledBack,
    SealedError,
    SignatureInvalid,
    WrongSubject,
)
from weights_vault.sealed.log.note import COSIGNATURE, NoteVerifier
from weights_vault.sealed.signing import SigningKey, seal_envelope
from weights_vault.sealed.trust import (
    HEAD_TYPE,
    TRUST_TYPE,
    Head,
    TrustDocument,
    fingerprint,
    open_head,
    open_trust,
    sign_head,
    sign_trust,
)

KEYS = signing_keys()
ROOT, NEW_ROOT = KEYS["root"], SigningKey.generate()
PIN = fingerprint(ROOT.public)
TRUST = trust_document(KEYS)
TRUST_ENVELOPE = sign_trust(TRUST, ROOT)
HEAD = head()
HEAD_ENVELOPE = sign_head(HEAD, KEYS["head"])


def open_t(envelope: bytes = TRUST_ENVELOPE, **changes: Any) -> TrustDocument:
    arguments: dict[str, Any] = {"pinned": PIN, "minimum_sequence": 3, "portal": PORTAL, "now": NOW}
    return open_trust(envelope, **(arguments | changes))


def open_h(envelope: bytes = HEAD_ENVELOPE, **changes: Any) -> Head:
    arguments: dict[str, Any] = {"release": RELEASE, "minimum_sequence": 2, "now": NOW}
    return open_head(envelope, TRUST, **(arguments | changes))


def bent(
    envelope: bytes, payload_type: str, key: SigningKey, change: Callable[[dict[str, Any]], object]
) -> bytes:
    """The document with one thing changed, and signed again."""
    value = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    change(value)
    return seal_envelope(payload_type, json.dumps(value).encode(), [key])


def test_a_trust_document_opens_to_what_was_signed() -> None:
    assert open_t() == TRUST


def test_first_contact_needs_no_pin_and_gives_one() -> None:
    assert fingerprint(open_t(pinned=None).keys["root"][0]) == PIN


def test_fingerprint_is_eight_groups_of_four_and_read_in_any_case() -> None:
    assert [len(group) for group in PIN.split("-")] == [3] + [4] * 8
    assert PIN.startswith("wp1-")
    assert open_t(pinned=f" {PIN.upper()}\n") == TRUST


def test_a_root_other_than_the_pinned_one_is_refused_by_name() -> None:
    with pytest.raises(SignatureInvalid) as caught:
        open_t(pinned=fingerprint(NEW_ROOT.public))
    assert caught.value.reference == "root-not-pinned"


def test_naming_the_pinned_root_without_its_signature_is_not_enough() -> None:
    """Whoever forges a document can list the pinned key; they cannot sign with it."""
    forged = replace(TRUST, keys={**TRUST.keys, "root": (NEW_ROOT.public, ROOT.public)})
    with pytest.raises(SignatureInvalid):
        open_t(sign_trust(forged, NEW_ROOT))


def test_a_root_can_be_replaced_while_both_sign() -> None:
    both = replace(TRUST, sequence=4, keys={**TRUST.keys, "root": (NEW_ROOT.public, ROOT.public)})
    envelope = sign_trust(both, NEW_ROOT, ROOT)
    document = open_t(envelope)
    assert fingerprint(document.keys["root"][0]) == fingerprint(NEW_ROOT.public)
    assert open_t(envelope, pinned=fingerprint(NEW_ROOT.public)) == document


def test_the_old_root_alone_cannot_have_a_key_pinned_that_nobody_holds() -> None:
    payload_only = bent(
        TRUST_ENVELOPE, TRUST_TYPE, ROOT, lambda v: v["keys"]["root"].insert(0, str(NEW_ROOT.public))
    )
    with pytest.raises(SignatureInvalid):
        open_t(payload_only)


def test_an_announced_root_is_carried_along() -> None:
    announced = replace(TRUST, next_root=NEW_ROOT.public)
    assert open_t(sign_trust(announced, ROOT)).next_root == NEW_ROOT.public


def test_s1_every_bit_of_a_trust_document_flipped_is_refused() -> None:
    envelope = bytearray(TRUST_ENVELOPE)
    for bit in range(len(envelope) * 8):
        envelope[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealedError):
            open_t(bytes(envelope))
        envelope[bit // 8] ^= 1 << bit % 8


def test_s1_every_bit_of_a_head_flipped_is_refused() -> None:
    envelope = bytearray(HEAD_ENVELOPE)
    for bit in range(len(envelope) * 8):
        envelope[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealedError):
            open_h(bytes(envelope))
        envelope[bit // 8] ^= 1 << bit % 8


def test_a_trust_document_of_another_portal_is_refused() -> None:
    with pytest.raises(WrongSubject):
        open_t(portal="https://other.example.org")


def test_d12_an_older_trust_document_than_seen_is_refused() -> None:
    with pytest.raises(RolledBack):
        open_t(minimum_sequence=4)


@pytest.mark.parametrize(
    ("now", "reference"),
    [(NOW + timedelta(days=90), "expired"), (NOW - timedelta(minutes=11), "not-yet-valid")],
)
def test_d12_a_trust_document_out_of_its_time_is_refused(now: datetime, reference: str) -> None:
    with pytest.raises(Expired) as caught:
        open_t(now=now)
    assert caught.value.reference == reference


@pytest.mark.parametrize("now", [NOW - timedelta(minutes=10), NOW + timedelta(days=90, seconds=-1)])
def test_clocks_may_differ_by_ten_minutes(now: datetime) -> None:
    assert open_t(now=now) == TRUST


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(more=1),
        lambda v: v.pop("next_root"),
        lambda v: v.update(sequence=0),
        lambda v: v["keys"].pop("countersign"),
        lambda v: v["keys"].update(admin=v["keys"].pop("head")),
        lambda v: v["keys"].update(head=[]),
        lambda v: v["keys"].update(head=["ed25519:AAAA"]),
        lambda v: v["keys"].update(head=["rsa:AAAA"]),
        lambda v: v["keys"].update(head=v["keys"]["head"] * 2),
        lambda v: v["keys"].update(head=v["keys"]["root"]),
        lambda v: v["keys"].update(manifest=v["keys"]["head"]),
        lambda v: v.update(next_root=v["keys"]["root"][0]),
        lambda v: v.update(expires=v["issued"]),
        lambda v: v.update(expires="2036-11-20T00:00:00Z"),
        lambda v: v.update(portal=""),
    ],
    ids=range(15),
)
def test_a_trust_document_that_breaks_a_rule_is_malformed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(EnvelopeMalformed):
        open_t(bent(TRUST_ENVELOPE, TRUST_TYPE, ROOT, change))


def test_a_trust_document_is_signed_by_the_roots_it_names() -> None:
    with pytest.raises(RuntimeError):
        sign_trust(TRUST, NEW_ROOT)


def test_what_a_reader_would_refuse_is_not_signed() -> None:
    with pytest.raises(EnvelopeMalformed):
        sign_trust(replace(TRUST, expires=NOW), ROOT)
    with pytest.raises(EnvelopeMalformed):
        sign_head(replace(HEAD, expires=NOW + timedelta(days=8)), KEYS["head"])


def test_a_head_opens_to_what_was_signed() -> None:
    assert open_h() == HEAD


@pytest.mark.parametrize("role", ["root", "manifest", "countersign"])
def test_a_head_signed_by_the_key_of_another_role_is_refused(role: str) -> None:
    with pytest.raises(SignatureInvalid):
        open_h(sign_head(HEAD, KEYS[role]))


def test_a_head_of_another_release_or_portal_is_refused() -> None:
    with pytest.raises(WrongSubject):
        open_h(release="opt-66b")
    with pytest.raises(WrongSubject):
        open_h(sign_head(replace(HEAD, portal="https://other.example.org"), KEYS["head"]))


def test_d12_an_older_head_than_seen_is_refused() -> None:
    with pytest.raises(RolledBack):
        open_h(minimum_sequence=3)


def test_d12_an_expired_head_is_refused_unless_asked_for() -> None:
    over = NOW + timedelta(hours=24)
    with pytest.raises(Expired):
        open_h(now=over)
    assert open_h(now=over, allow_expired=True) == HEAD


def test_a_head_from_the_future_is_refused_also_where_expired_ones_are_not() -> None:
    with pytest.raises(Expired) as caught:
        open_h(now=NOW - timedelta(days=1), allow_expired=True)
    assert caught.value.reference == "not-yet-valid"


def test_a_head_issued_again_differs_only_in_its_times() -> None:
    later = replace(HEAD, issued=NOW + timedelta(hours=1), expires=NOW + timedelta(hours=25))
    opened = open_h(sign_head(later, KEYS["head"]), now=NOW + timedelta(hours=1))
    assert (opened.sequence, opened.issued) == (HEAD.sequence, NOW + timedelta(hours=1))


def test_an_older_revision_is_current_again_under_the_highest_sequence() -> None:
    back = replace(
        HEAD, revision="v1", manifest_sha256=OTHER_DIGEST, revisions={"v1": OTHER_DIGEST}, withdrawn=("v2",)
    )
    assert open_h(sign_head(back, KEYS["head"])).revision == "v1"


def test_a_head_says_when_nothing_may_be_fetched() -> None:
    nothing = replace(HEAD, revisions={}, withdrawn=("v1", "v2"))
    assert open_h(sign_head(nothing, KEYS["head"])).revisions == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(more=1),
        lambda v: v.pop("withdrawn"),
        lambda v: v.update(sequence=0),
        lambda v: v.update(release="Not A Slug"),
        lambda v: v.update(revision="v3"),
        lambda v: v.update(manifest_sha256=OTHER_DIGEST),
        lambda v: v.update(manifest_sha256=""),
        lambda v: v.update(withdrawn=["v2"]),
        lambda v: v.update(withdrawn=["v1", "v1"]),
        lambda v: v.update(withdrawn="v1"),
        lambda v: v.update(revisions={}),
        lambda v: v.update(revisions={"v1": OTHER_DIGEST}, withdrawn=["v2"]),
        lambda v: v.update(revisions={**v["revisions"], "../x": OTHER_DIGEST}),
        lambda v: v.update(revisions={**v["revisions"], "v9": "short"}),
        lambda v: v.update(expires="2026-12-20T12:00:00Z"),
        lambda v: v.update(issued="2026-11-20T12:00:00.5Z"),
    ],
    ids=range(16),
)
def test_a_head_that_breaks_a_rule_is_malformed(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(EnvelopeMalformed):
        open_h(bent(HEAD_ENVELOPE, HEAD_TYPE, KEYS["head"], change))


def test_the_largest_head_that_can_be_signed_opens() -> None:
    names = [f"{number:064}" for number in range(2_000)]
    fetchable = dict.fromkeys(names[:1_000], OTHER_DIGEST)
    largest = replace(
        HEAD,
        revision=names[0],
        manifest_sha256=OTHER_DIGEST,
        revisions=fetchable,
        withdrawn=tuple(names[1_000:]),
    )
    assert open_h(sign_head(largest, KEYS["head"])) == largest
    with pytest.raises(EnvelopeMalformed):
        sign_head(replace(largest, withdrawn=(*largest.withdrawn, "v9")), KEYS["head"])


def test_d12_a_document_beyond_its_size_is_refused_unread() -> None:
    for opener in (open_t, open_h):
        with pytest.raises(EnvelopeMalformed, match="524288"):
            opener(b" " * 524_289)


LOG = NoteVerifier("weights.example.org/log", SigningKey.generate().public)


def test_the_keys_of_the_log_come_with_the_others() -> None:
    document = replace(TRUST, log=(LOG.text,))
    assert open_t(sign_trust(document, ROOT)).log == (LOG.text,)


def test_a_document_without_a_log_is_written_as_before_there_was_one() -> None:
    payload = json.loads(base64.b64decode(json.loads(TRUST_ENVELOPE)["payload"]))
    assert sorted(payload) == ["expires", "issued", "keys", "next_root", "portal", "sequence"]


@pytest.mark.parametrize(
    "log",
    [
        [],
        [LOG.text, LOG.text],
        [LOG.text.replace("+", "-", 1)],
        [NoteVerifier("w.example/1", SigningKey.generate().public, COSIGNATURE).text],
        [NoteVerifier("weights.example.org/log", KEYS["head"].public).text],
        LOG.text,
        None,
    ],
    ids=["none", "twice", "no key", "a witness", "a key of another role", "no list", "null"],
)
def test_keys_of_the_log_that_are_none_are_refused(log: object) -> None:
    changed = bent(TRUST_ENVELOPE, TRUST_TYPE, ROOT, lambda value: value.update(log=log))
    with pytest.raises(EnvelopeMalformed):
        open_t(changed)
