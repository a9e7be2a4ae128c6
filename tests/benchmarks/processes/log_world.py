"""The portal's side of the rows of the audit log, in a database of its own.

Usage: python -m tests.benchmarks.processes.log_world migrate
                                                      append PART SECONDS BEGIN
                                                      place SECONDS BEGIN
                                                      fill ENTRIES
                                                      proofs COUNT
                                                      verify
BEGIN: seconds since the epoch at which the parts begin together.
"""

import random
import sys
import time
from collections.abc import Callable

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.core import audit  # noqa: E402
from portal.core.log import keys, proofs, sequencer, signer  # noqa: E402
from portal.core.log.files import log_files  # noqa: E402
from portal.core.log.health import waited  # noqa: E402
from portal.core.log.stored import log_size  # noqa: E402
from portal.core.log.verify import verify  # noqa: E402
from portal.core.models import AuditEvent, LogEntry  # noqa: E402
from tests.benchmarks.processes.said import say  # noqa: E402
from weights_vault.sealed.log.proof import verify_proof  # noqa: E402

# What a batch of headers records, which is what a busy portal records most.
FILL = """
INSERT INTO core_auditevent (at, kind, "by", subject, data)
SELECT now() - n * interval '1 second', 'headers.issued', 'usr_' || md5(n::text),
       'grant:grt_' || md5((n %% 1000)::text),
       jsonb_build_object('key', 'key_' || md5(n::text), 'revision', 'rev_' || md5('r'), 'files', n %% 300,
                          'digest', md5('x' || n) || md5('y' || n))
FROM generate_series(1, %s) n
"""


def migrate() -> None:
    call_command("migrate", verbosity=0)
    say(done=True)


def append(part: str, seconds: str, begin: str) -> None:
    """Record events until the time is over."""
    written = 0
    ends = _wait(begin) + float(seconds)
    while time.time() < ends:
        with transaction.atomic():
            audit.record(
                "grant.revoked",
                by=f"usr_{part:>024}",
                subject=f"grant:grt_{written:024d}",
                now=timezone.now(),
                request=f"req_{written:024d}",
            )
        written += 1
    say(written=written)


def place(seconds: str, begin: str) -> None:
    """Sign while others write, as the signer's process does; then the rest. signed: in `seconds`.

    behind_s: the longest from the oldest event that waited to the head that has it.
    """
    files, key, behind, heads, signed = log_files(), keys.signer(), 0.0, 0, 0
    began = _wait(begin)
    taken = 0.0
    while taken < float(seconds):
        time.sleep(signer.PERIOD_S)
        oldest = waited(timezone.now())[1].total_seconds()
        round_began = time.time()
        with files.taken():
            signed = signer.one_round(files, key, timezone.now(), placing_s=signer.PLACING_S).size
        heads, taken = heads + 1, time.time() - began
        behind = max(behind, oldest + time.time() - round_began)
    time.sleep(1)  # until the writers' last transactions are over
    sequencer.catch_up()
    left = AuditEvent.objects.count() - log_size()
    say(signed=signed, seconds=taken, behind_s=behind, heads=heads, left=left)


def fill(entries: str) -> None:
    """Fill the log up to so many entries, and sign it. rate: places a second."""
    missing = int(entries) - AuditEvent.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(FILL, [max(0, missing)])
        cursor.execute("ANALYZE")
    began = time.perf_counter()
    placed = sequencer.catch_up()
    rate = placed / (time.perf_counter() - began)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    began = time.perf_counter()
    files = log_files()
    with files.taken():
        signer.one_round(files, keys.signer(), timezone.now())
    say(rate=rate, sign_s=time.perf_counter() - began)


def prove(count: str) -> None:
    """Milliseconds of each proof."""
    chance, size, taken = random.Random(1), log_size(), []
    for number in range(int(count)):
        event = LogEntry.objects.values_list("event", flat=True).get(position=chance.randrange(size))
        began = time.perf_counter()
        text = proofs.proof_of(event)
        taken.append((time.perf_counter() - began) * 1000)
        if text is None:
            raise SystemExit(f"event {event} has no proof")
        if number % 100 == 0:
            verify_proof(text, [keys.verifier()])
    say(ms=taken)


def check() -> None:
    """Seconds of the full verification."""
    began = time.perf_counter()
    sound = verify(log_files())
    say(seconds=time.perf_counter() - began, entries=sound.entries, heads=sound.heads)


def _wait(begin: str) -> float:
    sequencer.waiting().exists()  # the connection stands before the time runs
    time.sleep(max(0.0, float(begin) - time.time()))
    return time.time()


STEPS: dict[str, Callable[..., None]] = {
    "migrate": migrate,
    "append": append,
    "place": place,
    "fill": fill,
    "proofs": prove,
    "verify": check,
}

if __name__ == "__main__":
    STEPS[sys.argv[1]](*sys.argv[2:])
