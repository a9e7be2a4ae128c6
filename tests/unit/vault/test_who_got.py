"""manage.py who_got: whom a header found in the wild was given to."""

from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.principals import Principal
from tests.unit.vault.fakes import GRANT
from weights_vault import keeper
from weights_vault.models import RecipientKey, Revision

pytestmark = pytest.mark.django_db


@pytest.fixture
def header(session: Principal, revision: Revision, key: RecipientKey, now: datetime, tmp_path: Path) -> Path:
    file = revision.files.get(path="config.json")
    ((_, made),) = keeper.issue_headers(
        by=session, grant=GRANT, revision=revision, key=key, files=[file], now=now
    )
    found = tmp_path / "config.json.header"
    found.write_bytes(made)
    return found


def test_it_names_grant_person_key_and_time(
    header: Path, key: RecipientKey, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("who_got", header)
    said = capsys.readouterr().out
    for word in ("config.json of opt-small@v1", GRANT, "ada", key.fingerprint, "2026-11-20 12:00:00 UTC"):
        assert word in said


def test_one_changed_bit_is_a_header_that_nobody_was_given(header: Path) -> None:
    made = bytearray(header.read_bytes())
    made[-3] ^= 1
    header.write_bytes(made)
    with pytest.raises(CommandError, match="gave no such header"):
        call_command("who_got", header)


def test_a_body_of_any_size_may_follow(header: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header.write_bytes(header.read_bytes() + bytes(100_000))
    call_command("who_got", header)
    assert GRANT in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("who_got", tmp_path / "nothing")
