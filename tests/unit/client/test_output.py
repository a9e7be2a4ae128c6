from __future__ import annotations

import io
import json

import pytest

from weights_vault.client import errors
from weights_vault.client.errors import ClientError, MachineFault, NotAllowed, machine_fault
from weights_vault.client.output import Output, moment_text, plain, size_text


def outputs(**options: bool) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Output(stdout=out, stderr=err, **options), out, err


def refusal() -> NotAllowed:
    return NotAllowed("grant-revoked", "No access.", "It was\nrevoked.", "Ask.", code="grant_revoked")


def test_an_error_is_three_lines_on_stderr() -> None:
    output, out, err = outputs()
    output.error(refusal())
    assert err.getvalue().splitlines() == [
        "error[grant-revoked]: No access.",
        "  why: It was revoked.",
        "  next: Ask.",
    ]
    assert out.getvalue() == ""


def test_with_json_an_error_is_a_document_too() -> None:
    output, out, _ = outputs(as_json=True)
    output.error(refusal())
    assert json.loads(out.getvalue())["error"] == {
        "reference": "grant-revoked",
        "code": "grant_revoked",
        "what": "No access.",
        "why": "It was\nrevoked.",
        "next_step": "Ask.",
        "exit_code": 4,
    }


def test_quiet_keeps_messages_back_and_important_ones_not() -> None:
    output, _, err = outputs(quiet=True)
    output.message("by the way")
    output.important("confirm: x")
    assert err.getvalue() == "confirm: x\n"


def test_g8_secrets_are_hidden_at_the_door() -> None:
    output, out, err = outputs(as_json=True)
    output.message("wp_token-in-a-message")
    output.result({"url": "https://h/o?signature=abc", "key": "AGE-SECRET-KEY-1X"}, "")
    assert "token-in" not in err.getvalue()
    assert "abc" not in out.getvalue()
    assert json.loads(out.getvalue())["key"] == "[hidden]"


def test_tables_line_up_and_say_when_there_is_nothing() -> None:
    output, out, _ = outputs()
    output.table({}, ("A", "B"), [("long value", 1), ("x", None)], "nothing")
    output.table({}, ("A", "B"), [], "nothing")
    assert out.getvalue().splitlines() == ["A           B", "long value  1", "x           None", "nothing"]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (350 << 30, "350.0 GiB"), (2 << 40, "2.00 TiB")],
)
def test_sizes_are_binary(size: int, text: str) -> None:
    assert size_text(size) == text


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_table_wider_than_the_terminal_is_one_block_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal = _Terminal()
    Output(stdout=terminal).table({}, ("NAME", "B"), [("a name that is long", 1), ("x", "")], "nothing")
    assert terminal.getvalue().splitlines() == ["NAME  a name that is long", "B     1", "", "NAME  x", "B"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nerror[fake]: b", "a error[fake]: b"),
        ("a\x1b[2Jb\x9bc\x7f", "a[2Jbc"),
        ("a\u202eb\u2066c\u2028d\u2029e", "abc d e"),
        ("نور \u200c👩\u200d🔬 é", "نور \u200c👩\u200d🔬 é"),
    ],
)
def test_plain_text_is_one_line_that_no_terminal_obeys(text: str, shown: str) -> None:
    assert plain(text) == shown


class _Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_result_that_cannot_be_written_is_7_and_messages_are_let_go() -> None:
    output = Output(stdout=_Full(), stderr=_Full(), as_json=True)
    output.message("by the way")
    output.error(refusal())
    with pytest.raises(MachineFault) as caught:
        output.result({}, "x")
    assert caught.value.reference == "output-not-written"


@pytest.mark.parametrize(
    ("moment", "text"),
    [("2026-11-28T02:02:51.7+01:00", "2026-11-28 01:02 UTC"), ("", "-"), ("soon", "soon")],
)
def test_moments_are_in_utc_to_the_minute(moment: str, text: str) -> None:
    assert moment_text(moment) == text


def test_exit_codes_are_the_promised_ones() -> None:
    promised = {
        "WrongUsage": 2,
        "NotSignedIn": 3,
        "NotAllowed": 4,
        "IntegrityFailure": 5,
        "Incomplete": 6,
        "MachineFault": 7,
        "SmokeTestFailed": 8,
        "PortalFault": 9,
        "Unreachable": 10,
        "Interrupted": 130,
    }
    assert {name: getattr(errors, name).exit_code for name in promised} == promised
    assert ClientError.exit_code == 1


@pytest.mark.parametrize(
    ("code", "reference"),
    [
        (28, "disk-full"),
        (122, "quota-reached"),
        (30, "disk-read-only"),
        (13, "folder-not-writable"),
        (5, "disk-error"),
        (99, "file-error"),
    ],
)
def test_d8_each_failure_of_the_disk_has_its_reference(code: int, reference: str) -> None:
    assert machine_fault(OSError(code, "words"), "what").reference == reference
