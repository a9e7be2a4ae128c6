"""R10: one write of an action fails, and nothing of the action is there."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db.models import Model

Prepared = Callable[[], object]


class Broken(Exception):
    """The write that the test breaks."""


def broken(*args: object, **kwargs: object) -> None:
    raise Broken


def changes_nothing(act: Prepared, monkeypatch: pytest.MonkeyPatch, *writes: str) -> None:
    """Do the act with these writes broken, named by their dotted paths: every table stands as before."""
    before = everything()
    for write in writes:
        monkeypatch.setattr(write, broken)
    with pytest.raises(Broken):
        act()
    assert everything() == before


def everything() -> dict[type[Model], list[dict[str, object]]]:
    return {model: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}
