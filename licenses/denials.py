"""The words of the access rule: for each code what to tell the person, and the way on.

The codes are promises: pages, API and the command-line tool use the same word. Their order is the order in
which `policies.access` asks. The texts may name what the facts hold; `{…}` is filled from `_values`.
"""

from datetime import datetime

from django.conf import settings

from licenses.facts import Facts, RevisionFacts
from portal.accounts import factors
from portal.core import times
from portal.core.verdicts import Denied

WORDS: dict[str, tuple[str, str]] = {
    "login_required": ("This needs an account.", "Sign in on the site, or run `weights login`."),
    "account_disabled": ("This account is disabled.", "Write to {contact}."),
    "email_unverified": (
        "Your e-mail address is not verified.",
        "Sign in on the site, ask for a code by mail, and enter it.",
    ),
    "token_scope": (
        "This token may not do this: it lacks the scope “{scope}”.",
        "Run `weights login --scopes read,{scope}`, or make a token for it under Devices and tokens.",
    ),
    "mfa_required": (
        "Staff need a second factor for this, and this session was not opened with one that counts.",
        "The site says under “Second factor” which ones do.",
    ),
    "release_withdrawn": (
        "{release} has been withdrawn.",
        "Nothing can be requested or downloaded. Its publisher can tell you why.",
    ),
    "stage_not_open": (
        "{release} is not open to you yet (stage: {stage}).",
        "Watch the release page: it says when the next stage opens.",
    ),
    "api_only": (
        "{release} is offered through an interface alone; its weights are not given out.",
        "Use the interface that the release page names.",
    ),
    "region_excluded": (
        "The terms of {release} exclude {country}.",
        "If your country is missing or wrong in your account, correct it there and try again.",
    ),
    "no_request": (
        "You have no access to {release}, and no request for it is on its way.",
        "Request access on the release page.",
    ),
    "request_draft": (
        "Your request for {release} is a draft: nobody reads it before you submit it.",
        "Finish and submit it on its page.",
    ),
    "request_pending": (
        "Your request for {release} is being reviewed.",
        "You get mail when it is decided; its page shows where it stands.",
    ),
    "changes_requested": (
        "The reviewers ask you to change your request for {release}: {reason}",
        "Edit it on its page and submit it again.",
    ),
    "request_rejected": (
        "Your request for {release} was declined: {reason}",
        "Its page shows how to appeal, once, or start a new request.",
    ),
    "request_withdrawn": (
        "You withdrew your request for {release}.",
        "Start a new request on the release page.",
    ),
    "request_lapsed": (
        "Your request for {release} was approved, but the license was not signed in time.",
        "Start a new request on the release page.",
    ),
    "license_unsigned": (
        "Your request for {release} is approved; the license is not signed.",
        "Read and sign the license on the request's page.",
    ),
    "grant_not_started": ("Your grant for {release} starts on {starts}.", "Come back then."),
    "grant_revoked": (
        "Your grant for {release} was revoked: {reason}",
        "If you think this is wrong, write to {contact}. You may start a new request.",
    ),
    "grant_closed": ("Your grant for {release} is closed.", "Start a new request on the release page."),
    "grant_expired": (
        "Your grant for {release} ended on {ends}.",
        "Start a new request on the release page.",
    ),
    "grant_suspended": (
        "Your grant for {release} is suspended: {reason}",
        "If you think this is wrong, write to {contact}. It can be resumed.",
    ),
    "reacceptance_due": (
        "A new license version for {release} had to be accepted by {reaccept}.",
        "Read and accept it on your grant's page.",
    ),
    "revision_unavailable": (
        "Revision {revision} of {release} {recalled}",
        "{instead}",
    ),
    "no_recipient_key": (
        "You have no active recipient key for this.",
        "Run `weights keys create`, and confirm the key in a browser.",
    ),
    "recipient_key_unsuitable": (
        "The terms of {release} demand a post-quantum recipient key, and this one is X25519.",
        "Run `weights keys create`; it makes a post-quantum key.",
    ),
    "quota_exhausted": (
        "You have used up what may be issued to you for {release}.",
        "Wait until the quota renews, or write to {contact}.",
    ),
}


# What actions answer beside the codes of access, and when. docs/reference/states.md shows it.
REFUSALS: dict[str, str] = {
    "not_applicant": "Only the applicant may do this with a request.",
    "not_a_party": "Only those who stand in a request may do this: the applicant, and whoever joined it.",
    "assignee_absent": "The reviewer who would have the request is away.",
    "assignee_barred": "The reviewer who would have the request may not vote on it.",
    "ballot_changed": "What a passkey confirmed is not what stands now.",
    "terms_changed": "The terms of the release changed since other ones were proposed.",
    "nothing_to_change": "What was proposed is so already.",
    "party_pending": "Somebody who was asked to take part in the request has not answered.",
    "signatory_missing": "The terms demand a signatory, and none is named.",
    "signatory_not_wanted": "The terms demand no signatory.",
    "team_full": "Each place in the team is taken.",
    "role_required": "The action is for staff with another role.",
    "own_request": "Nobody reviews a request in which they stand, and nobody joins their own.",
    "own_organization": "The terms bar reviewers of an organization of those who ask.",
    "own_grant": "Nobody changes their own grant.",
    "own_agreement": "Who works on a master agreement as staff does not sign it.",
    "voted_before": "Who voted on a request decides no appeal of it, and takes no part in it.",
    "recused": "A reviewer who recused themselves takes no part in the request.",
    "reason_archived": "A reason that staff archived is not changed any more.",
    "conversation_closed": "Nothing can come of the request any more: nobody is written to about it.",
    "too_many_messages": "One person writes so many messages about one request a day and no more.",
    "state_changed": "The request or grant is in a state that does not allow the action.",
    "license_changed": "Another license text is in force, or was approved, than the one named.",
    "licenses_differ": "The releases of a request came under different licenses since it was sent.",
    "license_missing": "No version of the license is in force yet.",
    "vote_on_old_version": "The applicant changed the request since the reviewer read it; shows what.",
    "already_appealed": "A request is appealed once.",
    "draft_changed": "Something else was saved since the state that an edit was made from; shows both.",
    "too_early_to_nudge": "The published time of an answer is not over, or the reviewers wait for one.",
    "already_nudged": "It was asked how it stands, and the published time has not passed since.",
    "too_early_to_renew": "Access is renewed from 60 days before its end.",
    "nothing_to_renew": "What the request gave was revoked, closed out or carried on already.",
    "request_open": "Another request of the same person for the release is under way.",
    "grant_live": "The person holds a standing grant for the release.",
    "not_holder": "Only the holder may do this with a grant.",
    "not_on_request": "The release is not given on request.",
    "terms_missing": "A release without terms is not published.",
    "strategy_unavailable": "Only releases given on request can be published.",
}


def denied(code: str, facts: Facts, scope: str = "") -> Denied:
    """Return the refusal `code` in words filled from the facts. scope: what a token would have needed."""
    if code == "mfa_required":
        return factors.mfa_required()
    message, next_step = WORDS[code]
    values = {**_values(facts), "reason": _reason(code, facts), "scope": scope}
    return Denied(code, message.format_map(values), next_step.format_map(values))


def _values(facts: Facts) -> dict[str, str]:
    grant = facts.grant
    return {
        "release": facts.release.title or "this release",
        "stage": facts.release.stage,
        "country": facts.person.country or "people whose country is not known",
        "contact": settings.CONTACT_EMAIL,
        "starts": _day(grant.starts_at if grant else None),
        "ends": _day(grant.ends_at if grant else None),
        "reaccept": _day(grant.reaccept_by if grant else None),
        "revision": facts.revision.name if facts.revision else "",
        "recalled": _recalled(facts.revision),
        "instead": _instead(facts.revision),
    }


def _reason(code: str, facts: Facts) -> str:
    """Why: of the grant where the code speaks of it, which a renewal that was declined does not change."""
    of = facts.grant if code.startswith("grant_") else facts.request
    return (of.reason if of is not None else "") or "no reason was recorded."


_RECALLED = {"quarantined": "is on hold: {}", "withdrawn": "was withdrawn: {}"}


def _recalled(revision: RevisionFacts | None) -> str:
    if revision is None or revision.state not in _RECALLED:
        return "is not available."
    reason = revision.reason or "no reason was recorded"
    return _RECALLED[revision.state].format(reason if reason.endswith((".", "!", "?")) else f"{reason}.")


def _instead(revision: RevisionFacts | None) -> str:
    if revision is not None and revision.instead:
        return f"Get the current revision instead: `weights download {revision.instead}`."
    return "No other revision is available at the moment; the release page says when that changes."


def _day(moment: datetime | None) -> str:
    return times.moment(moment) if moment else ""
