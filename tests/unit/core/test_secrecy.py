"""G8: what looks like a secret is recognized wherever it hides."""

import logging
import logging.config

import pytest
from django.conf import settings

from portal.core.secrecy import REDACTED, RedactingFormatter, holds_secret, redact

SECRETS = {
    "access token": "wp_" + "a1B2" * 11 + "xy",
    "device's token": "wpd_" + "a1B2" * 11 + "xy",
    "device's renewal": "wpr_" + "a1B2" * 11 + "xy",
    "age identity": "AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "post-quantum age identity": "AGE-SECRET-KEY-PQ-1QQPZRY9X8GF2TVDW0",
    "age identity in lower case": "age-secret-key-1qqpzry9x8gf2tvdw0s3jn54khce6mua7l",
    "PEM key": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----",
    "signed delivery URL": "http://localhost/delivery/x?key=d1&lifetime=600&signature=0badc0de",
    "signed S3 URL": "https://s3.example.org/b/x?X-Amz-Expires=600&X-Amz-Signature=0badc0de",
}
HARMLESS = [
    "wp_short",
    "wp_AbCdEf",
    "age1qqpzry9x8gf2",
    "signature",
    "-----BEGIN PUBLIC KEY-----",
    "",
    "req_abc",
]


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_found_in_nested_values_and_keys(name: str) -> None:
    secret = SECRETS[name]
    assert holds_secret(secret)
    assert holds_secret({"a": [1, None, {"b": ("x", f"before {secret} after")}]})
    assert holds_secret({secret: 1})


@pytest.mark.parametrize("name", SECRETS)
def test_redacted_text_holds_no_secret_and_keeps_the_rest(name: str) -> None:
    text = redact(f"before {SECRETS[name]} after")
    assert not holds_secret(text)
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert REDACTED in text


@pytest.mark.parametrize("value", [*HARMLESS, 7, None, 1.5, ["x", {"y": 2}]])
def test_harmless_value_is_no_secret(value: object) -> None:
    assert not holds_secret(value)


@pytest.mark.parametrize("name", SECRETS)
def test_g8_no_line_of_a_log_holds_a_secret(name: str) -> None:
    """G8: as the settings configure logging, in the message, in its arguments and in a traceback."""
    configurator = logging.config.DictConfigurator(settings.LOGGING)
    formatter = configurator.configure_formatter(settings.LOGGING["formatters"]["plain"])
    try:
        raise ValueError(SECRETS[name])
    except ValueError as error:
        trace = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.WARNING, "x.py", 1, "path: %s", (SECRETS[name],), trace)
    line = formatter.format(record)
    assert line.count(REDACTED) == 2
    assert not holds_secret(line)


def test_a_line_of_a_log_cannot_be_forged_by_what_a_caller_sends() -> None:
    """ASVS 16.4.1: line ends and the like, in whatever coding, stay inside their line."""
    said = "GET /a\r\n2026-11-21 INFO all is well\u2028\x1b[2K\x85"
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Not Found: %s", (said,), None)
    line = RedactingFormatter("%(message)s").format(record)
    assert line.splitlines() == [line]
    assert "\x1b" not in line
    assert r"\x0d\x0a2026" in line
