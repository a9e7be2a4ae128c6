""".env.sample: every setting that an installation can give, and nothing that nobody reads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
# What the settings of tests read is no installation's affair.
MODULES = sorted(set((ROOT / "portal" / "settings").glob("*.py")) - {ROOT / "portal/settings/test.py"})
PARSERS = {"db_url_config", "email_url_config"}  # they take a value that was read already
READ_BY_DJANGO = {"DJANGO_SETTINGS_MODULE"}
READ_BY_BOTO3 = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
}
SET_BY_THE_DEMO = {"WEIGHTS_PORTAL_DEMO"}


def reads(module: Path) -> Iterator[ast.expr]:
    """What stands for the name in each call of `env(…)`, `env.…(…)`, `_required(…)` and its like."""
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Call(func=ast.Name("env" | "_required" | "_of_those_who_serve"), args=[name, *_]):
                yield name
            case ast.Call(func=ast.Attribute(ast.Name("env"), kind), args=[name, *_]) if kind not in PARSERS:
                yield name


def names_read() -> set[str]:
    found = [name for module in MODULES for name in reads(module)]
    return {name.value for name in found if isinstance(name, ast.Constant)}


def names_in_sample() -> list[str]:
    return re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.sample").read_text(), re.MULTILINE)


def test_sample_names_every_setting_once_and_nothing_else() -> None:
    sample = names_in_sample()
    assert len(sample) == len(set(sample))
    assert set(sample) == (names_read() | READ_BY_DJANGO | READ_BY_BOTO3) - SET_BY_THE_DEMO


def test_settings_read_the_environment_in_no_way_that_the_sample_test_overlooks() -> None:
    assert {"base.py", "embedded.py", "production.py"} <= {module.name for module in MODULES}
    for module in MODULES:
        assert "os.environ" not in module.read_text()
        assert "getenv" not in module.read_text()
        given = [ast.unparse(name) for name in reads(module) if not isinstance(name, ast.Constant)]
        # The one name that is no text is the parameter of `_required` and `_of_those_who_serve` themselves.
        assert set(given) == ({"name"} if module.name == "production.py" else set())
