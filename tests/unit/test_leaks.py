"""G8: the watch over the whole suite sees what is let out, in each place that it looks at."""

import base64
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.handlers.base import BaseHandler
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.accounts import secrets
from portal.core import keys
from portal.core.models import OutboxMessage
from portal.core.secrecy import RedactingFormatter
from tests import leaks

TOKEN = "wp_" + "a1B2" * 11 + "xy"
FILE_KEY = bytes(range(100, 132))
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SECRETS = {
    "token": TOKEN,
    "signed URL": "https://s3.example.org/b/x?X-Amz-Signature=0badc0de",
    "password": "and correct horse battery it is",
    "file key": f"key {FILE_KEY.hex()}.",
    "file key in base64": base64.b64encode(FILE_KEY).decode(),
    "seed of an app": f"otpauth://totp/ada?secret={SEED}",
}


def seen() -> set[str]:
    """Where something was found in this test, which is then not held against it."""
    places = {each.partition(":")[0] for each in leaks.found}
    leaks.found.clear()
    return places


@pytest.fixture(autouse=True, scope="module")
def _secrets_of_this_run() -> None:
    keys.ensure_embedded_keys()
    keys.master_key().wrap(FILE_KEY, "body")
    secrets.wrap(SEED, "table.column")


def answered(answer: HttpResponse, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = BaseHandler()
    monkeypatch.setattr(handler, "_middleware_chain", lambda request: answer, raising=False)
    request = HttpRequest()
    request.path = "/"
    handler.get_response(request)


PLACES: dict[str, Callable[[str, pytest.MonkeyPatch], object]] = {
    "mail": lambda said, _: send_mail("Hello", said, None, ["ada@example.org"]),
    'INSERT INTO "core_outboxmessage"': lambda said, _: OutboxMessage.objects.create(text=said),
    'UPDATE "core_outboxmessage"': lambda said, _: OutboxMessage.objects.update(html=said),
    "answer of /": lambda said, patch: answered(HttpResponse(f"<p>{said}</p>"), patch),
    "Location of /": lambda said, patch: answered(HttpResponseRedirect(f"/?{said}"), patch),
}


@pytest.mark.django_db
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SECRETS)
def test_g8_a_secret_is_seen_wherever_it_is_written(
    name: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PLACES[place](SECRETS[name], monkeypatch)
    assert seen() == {place}


@pytest.mark.parametrize("name", SECRETS)
def test_g8_a_line_of_a_log_is_seen_as_it_is_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the formatter redacts is not let out; what it does not know, or has stopped to know, is."""
    # Or pytest would keep the line, and be seen to.
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    logging.getLogger("any").warning("It is %s", SECRETS[name])
    assert seen() == (set() if name in ("token", "signed URL") else {"log of any"})
    monkeypatch.setattr(RedactingFormatter, "format", logging.Formatter.format)
    monkeypatch.setattr(RedactingFormatter, "formatMessage", logging.Formatter.formatMessage)
    logging.getLogger("any").warning("It is %s", SECRETS[name])
    assert seen() == {"log of any"}


def test_g8_a_file_key_among_other_bytes_of_a_row_is_seen() -> None:
    assert leaks.secret_in(b"\x00\x01" + FILE_KEY + b"\xff") == "a file key"


def test_g8_a_key_that_is_made_is_known(tmp_path: Path) -> None:
    keys.make_once(tmp_path / "a.key", lambda: base64.b64encode(FILE_KEY[::-1]))
    assert leaks.secret_in(f"The key is {(tmp_path / 'a.key').read_text()}.") == "a secret made in this run"


@pytest.mark.parametrize("said", ["", "wp_short", 7, None, {"sha256": "0" * 64}, [b"%PDF-1.7"]])
def test_what_is_none_is_let_through(said: object) -> None:
    assert leaks.secret_in(said) == ""
