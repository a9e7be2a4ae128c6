"""The review page: everything about one request on one screen, and the forms with which staff act on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.forms import Form
from django.http import QueryDict

from licenses import policies, queries, states
from licenses.facts import RequestCase
from licenses.models import ReasonTemplate, Request, RequestVersion
from licenses.queries import Line, Review, Said
from portal.accounts.principals import Principal
from portal.core.problems import Invalid, NotFound
from portal.core.verdicts import Denied
from portal.web import agreement, answers, desk, thread
from portal.web.forms.messages import NoteForm
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.verdict import VerdictForm
from portal.web.readable import changed_places, differing
from portal.web.story import told
from portal.web.words import word

NOTE_ID = "note_%s"


@dataclass(frozen=True)
class Forms:
    """What is to be shown again; of each form that is not here a fresh one is shown.

    sent: a verdict that could not be given, and problem: why, where the form itself found nothing wrong.
    filled: what the verdict form begins with. message, note: forms that were filled wrongly.
    """

    sent: QueryDict | None = None
    problem: Invalid | None = None
    filled: Mapping[str, Any] | None = None
    message: Form | None = None
    note: Form | None = None

    @property
    def wrong(self) -> bool:
        return any(form is not None for form in (self.sent, self.message, self.note))


class Compared(NamedTuple):
    """The version that is shown and the one it is compared with, of those that can be chosen."""

    shown: RequestVersion
    before: RequestVersion | None
    numbers: list[int]


def reviewed(principal: Principal, request_id: str, now: datetime) -> tuple[Request, RequestCase]:
    """The request, to act on it, and as the reader sees it.

    Raises: NotPermitted: no legal staff. NotFound: also of one's own.
    """
    desk.enter(principal)
    request, case = queries.request_seen(principal, request_id, now)
    if not policies.may_review_request(case):
        raise NotFound()
    return request, case


def compared(found: Review, chosen: QueryDict) -> Compared:
    """The two versions that the address names; what it does not name is the newest, and the one before it."""
    by_number = {str(version.number): version for version in found.versions}
    shown = by_number.get(chosen.get("version", ""), found.current)
    earlier = [version for version in found.versions if version.number < shown.number]
    before = by_number.get(chosen.get("with", ""), earlier[0] if earlier else None)
    if before is not None and before.number == shown.number:
        before = None
    return Compared(shown, before, [version.number for version in found.versions])


def verdict_form(principal: Principal, found: Review, forms: Forms) -> VerdictForm:
    """The form of a verdict on the version that the page shows."""
    form = VerdictForm(
        forms.sent,
        initial={"version": found.request.version, **(forms.filled or {})},
        consequences=agreement.consequences(found, principal.person.pk),
        reasons=found.staff.reasons,
    )
    if forms.problem is not None and form.is_valid():
        add_problem(form, forms.problem)
    return form


def with_reason(typed: QueryDict, kept: ReasonTemplate | None) -> dict[str, str]:
    """What was typed into the verdict form, with a kept reason after what stands in it."""
    filled = {name: typed.get(name, "") for name in ("verdict", "reason", "note")}
    if kept is not None and kept.text not in filled["reason"]:
        filled["reason"] = f"{filled['reason'].rstrip()}\n\n{kept.text}".lstrip()
        filled["verdict"] = filled["verdict"] or kept.verdict
    return filled


def told_after(request: Request) -> str:
    """What a reviewer is told once the verdict is given."""
    if request.state == Request.State.SUBMITTED:
        return "Your verdict is recorded. Nothing is decided yet: another reviewer must agree."
    now_it_is = word("request", request.state).text.lower()
    return f"Your verdict is recorded, and it decided: the request is {now_it_is}."


_RESTS = {
    states.CHANGES_REQUESTED: "It is back with the applicant. "
    "There is nothing to vote on until they send it again.",
    states.APPROVED: "Decided; there is nothing to vote on. It waits to be signed.",
    states.REJECTED: "Decided; there is nothing to vote on. The applicant may appeal once.",
    states.SIGNED: "Decided and signed; there is nothing to vote on.",
    states.WITHDRAWN: "The applicant withdrew it; there is nothing to vote on.",
    states.LAPSED: "Decided, but not signed in time; there is nothing to vote on.",
}


def resting(request: Request) -> str:
    """Why nobody votes on the request now, and whom it waits for; empty while it is in review."""
    if request.state == states.REJECTED and request.appealed:
        return "Decided, after the appeal too; there is nothing to vote on."
    return _RESTS.get(request.state, "")


def page_of(principal: Principal, found: Review, chosen: QueryDict, forms: Forms) -> dict[str, Any]:
    """Context of the review page."""
    pair, case = compared(found, chosen), found.case
    may_vote, may_approve = policies.may_vote(case, "reject"), policies.may_vote(case, "approve")
    refusals = [verdict for verdict in (may_vote, may_approve) if isinstance(verdict, Denied)]
    messages = [said(line, principal, found) for line in found.record.messages]
    may_say, may_note = policies.may_say(case), policies.may_note(case)
    # A verdict counts for what is on this page: of an earlier version there is none to give.
    is_current = pair.shown.number == found.request.version
    verdict = verdict_form(principal, found, forms) if may_vote and is_current else None
    message_form = (forms.message or thread.staff_form(case, None)) if may_say else None
    return {
        "the_request": found.request,
        "titles": ", ".join(terms.release.title for terms in found.terms),
        "organization": found.request.applicant.organization,
        "institutional": _institutional(found),
        "found": found,
        "pair": pair,
        "answers": answers.compare(pair.shown, pair.before),
        "license": license_of(found),
        "votes": [(vote, vote in found.counting) for vote in reversed(found.record.votes)],
        "standing": agreement.standing(found, principal.person.pk),
        "verdict_form": verdict,
        "reads_old": bool(may_vote) and not is_current,
        "has_voted": any(vote.who == principal.person.pk for vote in found.counting),
        "refusal": next(iter(refusals), None),
        "resting": resting(found.request),
        "returned_at": max((line.moment for line in found.record.decisions), default=None),
        "may_name_signatory": bool(policies.may_name_signatory(case)),
        "may_recuse": bool(policies.may_recuse(case)),
        "thread": thread.of_staff(found.request, case, messages, message_form),
        "notes": [said(line, principal, found) for line in found.record.notes],
        "note_form": (forms.note or NoteForm(auto_id=NOTE_ID)) if may_note else None,
        "timeline": told(found.timeline),
        "form": verdict if forms.sent else forms.message or forms.note,
    }


def _institutional(found: Review) -> bool:
    """Whether a verified address at one of the organization's own domains says who the person is."""
    applicant = found.request.applicant
    house = applicant.organization
    return found.head.applicant_verified and house is not None and house.has_domain_of(applicant.email)


def said(line: Line, principal: Principal, found: Review) -> Said:
    """A message or note as staff read it: with the names of all."""
    author = "You" if line.who == principal.person.pk else line.name or line.address
    asked = [each.key for each in found.record.messages if each.asks]
    is_open = bool(asked) and asked[-1] == line.key and found.request.asked_at is not None
    return Said(line.key, line.moment, author, line.staff, line.asks, is_open, line.first)


def license_of(found: Review) -> dict[str, Any]:
    """The license that the request names: whether it is in force, and what it changes of which version."""
    head, version = found.head, found.request.license_version
    if version is None:
        raise RuntimeError(f"{found.request.pk} was submitted without a license")
    standard = version.based_on
    number, text = (standard.number, standard.text) if standard else (head.before_number, head.before_text)
    places = differing(text, version.text) if text else ()
    return {
        "version": version,
        "in_force": head.in_force == version.pk,
        "in_force_id": head.in_force,
        "negotiated": version.organization_id is not None,
        "compared_with": number,
        "places": places,
        "changed": changed_places(places),
    }
