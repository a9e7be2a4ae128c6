"""The reasons that staff keep ready."""

from django.db.models import F, QuerySet

from licenses import policies
from licenses.models import ReasonTemplate
from licenses.queries.facts import person
from portal.accounts.principals import Principal
from portal.core.ids import could_be_id


def reasons(principal: Principal) -> QuerySet[ReasonTemplate]:
    """Return the reasons to legal staff, those that are offered first; nothing to others."""
    if not policies.may_review(person(principal)):
        return ReasonTemplate.objects.none()
    return ReasonTemplate.objects.order_by(F("archived_at").asc(nulls_first=True), "verdict", "title")


def reason_for(principal: Principal, id: str) -> ReasonTemplate | None:
    """Return a reason that is offered; None where there is none, or where the reader may not have it."""
    if not could_be_id(id):
        return None
    return reasons(principal).filter(pk=id, archived_at__isnull=True).first()
