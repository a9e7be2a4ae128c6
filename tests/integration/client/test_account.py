"""login, logout, whoami: tokens come in by stdin, stay private, and end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators.portal import TOKEN, Answer, SimulatedPortal
from weights_vault.client import api


def test_login_keeps_the_token_private_and_names_the_portal_for_later(
    bare_weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    done = bare_weights("login", "--portal", portal.url, "--token", stdin=TOKEN + "\n")
    assert done.code == 0
    assert portal.fingerprint in done.err
    assert TOKEN not in done.out + done.err
    (kept,) = home.glob("portals/*.token")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    assert bare_weights("whoami").code == 0


def test_logout_ends_the_token_at_the_portal_and_here(
    bare_weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    bare_weights("login", "--portal", portal.url, "--token", stdin=TOKEN)
    assert bare_weights("logout").code == 0
    assert not portal.token_alive
    assert list(home.glob("portals/*.token")) == []
    refused = bare_weights("whoami")
    assert (refused.code, refused.err.splitlines()[0]) == (
        3, f"error[not-signed-in]: You are not signed in to {portal.url}.",
    )  # fmt: skip


def test_logout_forgets_the_token_even_when_the_portal_is_gone(bare_weights: Weights, home: Path) -> None:
    with SimulatedPortal() as portal:
        bare_weights("login", "--portal", portal.url, "--token", stdin=TOKEN)
    assert bare_weights("logout").code == 10
    assert list(home.glob("portals/*.token")) == []


def test_logout_at_a_portal_where_nobody_is_signed_in_says_that_it_ended_nothing(
    bare_weights: Weights, portal: SimulatedPortal
) -> None:
    """A mistyped address must not read as a token that has ended."""
    bare_weights("login", "--portal", portal.url, "--token", stdin=TOKEN)
    done = bare_weights("logout", "--portal", "https://mistyped.example.org")
    assert (done.code, "You were not signed in to https://mistyped.example.org" in done.out) == (0, True)
    assert portal.token_alive


def test_logout_forgets_what_is_damaged_and_says_where_it_ends(
    bare_weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    bare_weights("login", "--portal", portal.url, "--token", stdin=TOKEN)
    (kept,) = home.glob("portals/*.token")
    kept.write_text("no token\n")
    done = bare_weights("logout")
    assert (done.code, f"end it at {portal.url}/tokens/" in done.err, kept.exists()) == (2, True, False)


def test_an_address_without_its_option_is_told_where_it_stands(bare_weights: Weights) -> None:
    done = bare_weights("login", "https://portal.example.org")
    assert (done.code, "address stands behind --portal" in done.err) == (2, True)


def test_an_option_without_its_value_names_the_command_of_two_words(bare_weights: Weights) -> None:
    done = bare_weights("audit", "verify", "--log-key")
    assert (done.code, "weights audit --help" in done.err) == (2, True)


def test_a_token_that_the_portal_does_not_take_is_not_kept(
    bare_weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    done = bare_weights("login", "--portal", portal.url, "--token", stdin="wp_wrong\n")
    assert done.code == 3
    assert "wp_wrong" not in done.out + done.err
    assert list(home.glob("portals/*.token")) == []


@pytest.mark.parametrize(
    "words", [("login", "--token", TOKEN), ("login", f"--token={TOKEN}"), ("show", TOKEN)]
)
def test_g8_a_token_on_the_command_line_is_refused_and_not_repeated(
    weights: Weights, words: tuple[str, ...]
) -> None:
    done = weights(*words, "--json")
    assert done.code == 2
    assert TOKEN not in done.out + done.err


@pytest.mark.parametrize("stdin", ["", "\n", "hunter2\n", "AGE-SECRET-KEY-1QQQQ\n"])
def test_what_is_no_token_is_refused_without_repeating_it(
    bare_weights: Weights, portal: SimulatedPortal, stdin: str
) -> None:
    done = bare_weights("login", "--portal", portal.url, "--token", stdin=stdin)
    assert done.code == 2
    assert not stdin.strip() or stdin.strip() not in done.err


def test_a_token_file_that_others_can_read_is_refused_with_the_command_that_helps(
    bare_weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    bare_weights("login", "--portal", portal.url, "--token", stdin=TOKEN)
    (kept,) = home.glob("portals/*.token")
    kept.chmod(0o640)
    done = bare_weights("whoami")
    assert done.code == 2
    assert "secret-file-exposed" in done.err
    assert f"chmod 600 {kept}" in done.err


def test_whoami_shows_the_person_and_with_json_the_document(
    weights: Weights, portal: SimulatedPortal
) -> None:
    assert "r@example.org" in weights("whoami").out
    document = weights("--json", "whoami").json
    assert (document["portal"], document["email"]) == (portal.url, "r@example.org")


def test_global_options_stand_before_and_after_the_command(weights: Weights) -> None:
    assert weights("whoami", "--json").json == weights("--json", "whoami").json


def test_an_ended_token_is_3_with_the_page_that_makes_another(
    weights: Weights, portal: SimulatedPortal
) -> None:
    portal.token_alive = False
    done = weights("whoami")
    assert done.code == 3
    assert f"{portal.url}/tokens/" in done.err


def test_an_ended_token_of_the_environment_is_to_be_replaced_there(
    bare_weights: Weights, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIGHTS_PORTAL", portal.url)
    monkeypatch.setenv("WEIGHTS_TOKEN", f"wp_{'x' * 40}")
    done = bare_weights("whoami")
    assert (done.code, "put it into WEIGHTS_TOKEN" in done.err) == (3, True)


def test_no_portal_anywhere_is_wrong_usage(bare_weights: Weights) -> None:
    done = bare_weights("whoami")
    assert (done.code, "no-portal" in done.err) == (2, True)


def test_a_portal_that_is_not_there_is_10(bare_weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIGHTS_TOKEN", TOKEN)
    done = bare_weights("whoami", "--portal", "http://127.0.0.1:9")
    assert done.code == 10
    assert "portal-unreachable" in done.err


@pytest.mark.parametrize(
    ("answer", "code", "reference"),
    [
        (Answer(500, b"oops", {"Content-Type": "text/html"}), 9, "portal-error"),
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), 9, "answer-unreadable"),
        (Answer(200, b"[" * 100_000), 9, "answer-unreadable"),
        (Answer(200, b"[]"), 9, "answer-unreadable"),
        (Answer(302, b"", {"Location": "http://elsewhere.example/"}), 9, "portal-redirects"),
        (Answer(200, b"{}", {"Content-Encoding": "gzip"}), 9, "answer-unreadable"),
        (Answer(200, b'"' + b"a" * (5 << 20) + b'"'), 9, "answer-too-long"),
        (Answer(429, b""), 9, "too-many-requests"),
    ],
)
def test_a_portal_that_answers_nonsense_is_9(
    weights: Weights, portal: SimulatedPortal, answer: Answer, code: int, reference: str
) -> None:
    portal.always("/me", answer)
    done = weights("whoami", "--json")
    assert (done.code, done.json["error"]["reference"]) == (code, reference)


def test_a_portal_key_that_does_not_fit_is_5_and_nothing_is_pinned(
    bare_weights: Weights, portal: SimulatedPortal, home: Path
) -> None:
    done = bare_weights(
        "login", "--portal", portal.url, "--portal-key", "wp1-aaaa-bbbb", "--token", stdin=TOKEN
    )
    assert (done.code, "root-not-pinned" in done.err) == (5, True)
    assert list(home.glob("portals/*")) == []


def test_a_portal_key_that_fits_pins_without_first_use(
    bare_weights: Weights, portal: SimulatedPortal
) -> None:
    done = bare_weights(
        "login", "--portal", portal.url, "--portal-key", portal.fingerprint, "--token", stdin=TOKEN
    )
    assert done.code == 0
    assert "first contact" not in done.err


def test_d10_login_with_a_wrong_clock_says_so(bare_weights: Weights, portal: SimulatedPortal) -> None:
    portal.clock_offset = timedelta(days=-1)
    done = bare_weights("login", "--portal", portal.url, "--token", stdin=TOKEN)
    assert (done.code, "clock-wrong" in done.err) == (10, True)


def test_a_long_wait_for_the_portal_is_said(
    weights: Weights, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(
        api.Api.__init__, "__kwdefaults__", api.Api.__init__.__kwdefaults__ | {"pause": waited.append}
    )
    portal.answer("/me", Answer(503, headers={"Retry-After": "30"}))
    done = weights("whoami")
    assert done.code == 0
    assert "it answered 503, trying again in 3" in done.err
    assert 30 <= waited[0] <= 38


def test_logout_without_the_portal_forgets_the_token_and_says_that_it_lives(
    weights: Weights, portal: SimulatedPortal
) -> None:
    portal.always("/me/token", Answer(500, b"oops", {"Content-Type": "text/html"}))
    done = weights("logout")
    assert (done.code, "portal-error" in done.err) == (9, True)
    assert f"it lives: end it at {portal.url}/tokens/" in done.err
