"""Who may do what, and why not. Pure: facts and the time go in, `Allowed` or `Denied` comes out.

`access` is the one rule of access (see, request, manifest, headers, urls); one `may_…` function stands for
each action. They ask in the same order: the person, then whose request it is, then its state.
"""

from datetime import datetime

from licenses.assignment import may_assign as may_assign
from licenses.assignment import may_keep_desk as may_keep_desk
from licenses.assignment import may_pick as may_pick
from licenses.bars import PURPOSES, RULES, SCOPES, governs
from licenses.conversation import RECUSED
from licenses.conversation import may_ask as may_ask
from licenses.conversation import may_keep_reasons as may_keep_reasons
from licenses.conversation import may_note as may_note
from licenses.conversation import may_recuse as may_recuse
from licenses.conversation import may_say as may_say
from licenses.conversation import may_speak as may_speak
from licenses.denials import denied
from licenses.facts import Facts, Person, ReleaseFacts, RequestCase
from licenses.granting import may_change_grants as may_change_grants
from licenses.granting import may_extend as may_extend
from licenses.granting import may_read_grant as may_read_grant
from licenses.granting import may_resume as may_resume
from licenses.granting import may_revoke as may_revoke
from licenses.granting import may_suspend as may_suspend
from licenses.judging import (
    ENTRY_CODES,
    NOT_APPLICANT,
    all_releases,
    first_refusal,
    person_bar,
    role_bar,
    table_bar,
)
from licenses.licensing import NOT_HOLDER as NOT_HOLDER
from licenses.licensing import may_change_master as may_change_master
from licenses.licensing import may_keep_licenses as may_keep_licenses
from licenses.licensing import may_keep_masters as may_keep_masters
from licenses.licensing import may_propose_reaccept as may_propose_reaccept
from licenses.licensing import may_publish_license as may_publish_license
from licenses.licensing import may_reaccept as may_reaccept
from licenses.licensing import may_read_license as may_read_license
from licenses.licensing import may_read_master as may_read_master
from licenses.licensing import may_see_masters as may_see_masters
from licenses.licensing import may_sign_master as may_sign_master
from licenses.licensing import may_write_license as may_write_license
from licenses.papers import may_close as may_close
from licenses.papers import may_propose_close as may_propose_close
from licenses.papers import may_read_agreement as may_read_agreement
from licenses.patience import may_nudge as may_nudge
from licenses.renewal import grant_live
from licenses.renewal import may_renew as may_renew
from licenses.states import REQUEST_TRANSITIONS
from licenses.team import NOT_A_PARTY, bar_of_team, may_read_as_party
from licenses.team import may_choose_releases as may_choose_releases
from licenses.team import may_decline as may_decline
from licenses.team import may_invite as may_invite
from licenses.team import may_join as may_join
from licenses.team import may_name_signatory as may_name_signatory
from licenses.team import may_propose_sign as may_propose_sign
from licenses.team import may_remove as may_remove
from licenses.team import may_sign as may_sign
from portal.accounts import matrix
from portal.core.verdicts import Allowed, Denied, Verdict

# Refusals that speak of the thing's state, not of the person: a 409, and looking again may help.
STATE_CODES = frozenset(
    {
        "state_changed",
        "conversation_closed",
        "already_appealed",
        "already_nudged",
        "too_early_to_nudge",
        "too_early_to_renew",
        "nothing_to_renew",
        "license_changed",
        "licenses_differ",
        "request_lapsed",
        "grant_live",
        "not_on_request",
        "party_pending",
        "signatory_missing",
        "signatory_not_wanted",
        "team_full",
    }
)

OWN_REQUEST = Denied(
    "own_request",
    "This is your own request: others review it.",
    "Follow it on its page, as every applicant does.",
)
ASKED_IN = Denied(
    "own_request",
    "You were asked to take part in this request, and have not answered.",
    "Decline the invitation to review it: who takes part does not.",
)
LICENSE_CHANGED = Denied(
    "license_changed",
    "A newer license version is in force than the one this request names.",
    "The applicant must confirm the new text first; the other verdicts are open to you.",
)

LICENSES_DIFFER = Denied(
    "licenses_differ",
    "The releases of this request are under different licenses by now.",
    "Reviewers can return it for changes; the applicant then chooses anew which releases it is for.",
)


def access(facts: Facts, purpose: str, now: datetime) -> Verdict:
    """Judge whether the person may do `purpose` with the release: the one rule of access.

    purpose: "see", "request", "manifest", "headers" or "urls".
    Returns: Allowed(id of the standing grant, None without one), or Denied with the first code of
        `bars.RULES` that stands in the way. Allowed("grt_…") for "request": the person holds a grant already.
    Raises: RuntimeError: no such purpose.
    Source: docs/reference/states.md, "Access codes".
    """
    if purpose not in PURPOSES:
        raise RuntimeError(f"no such purpose: {purpose!r}")
    for rule in RULES:
        if purpose in rule.purposes and rule.bars(facts, purpose, now):
            return denied(rule.code, facts, SCOPES.get(purpose, ""))
    return Allowed(facts.grant.id if facts.grant is not None and governs(facts.grant, now) else None)


def may_publish(release: ReleaseFacts) -> Verdict:
    """May a revision of the release be published at all? Only what can be given out properly today."""
    if not release.strategy:
        return Denied(
            "terms_missing",
            f"{release.title or 'The release'} has no terms: nobody could be given access by any rule.",
            "Add a [terms] table to the release file and run `manage.py release apply` again.",
        )
    if release.strategy != "request":
        return Denied(
            "strategy_unavailable",
            f"The strategy “{release.strategy}” cannot be published yet; “request” can.",
            'Set strategy = "request" in the release file and run `manage.py release apply` again.',
        )
    return Allowed()


def may_draft(facts: Facts, now: datetime) -> Verdict:
    """May the person begin a request for the release?"""
    verdict = access(facts, "request", now)
    if isinstance(verdict, Denied):
        return verdict
    if facts.release.strategy != "request":
        return Denied(
            "not_on_request", "This release is not given on request.", "See its page for how it is given."
        )
    if verdict.grant:
        return grant_live(facts, now)
    return verdict


def may_edit(case: RequestCase) -> Verdict:
    """May the person change the answers?"""
    return _applicant(case, "edit")


def may_submit(case: RequestCase) -> Verdict:
    """May the person hand the request to the reviewers? Asks of each release what a new request must meet."""
    return _applicant(case, "submit") and bar_of_team(case) and all_releases(case, ENTRY_CODES)


def may_confirm_license(case: RequestCase) -> Verdict:
    """May the person confirm that the request stands under a newer license text?"""
    return _applicant(case, "confirm_license") and first_refusal(
        None if case.one_license else LICENSES_DIFFER
    )


def may_withdraw(case: RequestCase) -> Verdict:
    """May the person take the request back?"""
    return _applicant(case, "withdraw")


def may_appeal(case: RequestCase) -> Verdict:
    """May the person ask for a second look by other reviewers? Once."""
    verdict = _applicant(case, "appeal")
    if verdict and case.appealed:
        return Denied(
            "already_appealed", "This request was appealed once already.", "You may start a new request."
        )
    return verdict and all_releases(case, ENTRY_CODES)


def may_vote(case: RequestCase, verdict: str) -> Verdict:
    """May the person cast `verdict` ("approve", "reject" or "request_changes")? From a browser session alone.

    Never one of those who ask, nor their signatory, nor who ever joined them; not a colleague of theirs where
    the terms bar them; after an appeal nobody who voted before it. An approval needs the version under review
    to name the license text in force.
    """
    return _voting(case, verdict, scope=None)


def may_prepare_vote(case: RequestCase, verdict: str) -> Verdict:
    """May a verdict of the person be prepared, for them to give in a browser? A token needs `review`."""
    return _voting(case, verdict, scope="review")


def _voting(case: RequestCase, verdict: str, scope: str | None) -> Verdict:
    return first_refusal(
        person_bar(case.person, scope),
        role_bar(case.person, matrix.REQUEST_VOTE),
        _disinterested(case),
        table_bar(REQUEST_TRANSITIONS, case.state, "vote", "request"),
        license_bar(case.license_current, case.one_license) if verdict == "approve" else None,
    )


def license_bar(current: bool, one: bool) -> Denied | None:
    """Bar of an approval. current, one: `license_current` and `one_license` of a case."""
    if not one:
        return LICENSES_DIFFER
    return None if current else LICENSE_CHANGED


def may_read_own(person: Person) -> Verdict:
    """May the person list what is their own: requests and grants?"""
    return first_refusal(person_bar(person, scope="read"))


def may_read_request(case: RequestCase) -> Verdict:
    """May the person read the request? The applicant and who joined it; once it was submitted legal staff,
    who are none where they were asked into it and have not declined, or ever joined it."""
    staff = (
        role_bar(case.person, matrix.QUEUE_READ) if case.was_submitted and not case.of_team else NOT_A_PARTY
    )
    return first_refusal(person_bar(case.person, scope="read"), None if may_read_as_party(case) else staff)


def may_review(person: Person) -> Verdict:
    """May the person open the queue and the staff's list of grants?"""
    return first_refusal(person_bar(person, scope="read"), role_bar(person, matrix.QUEUE_READ))


def may_review_request(case: RequestCase) -> Verdict:
    """May the person see the request as staff do, with votes and notes? Never their own."""
    own = OWN_REQUEST if case.of_team else None
    unsent = None if case.was_submitted else NOT_APPLICANT
    return first_refusal(
        person_bar(case.person, scope="read"), role_bar(case.person, matrix.QUEUE_READ), own, unsent
    )


def _applicant(case: RequestCase, action: str, scope: str | None = "requests") -> Verdict:
    return first_refusal(
        person_bar(case.person, scope),
        None if case.mine else NOT_APPLICANT,
        table_bar(REQUEST_TRANSITIONS, case.state, action, "request"),
    )


def _disinterested(case: RequestCase) -> Denied | None:
    if case.team.state == "invited":
        return ASKED_IN
    if case.of_team:
        return Denied(
            "own_request", "You cannot vote on your own request.", "Other reviewers will decide it."
        )
    if case.own_organization:
        return Denied(
            "own_organization",
            "Somebody who asks is of your organization, and the terms bar you from voting.",
            "Leave this request to reviewers from elsewhere.",
        )
    if case.recused:
        return RECUSED
    if case.voted_before_appeal:
        return Denied(
            "voted_before",
            "You voted on this request before it was appealed.",
            "An appeal is decided by reviewers who have not voted on it.",
        )
    return None
