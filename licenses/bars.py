"""What stands between a person and a release: one bar for each code, in order of precedence.

`policies.access` walks the table and answers with the first bar that is down. Whatever is not provided for
is barred: a state, stage or strategy unknown here opens nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from licenses import states
from licenses.facts import Facts, GrantFacts, Person, ReleaseFacts
from portal.accounts.matrix import RELEASE_READ, allows

SEE, REQUEST, MANIFEST, HEADERS, URLS = PURPOSES = ("see", "request", "manifest", "headers", "urls")
DELIVERY = frozenset({MANIFEST, HEADERS, URLS})
ASKING = DELIVERY | {REQUEST}
# What a token needs for each purpose. Seeing needs none: a token sees what its owner sees.
SCOPES = {REQUEST: "requests", MANIFEST: "download", HEADERS: "download", URLS: "download"}


def _open_to_all(facts: Facts) -> bool:
    return facts.release.strategy == "open" and facts.release.stage == "public"


def _hidden(facts: Facts) -> bool:
    """Not on the public list, and nothing of the person's own leads to it."""
    return facts.release.state != "listed" and not facts.related


def is_staff(person: Person) -> bool:
    """Return whether a role of theirs sees releases that are not listed."""
    return allows(person.roles, RELEASE_READ)


def _login_required(facts: Facts, purpose: str, now: datetime) -> bool:
    exempt = facts.release.state == "listed" if purpose == SEE else _open_to_all(facts)
    return not facts.person.signed_in and not exempt


def _account_disabled(facts: Facts, purpose: str, now: datetime) -> bool:
    exempt = purpose == SEE and facts.release.state == "listed"
    return facts.person.signed_in and not facts.person.active and not exempt


def _email_unverified(facts: Facts, purpose: str, now: datetime) -> bool:
    return facts.person.signed_in and not facts.person.email_verified


def _token_scope(facts: Facts, purpose: str, now: datetime) -> bool:
    return facts.person.scopes is not None and SCOPES[purpose] not in facts.person.scopes


def _mfa_required(facts: Facts, purpose: str, now: datetime) -> bool:
    # Only where the staff right is what leads to the release; what is a person's own needs no role.
    return _hidden(facts) and is_staff(facts.person) and facts.person.second_factor_missing


def _release_withdrawn(facts: Facts, purpose: str, now: datetime) -> bool:
    withdrawn = facts.release.state not in ("listed", "unlisted")
    return withdrawn and (purpose != SEE or not (facts.related or is_staff(facts.person)))


def admitted(person: Person, release: ReleaseFacts) -> bool:
    """The release's stage has reached this person."""
    match release.stage:
        case "public":
            return True
        case "researchers":
            return person.signed_in
        case "partners":
            return bool(person.organization) and person.organization in release.partners
    return False


def _stage_not_open(facts: Facts, purpose: str, now: datetime) -> bool:
    hidden = _hidden(facts) and not is_staff(facts.person)
    if purpose == SEE:
        return hidden
    # A grant once given outlives a stage that closes again; without one there is nothing to outlive.
    outlives = purpose in DELIVERY and facts.grant is not None
    return not outlives and (hidden or not admitted(facts.person, facts.release))


def _api_only(facts: Facts, purpose: str, now: datetime) -> bool:
    return facts.release.strategy not in ("open", "click_through", "request")


def _region_excluded(facts: Facts, purpose: str, now: datetime) -> bool:
    # Where countries are excluded, an unknown country is not a way round.
    excluded = facts.release.exclude_countries
    return bool(excluded) and (not facts.person.country or facts.person.country in excluded)


def governs(grant: GrantFacts | None, now: datetime) -> bool:
    """The grant stands, so a newer request of the same person changes nothing about it."""
    return grant is not None and grant.state in states.LIVE_STATES and now < grant.ends_at


def _needs_grant(facts: Facts) -> bool:
    return facts.release.strategy != "open"


_EXPLAINED = {
    states.DRAFT: "request_draft",
    states.SUBMITTED: "request_pending",
    states.CHANGES_REQUESTED: "changes_requested",
    states.REJECTED: "request_rejected",
    states.WITHDRAWN: "request_withdrawn",
    states.LAPSED: "request_lapsed",
    states.APPROVED: "license_unsigned",
}


def _no_request(facts: Facts, purpose: str, now: datetime) -> bool:
    explained = facts.request is not None and facts.request.state in _EXPLAINED
    return _needs_grant(facts) and facts.grant is None and not explained


def _request_is(state: str) -> Callable[[Facts, str, datetime], bool]:
    def bars(facts: Facts, purpose: str, now: datetime) -> bool:
        stands = facts.request is not None and facts.request.state_at(now) == state
        in_the_way = purpose == REQUEST or (_needs_grant(facts) and not governs(facts.grant, now))
        return stands and in_the_way

    return bars


def _grant(bars: Callable[[GrantFacts, datetime], bool]) -> Callable[[Facts, str, datetime], bool]:
    def judged(facts: Facts, purpose: str, now: datetime) -> bool:
        return facts.grant is not None and _needs_grant(facts) and bars(facts.grant, now)

    return judged


def _suspended(facts: Facts, purpose: str, now: datetime) -> bool:
    grant = facts.grant
    if grant is None or not _needs_grant(facts):
        return False
    if purpose == REQUEST:
        return grant.state == states.SUSPENDED and now < grant.ends_at
    return grant.state != states.ACTIVE


def _revision_unavailable(facts: Facts, purpose: str, now: datetime) -> bool:
    return facts.revision is not None and facts.revision.state != "published"


def _no_recipient_key(facts: Facts, purpose: str, now: datetime) -> bool:
    return _needs_grant(facts) and (facts.key is None or not facts.key.usable)


def _key_unsuitable(facts: Facts, purpose: str, now: datetime) -> bool:
    return facts.release.postquantum_only and facts.key is not None and not facts.key.postquantum


def _quota_exhausted(facts: Facts, purpose: str, now: datetime) -> bool:
    return facts.quota_left is not None and facts.quota_left <= 0


@dataclass(frozen=True)
class Rule:
    """One bar: for these purposes, `bars` true means Denied(code)."""

    code: str
    purposes: frozenset[str]
    bars: Callable[[Facts, str, datetime], bool]


ALL = ASKING | {SEE}
RULES: tuple[Rule, ...] = (
    Rule("login_required", ALL, _login_required),
    Rule("account_disabled", ALL, _account_disabled),
    Rule("email_unverified", ASKING, _email_unverified),
    Rule("token_scope", ASKING, _token_scope),
    Rule("mfa_required", ALL, _mfa_required),
    Rule("release_withdrawn", ALL, _release_withdrawn),
    Rule("stage_not_open", ALL, _stage_not_open),
    Rule("api_only", ASKING, _api_only),
    Rule("region_excluded", ASKING, _region_excluded),
    Rule("no_request", DELIVERY, _no_request),
    Rule("request_draft", ASKING, _request_is(states.DRAFT)),
    Rule("request_pending", ASKING, _request_is(states.SUBMITTED)),
    Rule("changes_requested", ASKING, _request_is(states.CHANGES_REQUESTED)),
    Rule("request_rejected", DELIVERY, _request_is(states.REJECTED)),
    Rule("request_withdrawn", DELIVERY, _request_is(states.WITHDRAWN)),
    Rule("request_lapsed", DELIVERY, _request_is(states.LAPSED)),
    Rule("license_unsigned", ASKING, _request_is(states.APPROVED)),
    Rule("grant_not_started", DELIVERY, _grant(lambda grant, now: now < grant.starts_at)),
    Rule("grant_revoked", DELIVERY, _grant(lambda grant, now: grant.state == states.REVOKED)),
    Rule("grant_closed", DELIVERY, _grant(lambda grant, now: grant.state == states.CLOSED)),
    Rule("grant_expired", DELIVERY, _grant(lambda grant, now: now >= grant.ends_at)),
    Rule("grant_suspended", ASKING, _suspended),
    Rule(
        "reacceptance_due",
        DELIVERY,
        _grant(lambda g, now: g.reaccept_by is not None and now >= g.reaccept_by),
    ),
    Rule("revision_unavailable", DELIVERY, _revision_unavailable),
    Rule("no_recipient_key", frozenset({HEADERS}), _no_recipient_key),
    Rule("recipient_key_unsuitable", frozenset({HEADERS}), _key_unsuitable),
    Rule("quota_exhausted", DELIVERY, _quota_exhausted),
)
