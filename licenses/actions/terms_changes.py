"""Other terms, or another quorum, for a release that is published: by two people.

What a release demands decides who gets it. The first terms come with the release file; once a revision was
published, whoever changes them proposes it, and a second person confirms (`portal.accounts.changes`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from licenses.actions.publishing import apply_terms, keep_license_of
from licenses.models import License, ReleaseTerms
from licenses.questionnaire import Question
from licenses.terms import Terms, check_rules
from portal.accounts import changes, matrix
from portal.accounts.models import TwoPersonChange
from portal.accounts.policies import staff_may
from portal.accounts.principals import Principal, system_principal
from portal.core import audit
from portal.core.problems import Conflict
from portal.core.verdicts import Verdict
from weights_vault.models import Release

KIND: Final = "terms.change"
AT_THE_CONSOLE: Final = "The release file says so; it was applied at the operator's console."
# What terms demand, in the words of the form that proposes other ones and of the sentence that is confirmed.
LABELS: Final = {
    "license": "License",
    "strategy": "How access is given",
    "stage": "Open to",
    "quorum": "Votes that a decision needs",
    "grant_days": "Days that a grant lasts",
    "postquantum_only": "Post-quantum recipient keys alone",
    "exclude_reviewer_organization": "Reviewers of the applicant's organization do not vote",
    "signatory": "Somebody signs for the institution, too",
    "max_co_applicants": "Co-applicants at most",
    "on_affiliation_end": "When a holder leaves their organization",
    "exclude_countries": "Countries that are left out",
    "partners": "Partner organizations",
    "questions": "Questions",
}
RULES: Final = tuple(name for name in LABELS if name != "license")
_CHOICES: Final = {
    "strategy": ReleaseTerms.Strategy,
    "stage": ReleaseTerms.Stage,
    "on_affiliation_end": ReleaseTerms.OnAffiliationEnd,
}


def rules_of(terms: ReleaseTerms | Terms) -> dict[str, Any]:
    """Return what the terms demand, by name, and the license by its short name."""
    license = terms.license.slug if isinstance(terms, ReleaseTerms) else terms.license
    return {"license": license, **{name: getattr(terms, name) for name in RULES}}


@transaction.atomic
def apply_or_propose(*, release: Release, terms: Terms, by: str, now: datetime) -> TwoPersonChange | None:
    """Write the terms of a release file; of a published release, propose what they would change.

    A new license text is published either way: what is given under which license is what needs two.
    Returns: the change that waits for a second person; None where the terms are written, or the same.
    Raises: as `apply_terms`.
    """
    current = ReleaseTerms.objects.select_related("license").filter(release=release).first()
    published = release.revisions.filter(sequence__isnull=False).exists()
    if current is None or not published or rules_of(current) == rules_of(terms):
        apply_terms(release=release, terms=terms, by=by, now=now)
        return None
    keep_license_of(terms, by, now)
    who = system_principal(by.removeprefix("system:"))
    try:
        return _propose(current, rules_of(terms), AT_THE_CONSOLE, who, now)
    except Conflict as conflict:
        if conflict.code != "already_proposed":
            raise
        return _exactly(_payload(current, rules_of(terms)), now)


def propose_terms(
    *, release: Release, wanted: Mapping[str, Any], reason: str, by: Principal, now: datetime
) -> TwoPersonChange:
    """Propose other terms for the release.

    wanted: some of `RULES`, by name. reason: read by whoever confirms.
    Raises: NotPermitted. Invalid: a value that the release file could not have either, or no reason.
    Conflict: nothing_to_change, already_proposed.
    """
    current = ReleaseTerms.objects.select_related("license").get(release=release)
    rules = {**rules_of(current), **check_rules(wanted)}
    if rules == rules_of(current):
        raise Conflict("nothing_to_change", "These are the terms already.", "Change something first.")
    return _propose(current, rules, reason, by, now)


def _propose(
    current: ReleaseTerms, rules: dict[str, Any], reason: str, by: Principal, now: datetime
) -> TwoPersonChange:
    payload = _payload(current, rules)
    summary = _said(current.release, payload["from"], payload["to"])
    return changes.propose(kind=KIND, payload=payload, summary=summary, reason=reason, by=by, now=now)


def _payload(current: ReleaseTerms, rules: Mapping[str, Any]) -> dict[str, Any]:
    """What a change from the terms as they stand to these rules is known by."""
    before = rules_of(current)
    different = {name: value for name, value in rules.items() if before[name] != value}
    return {
        "release": current.release.slug,
        "to": different,
        "from": {name: before[name] for name in different},
    }


def _exactly(payload: Mapping[str, Any], now: datetime) -> TwoPersonChange | None:
    """Return the change that waits with just this payload: another one of the release may be newer."""
    waiting = TwoPersonChange.objects.filter(kind=KIND, payload=payload, expires_at__gt=now)
    return waiting.filter(state=TwoPersonChange.State.PROPOSED).first()


def _said(release: Release, before: Mapping[str, Any], different: Mapping[str, Any]) -> str:
    lines = [
        f"{LABELS[name]}: {_value(name, before[name])} becomes {_value(name, value)}"
        for name, value in different.items()
        if name != "questions"
    ]
    if "questions" in different:
        lines.append(_questions_said(before["questions"], different["questions"]))
    return f"The terms of {release.title} ({release.slug}) change. " + "; ".join(lines) + "."


def questions_between(change: TwoPersonChange) -> list[tuple[str, Question | None, Question | None]]:
    """Return the questions that a change of terms adds, removes or words anew: (id, before, after).

    A question keeps its id when its words change, so the ids alone do not tell what is confirmed. Empty for
    changes of another kind.
    """
    if change.kind != KIND or "questions" not in change.payload["to"]:
        return []
    return _differing(change.payload["from"]["questions"], change.payload["to"]["questions"])


def _differing(
    before: Sequence[Question], after: Sequence[Question]
) -> list[tuple[str, Question | None, Question | None]]:
    old, new = ({question["id"]: question for question in each} for each in (before, after))
    return [(name, old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)]


def _questions_said(before: Sequence[Question], after: Sequence[Question]) -> str:
    differing = _differing(before, after)
    said = [
        f"{what} {', '.join(names)}"
        for what, names in (
            ("added", [name for name, old, _ in differing if old is None]),
            ("removed", [name for name, _, new in differing if new is None]),
            ("changed", [name for name, old, new in differing if old and new]),
        )
        if names
    ]
    return f"Questions: {', '.join(said) or 'in another order'}"


def _value(name: str, value: Any) -> str:
    if name in _CHOICES:
        return str(_CHOICES[name](value).label)
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _perform(change: TwoPersonChange, by: Principal, now: datetime) -> dict[str, Any]:
    """Write the terms, if they stand as they did when the change was proposed.

    Raises: Conflict(terms_changed): somebody changed them since.
    """
    slug, wanted = change.payload["release"], dict(change.payload["to"])
    terms = ReleaseTerms.objects.select_for_update(of=("self",)).select_related("license", "release")
    current = terms.get(release__slug=slug)
    stands = rules_of(current)
    if any(stands[name] != value for name, value in change.payload["from"].items()):
        raise Conflict(
            "terms_changed",
            "The terms changed since this was proposed.",
            "Refuse it; it can be proposed anew.",
        )
    named = wanted.pop("license", None)
    if named is not None:
        current.license = License.objects.get(slug=named)
    for name, value in wanted.items():
        setattr(current, name, value)
    current.updated_at = now
    current.save()
    audit.record(
        "terms.changed",
        by=by.actor,
        subject=f"release:{slug}",
        now=now,
        change=change.pk,
        **rules_of(current),
    )
    return {}


def _may_propose(by: Principal, payload: Mapping[str, Any]) -> Verdict:
    return staff_may(by, matrix.TERMS_CHANGE)


changes.register(KIND, changes.Kind("Change the terms of a release", _perform, _may_propose))
