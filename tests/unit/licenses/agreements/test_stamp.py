"""The portal's signature: it holds, it breaks at one bit, and no timestamp server stops it."""

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO

import pytest
import typst
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from licenses.agreements import signature, stamp
from licenses.agreements.signature import Altered, Foreign, Refused, Unreadable
from portal.core import certificates
from portal.core.certificates import Seal, stand_in_pem
from tests.unit.licenses.agreements.timestamp_server import serving
from tests.unit.licenses.world import NOW

ABOUT = {"reason": "License agreement", "portal": "Portal"}


@cache
def seal() -> Seal:
    return certificates.parse(stand_in_pem("A portal for tests", NOW))


@cache
def unsigned() -> bytes:
    return bytes(typst.compile(b'#set document(keywords: ("agreement=agr_x", "license=lic_y"))\nHello'))


@cache
def signed() -> bytes:
    return stamp.stamp(unsigned(), seal(), **ABOUT).pdf


def read(pdf: bytes) -> signature.Signature:
    return signature.read(pdf, [seal().fingerprint])


def test_signature_holds_and_tells_by_whom_and_what() -> None:
    found = read(signed())
    assert found.level == "B-B"
    assert found.fingerprint == seal().fingerprint
    assert "A portal for tests" in found.subject
    assert abs(datetime.now(UTC) - found.at) < timedelta(minutes=5)
    assert found.words == {"agreement": "agr_x", "license": "lic_y"}


def test_it_is_pades_certified_and_permits_no_change() -> None:
    assert b"/ETSI.CAdES.detached" in signed()
    assert b"/DocMDP" in signed()
    assert signed().startswith(unsigned())
    # PDF/A-2 stands on PDF 1.7: nothing that signing adds may ask for a later one.
    assert b"/Version" not in signed()[len(unsigned()) :]


def test_a_bit_changed_anywhere_is_refused() -> None:
    whole = signed()
    # Every region: the start, the content, the metadata, the signature and what stands around it, the end.
    hole = whole.index(b"/Contents <") + len(b"/Contents ")
    edges = [
        0,
        5,
        hole,
        hole + 1,
        hole + 9,
        whole.index(b">", hole) - 1,
        whole.index(b">", hole),
        len(whole) - 1,
    ]
    signs = whole.index(b"/ByteRange")
    places = [*edges, signs + 13, *random.Random(7).sample(range(hole), 40), *range(signs, signs + 40, 7)]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        with pytest.raises(Refused):
            read(bytes(changed))


def test_letters_of_the_signature_may_not_change_their_case() -> None:
    start = signed().index(b"/Contents <") + len(b"/Contents <")
    lower = signed()[:start] + signed()[start : start + 400].lower() + signed()[start + 400 :]
    assert lower != signed()
    with pytest.raises(Altered):
        read(lower)


@pytest.mark.parametrize("added", [b"\n", b" ", b"%%EOF\n", b"\0" * 100])
def test_bytes_behind_the_end_are_refused(added: bytes) -> None:
    with pytest.raises(Refused):
        read(signed() + added)


def test_a_second_version_behind_the_signature_is_refused() -> None:
    writer = IncrementalPdfFileWriter(BytesIO(signed()))
    writer.root["/More"] = writer.add_object(generic.pdf_string("more"))
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(signed())
    with pytest.raises(Refused):
        read(out.getvalue())


def test_signed_with_another_certificate_is_refused_by_name() -> None:
    other = certificates.parse(stand_in_pem("A portal for tests", NOW))
    with pytest.raises(Foreign, match=r"A portal for tests.*no certificate of this portal"):
        read(stamp.stamp(unsigned(), other, **ABOUT).pdf)


@pytest.mark.parametrize(
    "file", [b"", b"%PDF-1.7\n", b"hello", b"\0" * 5000], ids=["empty", "head", "text", "zeros"]
)
def test_what_is_no_pdf_is_refused(file: bytes) -> None:
    with pytest.raises(Unreadable):
        read(file)


def test_unsigned_document_is_refused() -> None:
    with pytest.raises(Unreadable, match="0 signatures"):
        read(unsigned())


def test_time_of_a_server_raises_the_level() -> None:
    with serving("good") as url:
        made = stamp.stamp(unsigned(), seal(), timestamp_url=url, **ABOUT)
    assert (made.level, made.note) == ("B-T", "")
    found = read(made.pdf)
    assert found.timestamp is not None
    assert "Time for tests" in found.timestamp.by
    assert abs(datetime.now(UTC) - found.timestamp.at) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("way", "note"),
    [
        ("failing", "answered 500"),
        ("nonsense", "unusable"),
        ("endless", "has no end"),
        ("of something else", "No time stamp"),
        ("slow", "did not answer in time"),
    ],
)
def test_server_that_misbehaves_lowers_the_level_and_stops_nothing(
    way: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamp, "MOST_WAIT_S", 0.5 if way == "slow" else 10.0)
    with serving(way) as url:
        made = stamp.stamp(unsigned(), seal(), timestamp_url=url, **ABOUT)
    assert made.level == "B-B"
    assert note in made.note
    assert read(made.pdf).timestamp is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "gopher://x/", "not an address", "http://"])
def test_server_that_is_away_lowers_the_level_and_its_address_is_not_told(url: str) -> None:
    made = stamp.stamp(unsigned(), seal(), timestamp_url=url, **ABOUT)
    assert made.level == "B-B"
    assert made.note
    assert url not in made.note
