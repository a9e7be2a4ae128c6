"""Two texts, line by line, and word by word within a line."""

from hypothesis import given
from hypothesis import strategies as some

from portal.web.comparison import KEPT_AROUND, Line, compare

BEFORE = "# License\n\nUse it for research alone.\n\nDestroy copies within 30 days.\n"


def test_the_same_text_has_no_rows() -> None:
    assert compare(BEFORE, BEFORE) == []


def test_a_changed_line_is_marked_word_by_word() -> None:
    rows = compare(BEFORE, BEFORE.replace("30", "14"))
    [changed] = [row for row in rows if row.kind == "changed"]
    assert [run.text for run in changed.both if run.kind == "removed"] == ["30"]
    assert [run.text for run in changed.both if run.kind == "added"] == ["14"]
    assert (changed.before_number, changed.after_number) == (5, 5)
    assert all(run.kind != "added" for run in changed.before)


def test_lines_that_have_nothing_in_common_are_one_gone_and_one_new() -> None:
    rows = compare("Keep this.\nOne thing.", "Keep this.\nQuite another matter altogether.")
    assert [row.kind for row in rows] == ["same", "removed", "added"]


def test_a_clause_put_before_others_leaves_them_what_they_were() -> None:
    before = "6. Delete within 30 days.\n7. No warranty at all is given."
    after = "6. Delete within 14 days.\n7. Five copies.\n8. No warranty at all is given."
    assert [row.kind for row in compare(before, after)] == ["changed", "added", "changed"]


def test_a_long_text_written_anew_is_compared_in_time() -> None:
    before = "\n".join(f"Old line {n} of {n * 7}." for n in range(5_000))
    after = "\n".join(f"Another {n} altogether {n * 3}!" for n in range(5_000))
    assert len(compare(before, after)) == 10_000


def test_a_long_text_with_many_empty_lines_is_compared_in_time() -> None:
    before = "\n\n".join(f"Old line {n} of {n * 7}." for n in range(5_000))
    after = "\n\n".join(f"Another {n} altogether {n * 3}!" for n in range(5_000))
    assert compare(before, after)


def test_far_lines_are_left_out_and_counted() -> None:
    lines = [f"Line {n}." for n in range(30)]
    changed = [*lines[:15], "New words here.", *lines[15:]]
    rows = compare("\n".join(lines), "\n".join(changed))
    assert [row.count for row in rows if row.kind == "skipped"] == [15 - KEPT_AROUND] * 2
    assert len([row for row in rows if row.kind == "same"]) == 2 * KEPT_AROUND


LINES = some.lists(some.sampled_from(["a b c", "a b d", "", "x", "y z"]), max_size=12)


@given(LINES, LINES)
def test_each_text_can_be_read_off_the_rows(old: list[str], new: list[str]) -> None:
    rows = compare("\n".join(old), "\n".join(new))
    skipped = sum(row.count for row in rows)
    assert count(rows, "before_number") + skipped in (0, len("\n".join(old).splitlines()))
    assert count(rows, "after_number") + skipped in (0, len("\n".join(new).splitlines()))
    for row in rows:
        if row.before_number:
            text = "".join(run.text for run in row.before)
            assert text == "\n".join(old).splitlines()[row.before_number - 1]
        if row.after_number:
            text = "".join(run.text for run in row.after)
            assert text == "\n".join(new).splitlines()[row.after_number - 1]


def count(rows: list[Line], name: str) -> int:
    return sum(1 for row in rows if getattr(row, name))
