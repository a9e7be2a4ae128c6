"""releases, show, grants; and how the command line itself is refused."""

from __future__ import annotations

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators.portal import Answer, SimulatedPortal


def test_releases_lists_names_sizes_and_access(weights: Weights) -> None:
    done = weights("releases")
    assert done.code == 0
    assert done.out.splitlines()[1].split() == ["opt-tiny", "OPT", "tiny", "v1", "195.3", "KiB", "yes"]
    assert weights("releases", "--json").json["releases"][0]["slug"] == "opt-tiny"


def test_releases_follows_pages_of_this_portal(weights: Weights, portal: SimulatedPortal) -> None:
    first = f'{{"next": "{portal.url}/api/v1/releases?cursor=2", "results": [{{"slug": "a"}}]}}'
    second = '{"next": null, "results": [{"slug": "b"}]}'
    portal.answer("/releases", Answer(body=first.encode()), Answer(body=second.encode()))
    assert [each["slug"] for each in weights("releases", "--json").json["releases"]] == ["a", "b"]


def test_releases_never_follows_a_page_elsewhere(weights: Weights, portal: SimulatedPortal) -> None:
    portal.answer("/releases", Answer(body=b'{"next": "http://elsewhere.example/", "results": []}'))
    assert weights("releases").code == 9


def test_show_tells_the_license_the_files_and_where_you_stand(
    weights: Weights, portal: SimulatedPortal
) -> None:
    portal.access = {
        "allowed": False, "code": "request_pending", "message": "Two people look.", "next_step": "Wait.",
        "grant": None,
    }  # fmt: skip
    done = weights("show", "opt-tiny")
    for words in (
        "OPT noncommercial",
        "request_pending",
        "Two people look.",
        "Wait.",
        "model.safetensors",
    ):
        assert words in done.out


def test_a_stranger_sees_what_everybody_may_see(bare_weights: Weights, portal: SimulatedPortal) -> None:
    done = bare_weights("show", "opt-tiny", "--portal", portal.url)
    assert (done.code, "OPT tiny" in done.out) == (0, True)
    assert bare_weights("grants", "--portal", portal.url).code == 3


def test_show_of_what_is_not_there_is_4(weights: Weights) -> None:
    done = weights("show", "opt-66b")
    assert (done.code, "not-found" in done.err) == (4, True)


def test_show_of_a_revision_that_is_not_there_is_2(weights: Weights) -> None:
    done = weights("show", "opt-tiny@v9")
    assert (done.code, "error[unknown-revision]" in done.err) == (2, True)


@pytest.mark.parametrize("status", [400, 404, 405])
def test_what_is_no_portal_is_2_and_says_what_to_check(
    weights: Weights, portal: SimulatedPortal, status: int
) -> None:
    portal.always("/releases", Answer(status, b"<html>", {"Content-Type": "text/html"}))
    done = weights("releases")
    assert (done.code, "error[no-portal-there]" in done.err) == (2, True)


def test_https_to_a_portal_of_plain_http_is_10_at_once(weights: Weights, portal: SimulatedPortal) -> None:
    done = weights("releases", "--portal", portal.url.replace("http:", "https:"))
    assert (done.code, "error[no-tls-there]" in done.err) == (10, True)


@pytest.mark.parametrize("words", [("-h",), ("download", "-h"), ("keys", "-h"), ("keys", "add", "-h")])
def test_help_fits_80_columns(
    weights: Weights, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = weights(*words)
    assert (done.code, done.out.startswith("Usage: weights")) == (0, True)
    assert max(map(len, done.out.splitlines())) <= 80
    assert "..." not in done.out.partition("Commands:")[2]


@pytest.mark.parametrize("name", ["../me", "OPT", "a b", "x@", "@v1", "a/b", "-x", ""])
def test_what_is_no_name_of_a_release_never_reaches_a_url(
    weights: Weights, portal: SimulatedPortal, name: str
) -> None:
    assert weights("show", "--", name).code == 2
    assert portal.asked == []


def test_grants_lists_state_and_end(weights: Weights) -> None:
    row = weights("grants").out.splitlines()[1].split()
    assert row[:6] == ["grt_simulated", "opt-tiny", "active", "2027-11-01", "00:00", "UTC"]
    assert row[7:] == ["weights", "download", "opt-tiny"]  # after the days left


def test_control_characters_of_the_portal_never_reach_the_terminal(
    weights: Weights, portal: SimulatedPortal
) -> None:
    portal.answer(
        "/grants", Answer(body=b'{"next": null, "results": [{"id": "\\u001b[2Jgrt", "release": "a\\u0007"}]}')
    )
    done = weights("grants")
    assert "\x1b" not in done.out
    assert "\x07" not in done.out


def test_a_mistyped_command_gets_usage_and_the_nearest_one(weights: Weights) -> None:
    done = weights("donwload", "opt-tiny")
    assert done.code == 2
    assert "Did you mean 'download'?" in done.err
    assert "Usage: weights" in done.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("download", "--too", "x"), "--to"),
        (("download",), "RELEASE"),
        (("download", "opt-tiny", "--jobs", "0"), "--jobs"),
        (("download", "opt-tiny", "--jobs", "many"), "--jobs"),
        (("keys", "craete"), "create"),
        (("keys",), "COMMAND"),
        (("keys", "create", "--kind", "rsa"), "x25519"),
        (("whoami", "--portal"), "--portal"),
        (("whoami", "--portal", "--json"), "--portal"),
        (("smoke-test", "x", "--level", "deep"), "logits"),
        (("nonsense",), "--help"),
    ],
)
def test_wrong_usage_is_2_in_three_lines_that_help(
    weights: Weights, words: tuple[str, ...], hint: str
) -> None:
    done = weights(*words)
    assert done.code == 2
    lines = done.err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("error[")
    assert hint in done.err


def test_weights_alone_shows_its_help(weights: Weights) -> None:
    done = weights()
    assert (done.code, "smoke-test" in done.out) == (0, True)


@pytest.mark.parametrize(
    "url", ["http://portal.example", "ftp://x", "portal.example", "https://u:p@x", "http://[::1"]
)
def test_a_portal_address_that_cannot_be_used_is_2(weights: Weights, url: str) -> None:
    done = weights("whoami", "--portal", url)
    assert (done.code, "portal-url-unusable" in done.err) == (2, True)


def test_a_bug_of_ours_is_1_without_traceback_and_without_secrets(
    weights: Weights, monkeypatch: pytest.MonkeyPatch, home: object
) -> None:
    from weights_vault.client import api

    def broken(*_: object) -> None:
        raise ZeroDivisionError("wp_secret-in-a-message")

    monkeypatch.setattr(api.Api, "listing", broken)
    done = weights("grants")
    assert done.code == 1
    assert "Traceback" not in done.err
    kept = home / "last-error.txt"  # type: ignore[operator]
    assert "ZeroDivisionError" in kept.read_text()
    assert "wp_secret" not in kept.read_text() + done.err
    assert kept.stat().st_mode & 0o777 == 0o600
