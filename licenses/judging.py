"""What every policy is made of: the bars of the account, of its roles, of a table, of a release.

Each answers with a refusal or with nothing; `first_refusal` turns several of them into a verdict.
"""

from datetime import UTC, datetime

from licenses import states
from licenses.bars import REQUEST, RULES
from licenses.denials import denied
from licenses.facts import Facts, Person, RequestCase, RequestFacts
from licenses.states import GRANT_WORDS, REQUEST_WORDS, Transition
from portal.accounts.matrix import Capability, allows
from portal.core.verdicts import Allowed, Denied, Verdict

# The bars of access that a request must pass again at each step towards a grant. None of them asks the time.
ENTRY_CODES = frozenset({"release_withdrawn", "stage_not_open", "api_only", "region_excluded"})
ANY_TIME = datetime.max.replace(tzinfo=UTC)

SESSION_ONLY = Denied(
    "token_scope",
    "No token can do this, whatever its scopes.",
    "Sign in on the site in a browser and do it there.",
)
NOT_APPLICANT = Denied("not_applicant", "Only the applicant can do this.", "Ask the applicant to do it.")
ROLE_REQUIRED = Denied(
    "role_required",
    "This is for staff with the right role, and your account does not have it.",
    "Ask an administrator for the role, or a colleague who has it.",
)


def first_refusal(*refusals: Denied | None) -> Verdict:
    """Return the first of the bars that is down, else Allowed."""
    # Not `a or b`: a Denied is false, and would be skipped.
    return next((refusal for refusal in refusals if refusal is not None), Allowed())


def person_bar(person: Person, scope: str | None) -> Denied | None:
    """Bars of the account itself. scope: what a token must hold; None where no token will do."""
    facts = Facts(person=person)
    if not person.signed_in:
        return denied("login_required", facts)
    if not person.active:
        return denied("account_disabled", facts)
    if not person.email_verified:
        return denied("email_unverified", facts)
    if person.scopes is not None and scope is None:
        return SESSION_ONLY
    if person.scopes is not None and scope not in person.scopes:
        return denied("token_scope", facts, scope or "")
    return None


def role_bar(person: Person, capability: Capability) -> Denied | None:
    """Bars of what only staff may do: a role that allows it, and the second factor demanded of staff."""
    if not allows(person.roles, capability):
        return ROLE_REQUIRED
    return denied("mfa_required", Facts(person=person)) if person.second_factor_missing else None


def table_bar(table: tuple[Transition, ...], state: str, action: str, noun: str) -> Denied | None:
    """Bar of a state from which the table has no such action. noun: "request" or "grant"."""
    if states.find(table, state, action) is not None:
        return None
    said = {"request": REQUEST_WORDS, "grant": GRANT_WORDS}[noun][state]
    return Denied(
        "state_changed",
        f"The {noun} stands at “{said}” now, so this is not possible.",
        "Its page shows where it stands.",
    )


def all_releases(case: RequestCase, codes: frozenset[str]) -> Verdict:
    """Ask the bars of access named by `codes` of each release of the request."""
    # What they asked for relates the person to the release: an unlisted one is then not hidden from them.
    request = RequestFacts(id="", state=case.state)
    every = [
        Facts(person=case.person, release=release, request=request, asked=case.asked)
        for release in case.releases
    ]
    rules = [rule for rule in RULES if rule.code in codes]
    barred = (
        denied(rule.code, facts) for facts in every for rule in rules if rule.bars(facts, REQUEST, ANY_TIME)
    )
    return first_refusal(next(barred, None))
