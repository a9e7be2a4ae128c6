"""What the log says of licenses, requests and grants, in sentences."""

from typing import Final

from licenses import links
from licenses.tally import WORDS
from portal.core.log import sentences

REQUESTS: Final = {
    "request.accepted": "{by} accepted the license of {subject}.",
    "request.answered": "{by} answered the question about {subject}.",
    "request.appealed": "{by} appealed the decision on {subject}.",
    "request.approved": "The votes approved {subject}[: “{reason}”].",
    "request.asked": "{by} asked a question about {subject}.",
    "request.assigned": "{by} put {subject}[ on the desk of {to:person}].",
    "request.changes_requested": "The votes sent {subject} back for changes[: “{reason}”].",
    "request.drafted": "{by} began {subject}[ for {releases:list}].",
    "request.edited": "{by} changed the answers of {subject}[, version {version}].",
    "request.lapsed": "The approval of {subject} lapsed: the license was not signed in time.",
    "request.license_confirmed": "{by} confirmed the new license text for {subject}.",
    "request.message_sent": "{by} wrote a message about {subject}.",
    "request.noted": "{by} wrote a note about {subject}.",
    "request.nudged": "{by} asked how {subject} stands.",
    "request.party_declined": "{by} declined to take part in {subject}.",
    "request.party_dropped": "A party who did not accept the license is no longer in {subject}.",
    "request.party_invited": "{by} asked somebody to take part in {subject}.",
    "request.party_joined": "{by} takes part in {subject}.",
    "request.party_removed": "{by} took somebody out of the team of {subject}.",
    "request.recused": "{by} stepped back from judging {subject}.",
    "request.rejected": "The votes declined {subject}[: “{reason}”].",
    "request.releases_chosen": "{by} chose the releases of {subject}[: {releases:list}].",
    "request.signed": "{by} signed the license of {subject}, and access began.",
    "request.submitted": "{by} submitted {subject}, version {version}.",
    "request.voted": "{by} voted on {subject}, version {version}: {verdict:word}[, “{reason}”].",
    "request.withdrawn": "{by} withdrew {subject}.",
}
GRANTS: Final = {
    "agreement.executed": "The portal signed {subject}[, SHA-256 {sha256}].",
    "grant.certified": (
        "{by} certified the destruction of the copies under {subject}, {copies} in all[: “{method}”]."
    ),
    "grant.closed": "{by} closed {subject}[: “{reason}”].",
    "grant.expired": "The time of {subject} was over.",
    "grant.extended": "{by} moved the end of {subject} to {ends_at:day}[: “{reason}”].",
    "grant.kept": "{subject} stays although the affiliation ended[: “{reason}”].",
    "grant.reaccepted": "{by} accepted a newer license version for {subject}.",
    "grant.reacceptance_wanted": (
        "A newer license version is to be accepted for {subject}[ by {reaccept_by:day}]."
    ),
    "grant.resumed": "{by} resumed {subject}[: “{reason}”].",
    "grant.revoked": "{by} revoked {subject}[: “{reason}”].",
    "grant.started": "{subject} for {release:release} began[, until {ends_at:day}].",
    "grant.suspended": "{by} suspended {subject}[: “{reason}”].",
}
DESK: Final = {
    "desk.away": "{by} is away from {starts_on:day} to {ends_on:day}[; {cover:person} stands in].",
    "desk.back": "{by} is not away from {starts_on:day} after all.",
    "license.begun": "{by} began {subject}[, “{name}”].",
    "license.draft_discarded": "{by} threw away a draft of {subject}.",
    "license.draft_saved": "{by} saved a draft of {subject}.",
    "license.drafted": "{by} began a draft of {subject}.",
    "license.published": (
        "{by} published version {number} of the license {license}[, in force {effective_at:day}]."
    ),
    "master.ended": "{by} ended {subject}[: “{reason}”].",
    "master.member_named": "{by} named a person in {subject}.",
    "master.member_removed": "{by} took a person out of {subject}[: “{reason}”].",
    "master.proposed": "{by} proposed {subject}.",
    "master.signed": "{by} signed {subject}.",
    "reason.archived": "{by} put away {subject}.",
    "reason.kept": "{by} kept {subject}[: “{title}”].",
    "terms.applied": "{by} applied terms to {subject}: {strategy}, stage {stage}, quorum {quorum}.",
    "terms.changed": "{by} changed the terms of {subject}: {strategy}, stage {stage}, quorum {quorum}.",
    "view.removed": "{by} removed {subject}.",
    "view.saved": "{by} saved {subject}.",
}
THINGS: Final = {
    "request": ("request {id}", links.REVIEW),
    "grant": ("grant {id}", links.STAFF_GRANT),
    "agreement": ("agreement {id}", links.AGREEMENT),
    "license": ("license {id}", ""),
    "master": ("master agreement {id}", links.MASTER_KEPT),
    "reason": ("a reason that is kept ready, {id}", ""),
    "view": ("a view of the queue, {id}", ""),
    "release": ("release {id}", links.RELEASE.replace("{slug}", "{id}")),
}

for table in (REQUESTS, GRANTS, DESK):
    sentences.register(table)
sentences.register_things(THINGS)
sentences.register_words(
    {
        "cast_vote": "a verdict",
        "close_out": "a close-out",
        "reaccept_license": "a license to accept again",
        "sign_license": "a license to sign",
    }
)
sentences.register_words({verdict: said.lower() for verdict, said in WORDS.items()})
sentences.register_actors(
    {
        "system:votes": "The reviewers' votes",
        "system:lapse": "The portal",
        "system:sign": "The portal",
        "system:master": "A master agreement",
    }
)
