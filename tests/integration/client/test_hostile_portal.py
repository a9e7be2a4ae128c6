"""A portal that lies in form: wrong types, lists without end, pages elsewhere, text that a terminal obeys."""

from __future__ import annotations

import json

import pytest

from tests.integration.client.conftest import Weights
from tests.simulators.portal import Answer, SimulatedPortal
from weights_vault.client import api

EVIL = "\x1b[31mRED\x9b31m\u202eEVIL\u2066\r\nerror[fake]: x\u2028error[fake]: y\ud800\U000e0041"
UNSEEN = "\x1b\x9b\u202e\u2066\u2028\ud800\U000e0041"


def page(*results: object, following: object = None) -> Answer:
    return Answer(body=json.dumps({"next": following, "results": results}).encode())


@pytest.mark.parametrize(
    ("path", "words", "answer"),
    [
        ("/releases", ("releases",), page({})),
        ("/releases", ("releases",), page({"slug": 1})),
        ("/releases", ("releases",), page({"slug": "a", "title": ["x"]})),
        ("/releases", ("releases",), page({"slug": "a", "revision": "x"})),
        ("/releases", ("releases",), page({"slug": "a", "revision": {"size": "x"}})),
        ("/releases", ("releases",), page({"slug": "a", "revision": {"size": True}})),
        ("/releases", ("releases",), page({"slug": "a", "revision": {"size": -1}})),
        ("/releases", ("releases",), page({"slug": "a", "access": []})),
        ("/releases", ("releases",), page("a")),
        ("/me", ("whoami",), Answer(body=b"{}")),
        ("/me", ("whoami",), Answer(body=b'{"email": {}}')),
        ("/me", ("whoami",), Answer(body=b'{"email": "a", "token": 7}')),
        ("/me", ("whoami",), Answer(body=b'{"email": "a", "roles": "x"}')),
        ("/me", ("whoami",), Answer(body=b'{"email": "a", "roles": [1]}')),
        ("/releases/opt-tiny", ("show", "opt-tiny"), Answer(body=b'{"slug": "a", "files": "x"}')),
        ("/releases/opt-tiny", ("show", "opt-tiny"), Answer(body=b'{"slug": "a", "revisions": 7}')),
        ("/releases/opt-tiny", ("show", "opt-tiny"), Answer(body=b'{"slug": "a", "license": 3}')),
        ("/releases/opt-tiny", ("download", "opt-tiny"), Answer(body=b'{"access": 5}')),
        ("/grants", ("grants",), page({"id": 1})),
        ("/grants", ("grants",), page({"id": "a", "release": "b", "ends_at": 5})),
        ("/keys", ("keys", "list"), page({"id": "a", "state": 5})),
        ("/keys", ("keys", "list"), page({"id": "a", "state": "active", "recipient": []})),
        ("/me", ("keys", "create"), Answer(body=b'{"id": []}')),
        ("/keys/key_1", ("keys", "remove", "key_1"), Answer(body=b'{"pending_action": []}')),
        ("/keys/key_1", ("keys", "remove", "key_1"), Answer(body=b'{"pending_action": {"id": "act_1"}}')),
    ],
)
def test_fields_of_another_type_are_9_and_no_mistake_of_ours(
    weights: Weights, portal: SimulatedPortal, path: str, words: tuple[str, ...], answer: Answer
) -> None:
    portal.always(path, answer)
    done = weights(*words)
    assert (done.code, "error[portal-answer-unexpected]" in done.err) == (9, True), done.err


def test_a_list_whose_pages_never_end_is_9(
    weights: Weights, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MAX_PAGES", 5)
    portal.always("/releases", page({"slug": "a"}, following=f"{portal.url}/api/v1/releases?cursor=x"))
    done = weights("releases")
    assert (done.code, "answer-too-long" in done.err) == (9, True)
    assert len(portal.asked) == 5


def test_a_list_is_bounded_as_a_whole_not_by_the_page(
    weights: Weights, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LISTING_BYTES", 10_000)
    long = page({"slug": "a", "title": "x" * 4_000}, following=f"{portal.url}/api/v1/releases?cursor=x")
    portal.always("/releases", long)
    done = weights("releases")
    assert (done.code, "answer-too-long" in done.err) == (9, True)
    assert len(portal.asked) == 3


def test_a_list_of_too_many_entries_is_9(
    weights: Weights, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LISTING_ENTRIES", 3)
    portal.always("/releases", page({}, {}, following=f"{portal.url}/api/v1/releases?cursor=x"))
    assert weights("releases").code == 9
    assert len(portal.asked) == 2


@pytest.mark.parametrize(
    "following",
    [
        "http://elsewhere.example/api/v1/releases",
        "PORTAL@elsewhere.example/api/v1/releases",
        "PORTAL\\@elsewhere.example/api/v1/releases",
        "PORTAL/api/v1/me/token",
        "PORTAL/api/v1/releases\n?cursor=x",
        "//elsewhere.example/api/v1/releases",
        "/api/v1/releases?cursor=x",
        "http://[::1",
        7,
        {},
    ],
)
def test_a_next_page_elsewhere_is_9_and_never_asked(
    weights: Weights, portal: SimulatedPortal, following: object
) -> None:
    where = following.replace("PORTAL", portal.url) if isinstance(following, str) else following
    portal.always("/releases", page({"slug": "a"}, following=where))
    done = weights("releases")
    assert (done.code, "answer-unreadable" in done.err) == (9, True)
    assert len(portal.asked) == 1


def test_text_of_the_portal_neither_moves_the_terminal_nor_forges_a_line(
    weights: Weights, portal: SimulatedPortal
) -> None:
    portal.always("/releases", page({"slug": EVIL, "title": EVIL}))
    portal.always("/releases/opt-tiny", Answer(body=json.dumps({"slug": EVIL, "summary": EVIL}).encode()))
    for words in (("releases",), ("show", "opt-tiny")):
        done = weights(*words)
        assert done.code == 0
        assert not set(UNSEEN + "\r") & set(done.out)
        assert not any(line.startswith("error[") for line in done.out.splitlines())


def test_in_json_the_same_characters_are_escaped_and_nothing_is_lost(
    weights: Weights, portal: SimulatedPortal
) -> None:
    portal.always("/releases", page({"slug": EVIL}))
    done = weights("releases", "--json")
    assert not set(UNSEEN + "\r") & set(done.out)
    assert done.json["releases"][0]["slug"] == EVIL


def test_an_error_of_the_portal_stays_three_lines(weights: Weights, portal: SimulatedPortal) -> None:
    body = json.dumps(
        {"code": EVIL, "title": EVIL, "detail": EVIL, "next_step": EVIL, "errors": {EVIL: [EVIL]}}
    )
    portal.always("/me", Answer(403, body.encode(), {"Content-Type": "application/problem+json"}))
    done = weights("whoami")
    assert done.code == 4
    lines = done.err.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["error[refused]", "why", "next"]
    assert not set(UNSEEN) & set(done.err)
