"""What docs/how-to/run-a-portal.md says of the four processes: its table of settings and its units."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "how-to" / "run-a-portal.md").read_text()
COLUMNS = ("web", "worker", "keeper", "log_signer")


def table() -> list[tuple[list[str], dict[str, str]]]:
    """Each row: the settings it is about, and what stands in the column of each process."""
    [text] = re.findall(r"^\| setting \| web .*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = []
    for line in text.splitlines():
        names, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows.append((re.findall(r"`([A-Z_]+)`", names), dict(zip(COLUMNS, cells, strict=True))))
    return rows


def needs(process: str) -> set[str]:
    """The settings that the table gives to one process."""
    return {name for names, cells in table() if cells[process] for name in names}


def units() -> dict[str, str]:
    """The text of each unit by its name."""
    found = re.findall(r"^```ini\n# /etc/systemd/system/([a-z-]+)\.service\n(.*?)^```$", PAGE, re.M | re.S)
    return dict(found)
