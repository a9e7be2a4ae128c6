"""What is shown while sealing: lines in a log, one bar on a terminal."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from weights_vault.ingest import progress as module
from weights_vault.ingest.progress import GIB, BarProgress, LineProgress, duration, on_terminal


def test_each_file_gets_its_lines_in_a_log() -> None:
    stream = io.StringIO()
    with on_terminal(stream) as progress:
        progress.start(1, 2_000)
        progress.begin("config.json", 2_000, "sealing")
        progress.advance(2_000)
        progress.end("config.json", "sealed")
        progress.note("testing the sealed files")
    assert stream.getvalue() == (
        "sealing config.json (2,000 bytes)\nsealed config.json\ntesting the sealed files\n"
    )


def test_long_file_is_heard_of_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 4.0, 10.0, 10.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.start(2, 8 * GIB)
    progress.begin("model.safetensors", 4 * GIB, "sealing")
    progress.advance(GIB)
    progress.advance(GIB)
    assert stream.getvalue().splitlines()[1:] == [
        "  model.safetensors: 2.0 GiB of 4.0 GiB; 2.0 GiB of 8.0 GiB in all, 205 MiB/s, about 30 s left"
    ]


def test_file_that_goes_on_says_where() -> None:
    stream = io.StringIO()
    LineProgress(stream).go_on("model.safetensors", GIB * 123 // 10, 31 * GIB)
    assert stream.getvalue() == "  going on at 12.3 GiB of 31.0 GiB\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (600, "10 min"), (3600 * 5 + 120, "5 h 2 min")]
)
def test_duration_is_no_finer_than_it_can_be_known(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.fixture
def bars() -> Progress:
    return Progress(console=Console(file=io.StringIO()))


def test_file_that_is_checked_and_then_sealed_counts_once(bars: Progress) -> None:
    progress = BarProgress(bars)
    progress.start(2, 300)
    for path, verbs in (("a", ("checking", "sealing")), ("b", ("sealing",))):
        for verb in verbs:
            progress.begin(path, 150, verb)
            progress.advance(150)
        progress.end(path, "sealed")
    (task,) = bars.tasks
    assert (task.completed, task.total) == (300, 300)


def test_path_with_markup_is_shown_as_it_is(bars: Progress) -> None:
    """A5"""
    progress = BarProgress(bars)
    progress.begin("[red]x[/red].safetensors", 1, "sealing")
    progress.end("[red]x[/red].safetensors", "sealed")
    output = bars.console.file
    assert isinstance(output, io.StringIO)
    assert "sealed [red]x[/red].safetensors" in output.getvalue()
