"""What PDF/A-2b asks of a file that is kept for ever, read by pyHanko, which had no part in making the pages.

No validator of the whole standard stands here: these are the claims on which a reader in thirty years
depends. Source: ISO 19005-2:2011; the clause stands with each.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import DictionaryObject, Reference
from pyhanko.pdf_utils.reader import PdfFileReader

from licenses.agreements import prose, render, stamp
from portal.core import certificates
from portal.core.certificates import stand_in_pem
from tests.unit.licenses.agreements.test_bounds import AT, document
from tests.unit.licenses.agreements.timestamp_server import serving
from tests.unit.licenses.world import NOW

TEXT = """# Title

1. **Bold**, *slanted*, `fixed` and ~~gone~~. [A site](https://law.example/7)
2. Нина Ελένη 李明 محمد अनिता สมชาย Հայկ 😀

| Who | What |
|-----|------|
| You | Read |

> Said.

    code
"""
TITLE = "Said.: Said."
# What would act, or reach out of the file: 6.5.1, 6.6.1, 6.2.4.1 of files in other files, 6.1.7.1 of streams.
_ACTING = """
    /JS /JavaScript /Launch /Sound /Movie /ResetForm /ImportData /Hide /SetOCGState /Rendition /Trans
    /GoTo3DView /OpenAction /AA /XFA /NeedsRendering /EmbeddedFiles /EF /AF /URI /GoToR /SubmitForm
    /FFilter /FDecodeParms /Alternates /OPI /PS /Ref /NeedAppearances
"""
ACTS = frozenset(_ACTING.split())


@cache
def rendered() -> bytes:
    contents = document(TEXT)
    assert contents["text"]["blocks"] == prose.blocks(TEXT)
    return render.pdf(contents, AT)


def _stamped(timestamp_url: str) -> bytes:
    seal = certificates.parse(stand_in_pem("A portal for tests", NOW))
    return stamp.stamp(
        rendered(), seal, reason="License agreement", portal="Portal", timestamp_url=timestamp_url
    ).pdf


@cache
def signed() -> bytes:
    return _stamped("")


@cache
def timestamped() -> bytes:
    with serving("good") as url:
        return _stamped(url)


FILES = {"rendered": rendered, "signed": signed, "timestamped": timestamped}


@pytest.fixture(params=FILES)
def pdf(request: pytest.FixtureRequest) -> bytes:
    return FILES[request.param]()


def opened(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(BytesIO(pdf), strict=True)


def every(reader: PdfFileReader) -> Iterator[Any]:
    """Each object that can be reached from the trailer, once; references are followed."""
    seen: set[Reference] = set()
    waiting: list[Any] = [reader.trailer_view]
    while waiting:
        found = waiting.pop()
        if isinstance(found, generic.IndirectObject):
            if found.reference in seen:
                continue
            seen.add(found.reference)
            found = reader.get_object(found.reference)
        yield found
        if isinstance(found, DictionaryObject):
            waiting += [found.raw_get(name) for name in found]
        elif isinstance(found, generic.ArrayObject):
            waiting += [found.raw_get(place) for place in range(len(found))]


def dictionaries(reader: PdfFileReader, kind: str = "") -> list[DictionaryObject]:
    each = [found for found in every(reader) if isinstance(found, DictionaryObject)]
    return [found for found in each if not kind or found.get("/Type") == kind]


def metadata(reader: PdfFileReader) -> dict[str, str]:
    """The XMP properties by their full names; the first text in each."""
    root = ElementTree.fromstring(reader.root["/Metadata"].data)  # noqa: S314 - the portal wrote it just now
    found: dict[str, str] = {}
    for described in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        found |= described.attrib
        found |= {each.tag: "".join(each.itertext()).strip() for each in described}
    return found


def test_it_begins_and_ends_as_a_file_of_that_version(pdf: bytes) -> None:
    """6.1.2, 6.1.3: a header, four bytes that are no text, and nothing behind the last end mark."""
    first, second = pdf.split(b"\n", 2)[:2]
    assert first in (b"%PDF-1.4", b"%PDF-1.5", b"%PDF-1.6", b"%PDF-1.7")
    assert second.startswith(b"%")
    assert min(second[1:5]) > 127
    assert pdf.rstrip(b"\r\n").endswith(b"%%EOF")
    assert len(pdf) - len(pdf.rstrip(b"\r\n")) <= 2


def test_it_says_which_part_and_level_it_keeps(pdf: bytes) -> None:
    """6.6.4, 6.6.2.1: in plain XMP, UTF-8, that a reader finds without unpacking."""
    reader = opened(pdf)
    said = metadata(reader)
    assert said["{http://www.aiim.org/pdfa/ns/id/}part"] == "2"
    assert said["{http://www.aiim.org/pdfa/ns/id/}conformance"] == "B"
    assert said["{http://purl.org/dc/elements/1.1/}title"] == TITLE
    assert "/Filter" not in reader.root["/Metadata"]


def test_the_old_metadata_say_the_same(pdf: bytes) -> None:
    """6.6.3, and of the times what makes one document of two sources."""
    reader = opened(pdf)
    said, old = metadata(reader), reader.trailer_view["/Info"]
    assert old["/Title"] == TITLE
    for name, property in (("/CreationDate", "CreateDate"), ("/ModDate", "ModifyDate")):
        told = said[f"{{http://ns.adobe.com/xap/1.0/}}{property}"]
        digits = "".join(each for each in told if each.isdigit())
        assert str(old[name]).removeprefix("D:")[:14] == digits[:14]


def test_colors_are_defined_by_a_profile_in_the_file(pdf: bytes) -> None:
    """6.2.3: one output intent with an ICC profile of three colors."""
    intents = opened(pdf).root["/OutputIntents"]
    assert len(intents) == 1
    intent = intents[0]
    assert intent["/S"] == "/GTS_PDFA1"
    profile = intent["/DestOutputProfile"]
    assert profile["/N"] == 3
    assert profile.data[36:40] == b"acsp"
    assert profile.data[16:20] == b"RGB "
    assert int.from_bytes(profile.data[:4], "big") == len(profile.data)


def test_every_font_is_in_the_file(pdf: bytes) -> None:
    """6.2.11.4.1, and 6.2.11.7 so that the words can be taken out again."""
    fonts = dictionaries(opened(pdf), "/Font")
    composed = [font for font in fonts if font["/Subtype"] == "/Type0"]
    assert len(composed) >= 8  # one at least for each script of the text
    assert all("/ToUnicode" in font for font in composed)
    for font in fonts:
        if font["/Subtype"] not in ("/Type0", "/Type3"):
            held = font["/FontDescriptor"]
            assert any(held.get(f"/FontFile{kind}") is not None for kind in ("", "2", "3")), font


def test_nothing_in_it_acts_or_leads_out_of_it(pdf: bytes) -> None:
    for found in dictionaries(opened(pdf)):
        assert not ACTS & set(found), found
        assert found.get("/S") not in ACTS, found
        if isinstance(found, generic.StreamObject):
            assert "/F" not in found  # 6.1.7.1: its bytes in another file


def test_it_is_not_encrypted_and_uses_no_filter_out_of_the_standard(pdf: bytes) -> None:
    """6.1.3, 6.1.7.2."""
    reader = opened(pdf)
    assert "/Encrypt" not in reader.trailer_view
    for found in dictionaries(reader):
        if isinstance(found, generic.StreamObject):
            filters = found.get("/Filter", [])
            assert not {"/LZWDecode", "/Crypt"} & set([filters] if isinstance(filters, str) else filters)


def test_what_stands_on_a_page_is_printed(pdf: bytes) -> None:
    """6.3.2: an annotation, such as that of the signature, is neither hidden nor left out on paper."""
    for found in dictionaries(opened(pdf), "/Annot"):
        flags = int(found["/F"])
        assert flags & 4
        assert not flags & (1 | 2 | 32)
        empty = found["/Rect"][0] == found["/Rect"][2] and found["/Rect"][1] == found["/Rect"][3]
        assert empty or "/AP" in found


def test_it_has_a_name_of_its_own_that_signing_keeps(pdf: bytes) -> None:
    """6.1.3: the file identifier."""
    first = opened(pdf).trailer_view["/ID"][0]
    assert len(first) >= 16
    assert first == opened(rendered()).trailer_view["/ID"][0]


def test_signing_appends_and_leaves_what_was(pdf: bytes) -> None:
    """6.1.1: what is made is a whole file of its own, and what is signed begins with it."""
    assert pdf.startswith(rendered())


def test_what_is_looked_for_would_be_found() -> None:
    """The walk reaches the pages, the fonts and the signature, so that what it does not find is not there."""
    found = dictionaries(opened(timestamped()))
    kinds = {str(each.get("/Type")) for each in found}
    assert {"/Catalog", "/Page", "/Font", "/FontDescriptor", "/Metadata", "/Sig", "/Annot"} <= kinds
