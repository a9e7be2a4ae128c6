"""What the demo prints: chapters, what was done, what commands said, and a summary of checked facts."""

import sys

from rich.console import Console
from rich.table import Table

from portal.demo.errors import DemoError
from portal.demo.place import Place


class Narrator:
    """Tells the story and keeps the facts for its end. A fact is told only after it was checked."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 100)
        self._facts: list[tuple[str, str]] = []

    def chapter(self, title: str) -> None:
        self._console.print(f"\n[bold]{title}[/bold]")

    def did(self, sentence: str) -> None:
        self._console.print(f"  [green]✓[/green] {sentence}")

    def ran(self, command: str) -> None:
        self._console.print(f"  [cyan]$ {command}[/cyan]")

    def output(self, text: str) -> None:
        for line in text.rstrip().splitlines():
            self._console.print(f"    {line}", style="dim", markup=False)

    def fact(self, name: str, value: str, *, holds: bool) -> None:
        """Keep a fact for the summary. Raises DemoError when it does not hold."""
        if not holds:
            raise DemoError(f"{name}: not so ({value})")
        self._facts.append((name, value))

    def summary(self, place: Place, *, seconds: float) -> None:
        table = Table(show_header=False, title="What was seen", title_justify="left")
        for name, value in self._facts:
            table.add_row(name, value)
        self._console.print()
        self._console.print(table)
        self._console.print(f"\nDone in {seconds:.0f} s. Everything is in {place.folder}.")
        self._console.print("`make serve` opens the same portal in the browser.")
