"""Facts for the tests of the one rule of access: a person who may do everything, and ways to change that."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from licenses import policies, states
from licenses.facts import (
    Facts,
    GrantFacts,
    KeyFacts,
    Person,
    ReleaseFacts,
    RequestFacts,
    RevisionFacts,
)
from portal.core.verdicts import Denied

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

PERSON = Person(signed_in=True, active=True, email_verified=True, country="CH")
STAFF = replace(PERSON, roles=frozenset({"reviewer"}))
RELEASE = ReleaseFacts(title="OPT-175B", strategy="request", stage="researchers")
GRANT = GrantFacts("grt_1", states.ACTIVE, NOW - HOUR, NOW + HOUR)
OWNED = Facts(
    person=PERSON,
    release=RELEASE,
    request=RequestFacts("req_1", states.SIGNED),
    grant=GRANT,
    revision=RevisionFacts("v1", "published"),
    key=KeyFacts(usable=True, postquantum=True),
)


def code(facts: Facts, purpose: str, now: datetime = NOW) -> str | None:
    verdict = policies.access(facts, purpose, now)
    return verdict.code if isinstance(verdict, Denied) else None


def with_grant(**changes: object) -> Facts:
    return replace(OWNED, grant=replace(GRANT, **changes))  # type: ignore[arg-type]


def with_release(**changes: object) -> Facts:
    return replace(OWNED, release=replace(RELEASE, **changes))  # type: ignore[arg-type]


def asked(state: str) -> Facts:
    return replace(OWNED, grant=None, request=RequestFacts("req_2", state, reason="Too vague."))
