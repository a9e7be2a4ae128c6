"""Executed documents: who can have which."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from licenses import policies, states
from licenses.facts import AgreementCase
from licenses.models import Agreement, Grant, MasterAgreement, Party, Request
from licenses.queries.facts import person
from portal.accounts.principals import Principal
from portal.core.problems import NotFound

TAKING_PART = (Party.State.JOINED, Party.State.ACCEPTED)
WITH_AGREEMENTS = (states.APPROVED, states.SIGNED, states.LAPSED)


def agreement_case(principal: Principal, agreement: Agreement) -> AgreementCase:
    """Return the document as `principal` sees it."""
    user = principal.user
    bound = user is not None and _of_party(user.pk).filter(pk=agreement.pk).exists()
    return AgreementCase(person=person(principal), party=bound)


def agreement_for(principal: Principal, id: str) -> Agreement:
    """Return a document that the principal may have, made or not yet; its file is read when it is asked for.

    Raises: NotFound: there is none, or it is not theirs to have.
    """
    agreement = _documents().filter(pk=id).first()
    if agreement is None or not policies.may_read_agreement(agreement_case(principal, agreement)):
        raise NotFound()
    return agreement


def agreements_of(principal: Principal, request: Request, grant: Grant | None = None) -> Sequence[Agreement]:
    """Return the documents under a request, the oldest first: each party's acceptance, and what was closed.

    grant: of its holder alone, with its own certificate. A reader who is neither one of the parties nor
    legal staff gets none.
    """
    if principal.user is None or (grant is None and request.state not in WITH_AGREEMENTS):
        return []
    found = _documents().filter(Q(acceptance__request=request) | Q(certificate__grant__request=request))
    if grant is not None:
        found = found.filter(Q(acceptance__user=grant.user_id) | Q(certificate__grant=grant))
    if not policies.may_review(person(principal)):
        found = found.filter(pk__in=_of_party(principal.user.pk).values("pk"))
    return list(found)


def agreements_of_master(principal: Principal, master: MasterAgreement) -> Sequence[Agreement]:
    """Return the document of a master agreement: to its signatory and legal staff, once it is signed."""
    if principal.user is None or master.signed_at is None:
        return []
    found = _documents().filter(master=master)
    return [each for each in found if policies.may_read_agreement(agreement_case(principal, each))]


def agreement_of_grant(grant: Grant) -> Agreement | None:
    """Return the document of the acceptance that a grant stands on now, made or not yet."""
    theirs = _documents().filter(acceptance__request=grant.request_id, acceptance__user=grant.user_id)
    named = theirs.filter(acceptance__license_version=grant.license_version_id)
    return named.last() or theirs.last()


def _of_party(user: int) -> QuerySet[Agreement]:
    """The documents that bind the person, or somebody whose request they take part in."""
    mine = Request.objects.filter(
        Q(applicant=user) | Q(parties__user=user, parties__state__in=TAKING_PART)
    ).values("pk")
    return Agreement.objects.filter(
        Q(acceptance__user=user)
        | Q(acceptance__request__in=mine)
        | Q(certificate__grant__user=user)
        | Q(master__signatory=user)
    )


def _documents() -> QuerySet[Agreement]:
    joined = Agreement.objects.select_related(
        "acceptance__user",
        "acceptance__license_version__license",
        "certificate__grant__user",
        "certificate__grant__release",
        "master__organization",
    )
    return joined.defer("pdf").order_by("ordered_at", "pk")
