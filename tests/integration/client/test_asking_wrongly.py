"""Commands as a tired researcher types them: three lines, the right exit code, nothing sent, no traceback."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from licenses.models import ReleaseTerms, Request
from tests.integration.api.world import QUESTIONS, World
from tests.integration.client.asking import at_the_portal, filled, in_this_process
from tests.integration.client.conftest import Ran, Weights
from weights_vault.client.asking import terminal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[World]:
    with in_this_process(monkeypatch):
        yield at_the_portal(settings.PORTAL_URL, monkeypatch)


def refused(done: Ran, code: int, reference: str) -> None:
    """It ended with this code, and its last three lines are the error's."""
    what, why, step = done.err.splitlines()[-3:]
    assert (done.code, what.split("]")[0]) == (code, f"error[{reference}"), done.err
    assert (why.startswith("  why: "), step.startswith("  next: ")) == (True, True)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "code", "reference"),
    [
        (("request",), 2, "wrong-usage"),
        (("request", "opt-66b", "--template"), 4, "not-found"),
        (("request", "OPT 175B"), 2, "release-name-unusable"),
        (("request", "opt-175b@v1", "--template"), 2, "release-name-unusable"),
        (("request", "opt-175b", "opt-66b", "--template"), 4, "not-found"),
        (("request", "opt-175b"), 2, "answers-missing"),
        (("request", "opt-175b", "--json"), 2, "answers-missing"),
        (("request", "opt-175b", "--answers", "nowhere.toml"), 2, "answers-file-missing"),
        (("request", "opt-175b", "--answers", "/"), 2, "answers-unreadable"),
        (("request", "opt-175b", "--answers", "-", "--template"), 2, "template-and-answers"),
        (("request", "opt-175b", "--answer", "x.toml"), 2, "wrong-usage"),
        (("requests", "opt-175b"), 2, "request-id-unusable"),
        (("requests", "req_nowhere"), 4, "not-found"),
        (("requests", "--say", "Hello"), 2, "request-id-missing"),
        (("requests", "req_nowhere", "--say", " "), 2, "message-unusable"),
        (("requests", "req_nowhere", "--say", "Hello"), 4, "not-found"),
        (("sign", "opt-175b"), 2, "request-id-unusable"),
        (("sign", "req_nowhere", "--show"), 4, "not-found"),
        (("sign", "grt_nowhere"), 4, "not-found"),
        (("close-out", "opt-175b"), 2, "grant-id-unusable"),
        (("close-out", "grt_nowhere", "--copies", "1"), 4, "not-found"),
    ],
)
def test_what_is_typed_wrongly_is_refused_in_three_lines(
    bare_weights: Weights, world: World, words: tuple[str, ...], code: int, reference: str
) -> None:
    refused(bare_weights(*words), code, reference)
    assert not Request.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("purpose = memorization\n", "Invalid value"),
        ('{"answers": {"purpose": "x",}}', "line 1"),
        ("[]", "It is neither JSON, which begins with {, nor TOML"),
        ("[answers]\npurpose = 'a'\npurpose = 'b'\n", "line 3"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(
    bare_weights: Weights, world: World, text: str, said: str
) -> None:
    done = bare_weights("request", "opt-175b", "--answers", "-", stdin=text)
    refused(done, 2, "answers-unreadable")
    assert said in done.err


def test_every_fault_is_named_at_once_with_its_line(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    file = filled(bare_weights, tmp_path, ('sector = ""', 'sector = "army"\nsecotr = "company"'))
    done = bare_weights("request", "opt-175b", "--answers", str(file), "--yes", "--json")
    lines = file.read_text().splitlines()
    found = {fault["key"]: fault for fault in done.json["faults"]}
    assert found.keys() == {"answers.purpose", "answers.sector", "answers.secotr", "answers.alone"}
    for key, begins in (("answers.purpose", "purpose ="), ("answers.secotr", "secotr =")):
        assert lines[found[key]["line"] - 1].startswith(begins)
    refused(bare_weights("request", "opt-175b", "--answers", str(file), "--yes"), 2, "answers-incomplete")
    assert not Request.objects.exists()


def test_a_draft_may_have_gaps_and_reaches_nobody(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    file = filled(bare_weights, tmp_path, ('sector = ""', 'sector = "company"'))
    done = bare_weights("request", "opt-175b", "--answers", str(file), "--draft")
    assert (done.code, Request.objects.get().state) == (0, "draft")
    assert "Nobody reads it" in done.out
    assert 'sector = "company"' in bare_weights("request", "opt-175b", "--template").out


def test_without_a_terminal_nothing_is_sent_unless_told_so(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    file = filled(bare_weights, tmp_path)
    refused(bare_weights("request", "opt-175b", "--answers", str(file)), 2, "confirmation-missing")
    assert not Request.objects.exists()


def test_json_answers_from_stdin_are_taken(bare_weights: Weights, world: World) -> None:
    document = bare_weights("request", "opt-175b", "--template", "--json").json
    document["answers"] = {"purpose": "A study.", "sector": "company", "alone": True}
    done = bare_weights("request", "opt-175b", "--answers", "-", "--yes", stdin=json.dumps(document))
    assert (done.code, Request.objects.get().state) == (0, "submitted"), done.err


@pytest.mark.parametrize("words", [("request", "opt-175b"), ("requests",), ("grants",), ("sign", "req_a")])
def test_not_signed_in_is_3_with_the_way_in(
    bare_weights: Weights, world: World, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("WEIGHTS_TOKEN")
    refused(bare_weights(*words), 3, "not-signed-in")


def test_signing_before_the_approval_proposes_nothing_and_says_where_it_stands(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    bare_weights("request", "opt-175b", "--answers", str(filled(bare_weights, tmp_path)), "--yes")
    request = Request.objects.get()
    assert bare_weights("sign", request.pk, "--show").code == 0
    early = bare_weights("sign", request.pk)
    refused(early, 4, "nothing-to-sign")
    assert "its state is “in review”" in early.err
    assert f"/requests/{request.pk}/)" in early.err
    assert "confirm:" not in early.err


def test_what_is_no_character_is_named_and_not_sent(
    bare_weights: Weights, world: World, tmp_path: Path
) -> None:
    file = filled(bare_weights, tmp_path)
    document = tomllib.loads(file.read_text())
    document["answers"]["purpose"] = "half \ud800 of one"
    file.write_text(json.dumps(document))
    wrong = bare_weights("request", "opt-175b", "--answers", str(file), "--draft", "--json")
    refused(wrong, 2, "answers-incomplete")
    assert [fault["key"] for fault in wrong.json["faults"]] == ["answers.purpose"]
    bare_weights("request", "opt-175b", "--answers", str(filled(bare_weights, tmp_path)), "--draft")
    refused(bare_weights("requests", Request.objects.get().pk, "--say", "a\udcffb"), 2, "text-unusable")


@pytest.mark.parametrize(
    ("option", "value"), [("--copies", "-1"), ("--method", " "), ("--destroyed-on", "yesterday")]
)
def test_a_close_out_with_wrong_options_proposes_nothing(
    bare_weights: Weights, world: World, option: str, value: str
) -> None:
    ReleaseTerms.objects.update(questions=QUESTIONS)
    given = {"--copies": "1", "--method": "Deleted.", "--destroyed-on": "2026-11-21", option: value}
    grant = world.granted().pk
    words = [word for pair in given.items() for word in pair]
    refused(bare_weights("close-out", grant, *words), 2, "close-out-unusable")


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines that somebody types at a terminal without an editor."""
    lines: list[str] = []

    def line() -> str:
        if not lines:
            raise EOFError
        return lines.pop(0)

    monkeypatch.setattr(terminal.Terminal, "is_there", staticmethod(lambda: True))
    monkeypatch.setattr("builtins.input", line)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    return lines


def test_at_a_terminal_each_answer_is_kept_and_the_same_command_goes_on(
    bare_weights: Weights, world: World, types: list[str]
) -> None:
    types += ["A study.", "Of memory.", ".", "7", "2"]
    left = bare_weights("request", "opt-175b")
    assert (left.code, "this is none of the choices" in left.err) == (130, True), left.err
    kept = Request.objects.get()
    assert kept.versions.get().answers == {"purpose": "A study.\nOf memory.", "sector": "company"}
    types += [".", "", "y", "", "", "y", "y"]
    done = bare_weights("request", "opt-175b")
    assert done.code == 0, done.err
    assert world.license.text.strip() in done.err
    kept.refresh_from_db()
    assert (kept.state, kept.versions.get().answers["alone"]) == ("submitted", True)


def test_no_at_the_end_sends_nothing(
    bare_weights: Weights, world: World, types: list[str], tmp_path: Path
) -> None:
    file = filled(bare_weights, tmp_path)
    types += ["no"]
    done = bare_weights("request", "opt-175b", "--answers", str(file))
    assert (done.code, "error[not-sent]" in done.err, "This will be sent:" in done.err) == (130, True, True)
    assert not Request.objects.exists()


def test_a_long_answer_is_written_in_the_editor(
    bare_weights: Weights, world: World, types: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "path.write_text('From the editor.\\n' + path.read_text())\n"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
    assert bare_weights("request", "opt-175b").code == 130
    assert Request.objects.get().versions.get().answers == {"purpose": "From the editor."}
