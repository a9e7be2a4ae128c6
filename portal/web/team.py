"""The team of a request on its pages: who stands in it, who may still be asked, and what each does next."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.http import QueryDict
from django.urls import reverse

from licenses import policies, queries, states
from licenses.facts import RequestCase
from licenses.models import Party, Request
from licenses.queries.parties import GONE
from licenses.team import DECIDED
from portal.accounts.principals import Principal
from portal.web.forms.team import InviteForm
from portal.web.journey import Action, Next
from portal.web.words import word


@dataclass(frozen=True)
class Team:
    """parties: those who stand in the request, and those who said no. form: to ask somebody in, where a
    place is open. may_remove: the reader may take people out. missing: a signatory is still to be named.
    most: how many co-applicants the terms allow. unsigned: the signatory who was asked, and whose place the
    form gives to somebody else."""

    parties: list[Party]
    form: InviteForm | None
    may_remove: bool
    missing: bool
    most: int
    unsigned: Party | None

    @property
    def shown(self) -> bool:
        return bool(self.parties) or self.form is not None


def team_of(principal: Principal, request: Request, now: datetime, data: QueryDict | None = None) -> Team:
    """The team section of the request's pages. data: what the form was sent with."""
    case = queries.request_case(principal, request, now)
    roles = [role for role in Party.Role.values if policies.may_invite(case, role)]
    # Whoever was taken out, or let their time pass, stands in the timeline alone.
    parties = [party for party in queries.parties_of(request) if party.state != Party.State.DROPPED]
    return Team(
        parties=parties,
        form=InviteForm(data, roles=roles) if roles else None,
        may_remove=bool(policies.may_remove(case)),
        missing=case.team.signatory_wanted and not case.team.signatory_named,
        most=case.team.most_co_applicants,
        unsigned=next((party for party in parties if _loses_place(party, roles, request)), None),
    )


def _loses_place(party: Party, roles: list[str], request: Request) -> bool:
    asked = party.role == Party.Role.SIGNATORY and party.state not in GONE
    return asked and Party.Role.SIGNATORY in roles and request.state in DECIDED


def next_for(case: RequestCase, request: Request, holds: bool) -> Next | None:
    """What comes next for whoever stands in a request, where the applicant's own panel does not fit. holds:
    they hold a grant under it."""
    if request.state in DECIDED and case.team.accepted:
        waits = case.team.signatory_wanted and not case.team.signatory_signed and not holds
        if request.state == states.APPROVED or waits:
            return _waits(request)
        # A signatory binds the institution and holds nothing.
        return _follows(case, request) if case.team.role == Party.Role.SIGNATORY else None
    if request.state in DECIDED and policies.may_sign(case):
        return None if case.mine and request.state == states.APPROVED else _signs(case, request)
    if case.mine:
        return _TOO_LATE if request.state == states.SIGNED else None
    return _follows(case, request)


def _waits(request: Request) -> Next:
    said = word("request", request.state)
    text = "You accepted the license. Access starts as soon as the institution's signatory has signed too."
    return Next("Waiting for the signatory", (text,), (), "wait", said.icon)


def _signs(case: RequestCase, request: Request) -> Next:
    action = Action("Read and sign", "request_sign", reverse("request_sign", args=[request.pk]))
    if case.team.role == Party.Role.SIGNATORY:
        text = "The request is approved. Your signature binds the institution; nobody gets access before it."
        return Next("Sign for the institution", (text,), (action,), "turn", "signature")
    text = "The request is approved. Accept the license in time, and access of your own starts."
    return Next("Read the license and sign it", (text,), (action,), "turn", "signature")


_TOO_LATE = Next(
    "Your time to sign is over",
    ("Others of your team signed and have access. You did not in time; you can ask again for yourself.",),
    (),
    "calm",
    "clock",
)
_FOLLOWS = {
    states.DRAFT: ("It is not sent yet", "The applicant sends it when it is ready."),
    states.SUBMITTED: ("The reviewers read it", "You get mail as soon as it is approved."),
    states.CHANGES_REQUESTED: ("The applicant has it", "The reviewers asked for changes before they decide."),
    states.APPROVED: ("It is approved", "Others of the team sign now."),
    states.REJECTED: ("It was declined", "The applicant can appeal once. The reason given:"),
    states.WITHDRAWN: ("The applicant withdrew it", "Nobody reads it any more."),
    states.LAPSED: ("The approval lapsed", "It was not signed in time."),
    states.SIGNED: ("It is signed", "Nothing is left for you to do here."),
}


def _follows(case: RequestCase, request: Request) -> Next:
    title, text = _FOLLOWS[request.state]
    said = word("request", request.state)
    tone = "wait" if said.tone == "turn" else said.tone
    return Next(title, (text,), (), tone, said.icon)


class Place(NamedTuple):
    """What an invitation still allows. opens: the content of the request is the reader's to read."""

    may_join: bool
    may_decline: bool
    may_sign: bool
    opens: bool
    barred: str


def place_of(principal: Principal, party: Party, now: datetime) -> Place:
    """What the person may do with an invitation of theirs."""
    case = queries.request_case(principal, party.request, now, party)
    stands = party.state not in GONE
    joins = policies.may_join(case)
    invited = party.state == Party.State.INVITED
    ended = party.request.state in (states.WITHDRAWN, states.REJECTED, states.LAPSED)
    return Place(
        may_join=invited and bool(joins),
        may_decline=stands and bool(policies.may_decline(case)),
        may_sign=stands and bool(policies.may_sign(case)),
        opens=stands and not (invited and ended),
        barred="" if joins or not invited or ended else f"{joins.message} {joins.next_step}",
    )
