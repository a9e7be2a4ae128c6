"""What a person can see, and the facts that the policies judge. Reads only; decides nothing by itself."""

from licenses.queries.agreements import (
    agreement_case,
    agreement_for,
    agreement_of_grant,
    agreements_of,
    agreements_of_master,
)
from licenses.queries.cases import grant_case, request_case
from licenses.queries.desk import (
    absence_for,
    absences,
    asked_releases,
    cover_for,
    saved_view_for,
    saved_views,
)
from licenses.queries.desk import (
    people as desk_people,
)
from licenses.queries.dossier import Line, Reason, Review, review
from licenses.queries.facts import (
    confirmed_organization,
    decided_reason,
    facts,
    grant_facts,
    license_in_force,
    person,
    release_facts,
    terms_of,
)
from licenses.queries.lists import (
    all_grants,
    grant_for,
    grants_of,
    request_for,
    request_seen,
    requests_of,
    requests_sent_by,
    terms_by_release,
    visible_releases,
)
from licenses.queries.many import facts_by_release, licenses_in_force, verdicts_by_grant, verdicts_by_release
from licenses.queries.masters import (
    all_masters,
    master_case,
    master_covering,
    master_to_sign,
    masters_wanted,
    members_of,
)
from licenses.queries.messages import Said, messages
from licenses.queries.pages import CountUpTo, Slice, counts, sliced
from licenses.queries.parties import (
    as_they_stand,
    invitation_for,
    invitations_of,
    parties_of,
    unanswered,
)
from licenses.queries.prospects import Prospect, prospects
from licenses.queries.queue import QueueFilters, queue
from licenses.queries.reacceptance import version_to_accept
from licenses.queries.reasons import reason_for, reasons
from licenses.queries.reviewers import eligible_reviewers
from licenses.queries.texts import (
    compared_with,
    draft_for,
    drafts_of,
    license_kept,
    license_version_for,
    licenses_kept,
    organizations,
    reach_of,
    version_before,
    versions_kept,
    versions_to_sign,
)
from licenses.queries.timeline import TimelineEntry, grant_timeline, timeline
from licenses.queries.versions import version_of

__all__ = [
    "CountUpTo",
    "Line",
    "Prospect",
    "QueueFilters",
    "Reason",
    "Review",
    "Said",
    "Slice",
    "TimelineEntry",
    "absence_for",
    "absences",
    "agreement_case",
    "agreement_for",
    "agreement_of_grant",
    "agreements_of",
    "agreements_of_master",
    "all_grants",
    "all_masters",
    "as_they_stand",
    "asked_releases",
    "compared_with",
    "confirmed_organization",
    "counts",
    "cover_for",
    "decided_reason",
    "desk_people",
    "draft_for",
    "drafts_of",
    "eligible_reviewers",
    "facts",
    "facts_by_release",
    "grant_case",
    "grant_facts",
    "grant_for",
    "grant_timeline",
    "grants_of",
    "invitation_for",
    "invitations_of",
    "license_in_force",
    "license_kept",
    "license_version_for",
    "licenses_in_force",
    "licenses_kept",
    "master_case",
    "master_covering",
    "master_to_sign",
    "masters_wanted",
    "members_of",
    "messages",
    "organizations",
    "parties_of",
    "person",
    "prospects",
    "queue",
    "reach_of",
    "reason_for",
    "reasons",
    "release_facts",
    "request_case",
    "request_for",
    "request_seen",
    "requests_of",
    "requests_sent_by",
    "review",
    "saved_view_for",
    "saved_views",
    "sliced",
    "terms_by_release",
    "terms_of",
    "timeline",
    "unanswered",
    "verdicts_by_grant",
    "verdicts_by_release",
    "version_before",
    "version_of",
    "version_to_accept",
    "versions_kept",
    "versions_to_sign",
    "visible_releases",
]
