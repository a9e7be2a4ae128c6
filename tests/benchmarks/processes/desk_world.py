"""The portal's side of the rows of the desk, in a database of its own that `seed` fills.

Usage: python -m tests.benchmarks.processes.desk_world seed REQUESTS PEOPLE RELEASES
                                                       pages RUNS
                                                       drafts PEOPLE
                                                       decide PART PARTS SECONDS BEGIN
                                                       submit PART PARTS SECONDS BEGIN
                                                       tally
BEGIN: seconds since the epoch at which the parts begin together.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from licenses import actions, states  # noqa: E402
from licenses.models import Request, RequestVersion, Vote  # noqa: E402
from licenses.models.requests import RequestedRelease  # noqa: E402
from licenses.notices import TELL_REVIEWERS  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.accounts.principals import principal_for  # noqa: E402
from portal.core.models import AuditEvent, Job, OutboxMessage  # noqa: E402
from portal.demo.crowd import people  # noqa: E402
from portal.demo.crowd.words import LAST, TOPICS  # noqa: E402
from tests.benchmarks.processes.said import say  # noqa: E402

CALLS = 100  # of each page in one run
PAUSE_S = 2.0  # a reviewer pauses up to so long between two verdicts
THREADS = 5  # reviewers in one process
SUBMITTERS = 2  # threads that submit in one process
DRAFTS_EACH = 3  # more than can be submitted in the time
AGAIN = 10  # every so manieth submission is sent a second time with its key
DESK = "reviewer{}@desk.example.net"
VIEWS = (
    "",
    "?awaiting=me",
    "?assignee=me",
    "?assignee=nobody&sort=due",
    "?overdue=on",
    "?split=on",
    "?asked=on",
    "?sort=newest&state=all",
    "?sort=changed&state=signed",
    "?country=SE&state=all",
)


def seed(requests: str, people: str, releases: str) -> None:
    """Fill the database, and let PostgreSQL look at it as its autovacuum would."""
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    call_command(
        "seed_requests",
        requests=int(requests),
        people=int(people),
        releases=int(releases),
        sure=True,
        stdout=sys.stderr,
    )
    seconds = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    say(seconds=seconds)


def pages(runs: str) -> None:
    """Milliseconds of each call in each run, and the most queries of one, by page."""
    client, rng = Client(SERVER_NAME="localhost"), random.Random(1)
    client.force_login(User.objects.get(email=DESK.format(0)))
    found = list(Request.objects.filter(state=states.SUBMITTED).order_by("pk").values_list("pk", flat=True))
    addresses: dict[str, Callable[[], str]] = {
        "queue": lambda: f"/review/{rng.choice(VIEWS)}",
        "search": lambda: f"/review/?state=all&text={rng.choice(LAST)}+{rng.choice(TOPICS).split()[0]}",
        "review": lambda: f"/review/{rng.choice(found)}/",
    }
    told = {}
    for page, address in addresses.items():
        counted = max(queries_of(client, address()) for _ in range(20))
        began = time.process_time()
        told[page] = {
            "ms": [[milliseconds(client, address()) for _ in range(CALLS)] for _ in range(int(runs))],
            "queries": counted,
            "cpu_ms": (time.process_time() - began) * 1000 / (CALLS * int(runs)),
        }
    say(**told)


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        milliseconds(client, address)
    return len(queries)


def milliseconds(client: Client, address: str) -> float:
    """From the request's arrival in Django to its whole answer."""
    began = time.perf_counter()
    answer = client.get(address)
    taken = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise SystemExit(f"{address} was answered with {answer.status_code}")
    return taken


def drafts(count: str) -> None:
    """Drafts that wait to be submitted, one for each of so many people and DRAFTS_EACH releases."""
    now = timezone.now()
    every = people.make_releases(DRAFTS_EACH, now, first=10_000)
    confirmed = User.objects.filter(email__startswith="person", organization__isnull=False)
    applicants = list(confirmed.order_by("pk")[: int(count)])
    wanted = [(user, terms) for terms in every for user in applicants]
    made = [Request(applicant=user, created_at=now, updated_at=now) for user, _ in wanted]
    Request.objects.bulk_create(made, batch_size=2_000)
    RequestedRelease.objects.bulk_create(
        (
            RequestedRelease(request=row, release=terms.release, applicant=user)
            for row, (user, terms) in zip(made, wanted, strict=True)
        ),
        batch_size=2_000,
    )
    answers = {"purpose": "To measure a portal.", "role": "Researcher", "noncommercial": True}
    RequestVersion.objects.bulk_create(
        (
            RequestVersion(
                request=row, number=1, answers=answers, questions=every[0].questions, created_at=now
            )
            for row in made
        ),
        batch_size=2_000,
    )
    say(made=len(made))


def decide(part: str, parts: str, seconds: str, begin: str) -> None:
    """Milliseconds of each verdict of this part's reviewers; each of them completes the quorum."""
    lock, taken = threading.Lock(), []

    def work(number: int) -> None:
        reviewer = principal_for(User.objects.get(email=DESK.format(number)), mfa=True)
        waiting = half_approved(reviewer.person, number, int(parts) * THREADS)
        rng = random.Random(number)
        wait_until(float(begin) + rng.random() * PAUSE_S)
        while time.time() < float(begin) + float(seconds):
            request = next(waiting, None)
            if request is None:
                return
            began = time.perf_counter()
            after = actions.vote(
                request=request,
                version=request.version,
                verdict="approve",
                reason="Clear purpose.",
                note="",
                by=reviewer,
                now=timezone.now(),
            )
            with lock:
                taken.append(((time.perf_counter() - began) * 1000, after.state))
            time.sleep(rng.random() * PAUSE_S)

    together(work, [int(part) * THREADS + each for each in range(THREADS)])
    if wrong := [state for _, state in taken if state != states.APPROVED]:
        raise SystemExit(f"{len(wrong)} verdicts decided nothing")
    say(ms=[each for each, _ in taken])


def half_approved(reviewer: User, number: int, of: int) -> Iterator[Request]:
    """Every `of`th request with one approval of somebody else's, from the `number`th on."""
    voted = Vote.objects.filter(
        verdict="approve", request__state=states.SUBMITTED, superseded_at__isnull=True
    )
    rows = Request.objects.filter(pk__in=voted.values("request"), split=False, appeal_version__isnull=True)
    chosen = list(islice(rows.order_by("pk"), number, None, of))
    mine = set(Vote.objects.filter(reviewer=reviewer, request__in=chosen).values_list("request", flat=True))
    return (row for row in chosen if row.pk not in mine)


def submit(part: str, parts: str, seconds: str, begin: str) -> None:
    """Ids of the drafts that this part submitted, and how often it sent one again."""
    waiting = Request.objects.filter(state=states.DRAFT, releases__slug__startswith="seeded-2000")
    queue = list(islice(waiting.order_by("pk").select_related("applicant"), int(part), None, int(parts)))
    license = (
        Request.objects.filter(state=states.SUBMITTED).select_related("license_version")[0].license_version
    )
    assert license is not None
    lock, done = threading.Lock(), []
    again = 0

    def work(number: int) -> None:
        nonlocal again
        wait_until(float(begin))
        for request in queue[number::SUBMITTERS]:
            if time.time() >= float(begin) + float(seconds):
                return
            by = principal_for(request.applicant)
            times = 2 if len(done) % AGAIN == 0 else 1
            for _ in range(times):
                actions.submit(
                    request=request,
                    license_sha256=license.sha256,
                    by=by,
                    now=timezone.now(),
                    idempotency_key=request.pk,
                )
            with lock:
                done.append(request.pk)
                again += times - 1

    together(work, range(SUBMITTERS))
    say(done=len(done), again=again, left=len(queue) - len(done))


def tally() -> None:
    """How many of the drafts stand submitted, how often that was logged and mailed, and for how many of them
    a job tells the reviewers."""
    rows = Request.objects.filter(releases__slug__startswith="seeded-2000", state=states.SUBMITTED)
    subjects = [f"request:{pk}" for pk in rows.values_list("pk", flat=True)]
    logged = AuditEvent.objects.filter(kind="request.submitted", subject__in=subjects).count()
    mailed = OutboxMessage.objects.filter(template="licenses/mail/request_submitted").count()
    telling = Job.objects.filter(kind=TELL_REVIEWERS).count()
    say(submitted=len(subjects), logged=logged, mailed=mailed, telling=telling)


def together(work: Callable[[int], None], numbers: Sequence[int]) -> None:
    """One thread each, with a connection of its own. Raises: what the first to fail raised."""
    failed: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


if __name__ == "__main__":
    {each.__name__: each for each in (seed, pages, drafts, decide, submit, tally)}[sys.argv[1]](*sys.argv[2:])
