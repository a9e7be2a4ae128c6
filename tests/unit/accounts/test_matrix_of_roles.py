"""The matrix of roles: what it promises about itself, and that the page about it is current (A1)."""

import ast
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.accounts import matrix
from portal.accounts.rolematrix import document
from portal.accounts.roles import ADMINISTRATOR, AUDITOR, LEGAL_LEAD, RELEASE_MANAGER, REVIEWER, STAFF_ROLES

ROOT = Path(__file__).parents[3]
ROLE_NAMES = {"REVIEWER", "LEGAL_LEAD", "RELEASE_MANAGER", "AUDITOR", "ADMINISTRATOR"}
# What makes the table, what shows it, and which of a person's roles a token carries along.
MAY_NAME_ROLES = {f"portal/accounts/{name}.py" for name in ("roles", "matrix", "rolematrix", "scopes")}


def test_the_page_about_roles_is_current() -> None:
    assert (ROOT / "docs/reference/roles.md").read_text(encoding="utf-8") == document()
    call_command("rolematrix", "--check")


def test_an_old_page_fails_the_check(settings: object, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="make docs"):
        call_command("rolematrix", "--check")


def test_an_auditor_reads_all_that_any_of_the_staff_reads_and_does_nothing() -> None:
    reading = {each for each in matrix.CAPABILITIES if each.reads}
    assert matrix.MATRIX[AUDITOR] == reading
    assert all(matrix.reads_within(role, [AUDITOR]) for role in STAFF_ROLES)


def test_a_legal_lead_may_all_that_a_reviewer_may() -> None:
    assert matrix.MATRIX[REVIEWER] < matrix.MATRIX[LEGAL_LEAD]


def test_an_administrator_neither_reads_requests_nor_votes() -> None:
    assert not matrix.allows([ADMINISTRATOR], matrix.QUEUE_READ)
    assert not matrix.allows([ADMINISTRATOR], matrix.REQUEST_VOTE)


def test_no_role_alone_does_both_halves_of_what_needs_two() -> None:
    assert matrix.holders(matrix.ROLES_PROPOSE) == {ADMINISTRATOR}
    assert matrix.holders(matrix.CHANGES_CONFIRM) == {ADMINISTRATOR, LEGAL_LEAD}


def test_a_role_that_is_not_known_has_nothing() -> None:
    assert not any(matrix.allows(["owner", ""], each) for each in matrix.CAPABILITIES)


def test_every_capability_is_somebodys() -> None:
    assert {each for each in matrix.CAPABILITIES if not matrix.holders(each)} == set()
    assert len({each.name for each in matrix.CAPABILITIES}) == len(matrix.CAPABILITIES)


def test_a_reviewer_reads_no_more_than_a_legal_lead_does() -> None:
    assert matrix.reads_within(REVIEWER, [LEGAL_LEAD])
    assert not matrix.reads_within(AUDITOR, [LEGAL_LEAD])
    assert not matrix.reads_within(REVIEWER, [RELEASE_MANAGER])


@pytest.mark.parametrize(
    "folder", ["portal/accounts", "portal/web", "portal/api", "licenses", "weights_vault"]
)
def test_no_rule_names_roles_of_its_own(folder: str) -> None:
    """Policies ask capabilities: whoever imports the name of a role is about to write a second table."""
    named = {
        f"{path.relative_to(ROOT)}: {name.name}"
        for path in (ROOT / folder).rglob("*.py")
        if str(path.relative_to(ROOT)) not in MAY_NAME_ROLES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "portal.accounts.roles"
        for name in node.names
        if name.name in ROLE_NAMES
    }
    assert named == set()
