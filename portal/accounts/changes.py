"""Changes of two: one person proposes, another confirms, then it happens, once.

A higher app says what there is to propose: `register("role.grant", Kind(...))`. `perform(change, by, now)`
runs in the confirming transaction and returns the JSON result; a Problem that it raises undoes the
confirmation, and the change goes on waiting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from portal.accounts import matrix
from portal.accounts.events import AccountWanted, PersonErased
from portal.accounts.models import TwoPersonChange, User
from portal.accounts.policies import NOT_PERMITTED, staff_may
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal, principal_for
from portal.accounts.staff import people_who
from portal.core import audit, events, jobs
from portal.core.log import sentences
from portal.core.outbox import queue_mail
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from portal.core.secrecy import holds_secret
from portal.core.verdicts import Allowed, Denied, Verdict

LIFETIME: Final = timedelta(hours=72)
MAX_REASON_CHARACTERS: Final = 1_000
EXPIRE: Final = "accounts.expire_changes"
EXPIRE_EVERY_S: Final = 300
_MAIL: Final = "accounts/mail/change_"
# "wpchg1": what PostgreSQL takes for an advisory lock. No other lock of ours has this number.
_LOCK: Final = 0x7770_6368_6731

OWN_CHANGE: Final = Denied(
    "own_change", "You proposed this yourself.", "Somebody else who may confirm it has to look at it."
)
CONCERNED: Final = Denied(
    "own_change", "This is about you yourself.", "Somebody else who may confirm it has to look at it."
)

Payload = Mapping[str, Any]
Perform = Callable[[TwoPersonChange, Principal, datetime], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """What can be proposed. title: for its page. concerned: public id of whom a payload is about, or ""."""

    title: str
    perform: Perform
    may_propose: Callable[[Principal, Payload], Verdict]
    concerned: Callable[[Payload], str] = lambda payload: ""


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Say what confirming a change of this kind does."""
    if name in _kinds:
        raise RuntimeError(f"two ways to perform changes of kind {name}")
    _kinds[name] = kind
    sentences.register_words({name: f"“{kind.title}”"})


def kind_of(name: str) -> Kind:
    """Raises: RuntimeError: nothing performs changes of this kind."""
    if name not in _kinds:
        raise RuntimeError(f"nothing performs changes of kind {name}")
    return _kinds[name]


def propose(
    *, kind: str, payload: Payload, summary: str, reason: str, by: Principal, now: datetime
) -> TwoPersonChange:
    """Write a change that somebody else has to confirm within 72 hours, and tell those who may.

    summary: what exactly will happen, in a sentence for the person who confirms.
    Raises: NotPermitted. Invalid: no reason, or one that holds a secret. Conflict: already_proposed.
    """
    known = kind_of(kind)
    _require(known.may_propose(by, payload))
    reason = _checked(reason)
    with transaction.atomic():
        _one_at_a_time()
        require_present(by)
        waiting = TwoPersonChange.objects.filter(state=TwoPersonChange.State.PROPOSED, expires_at__gt=now)
        if waiting.filter(kind=kind, payload=dict(payload)).exists():
            raise Conflict(
                "already_proposed", "Exactly this is proposed already.", "Ask a colleague to confirm it."
            )
        change = TwoPersonChange.objects.create(
            kind=kind,
            payload=dict(payload),
            summary=summary,
            reason=reason,
            proposer=by.actor,
            proposed_by=by.user,
            proposed_at=now,
            expires_at=now + LIFETIME,
        )
        _note("proposed", change, by.actor, now, reason)
        _tell_confirmers(change, known)
    return change


def confirm(*, change: TwoPersonChange, by: Principal, now: datetime) -> TwoPersonChange:
    """Do what was proposed, once, however many confirm it.

    Raises: NotPermitted: not staff who may, or who proposed it, or whom it is about; or who proposed it may
    not any more. Conflict: change_confirmed, _refused, _withdrawn or _expired. And what the change itself
    raises; it then goes on waiting.
    """
    _require(may_confirm(by, change))
    with transaction.atomic():
        _decide(change, TwoPersonChange.State.CONFIRMED, by, now)
        _require_proposer(change)
        result = kind_of(change.kind).perform(change, by, now)
        TwoPersonChange.objects.filter(pk=change.pk).update(result=result)
        _note("confirmed", change, by.actor, now)
        _tell_proposer(change, "confirmed", by)
    change.refresh_from_db()
    return change


def refuse(*, change: TwoPersonChange, by: Principal, now: datetime) -> TwoPersonChange:
    """Let it not happen. Raises as `confirm` does."""
    _require(may_confirm(by, change))
    with transaction.atomic():
        _decide(change, TwoPersonChange.State.REFUSED, by, now)
        _note("refused", change, by.actor, now)
        _tell_proposer(change, "refused", by)
    change.refresh_from_db()
    return change


def withdraw(*, change: TwoPersonChange, by: Principal, now: datetime) -> TwoPersonChange:
    """Take back one's own proposal. Raises: NotPermitted, and Conflict as `confirm` does."""
    _require(may_withdraw(by, change))
    with transaction.atomic():
        _decide(change, TwoPersonChange.State.WITHDRAWN, by, now)
        _note("withdrawn", change, by.actor, now)
    change.refresh_from_db()
    return change


def may_confirm(by: Principal, change: TwoPersonChange) -> Verdict:
    """May the person confirm or refuse it? Staff who confirm, never who proposed it, nor whom it is about."""
    verdict = staff_may(by, matrix.CHANGES_CONFIRM)
    if not verdict:
        return verdict
    if by.user is None:
        return NOT_PERMITTED  # the portal itself is no second person
    if by.actor == change.proposer:
        return OWN_CHANGE
    return CONCERNED if by.actor == kind_of(change.kind).concerned(change.payload) else Allowed()


def may_withdraw(by: Principal, change: TwoPersonChange) -> Verdict:
    """May the person take it back? Who proposed it, in a browser."""
    own = by.is_session and by.actor == change.proposer
    return Allowed() if own else NOT_PERMITTED


def visible_to(principal: Principal) -> QuerySet[TwoPersonChange]:
    """Return the changes that the person may see, newest first: all, for who confirms or reads the log; else
    what they proposed themselves."""
    every = TwoPersonChange.objects.select_related("proposed_by", "decided_by")
    if principal.user is None or not principal.is_session:
        return every.none()
    if any(staff_may(principal, each) for each in (matrix.CHANGES_CONFIRM, matrix.AUDIT_READ)):
        return every
    return every.filter(proposed_by=principal.user)


def waiting_for(principal: Principal, now: datetime) -> list[TwoPersonChange]:
    """Return the changes that wait for this person's decision, the one that expires next first."""
    waiting = visible_to(principal).filter(state=TwoPersonChange.State.PROPOSED, expires_at__gt=now)
    return [change for change in waiting.order_by("expires_at") if may_confirm(principal, change)]


def change_for(principal: Principal, id: str) -> TwoPersonChange:
    """Return a change that the person may see. Raises: NotFound."""
    found = visible_to(principal).filter(pk=id).first()
    if found is None:
        raise NotFound()
    return found


def _require(verdict: Verdict) -> None:
    if isinstance(verdict, Denied):
        raise NotPermitted.from_denied(verdict)


def _one_at_a_time() -> None:
    """Wait until who proposes something now is through: what they propose may be the same."""
    if connection.vendor == "postgresql":  # on SQLite the transaction holds the whole database
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON_CHARACTERS:
        wrong = f"Say why, in at most {MAX_REASON_CHARACTERS} characters."
    elif holds_secret(reason):
        wrong = "This holds something that looks like a token or a key. It was not kept."
    else:
        return reason
    raise Invalid(detail="Nothing was proposed.", errors={"reason": [wrong]})


def _require_proposer(change: TwoPersonChange) -> None:
    """Who proposed it must be able to still: a change is of two people, not of one and somebody who left."""
    if change.proposed_by_id is None:
        return
    # Of two who propose to take each other's role, the second is not who may propose it any more.
    concerned = kind_of(change.kind).concerned(change.payload)
    both = User.objects.select_for_update(no_key=True)
    both = both.filter(Q(pk=change.proposed_by_id) | Q(public_id=concerned))
    found = {user.pk: user for user in both.order_by("pk")}
    proposer = principal_for(found[change.proposed_by_id], mfa=True, passkey=True)
    if not kind_of(change.kind).may_propose(proposer, change.payload):
        raise Conflict(
            "proposer_gone",
            "Who proposed this may not any more.",
            "Refuse it; somebody who may can propose it anew.",
        )


def _decide(change: TwoPersonChange, state: TwoPersonChange.State, by: Principal, now: datetime) -> None:
    """Move a waiting change on; of many who try at once, the database lets one."""
    waiting = TwoPersonChange.objects.filter(
        pk=change.pk, state=TwoPersonChange.State.PROPOSED, expires_at__gt=now
    )
    moved = waiting.update(state=state, decided_by=by.user, decided_at=now)
    change.refresh_from_db()
    if not moved:
        found = change.state_at(now)
        raise Conflict(f"change_{found}", f"This was {found} already.", "Load the page again.")
    require_present(by)


def _note(what: str, change: TwoPersonChange, actor: str, now: datetime, reason: str = "") -> None:
    audit.record(
        f"change.{what}",
        by=actor,
        subject=f"change:{change.pk}",
        now=now,
        private={"reason": reason} if reason else None,
        about=kind_of(change.kind).concerned(change.payload),
        change=change.kind,
        concerned=kind_of(change.kind).concerned(change.payload),
    )


def _tell_confirmers(change: TwoPersonChange, kind: Kind) -> None:
    about = kind.concerned(change.payload)
    others = people_who(matrix.CHANGES_CONFIRM).exclude(public_id__in=[change.proposer, about])
    for user in others.order_by("pk"):
        _mail("proposed", user, change)


def _tell_proposer(change: TwoPersonChange, what: str, by: Principal) -> None:
    if change.proposed_by is not None:
        _mail("decided", change.proposed_by, change, what=what, decider=by.person)


def _mail(template: str, user: User, change: TwoPersonChange, **more: Any) -> None:
    queue_mail(
        to=user.email,
        template=f"{_MAIL}{template}",
        context={"user": user, "change": change, "title": kind_of(change.kind).title, **more},
        key=f"change_{template}:{change.pk}:{user.public_id}",
    )


@events.subscribe(AccountWanted)
def hold_changes(wanted: AccountWanted) -> None:
    """Lock what was proposed about them, and for them: confirming it locks it before the account."""
    theirs = Q(payload__user=wanted.user.public_id) | Q(payload__by=wanted.user.public_id)
    held = TwoPersonChange.objects.select_for_update(no_key=True, of=("self",)).filter(theirs)
    list(held.order_by("pk").values_list("pk"))


@events.subscribe(PersonErased)
def forget_person(erased: PersonErased) -> None:
    """Take the words about an erased person from what was proposed about them, and for them; what it was
    stays, by id."""
    gone = erased.user.public_id
    TwoPersonChange.objects.filter(payload__user=gone).update(summary="", reason="")
    # The summary of an export names who downloads it; why it was wanted is about nobody.
    TwoPersonChange.objects.filter(payload__by=gone).update(summary="")


@jobs.handler(EXPIRE)
def expire(payload: dict[str, Any], now: datetime) -> None:
    """Note on the rows that their time is over, and in the log; `state_at` has said so all along."""
    over = Q(state=TwoPersonChange.State.PROPOSED, expires_at__lte=now)
    for change in TwoPersonChange.objects.filter(over).order_by("pk"):
        with transaction.atomic():
            if TwoPersonChange.objects.filter(over, pk=change.pk).update(state=TwoPersonChange.State.EXPIRED):
                _note("expired", change, "system:changes", now)


jobs.periodic(EXPIRE, EXPIRE_EVERY_S)
