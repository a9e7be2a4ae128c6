"""Markdown of license texts as a tree whose leaves are the words themselves."""

from typing import Any

import pytest

from licenses.agreements import prose


def words(nodes: Any) -> str:
    """Every leaf, in order."""
    match nodes:
        case list():
            return "".join(words(node) for node in nodes)
        case {"s": said}:
            return str(said)
        case dict():
            return "".join(words(nodes.get(name, [])) for name in ("c", "items", "rows"))
    return ""


def test_headings_lists_and_emphasis_are_kept() -> None:
    assert prose.blocks("# Title\n\n3. **One** and *two*\n4. three\n") == [
        {"k": "h", "level": 1, "c": [{"k": "t", "s": "Title"}]},
        {
            "k": "list",
            "start": 3,
            "items": [
                [
                    {
                        "k": "p",
                        "c": [
                            {"k": "strong", "c": [{"k": "t", "s": "One"}]},
                            {"k": "t", "s": " and "},
                            {"k": "em", "c": [{"k": "t", "s": "two"}]},
                        ],
                    }
                ],
                [{"k": "p", "c": [{"k": "t", "s": "three"}]}],
            ],
        },
    ]


@pytest.mark.parametrize("first", [0, 1, 2, 999_999_999])
def test_a_list_begins_with_the_number_that_was_written(first: int) -> None:
    [made] = prose.blocks(f"{first}. One\n{first}. two\n")
    assert made["start"] == first


def test_a_list_without_numbers_begins_with_none() -> None:
    assert prose.blocks("- One\n")[0]["start"] is None


def test_tables_code_quotes_and_rules_are_kept() -> None:
    made = prose.blocks("|a|b|\n|-|-|\n|1|2|\n\n```\n x\n```\n\n> q\n\n---\n")
    assert [node["k"] for node in made] == ["table", "code", "quote", "rule"]
    assert [[words(cell) for cell in row] for row in made[0]["rows"]] == [["a", "b"], ["1", "2"]]
    assert made[1]["s"] == " x"


def test_link_says_where_it_leads_and_is_none() -> None:
    assert (
        words(prose.blocks("See [the act](https://law.example/7).")) == "See the act (https://law.example/7)."
    )
    assert words(prose.blocks("<https://law.example/7>")) == "https://law.example/7"


@pytest.mark.parametrize(
    "hostile",
    [
        '#panic("x")',
        "$x^2$ and @cite",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "[a](javascript:alert(1))",
        "a\\b #let y = 1",
    ],
)
def test_a5_hostile_text_stays_text(hostile: str) -> None:
    assert words(prose.blocks(f"Before. {hostile}")) == f"Before. {hostile}"


@pytest.mark.parametrize("levels", [5, 8, 9, 12, 30, 200])
def test_lists_without_end_lose_no_word(levels: int) -> None:
    deep = "".join(f"{'  ' * level}- level{level}.\n" for level in range(levels))
    said = words(prose.blocks(deep))
    assert all(f"level{level}." in said for level in range(levels))


def test_quotations_and_emphasis_without_end_lose_no_word() -> None:
    text = f"{'> ' * 40}deep\n\n{'*a **b ' * 40}{'** *' * 40}\n"
    said = words(prose.blocks(text))
    assert "deep" in said
    assert said.count("a") == 40
