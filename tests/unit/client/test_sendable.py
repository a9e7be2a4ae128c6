"""Texts that no portal can take are named before anything is sent."""

from __future__ import annotations

import pytest

from weights_vault.client.errors import WrongUsage
from weights_vault.client.sendable import check_sendable, unsendable


def test_texts_of_people_can_be_sent() -> None:
    body = {"text": "Grüße 👋\n\tüber\u200dall", "list": [1, None, True, "x"]}
    check_sendable(body)
    assert not unsendable(str(body))


@pytest.mark.parametrize("text", ["a\0b", "a\udcffb", "a\ud800"])
def test_what_is_no_character_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        check_sendable({"answers": [{"purpose": text}]})
    assert caught.value.reference == "text-unusable"
    assert "after “a”" in caught.value.why
