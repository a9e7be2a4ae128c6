from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weights_vault.client.arguments import globals_first, refuse_secrets, wants_json
from weights_vault.client.errors import WrongUsage


@pytest.mark.parametrize(
    ("given_words", "ordered"),
    [
        (["show", "opt", "--json"], ["--json", "show", "opt"]),
        (["show", "--portal", "https://p", "opt"], ["--portal", "https://p", "show", "opt"]),
        (["show", "--portal=https://p", "opt"], ["--portal=https://p", "show", "opt"]),
        (
            ["show", "opt", "--portal-key", "wp1-a", "--quiet"],
            ["--portal-key", "wp1-a", "--quiet", "show", "opt"],
        ),
        (["show", "--", "--json"], ["show", "--", "--json"]),
        (["download", "opt", "--to", "x"], ["download", "opt", "--to", "x"]),
        ([], []),
    ],
)
def test_global_options_move_to_the_front(given_words: list[str], ordered: list[str]) -> None:
    assert globals_first(given_words) == ordered


@given(st.lists(st.sampled_from(["show", "--json", "--quiet", "x", "--to", "--portal=p", "--"])))
def test_no_word_is_lost_or_made(words: list[str]) -> None:
    assert sorted(globals_first(words)) == sorted(words)


@pytest.mark.parametrize("words", [["--portal"], ["show", "--portal-key"], ["--portal", "--json"]])
def test_an_option_without_its_value_is_refused(words: list[str]) -> None:
    with pytest.raises(WrongUsage, match="needs a value"):
        globals_first(words)


def test_json_is_seen_anywhere_before_the_double_dash() -> None:
    assert wants_json(["show", "--json"])
    assert not wants_json(["show", "--", "--json"])


@pytest.mark.parametrize(
    "word",
    ["wp_0123456789abcdef", "--token=wpr_0123456789abcdef", "wpd_0123456789abcdef", "AGE-SECRET-KEY-1ABC"],
)
def test_g8_a_secret_among_the_words_is_refused_without_repeating_it(word: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        refuse_secrets(["login", word])
    error = caught.value
    assert word not in f"{error} {error.why} {error.next_step}"


def test_names_that_only_resemble_tokens_are_words_like_others() -> None:
    words = ["download", "wp_models", "--to", "swp_0123456789abcdef"]
    refuse_secrets(words)
    assert globals_first(words) == words
