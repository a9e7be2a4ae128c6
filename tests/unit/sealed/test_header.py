"""Section 4: headers of a grant. S1 and G3."""

import base64
from dataclasses import replace

import pytest

from weights_vault.sealed import keys, stanzas
from weights_vault.sealed.age import write_header
from weights_vault.sealed.errors import (
    HeaderMalformed,
    HeaderMislabeled,
    HeaderNotForYou,
    HeaderTampered,
    SealedError,
)
from weights_vault.sealed.header import GrantLabel, make_header, open_header
from weights_vault.sealed.stanzas import Stanza

KINDS = ["x25519", "mlkem768x25519"]
FILE_KEY = bytes(range(16))
LABEL = GrantLabel("grt_1", "rev_1", "fil_1")
ME = {kind: keys.generate_identity(kind) for kind in KINDS}
X25519 = ME["x25519"]
LABEL_STANZA = Stanza("weights-portal/grant", ("grt_1", "rev_1", "fil_1"), b"")


@pytest.mark.parametrize("kind", KINDS)
def test_header_gives_its_recipient_the_file_key(kind: str) -> None:
    header = make_header(FILE_KEY, ME[kind].recipient, LABEL)
    assert open_header(header, [ME[kind]], LABEL) == FILE_KEY


@pytest.mark.parametrize(("kind", "size"), [("x25519", 230), ("mlkem768x25519", 1_700)])
def test_header_is_small(kind: str, size: int) -> None:
    assert len(make_header(FILE_KEY, ME[kind].recipient, LABEL)) < size


def test_header_opens_with_the_one_identity_of_several_that_fits() -> None:
    strangers = [keys.generate_identity("x25519"), keys.generate_identity()]
    header = make_header(FILE_KEY, X25519.recipient, LABEL)
    assert open_header(header, [*strangers, X25519], LABEL) == FILE_KEY


@pytest.mark.parametrize("kind", KINDS)
def test_s1_every_bit_of_a_header_flipped_is_refused(kind: str) -> None:
    header = bytearray(make_header(FILE_KEY, ME[kind].recipient, LABEL))
    for bit in range(len(header) * 8):
        header[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealedError):
            open_header(bytes(header), [ME[kind]], LABEL)
        header[bit // 8] ^= 1 << bit % 8
    assert open_header(bytes(header), [ME[kind]], LABEL) == FILE_KEY


def test_s1_a_header_cut_anywhere_is_refused() -> None:
    header = make_header(FILE_KEY, X25519.recipient, LABEL)
    for size in range(len(header)):
        with pytest.raises(SealedError):
            open_header(header[:size], [X25519], LABEL)


@pytest.mark.parametrize("field", ["grant", "revision", "file"])
def test_g3_header_of_another_grant_revision_or_file_is_refused_though_its_key_fits(field: str) -> None:
    header = make_header(FILE_KEY, X25519.recipient, LABEL)
    with pytest.raises(HeaderMislabeled):
        open_header(header, [X25519], replace(LABEL, **{field: "other"}))


@pytest.mark.parametrize("kind", KINDS)
def test_g3_header_of_another_recipient_is_refused(kind: str) -> None:
    header = make_header(FILE_KEY, keys.generate_identity(kind).recipient, LABEL)
    with pytest.raises(HeaderNotForYou):
        open_header(header, list(ME.values()), LABEL)


@pytest.mark.parametrize(
    "labels",
    [
        (),
        (LABEL_STANZA, LABEL_STANZA),
        (LABEL_STANZA, replace(LABEL_STANZA, arguments=("grt_2", "rev_1", "fil_1"))),
        (replace(LABEL_STANZA, arguments=("grt_1", "rev_1")),),
        (replace(LABEL_STANZA, arguments=("grt_1", "rev_1", "fil_1", "more")),),
        (replace(LABEL_STANZA, arguments=("rev_1", "grt_1", "fil_1")),),
        (replace(LABEL_STANZA, body=b"x"),),
        (replace(LABEL_STANZA, kind="weights-portal/Grant"),),
    ],
    ids=["none", "twice", "two", "short", "long", "order", "body", "case"],
)
def test_g3_a_label_that_is_not_there_exactly_once_in_its_form_is_refused(labels: tuple[Stanza, ...]) -> None:
    header = write_header(FILE_KEY, (X25519.recipient.wrap(FILE_KEY), *labels))
    with pytest.raises(HeaderMislabeled):
        open_header(header, [X25519], LABEL)


def test_g3_the_mac_is_checked_before_the_label() -> None:
    """A label edited on the way is tampering, not a mix-up."""
    header = make_header(FILE_KEY, X25519.recipient, LABEL)
    with pytest.raises(HeaderTampered):
        open_header(header.replace(b"grt_1", b"grt_2"), [X25519], LABEL)


def test_unknown_stanzas_are_ignored() -> None:
    grease = Stanza("grease", ("a", "b"), bytes(100))
    header = write_header(FILE_KEY, (grease, X25519.recipient.wrap(FILE_KEY), LABEL_STANZA, grease))
    assert open_header(header, [X25519], LABEL) == FILE_KEY


@pytest.mark.parametrize("rest", [b"\n", b"x", bytes(16)])
def test_something_after_the_header_is_refused(rest: bytes) -> None:
    header = make_header(FILE_KEY, X25519.recipient, LABEL)
    with pytest.raises(HeaderMalformed):
        open_header(header + rest, [X25519], LABEL)


def test_a_header_larger_than_its_limit_is_refused_unread() -> None:
    with pytest.raises(HeaderMalformed, match="16384"):
        open_header(bytes(stanzas.MAX_HEADER_SIZE + 1), [X25519], LABEL)


def test_without_identities_no_header_opens() -> None:
    with pytest.raises(HeaderNotForYou):
        open_header(make_header(FILE_KEY, X25519.recipient, LABEL), [], LABEL)


@pytest.mark.parametrize("word", ["", "a b", "a\nb", "é", "x" * 65, "a/b"])
def test_a_label_of_words_that_no_id_has_cannot_be_made(word: str) -> None:
    with pytest.raises(HeaderMalformed):
        GrantLabel("grt_1", word, "fil_1")


def test_two_headers_of_one_file_key_share_nothing_but_their_form() -> None:
    first, second = (make_header(FILE_KEY, X25519.recipient, LABEL) for _ in range(2))
    assert first.splitlines()[1:3] != second.splitlines()[1:3]
    assert first.splitlines()[-1] != second.splitlines()[-1]


def test_base64_has_one_text_for_one_content() -> None:
    for length in range(40):
        text = stanzas.encode_base64(bytes([0xFF]) * length)
        assert stanzas.decode_base64(text) == bytes([0xFF]) * length
        assert text == base64.b64encode(bytes([0xFF]) * length).decode().rstrip("=")
