"""docs/reference/smoke-test.md says what the code does."""

import re
from pathlib import Path

from weights_vault.smoke import errors
from weights_vault.smoke.architectures import ALLOWED
from weights_vault.smoke.report import MAX_PROBLEMS
from weights_vault.smoke.run import LEVELS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "smoke-test.md").read_text(encoding="utf-8")


def leaves(kind: type[Exception]) -> list[type[Exception]]:
    return [leaf for each in kind.__subclasses__() for leaf in (leaves(each) or [each])]


def test_every_problem_code_is_on_the_page() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "weights_vault" / "smoke").glob("*.py")]
    codes = {code for text in sources for code in re.findall(r'Problem\(\s*"([a-z0-9-]+)"', text)}
    assert len(codes) > 10
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_every_error_reference_is_on_the_page() -> None:
    references = {getattr(kind, "reference") for kind in leaves(errors.SmokeError)} - {"job-malformed"}  # noqa: B009
    assert {each for each in references if f"`{each}`" not in PAGE} == set()


def test_every_level_and_architecture_is_on_the_page() -> None:
    assert {each for each in (*LEVELS, *ALLOWED) if f"`{each}`" not in PAGE} == set()
    assert f"first {MAX_PROBLEMS} problems" in PAGE
