"""HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in both cases."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pytest

from weights_vault.client.transfer.proxies import DEFAULT_PORT, Proxy, ProxyUnusable, proxy_for

HTTPS = urlsplit("https://store.example.org/x")
HTTP = urlsplit("http://store.example.org:8080/x")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_for_https_is_found_under_each_of_its_names(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://proxy.example.org:8000/")
    assert proxy_for(HTTPS) == Proxy("proxy.example.org", 8000)


def test_the_scheme_chooses_and_lower_case_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://upper:1")
    monkeypatch.setenv("https_proxy", "http://lower:1")
    monkeypatch.setenv("HTTP_PROXY", "http://plain:1")
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    found = [proxy_for(HTTPS), proxy_for(HTTP)]
    assert [proxy.host for proxy in found if proxy] == ["lower", "plain"]


def test_no_variable_no_proxy() -> None:
    assert proxy_for(HTTPS) is None


def test_a_bare_host_is_a_proxy_at_the_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example.org")
    assert proxy_for(HTTPS) == Proxy("proxy.example.org", DEFAULT_PORT)


@pytest.mark.parametrize(
    ("no_proxy", "url", "straight"),
    [
        ("*", "https://store.example.org/", True),
        ("store.example.org", "https://store.example.org/", True),
        ("example.org", "https://store.example.org/", True),
        (".example.org", "https://store.example.org/", True),
        ("*.example.org", "https://store.example.org/", True),
        ("a.org, EXAMPLE.org", "https://store.example.org/", True),
        ("ample.org", "https://store.example.org/", False),
        ("store.example.org:443", "https://store.example.org/", True),
        ("store.example.org:8443", "https://store.example.org/", False),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.1.2.3", "https://10.1.2.3/", True),
        ("::1", "https://[::1]/", True),
        ("fd00::/8", "https://[fd00::7]/", True),
        ("", "https://store.example.org/", False),
        (",, ,", "https://store.example.org/", False),
    ],
)
def test_no_proxy_names_hosts_domains_ports_and_networks(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, straight: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(urlsplit(url)) is None) is straight


def test_credentials_are_sent_decoded_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://some%40one:se%3Acret@proxy:1")
    proxy = proxy_for(HTTPS)
    assert proxy is not None
    assert proxy.headers == {"Proxy-Authorization": "Basic c29tZUBvbmU6c2U6Y3JldA=="}
    assert str(proxy) == "proxy:1"
    assert "c29t" not in repr(proxy)


@pytest.mark.parametrize(
    "url", ["socks5://u:secret@proxy:1", "https://u:secret@proxy:1", "http://u:secret@proxy:port", "http://"]
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_credentials(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(ProxyUnusable) as caught:
        proxy_for(HTTPS)
    assert "secret" not in str(caught.value)
