"""The desk of those who keep licenses: what its pages show of versions, drafts and agreements."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.http import QueryDict

from licenses import actions, policies, queries, summary
from licenses.models import License, LicenseDraft, LicenseVersion, MasterAgreement
from licenses.queries.masters import ever_members_of
from licenses.terms import normalize_license
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core import times
from portal.core.audit import tell, trail, wording
from portal.core.problems import NotFound, require
from portal.web.comparison import Line
from portal.web.comparison import compare as compare
from portal.web.forms.licenses import CompareForm, DraftForm
from portal.web.readable import Place, differing
from portal.web.story import Told

# By kind of the audit event: title, tone, icon.
_MASTER_EVENTS: Final = {
    "master.proposed": ("Proposed", "turn", "send"),
    "master.signed": ("Signed", "good", "signature"),
    "master.member_named": ("Named {member}", "calm", "user"),
    "master.member_removed": ("Took {member} out", "wait", "circle-minus"),
    "master.ended": ("Ended", "bad", "ban"),
}


@dataclass(frozen=True)
class Difference:
    """Two texts with what differs. terms: labels of the structured terms that differ."""

    before: LicenseVersion | LicenseDraft
    after: LicenseVersion | LicenseDraft
    terms: list[str]

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called, with their dates."""
        return dated(self.before), dated(self.after)

    @property
    def same(self) -> bool:
        return self.before.text == self.after.text and not self.terms

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """As people read the texts; none where they differ in how they are typed alone."""
        return differing(self.before.text, self.after.text)

    @cached_property
    def lines(self) -> list[Line]:
        """As the texts are typed, for those who write them."""
        return compare(self.before.text, self.after.text)


def enter(principal: Principal) -> None:
    """Let in who reads what licenses are kept. Raises: NotPermitted, with the reason, for everybody else."""
    require(policies.may_keep_licenses(queries.person(principal)))


def write(principal: Principal) -> None:
    """Let pass who writes drafts. Raises: NotPermitted, for who only reads them too."""
    require(policies.may_write_license(queries.person(principal)))


def publish(principal: Principal) -> None:
    """Let pass who publishes versions. Raises: NotPermitted, for who only writes them too."""
    require(policies.may_publish_license(queries.person(principal)))


def enter_masters(principal: Principal) -> None:
    """Let in who reads master agreements. Raises: NotPermitted, with the reason, for everybody else."""
    require(policies.may_see_masters(queries.person(principal)))


def keep_masters(principal: Principal) -> None:
    """Let pass who keeps master agreements. Raises: NotPermitted, for who only reads them too."""
    require(policies.may_keep_masters(queries.person(principal)))


def license(principal: Principal, slug: str) -> License:
    """One license. Raises: NotPermitted: they do not keep licenses. NotFound."""
    enter(principal)
    return queries.license_kept(principal, slug)


def draft(principal: Principal, id: str) -> LicenseDraft:
    """One draft. Raises: NotPermitted: they do not keep licenses. NotFound."""
    enter(principal)
    return queries.draft_for(principal, id)


def master(principal: Principal, id: str) -> MasterAgreement:
    """One master agreement. Raises: NotPermitted: no legal staff. NotFound."""
    enter_masters(principal)
    found = queries.all_masters(principal).filter(pk=id).first()
    if found is None:
        raise NotFound()
    return found


def difference(
    before: LicenseVersion | LicenseDraft | None, after: LicenseVersion | LicenseDraft
) -> Difference | None:
    """What differs between two texts; None where there is nothing to compare with."""
    if before is None:
        return None
    labels = {row.name: row.label for terms in (before.terms, after.terms) for row in summary.card(terms)}
    fields = summary.differing(before.terms, after.terms)
    terms = [label for name, label in labels.items() if name in fields]
    return Difference(before, after, terms)


def comparison(found: License, given: QueryDict) -> dict[str, Any]:
    """Context of the compare page: any two versions or drafts of one license, as the address names them."""
    every: list[LicenseVersion | LicenseDraft] = [*queries.drafts_of(found)]
    every += queries.versions_kept(found)
    by_id = {each.pk: each for each in every}
    form = CompareForm(given, texts={pk: called(each) for pk, each in by_id.items()})
    form.full_clean()
    said = form.cleaned_data
    after = by_id.get(said.get("after") or "") or next(iter(by_id.values()), None)
    before = by_id.get(said.get("before") or "") or (_default_before(after) if after else None)
    chosen = {"before": before.pk if before else "", "after": after.pk if after else ""}
    fresh = CompareForm(
        {**chosen, "view": said.get("view") or "side"},
        texts=dict(form.fields["after"].choices),  # type: ignore[attr-defined]
    )
    return {
        "license": found,
        "form": fresh,
        "difference": difference(before, after) if after else None,
        "side": (said.get("view") or "side") == "side",
    }


@dataclass(frozen=True)
class Left:
    """Something to do before a draft can be published. name: of the field of `DraftForm` that it is about.
    control: that field's id on the draft's page."""

    name: str
    control: str
    label: str
    said: tuple[str, ...]


def left_to_do(found: LicenseDraft, now: datetime) -> list[Left]:
    """What keeps a draft, as it was saved, from being published, in the words of its form."""
    form = DraftForm(initial=DraftForm.of(found))
    left = []
    for name, said in actions.left_to_do(found, now).items():
        field = form[form.called(name)]
        left.append(Left(field.name, field.id_for_label, str(field.label), tuple(said)))
    return left


def hash_of(draft: LicenseDraft) -> str:
    """The SHA-256 that the draft's text will have once published, lower-case hex."""
    return hashlib.sha256(normalize_license(draft.text).encode()).hexdigest()


def called(text: LicenseVersion | LicenseDraft) -> str:
    """How a choice of texts names one."""
    of = f", of {text.organization.name}" if text.organization else ""
    if isinstance(text, LicenseVersion):
        return f"Version {text.number}{of}"
    return f"Draft of {times.moment(text.updated_at)}{of}"


def dated(text: LicenseVersion | LicenseDraft) -> str:
    """What a text is called, with the day from which it counts, or the time at which it was last saved."""
    if isinstance(text, LicenseVersion):
        return f"{called(text)}, counts from {times.day(text.effective_at)}"
    return called(text)


def _default_before(after: LicenseVersion | LicenseDraft) -> LicenseVersion | None:
    if isinstance(after, LicenseVersion):
        return queries.version_before(after)
    return queries.compared_with(after, after.updated_at)


def master_story(found: MasterAgreement) -> list[Told]:
    """What happened to a master agreement, for staff."""
    events = tell(event for event in trail(f"master:{found.pk}") if event.kind in _MASTER_EVENTS)
    people = User.objects.in_bulk({event.by for event in events}, field_name="public_id")
    # The log keeps ids alone: whose account was erased is no longer called by name here either.
    named = ever_members_of(found)
    told = []
    for event in events:
        title, tone, icon = _MASTER_EVENTS[event.kind]
        member = named.get(event.data.get("member", 0))
        title = title.replace("{member}", member.full_name if member else "somebody")
        actor = str(people[event.by]) if event.by in people else "the portal itself"
        told.append(Told(event.at, title, "", wording(event, "reason"), actor, tone, icon))
    return told


def master_tone(found: MasterAgreement, now: datetime) -> str:
    """The word for where an agreement stands: "proposed", "signed" or "ended"."""
    if now >= found.ends_at:
        return "ended"
    return "signed" if found.signed_at else "proposed"
