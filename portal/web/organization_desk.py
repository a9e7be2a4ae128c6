"""An organization's page: what it shows, and what can be done there, one form each."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.core.paginator import Paginator
from django.utils import timezone

from portal.accounts.actions import domains
from portal.accounts.actions.affiliations import admit, set_end
from portal.accounts.affiliations import parted
from portal.accounts.models import Organization, User
from portal.accounts.organizations import people_of
from portal.accounts.policies import OWN_ORGANIZATION, may_keep_organization, may_speak_for
from portal.accounts.principals import Principal
from portal.core import limits
from portal.core.problems import Invalid, NotFound, require
from portal.web.forms import organizations as written

PER_PAGE: Final = 50
PARTED_PER_PAGE: Final = 20
CODES: Final = "domain_codes"
Act = Callable[[Organization, Any, Principal, datetime], str]


def _end(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    affiliation = _one(found.affiliations.filter(pk=form.cleaned_data["affiliation"]).first())
    set_end(affiliation=affiliation, ends_at=form.ends_at, by=by, now=now)
    return "It is noted. What they were given under the organization follows its terms then."


def _admit(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    affiliation = _one(found.affiliations.filter(pk=form.cleaned_data["affiliation"]).first())
    admit(affiliation=affiliation, by=by, now=now)
    return f"{affiliation.user} is of the organization again. Staff lift what was suspended meanwhile."


def _claim(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    claimed = domains.claim(organization=found, domain=form.cleaned_data["domain"], by=by, now=now)
    return f"{claimed.domain} is claimed. Have a code mailed to show that it is yours."


def _send(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    claimed = _claimed(found, form)
    # Of the domain, not of who asks: whoever runs it has asked for none of these mails.
    limits.take(CODES, claimed.domain, now=now)
    domains.send_code(claimed=claimed, to=form.cleaned_data["to"], by=by, now=now)
    return f"A code is on its way to {form.cleaned_data['to']}@{claimed.domain}. It is good for a day."


def _verify(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    claimed = domains.verify(claimed=_claimed(found, form), code=form.cleaned_data["code"], by=by, now=now)
    return f"{claimed.domain} is the organization's. Addresses there confirm its people now."


def _vouch(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    domains.vouch(claimed=_claimed(found, form), by=by, now=now)
    return "The domain is the organization's now."


def _remove(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    domains.remove(claimed=_claimed(found, form), by=by, now=now)
    return "The domain is taken out."


def _name(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    # Before the address is looked up: who manages an organization does not learn who has an account.
    require(may_keep_organization(by, found))
    user = User.objects.filter(email=form.cleaned_data["email"].lower()).first()
    if user is None:
        wrong = {"email": ["No account has this address."]}
        raise Invalid(detail="Nobody was named.", errors=wrong)
    domains.name_manager(organization=found, user=user, by=by, now=now)
    return f"{user} speaks for the organization now."


def _unname(found: Organization, form: Any, by: Principal, now: datetime) -> str:
    manager = _one(found.managers.filter(pk=form.cleaned_data["manager"]).first())
    domains.remove_manager(manager=manager, by=by, now=now)
    return f"{manager.user} speaks for it no longer."


# By the value of the button: the form that comes with it, and what it does.
FORMS: Final[Mapping[str, tuple[type[forms.Form], Act]]] = {
    "end": (written.EndForm, _end),
    "admit": (written.AdmitForm, _admit),
    "claim": (written.ClaimForm, _claim),
    "send": (written.SendForm, _send),
    "verify": (written.CodeForm, _verify),
    "vouch": (written.DomainForm, _vouch),
    "remove": (written.DomainForm, _remove),
    "name": (written.ManagerForm, _name),
    "unname": (written.NotManagerForm, _unname),
}


def enter_to_change(principal: Principal, found: Organization) -> None:
    """Let pass who speaks for it. Raises: NotPermitted, for who only reads about it."""
    require(may_speak_for(principal, found))


def page_of(principal: Principal, found: Organization, asked: Mapping[str, str], sent: Any) -> dict[str, Any]:
    """Context of the page. asked: which pages of its lists. sent: the form filled wrongly, else None."""
    keeps = may_keep_organization(principal, found)
    left = parted(found, timezone.now()).filter(user__is_active=True, user__organization=None)
    return {
        "organization": found,
        "page": Paginator(people_of(found), PER_PAGE).get_page(asked.get("page")),
        "parted": Paginator(left, PARTED_PER_PAGE).get_page(asked.get("parted")),
        "claims": found.claims.all(),
        "managers": found.managers.select_related("user"),
        "speaks": bool(may_speak_for(principal, found)),
        "administers": bool(keeps),
        "own": keeps if keeps == OWN_ORGANIZATION else None,
        "administrative": domains.ADMINISTRATIVE,
        "form": sent,
        "claim_form": sent if isinstance(sent, written.ClaimForm) else written.ClaimForm(),
        "manager_form": sent if isinstance(sent, written.ManagerForm) else written.ManagerForm(),
    }


def _claimed(found: Organization, form: Any) -> Any:
    return _one(found.claims.filter(pk=form.cleaned_data["claim"]).first())


def _one(thing: Any) -> Any:
    if thing is None:
        raise NotFound()
    return thing
