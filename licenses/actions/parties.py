"""The team of a request: ask somebody in, take them out; join, or decline.

The mail that asks carries no secret: whoever is signed in with that verified address may answer, and nobody
else learns that the invitation exists.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from licenses import policies, queries, team, texts
from licenses.actions.moving import lock_request, move_request, require, who
from licenses.models import Party, Request
from licenses.queries.parties import GONE, addresses_of, is_party, signatory_of, standing
from portal.accounts import names
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.problems import Conflict, Invalid, NotPermitted

# How many people, and how often the same address, one request may ask: each time is a mail to somebody.
MOST_ASKED = 60
MOST_TIMES_ASKED = 3
# How many people one applicant may ask in a day, and how often the same address, in all their requests.
MOST_ASKED_A_DAY = 100
MOST_TIMES_A_DAY = 6
DAY = timedelta(days=1)
_ANSWERED = Conflict(
    "state_changed",
    "This invitation was answered, or taken back.",
    "Load the page again to see where it stands.",
)


def invite(*, request: Request, role: str, email: str, full_name: str, by: Principal, now: datetime) -> Party:
    """Ask somebody into the request's team by mail, and return their place in it.

    role: "co_applicant", who gets a grant of their own, or "signatory", who binds the institution. Once the
        request is approved, a signatory who has not signed yet loses the place to the new one.
    Raises: NotPermitted, Conflict(state_changed, team_full, signatory_not_wanted). Invalid(errors by "role",
        "email", "full_name"). Invalid(signatory_unknown): the request is decided, and the address is at no
        domain of the organization that it was sent under; staff can name them, by `name_signatory`.
    """
    with transaction.atomic():
        request = lock_request(request, by)
        if role not in Party.Role.values:
            raise _invalid({"role": [f"This must be one of {', '.join(Party.Role.values)}."]})
        require(policies.may_invite(queries.request_case(by, request, now), role))
        address, name = _checked(request, email, full_name, who(by), now)
        decided = request.state in team.DECIDED
        if decided and not _is_of_organization(request, address):
            raise _unknown()
        action = "replace_signatory" if decided else "invite"
        return _ask(request, action, role, address, name, by, now)


def name_signatory(*, request: Request, email: str, full_name: str, by: Principal, now: datetime) -> Party:
    """Ask somebody, as staff, to sign for the institution after the decision, and return their place. A
    signatory who has not signed yet loses it.

    Raises: NotPermitted, Conflict(state_changed, team_full, signatory_not_wanted). Invalid(errors by "email",
        "full_name").
    """
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_name_signatory(queries.request_case(by, request, now)))
        address, name = _checked(request, email, full_name, request.applicant, now)
        if address in {who(by).email.lower(), *addresses_of(who(by))}:
            raise _invalid({"email": ["This is your own address: somebody of the institution signs."]})
        return _ask(request, "name_signatory", Party.Role.SIGNATORY, address, name, by, now)


def _ask(
    request: Request, action: str, role: str, address: str, name: str, by: Principal, now: datetime
) -> Party:
    replaced = {} if action == "invite" else _give_place(request, now)
    party = Party.objects.create(
        request=request, role=role, email=address, full_name=name, state_at=now, asked_at=now
    )
    move_request(request, action, by=by.actor, now=now, data={**_named(party), **replaced})
    return party


def _is_of_organization(request: Request, address: str) -> bool:
    """Whether the address says that its owner is of the institution: they answer with it verified. Without
    that, an applicant could sign for it after the decision, with a second account of their own."""
    return request.organization is not None and request.organization.has_domain_of(address)


def _give_place(request: Request, now: datetime) -> dict[str, str]:
    """Take out the signatory who was asked and has not signed; return what the log tells of that."""
    named = signatory_of(request)
    if named is None:
        return {}
    _set(named, [Party.State.INVITED, Party.State.JOINED], Party.State.DROPPED, now)
    return {"replaces": named.pk}


def _checked(request: Request, email: str, full_name: str, applicant: User, now: datetime) -> tuple[str, str]:
    errors: dict[str, list[str]] = {}
    name, wrong_name = texts.clean(full_name, multiline=False, max_characters=200)
    if wrong_name := wrong_name or names.fault(name) or ("" if name else "Say who this is, by name."):
        errors["full_name"] = [wrong_name]
    address, wrong = texts.clean(email, multiline=False, max_characters=254)
    address = address.lower()
    if wrong := wrong or _wrong_address(request, address, applicant, now):
        errors["email"] = [wrong]
    if errors:
        raise _invalid(errors)
    return address, name


def _wrong_address(request: Request, address: str, applicant: User, now: datetime) -> str:
    try:
        validate_email(address)
    except ValidationError:
        return "This is not an e-mail address."
    if address in {applicant.email.lower(), *addresses_of(applicant)}:
        return "This is your own address."
    before = list(request.parties.values_list("email", "state"))
    if any(email == address and state not in GONE for email, state in before):
        return "Somebody with this address stands in the request already."
    if len(before) >= MOST_ASKED:
        return f"One request asks at most {MOST_ASKED} people."
    if sum(email == address for email, _ in before) >= MOST_TIMES_ASKED:
        return f"This address was asked {MOST_TIMES_ASKED} times already."
    today = Party.objects.filter(request__applicant=applicant, asked_at__gt=now - DAY)
    if today.filter(email=address).count() >= MOST_TIMES_A_DAY:
        return f"You asked this address {MOST_TIMES_A_DAY} times today. Go on tomorrow."
    return "You asked very many people today. Go on tomorrow." if today.count() >= MOST_ASKED_A_DAY else ""


def remove(*, party: Party, by: Principal, now: datetime) -> Party:
    """Take somebody out of the team, and return their place as it stands.

    Raises: NotPermitted, Conflict(state_changed).
    """
    with transaction.atomic():
        request = lock_request(party.request, by)
        require(policies.may_remove(queries.request_case(by, request, now)))
        _set(party, [state for state in Party.State if state not in GONE], Party.State.DROPPED, now)
        move_request(request, "remove", by=by.actor, now=now, data=_named(party))
    return party


def join(*, party: Party, by: Principal, now: datetime) -> Party:
    """Take the place that was offered, from a browser session alone, and return it.

    Raises: NotPermitted: by the rule of access too, for a co-applicant. Conflict(state_changed).
    """
    with transaction.atomic():
        request = lock_request(party.request, by)
        require(policies.may_join(queries.request_case(by, request, now, party)))
        user = _asked(party, by)
        if any(other.user_id == user.pk for other in standing(request)):
            raise Conflict(
                "state_changed",
                "You stand in this request already, under another address.",
                "Decline this invitation.",
            )
        _set(party, [Party.State.INVITED], Party.State.JOINED, now, user)
        move_request(request, "join", by=by.actor, now=now, data=_named(party))
    return party


def decline(*, party: Party, by: Principal, now: datetime) -> Party:
    """Say no, or step back before the license was accepted; return the place as it stands. The applicant
    is told.

    Raises: NotPermitted, Conflict(state_changed).
    """
    with transaction.atomic():
        request = lock_request(party.request, by)
        require(policies.may_decline(queries.request_case(by, request, now, party)))
        _asked(party, by)
        _set(party, [Party.State.INVITED, Party.State.JOINED], Party.State.DECLINED, now)
        move_request(request, "decline", by=by.actor, now=now, data=_named(party))
    return party


def _asked(party: Party, by: Principal) -> User:
    """Return the person, whom this very invitation must be for."""
    user = who(by)
    if not Party.objects.filter(is_party(user), pk=party.pk).exists():
        raise NotPermitted.from_denied(team.NOT_A_PARTY)
    return user


def _set(
    party: Party, expected: list[Party.State], target: Party.State, now: datetime, user: User | None = None
) -> None:
    """Move the party's state. Raises: Conflict(state_changed): it is in none of the expected ones."""
    fields = {"state": target, "state_at": now, **({"user": user} if user else {})}
    if not Party.objects.filter(pk=party.pk, state__in=expected).update(**fields):
        raise _ANSWERED
    for name, value in fields.items():
        setattr(party, name, value)


def _unknown() -> Invalid:
    wrong = (
        "This is no address at a mail domain that is known as your institution's. Give one that is, or send"
        " the reviewers a message on the request's page: they can name this person."
    )
    return Invalid(
        "signatory_unknown",
        "Nobody was asked: your request is decided, and nothing shows that they are of your institution.",
        "Give an address at your institution's own mail domain. Or send the reviewers a message on the"
        " request's page: they can name who signs.",
        errors={"email": [wrong]},
    )


def _named(party: Party) -> dict[str, str]:
    """What the audit log tells of a party: no name and no address, which may have to be erased one day."""
    return {"party": party.pk, "role": party.role}


def _invalid(errors: dict[str, list[str]]) -> Invalid:
    return Invalid("party_invalid", "Nobody was asked.", "Correct it and send again.", errors=errors)
