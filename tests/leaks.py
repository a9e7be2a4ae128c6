"""G8: all that the code under test writes is looked at; a test in which a secret gets out fails.

Looked at: each line of a log as the settings write it, what a test's processes print, each mail, each row
written to the database (audit events, the outbox, everything), each answer of a page and of the API.
Looked for: what looks like a secret (`portal.core.secrecy`), and the very secrets of this run: its keys, the
file keys, cookies of sessions and seeds of second factors made in it, and the passwords of its people.
"""

import base64
import logging
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.handlers.base import BaseHandler
from django.core.mail.message import EmailMessage
from django.db.backends.signals import connection_created
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from portal.accounts import secrets as second_factors
from portal.core.keys import files as key_files
from portal.core.keys.master import MasterKey
from portal.core.secrecy import holds_secret

# Where people are given a secret of theirs, once: the only answers that hold one.
GIVEN: Final = frozenset({"api-urls", "tokens", "device_token", "mfa_activate_totp"})
# These do what was asked before the password was: the answer may be one of those above, at this address.
RESUMING: Final = frozenset({"account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"})
PASSWORDS: Final = (
    "correct horse battery",
    "a long enough passphrase",
    "quite another long passphrase",
    settings.SECRET_KEY,
)
# One of these stands in whatever looks like a secret: looked for first, because that is quick.
_MARKS: Final = ("wp_", "wpd_", "wpr_", "age-secret-key-", "private key-----", "signature=", "-token=")
# Hexadecimal, cookies, base64 for addresses; and base64 otherwise, without the end that fills it up.
_WORDS: Final = (re.compile(r"[A-Za-z0-9_-]{24,}"), re.compile(r"[A-Za-z0-9+/]{24,}"))

_made: set[str] = set()
_raw_keys: deque[bytes] = deque(maxlen=50)
found: list[str] = []


def look_at(place: str, *said: object) -> None:
    """Note what is secret in `said`, as written to `place`, for the test that runs."""
    for each in said:
        if why := secret_in(each):
            found.append(f"{place}: {why}")


def secret_in(said: object) -> str:
    """Say what secret a text, bytes, or nested lists and dicts of them hold; "" for none."""
    if isinstance(said, str):
        return _in_text(said)
    if isinstance(said, bytes | bytearray | memoryview):
        data = bytes(said)
        return "a file key" if any(key in data for key in _raw_keys) else _in_text(data.decode("latin-1"))
    if isinstance(said, Mapping):
        return next(filter(None, map(secret_in, (*said.keys(), *said.values()))), "")
    if isinstance(said, list | tuple):
        return next(filter(None, map(secret_in, said)), "")
    return ""


def _in_text(text: str) -> str:
    lowered = text.lower()
    if any(mark in lowered for mark in _MARKS) and holds_secret(text):
        return "what looks like a secret"
    if any(password in text for password in PASSWORDS):
        return "a password"
    if len(text) >= 24 and any(not _made.isdisjoint(word.findall(text)) for word in _WORDS):
        return "a secret made in this run"
    return ""


def _as_written() -> logging.Formatter:
    told = settings.LOGGING["formatters"]["plain"]
    formatter: logging.Formatter = import_string(told["class"])(told["format"])
    return formatter


def _look_at_line(_: object, logger: logging.Logger, record: logging.LogRecord) -> None:
    look_at(f"log of {record.name}", _as_written().format(record))


def _look_at_rows(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    if params and sql.startswith(("INSERT", "UPDATE")):
        look_at(sql.partition("(")[0].partition(" SET ")[0].strip(), list(params))
    return execute(sql, params, many, context)


def _look_at_connection(connection: Any, **_: Any) -> None:
    if _look_at_rows not in connection.execute_wrappers:
        connection.execute_wrappers.append(_look_at_rows)


def _look_at_answer(request: HttpRequest, answer: HttpResponseBase) -> None:
    view = request.resolver_match.view_name if request.resolver_match else ""
    look_at(f"Location of {view or request.path}", unquote(answer.headers.get("Location", "")))
    if answer.streaming or view in GIVEN:
        return
    said = getattr(answer, "content", b"").decode("latin-1")
    if view in RESUMING and 'class="secret"' in said:
        return
    # A form shows whoever filled it what they typed.
    if secret_in(said) and not secret_in(list(request.POST.values())):
        look_at(f"answer of {view or request.path}", said)


def _after(owner: Any, name: str, look: Callable[..., None]) -> None:
    """Let `look` see the arguments and the result of each call of a function or method."""
    real = getattr(owner, name)

    def seen(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        look(result, *args, **kwargs)
        return result

    setattr(owner, name, seen)


def _keep_file_key(_: object, master: object, key: bytes, context: str) -> None:
    if len(set(key)) < 8:
        return  # a test's own, such as 16 times the same: other bytes are so, too
    _raw_keys.append(bytes(key))
    texts = (base64.b64encode(key), base64.urlsafe_b64encode(key))
    _made.update((key.hex(), *(text.decode().rstrip("=") for text in texts)))


def _keep_key_file(_: object, path: Path, data: bytes) -> None:
    # Others that are kept so are public: lists of keys, of voters.
    if path.suffix in (".key", ".keys", ".pem"):
        _made.update(each for word in _WORDS for each in word.findall(data.decode("latin-1")))


def watch() -> None:
    """Begin to look, in this process; once."""
    # No handler: whoever configures logging again, as tests of it do, takes the handlers off.
    _after(logging.Logger, "callHandlers", _look_at_line)
    connection_created.connect(_look_at_connection)
    _after(EmailMessage, "send", lambda _, mail, **kw: look_at("mail", mail.subject, mail.body, mail.to))
    _after(BaseHandler, "get_response", lambda answer, _, request: _look_at_answer(request, answer))
    _after(key_files, "_draft", _keep_key_file)
    _after(MasterKey, "wrap", _keep_file_key)
    _after(second_factors, "wrap", lambda _, text, column: _made.add(text))
    _after(SessionBase, "_get_new_session_key", lambda key, _: _made.add(key))


def pytest_sessionstart() -> None:
    watch()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fail the test in whose set-up, call or end something was let out; looked at first: what it printed."""
    report = yield
    for name, said in report.sections:
        if " log " not in name:  # pytest's own record of it, which the settings do not write
            look_at(name, said)
    if found and report.passed:
        report.outcome, report.longrepr = "failed", "G8, let out: " + "; ".join(dict.fromkeys(found))
    found.clear()
    return report
