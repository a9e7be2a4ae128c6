"""Witnesses: what they cosign is kept with the head; what they refuse is said, and the log goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.core.log import keys, proofs, sequencer, witnesses
from portal.core.log.asking import Asking
from portal.core.log.files import LogFiles
from portal.core.log.trace import Bad
from portal.core.log.verify import verify
from portal.core.log.witnesses import WitnessRefused
from portal.core.models import AuditEvent, LogCheckpoint, LogTile
from tests.servers.witness import Witness, serving
from tests.unit.core.log.world import NOW, owning_the_database, record, run, sign
from weights_vault.sealed.log.checkpoint import Checkpoint
from weights_vault.sealed.log.note import cosignature
from weights_vault.sealed.log.proof import verify_proof
from weights_vault.sealed.signing import SigningKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "log")


@pytest.fixture
def witness(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    monkeypatch.setattr(witnesses, "_left_alone", {})
    with serving(Witness("witness.example.org", keys.verifier(), NOW)) as made:
        settings.LOG_WITNESSES = made.setting
        yield made


def collect() -> None:
    row = proofs.newest_checkpoint()
    assert row is not None
    for each in witnesses.missing(row):
        witnesses.ask_and_keep(each, row)


def grow(files: LogFiles, count: int) -> LogCheckpoint:
    for number in range(count):
        record(number)
    return LogCheckpoint.objects.get(size=sign(files).size)


def test_heads_are_cosigned_as_the_log_grows(files: LogFiles, witness: Witness) -> None:
    for count in (3, 1, 7):
        row = grow(files, count)
        collect()
        row.refresh_from_db()
        assert witnesses.cosigned(row) == ["witness.example.org"]
    assert (witness.seen.size, witness.asked) == (11, 3)
    collect()
    assert witness.asked == 3, "a head is cosigned once"
    event = AuditEvent.objects.first()
    assert event is not None
    proof = proofs.proof_of(event.pk)
    assert proof is not None
    assert verify_proof(proof, [keys.verifier(), witness.verifier]).witnesses == ("witness.example.org",)


def test_head_that_is_signed_again_keeps_its_cosignature(files: LogFiles, witness: Witness) -> None:
    row = grow(files, 3)
    collect()
    sign(files)
    row.refresh_from_db()
    assert witnesses.cosigned(row) == ["witness.example.org"]


def test_witness_that_names_another_head_is_offered_growth_from_there(
    files: LogFiles, witness: Witness
) -> None:
    old = grow(files, 4)
    witness.seen = Checkpoint(keys.origin(), 4, bytes(old.root))
    row = grow(files, 4)
    collect()
    row.refresh_from_db()
    assert (witnesses.cosigned(row), witness.asked) == (["witness.example.org"], 2)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            Checkpoint("localhost:8000/log", 2, bytes(32)),
            "does not grow out of the one that it signed before",
        ),
        (Checkpoint("localhost:8000/log", 99, bytes(32)), "look for a second signer"),
    ],
)
def test_witness_that_knows_another_history_is_said_and_left_alone(
    files: LogFiles, witness: Witness, seen: Checkpoint, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    witness.seen = seen
    row = grow(files, 4)
    collect()
    assert said in caplog.text
    asked = witness.asked
    collect()
    row.refresh_from_db()
    assert (witness.asked, witnesses.cosigned(row)) == (asked, [])


def test_witness_out_of_reach_stops_nobody(files: LogFiles, settings: Any, witness: Witness) -> None:
    settings.LOG_WITNESSES = f"http://127.0.0.1:1 {witness.verifier.text}"
    row = grow(files, 1)
    with pytest.raises(WitnessRefused, match="does not answer"):
        witnesses.ask(witnesses.configured()[0], row)
    collect()


def test_line_of_a_stranger_or_over_another_head_is_not_kept(files: LogFiles, witness: Witness) -> None:
    first, second = grow(files, 1), grow(files, 1)
    stranger = cosignature(second.note, "stranger.example.org", SigningKey.generate(), NOW)
    with pytest.raises(WitnessRefused, match="no line of it is from a witness"):
        witnesses.add_line(second, stranger)
    other = cosignature(first.note, witness.name, witness.key, NOW)
    with pytest.raises(WitnessRefused, match="does not fit"):
        witnesses.add_line(second, other)
    theirs = cosignature(second.note, witness.name, witness.key, NOW)
    before = second.note
    assert witnesses.add_line(second, stranger + theirs) == [witness.name]
    assert LogCheckpoint.objects.get(size=second.size).note == before + theirs


@pytest.mark.parametrize(
    ("charset", "status"), [("hex", 200), ("rot13", 200), ("hex", 409), ("no-such", 409)]
)
def test_witness_that_names_a_charset_of_its_own_stops_no_process(
    files: LogFiles, witness: Witness, monkeypatch: pytest.MonkeyPatch, charset: str, status: int
) -> None:
    row = grow(files, 1)
    headers = {"content-type": f"text/x.tlog.size; charset={charset}"}
    answer = httpx.Response(status, headers=headers, content=b"1\xff")
    monkeypatch.setattr(witnesses, "_post", lambda *_: answer)
    collect()
    assert witnesses.cosigned(row) == []
    assert witness.url in witnesses._left_alone


@contextmanager
def silent_witness() -> Iterator[tuple[str, list[str]]]:
    """Takes the question and says nothing until the end. Gives its address, and what it was asked."""
    stop, asked = Event(), list[str]()

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            stop.wait()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        stop.set()
        server.shutdown()
        server.server_close()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_silent_witness_holds_up_neither_the_signer_nor_another_witness(
    files: LogFiles, witness: Witness, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "TIMEOUT_S", 60.0)
    other = Witness("silent.example.org", keys.verifier(), NOW)
    with silent_witness() as (url, asked):
        settings.LOG_WITNESSES = f"{url} {other.verifier.text},{witness.setting}"
        asking = Asking()
        for _ in range(3):
            row = grow(files, 1)
            began = time.monotonic()
            asking.ask_all()
            assert time.monotonic() - began < 2
            asking._under_way[witness.url].join(20)
            row.refresh_from_db()
            assert witnesses.cosigned(row) == [witness.name]
        assert len(asked) == 1, "one question at a time"
    asking._under_way[url].join(20)
    assert url in witnesses._left_alone


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_lines_that_come_at_once_are_all_kept(files: LogFiles, settings: Any) -> None:
    """Each was asked about the row as it was before the other had signed."""
    made = [Witness(f"w{number}.example.org", keys.verifier(), NOW) for number in (1, 2)]
    settings.LOG_WITNESSES = ",".join(f"https://w.example.org {each.verifier.text}" for each in made)
    size = grow(files, 1).size
    rows = [LogCheckpoint.objects.get(size=size) for _ in made]
    for row, each in zip(rows, made, strict=True):
        witnesses.add_line(row, cosignature(row.note, each.name, each.key, NOW))
    assert witnesses.cosigned(LogCheckpoint.objects.get()) == ["w1.example.org", "w2.example.org"]


@contextmanager
def endless_witness(pause_s: float) -> Iterator[str]:
    """Answers without an end, 1 KB after each pause. Gives its address."""
    stop = Event()

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while not stop.wait(pause_s):
                    self.wfile.write(b"x" * 1_024)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stop.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("pause_s", "said"), [(0.001, "too long"), (0.1, "takes too long")])
def test_witness_that_answers_without_an_end_keeps_nobody(
    files: LogFiles, witness: Witness, monkeypatch: pytest.MonkeyPatch, pause_s: float, said: str
) -> None:
    monkeypatch.setattr(witnesses, "TIMEOUT_S", 0.5)
    row = grow(files, 1)
    with endless_witness(pause_s) as url, pytest.raises(WitnessRefused, match=f"its answer .*{said}"):
        witnesses.ask(replace(witnesses.configured()[0], url=url), row)


def test_tree_with_a_hole_is_said_and_stops_no_process(files: LogFiles, witness: Witness) -> None:
    grow(files, 3)
    collect()
    row = grow(files, 2)
    LogTile.objects.all().delete()
    with pytest.raises(WitnessRefused, match="no growth can be shown"):
        witnesses.ask(witnesses.configured()[0], row)


def test_witness_whose_address_is_none_does_not_answer(files: LogFiles, witness: Witness) -> None:
    row = grow(files, 1)
    with pytest.raises(WitnessRefused, match="InvalidURL"):
        witnesses.ask(replace(witnesses.configured()[0], url="http://w.example.org:port"), row)


@pytest.mark.parametrize("text", ["https://w.example.org", "https://w.example.org nonsense", "KEY"])
def test_setting_that_names_no_witness_is_an_error(settings: Any, text: str) -> None:
    settings.LOG_WITNESSES = text.replace("KEY", f"https://w.example.org {keys.verifier().text}")
    with pytest.raises(ImproperlyConfigured, match="LOG_WITNESSES"):
        witnesses.configured()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a6_rewritten_log_does_not_agree_with_the_head_that_a_witness_cosigned(
    files: LogFiles, witness: Witness, tmp_path: Path
) -> None:
    grow(files, 5)
    collect()
    kept = LogCheckpoint.objects.get(size=5).note
    with owning_the_database():
        AuditEvent.objects.filter(data={"n": 2}).update(by="usr_b")
        run("DELETE FROM core_logentry", "DELETE FROM core_logtile", "DELETE FROM core_logcheckpoint")
        run('INSERT INTO core_logpending (event) SELECT "index" FROM core_auditevent')
    forged = sequencer.catch_up()
    row = grow(LogFiles(tmp_path / "the attacker has the log's key, too"), 1)
    assert (forged, row.size) == (5, 6)
    with pytest.raises(WitnessRefused, match="does not grow out of the one that it signed before"):
        witnesses.ask(witnesses.configured()[0], row)
    with pytest.raises(Bad, match="a head that was kept elsewhere"):
        verify(None, [kept], witnesses=[witness.verifier])
