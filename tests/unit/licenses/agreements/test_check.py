"""`manage.py agreement verify`: what holds, what does not, and what the database has to do with it."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from licenses.agreements import check, making
from licenses.agreements.signature import Altered, Foreign, Refused
from licenses.models import Agreement, LicenseVersion
from portal.core.certificates import stand_in_pem
from tests.unit.licenses.agreements.papers import KINDS
from tests.unit.licenses.world import NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def made(kind: str = "acceptance") -> bytes:
    agreement = KINDS[kind](World())
    making.make({"agreement": agreement.pk}, now=NOW)
    agreement.refresh_from_db()
    return bytes(agreement.pdf or b"")


def verify(pdf: bytes, folder: Path) -> str:
    """What the command prints. Raises: CommandError."""
    file, out = folder / "agreement.pdf", StringIO()
    file.write_bytes(pdf)
    call_command("agreement", "verify", str(file), stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_document_of_the_portal_holds_and_is_known(kind: str, tmp_path: Path) -> None:
    pdf = made(kind)
    said, row = verify(pdf, tmp_path), Agreement.objects.get(made_at__isnull=False)
    assert f"The portal knows it: {row.pk}, made 20 November 2026, 12:00:00 UTC, byte for byte." in said
    assert (
        f"{row.title}, signed by {'Rita' if kind == 'master' else 'Ada'} Example on 20 November 2026" in said
    )
    assert f"The license text is the one in the database: {KIND_LICENSE}" in said
    assert f"{row.sha256} (SHA-256)" in said
    assert "Stand-in (not for production)" in said
    assert "level       B-B" in said


KIND_LICENSE = "OPT noncommercial license, version 1, SHA-256 "


def test_every_changed_bit_is_refused_where_the_database_knows_the_document() -> None:
    pdf = made()
    hole = pdf.index(b"/Contents <")
    # All through the signature itself too, where no signature can cover every byte.
    for place in (*range(20, len(pdf), len(pdf) // 40), *range(hole + 11, hole + 4000, 97)):
        changed = bytearray(pdf)
        changed[place] ^= 1
        with pytest.raises(Refused):
            check.verify(bytes(changed))


def test_changed_file_ends_the_command_with_an_error(tmp_path: Path) -> None:
    pdf = bytearray(made())
    pdf[len(pdf) // 3] ^= 4
    with pytest.raises(CommandError, match="does not hold") as raised:
        verify(bytes(pdf), tmp_path)
    assert raised.value.returncode == 1


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("agreement", "verify", str(tmp_path / "none.pdf"))


def test_document_that_the_database_does_not_know_stands_on_its_signature_alone(tmp_path: Path) -> None:
    pdf = made()
    Agreement.objects.all().delete()
    said = verify(pdf, tmp_path)
    assert "The portal's database does not know this document: the signature alone speaks for it." in said


def test_another_pdf_of_the_same_document_is_refused() -> None:
    pdf = made()
    Agreement.objects.update(sha256="0" * 64)
    with pytest.raises(Altered, match="The portal keeps agr_"):
        check.verify(pdf)


def test_text_in_the_database_that_is_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = made()
    # Triggers refuse every change of a license text; whoever gets round them is found here.
    real = LicenseVersion.from_db

    def rewritten(*args: Any) -> LicenseVersion:
        found = real(*args)
        found.text = "Something else."
        return found

    monkeypatch.setattr(LicenseVersion, "from_db", rewritten)
    with pytest.raises(Altered, match=r"text of .* in the database is not the one"):
        check.verify(pdf)


def test_document_signed_before_the_certificate_was_replaced_still_holds(
    settings: Any, tmp_path: Path
) -> None:
    pdf = made()
    settings.AGREEMENT_KEY = str(tmp_path / "new.pem")
    (tmp_path / "new.pem").write_bytes(stand_in_pem("The same portal", NOW))
    assert check.verify(pdf).known


def test_certificate_that_the_portal_never_used_is_foreign(settings: Any, tmp_path: Path) -> None:
    right, settings.AGREEMENT_KEY = settings.AGREEMENT_KEY, str(tmp_path / "other.pem")
    (tmp_path / "other.pem").write_bytes(stand_in_pem("Another portal", NOW))
    with transaction.atomic():
        pdf = made()
        transaction.set_rollback(True)
    settings.AGREEMENT_KEY = right
    with pytest.raises(Foreign):
        check.verify(pdf)
