"""docs/how-to/run-a-portal.md: its units are whole, and it and the page on security say the same."""

import re
import shlex

import pytest

from tests.unit.core.run_a_portal import COLUMNS, DOCS, PAGE, needs, units

NAMES = {"web (gunicorn)": "web", "worker (celery)": "worker", "keeper": "keeper", "log signer": "log_signer"}
OWN = ("web", "worker", "keeper", "log")


def settings_of(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^([A-Z][A-Za-z]+)=(.*)$", unit, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_there_is_a_unit_for_each_process_and_no_other() -> None:
    assert set(units()) == {f"weights-{name}" for name in OWN}


@pytest.mark.parametrize("name", OWN)
def test_unit_is_whole(name: str) -> None:
    given = settings_of(units()[f"weights-{name}"])
    assert given["User"] == [f"weights-{name}"]
    assert given["Group"] == ["weights"]
    folder = "/etc/weights-portal"
    assert given["EnvironmentFile"] == [f"{folder}/common.env", f"{folder}/{name}.env"]
    assert given["ExecStart"][0].startswith("/opt/weights-portal/.venv/bin/")
    assert given["UMask"] == ["0077"]
    assert given["WantedBy"] == ["multi-user.target"]
    assert {"NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "LimitCORE"} <= set(given)
    assert given.get("StateDirectory", [f"weights-{name}"]) == [f"weights-{name}"]


def test_page_on_security_gives_nobody_what_the_table_does_not() -> None:
    text = (DOCS / "explanation" / "security.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    said = {NAMES[name]: (holds, never) for name, holds, never in rows if name in NAMES}
    assert set(said) == set(COLUMNS)
    same = set(re.findall(r"`([A-Z_]+)`", said["web"][0]))
    for process, (holds, never) in said.items():
        held = same if "the same" in holds else set(re.findall(r"`([A-Z_]+)`", holds))
        assert held, process
        assert held <= needs(process)
        assert not set(re.findall(r"`([A-Z_]+)`", never)) & needs(process)


def test_sample_is_an_environment_file() -> None:
    """As systemd and as a shell read it: a name, then one word, in quotes where it has blanks."""
    for line in (DOCS.parent / ".env.sample").read_text().splitlines():
        if not line or line.startswith("#"):
            assert not line.endswith("\\")
            continue
        assert re.match(r"[A-Z][A-Z0-9_]*=", line), line
        assert len(shlex.split(line)) == 1, line


def test_every_command_is_run_by_a_process_that_has_an_environment() -> None:
    assert set(re.findall(r"weights-as ([a-z$]+) ", PAGE)) <= {*OWN, "owner", "$name"}
