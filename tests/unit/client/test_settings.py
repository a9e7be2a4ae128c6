from __future__ import annotations

from pathlib import Path

import pytest

from weights_vault.client.errors import WrongUsage
from weights_vault.client.releases import parse_release
from weights_vault.client.settings import check_portal_url, portal_file, settings_from


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://Weights.Example.org/", "https://weights.example.org"),
        ("https://h:8443/base/", "https://h:8443/base"),
        (" http://localhost:8000 ", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_portal_addresses_are_brought_into_one_form(text: str, url: str) -> None:
    assert check_portal_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["http://example.org", "http://127.0.0.1.example.org", "https://", "x", "https://h/?a=b", "https://h:x"],
)
def test_addresses_that_would_give_the_token_away_or_are_none_are_refused(text: str) -> None:
    with pytest.raises(WrongUsage):
        check_portal_url(text)


def test_options_win_over_the_environment(tmp_path: Path) -> None:
    environment = {
        "WEIGHTS_HOME": str(tmp_path),
        "WEIGHTS_PORTAL": "https://b",
        "WEIGHTS_PORTAL_KEY": "wp1-b",
    }
    chosen = settings_from(
        portal="https://a", portal_key=None, as_json=False, quiet=False, environment=environment
    )
    assert (chosen.portal_url(), chosen.portal_key) == ("https://a", "wp1-b")


def test_the_portal_of_the_last_login_is_the_last_resort(tmp_path: Path) -> None:
    settings = settings_from(
        portal=None, portal_key=None, as_json=False, quiet=False, environment={"WEIGHTS_HOME": str(tmp_path)}
    )
    with pytest.raises(WrongUsage, match="No portal"):
        settings.portal_url()
    settings.home.write_json("config.json", {"portal": "https://c"})
    assert settings.portal_url() == "https://c"


def test_the_file_of_a_portal_is_one_plain_name() -> None:
    assert portal_file("https://h:8000/a/../b", "json") == "portals/h_8000_a_.._b.json"


@pytest.mark.parametrize(
    ("text", "release", "revision"), [("opt-175b", "opt-175b", None), ("opt@v1.2", "opt", "v1.2")]
)
def test_releases_are_split_from_revisions(text: str, release: str, revision: str | None) -> None:
    name = parse_release(text)
    assert (name.release, name.revision, str(name)) == (release, revision, text)


@pytest.mark.parametrize(
    "text", ["", "@v1", "opt@", "opt@v1@v2", "../x", "a/b", "OPT", "opt?x", "opt\n", "a" * 200]
)
def test_what_could_mean_something_else_in_a_url_is_no_release(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse_release(text)
