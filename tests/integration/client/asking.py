"""A portal whose release asks something, and its researcher with a token on the command line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from licenses.models import ReleaseTerms
from tests.integration.api.world import ALL_SCOPES, World, build, token_of
from tests.integration.client.conftest import Weights
from weights_vault.client import api

QUESTIONS = [
    {"id": "purpose", "label": "What for?", "help": "Two \"good\" sentences.", "why": "Two people read it.",
     "kind": "long_text", "required": True, "choices": []},
    {"id": "sector", "label": "Where?", "help": "", "kind": "choice", "required": True,
     "choices": ["university", "company"]},
    {"id": "alone", "label": "You pass nothing on", "help": "", "kind": "confirm", "required": True,
     "choices": []},
]  # fmt: skip
FILLED = (
    ('purpose = """\n"""', 'purpose = """\nMemorization in OPT.\nAnd \\"more\\"."""'),
    ('sector = ""', 'sector = "university"'),
    ("alone = false", "alone = true"),
)


def at_the_portal(url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """What the portal at `url` holds, with its researcher signed in on the command line."""
    cache.clear()
    made = build()
    ReleaseTerms.objects.update(questions=QUESTIONS)
    _, secret = token_of(made.researcher, *ALL_SCOPES)
    monkeypatch.setenv("WEIGHTS_PORTAL", url)
    monkeypatch.setenv("WEIGHTS_TOKEN", secret)
    return made


@contextmanager
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The portal's own application, called here: nothing stands between it and the command but HTTP."""
    transport = httpx.WSGITransport(app=WSGIHandler())
    monkeypatch.setattr(api, "http_client", lambda portal: httpx.Client(transport=transport))
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)  # they hold the test's own transaction
    logging.disable()  # the portal's own log would stand among what the command says
    yield
    logging.disable(logging.NOTSET)
    for signal in signals:
        signal.connect(close_old_connections)


def filled(weights: Weights, place: Path, *changes: tuple[str, str]) -> Path:
    """A template as a person leaves it."""
    text = weights("request", "opt-175b", "--template").out
    for before, after in changes or FILLED:
        assert before in text, text
        text = text.replace(before, after)
    file = place / "answers.toml"
    file.write_text(text, encoding="utf-8")
    return file
