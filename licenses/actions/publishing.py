"""Publish license versions, and write what a release demands."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from licenses import notices, placeholders, policies, queries, states
from licenses.actions.moving import require
from licenses.models import License, LicenseVersion, ReleaseTerms, Request
from licenses.summary import check_summary
from licenses.terms import Terms, check_license_text, normalize_license
from portal.accounts.models import Organization
from portal.accounts.principals import Principal
from portal.core import audit, jobs, times
from portal.core.models import AuditEvent
from portal.core.problems import Invalid
from weights_vault.models import Release

NOT_PUBLISHED: Final = "The license was not published."
# The job that asks holders for a new acceptance; `licenses.jobs` says what does it.
WANT_REACCEPTANCE: Final = "licenses.want_reacceptance"


@dataclass(frozen=True)
class _Wanted:
    """A version to be made. Fields as in `LicenseVersion`; text and terms are checked."""

    text: str
    effective_at: datetime
    terms: dict[str, Any] = field(default_factory=dict)
    reaccept_by: datetime | None = None
    organization: Organization | None = None
    based_on: LicenseVersion | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def publish_license_version(
    *,
    license: License,
    text: str,
    effective_at: datetime,
    by: Principal,
    now: datetime,
    terms: Mapping[str, Any] | None = None,
    reaccept_by: datetime | None = None,
    organization: Organization | None = None,
    based_on: LicenseVersion | None = None,
) -> LicenseVersion:
    """Publish `text` as the license's next version, for good, and return it; the newest version's own text
    returns that.

    effective_at: from when it counts; not before now, nor before the version it follows.
    terms: the structured terms beside the text (`licenses.summary`); left out: none.
    reaccept_by: live grants under an earlier version need an acceptance of this one by then; a job tells
        their holders. Left out: they stay as they are.
    organization: with whom it was negotiated; its people alone are under it. based_on: the standard version
        that it departs from; left out: the newest.
    Raises: NotPermitted. Invalid: an empty or unprintable text, terms that cannot be, or an impossible date.
        Invalid(draft_unfinished): words of an example are left in the text, which `errors` names by line.
    """
    require(policies.may_publish_license(queries.person(by)))
    kept = _checked(text, terms)
    with transaction.atomic():
        base = _base(license, organization, based_on)
        wanted = _Wanted(normalize_license(text), effective_at, kept, reaccept_by, organization, base)
        return _add_version(license, wanted, by.actor, now)


def _checked(text: str, terms: Mapping[str, Any] | None) -> dict[str, Any]:
    wrong_text = check_license_text(text)
    kept, errors = check_summary(dict(terms or {}))
    errors = {f"terms.{name}".rstrip("."): wrong for name, wrong in errors.items()}
    if wrong_text:
        errors["text"] = [wrong_text]
    if errors:
        raise Invalid("license_invalid", NOT_PUBLISHED, errors=errors)
    return kept


def _newest(license: License, organization: Organization | None) -> LicenseVersion | None:
    return license.versions.filter(organization=organization).order_by("-number").first()


def _base(
    license: License, organization: Organization | None, based_on: LicenseVersion | None
) -> LicenseVersion | None:
    """Return the standard version that a negotiated one departs from; none for a standard one."""
    if organization is None:
        return None
    standard = license.versions.filter(organization__isnull=True)
    if based_on is not None:
        standard = standard.filter(pk=based_on.pk)
    base = standard.order_by("-number").first()
    if base is None:
        said = "Publish a standard version first: this one departs from it."
        raise Invalid("license_invalid", NOT_PUBLISHED, errors={"based_on": [said]})
    return base


@transaction.atomic
def apply_terms(*, release: Release, terms: Terms, by: str, now: datetime) -> ReleaseTerms:
    """Write what the release demands, with its license and, where the text is new, a version of it.

    by: who applied the release file, as the audit log calls them; whoever calls has asked whether they may.
    Raises: Invalid: the new text would come into force before the one it follows. Invalid(draft_unfinished):
        words of an example are left in it.
    """
    version = keep_license_of(terms, by, now)
    license = version.license
    kept: dict[str, Any] = {
        "license": license,
        "strategy": terms.strategy,
        "stage": terms.stage,
        "quorum": terms.quorum,
        "questions": terms.questions,
        "grant_days": terms.grant_days,
        "postquantum_only": terms.postquantum_only,
        "partners": terms.partners,
        "exclude_countries": terms.exclude_countries,
        "exclude_reviewer_organization": terms.exclude_reviewer_organization,
        "signatory": terms.signatory,
        "max_co_applicants": terms.max_co_applicants,
        "on_affiliation_end": terms.on_affiliation_end,
    }
    written, _ = ReleaseTerms.objects.update_or_create(release=release, defaults={**kept, "updated_at": now})
    audit.record(
        "terms.applied",
        by=by,
        subject=f"release:{release.slug}",
        now=now,
        **{**kept, "license": version.pk, "license_sha256": version.sha256},
    )
    return written


def keep_license_of(terms: Terms, by: str, now: datetime) -> LicenseVersion:
    """Write the license of a release file under its name, and its text as a version where it is new; return
    that version. Raises: as `apply_terms`."""
    license, _ = License.objects.get_or_create(slug=terms.license, defaults={"name": terms.license_name})
    if license.name != terms.license_name:
        license.name = terms.license_name
        license.save(update_fields=["name"])
    return _version_of(license, terms, by, now)


def _version_of(license: License, terms: Terms, by: str, now: datetime) -> LicenseVersion:
    """Return the version that has the text of the release file; a new one where the text is new.

    A text that was published before is not published again: a release file that stayed behind while staff
    published newer versions on the site does not put the old text back into force.
    """
    wanted = _Wanted(text=terms.license_text, effective_at=now, terms=terms.summary)
    known = license.versions.filter(sha256=wanted.sha256, organization__isnull=True)
    return known.order_by("-number").first() or _add_version(license, wanted, by, now)


def _add_version(license: License, wanted: _Wanted, actor: str, now: datetime) -> LicenseVersion:
    # Holds the license's row, so that two publishers do not both make version n + 1, and every request in
    # review under it, so that an approval stands wholly before or wholly after the new text.
    License.objects.select_for_update().get(pk=license.pk)
    in_review = list(
        Request.objects.select_for_update(of=("self",))
        .select_related("applicant", "license_version")
        .filter(state=states.SUBMITTED, license_version__license=license)
        .order_by("pk")
    )
    newest = _newest(license, wanted.organization)
    if newest is not None and newest.sha256 == wanted.sha256:
        return newest
    _require_finished(wanted.text)
    _check_dates(wanted, newest, now)
    last = license.versions.aggregate(last=Max("number"))["last"] or 0
    version = LicenseVersion.objects.create(
        license=license,
        number=last + 1,
        text=wanted.text,
        sha256=wanted.sha256,
        terms=wanted.terms,
        effective_at=wanted.effective_at,
        reaccept_by=wanted.reaccept_by,
        organization=wanted.organization,
        based_on=wanted.based_on,
        created_at=now,
        created_by=actor,
    )
    event = _record(version, actor, now)
    for request in in_review:
        # They must confirm the new text before a decision; better told now than found out.
        if _concerns(version, request):
            notices.send_license_changed(request, version, event)
    if version.reaccept_by is not None:
        jobs.enqueue(
            WANT_REACCEPTANCE, {"version": version.pk}, key=f"licenses:reaccept:{version.pk}", run_at=now
        )
    return version


def refused_dates(
    effective_at: datetime, reaccept_by: datetime | None, newest: LicenseVersion | None, now: datetime
) -> dict[str, list[str]]:
    """What is wrong with the dates of a version that follows `newest`, by field; {} where nothing is."""
    errors = {}
    if newest is not None and max(effective_at, now) < newest.effective_at:
        since = times.moment(newest.effective_at)
        errors["effective_at"] = [
            f"Version {newest.number} counts from {since}; this one cannot count earlier."
        ]
    elif effective_at < now:
        errors["effective_at"] = [f"This must not be before {times.moment(now)}."]
    if reaccept_by is not None and reaccept_by <= max(now, effective_at):
        errors["reaccept_by"] = ["This must be after the day from which the version counts."]
    return errors


def _check_dates(wanted: _Wanted, newest: LicenseVersion | None, now: datetime) -> None:
    if errors := refused_dates(wanted.effective_at, wanted.reaccept_by, newest, now):
        raise Invalid("license_invalid", NOT_PUBLISHED, errors=errors)


def _require_finished(text: str) -> None:
    """Refuse a text in which something of an example is left to be filled in."""
    if left := placeholders.left_in(text):
        said = [str(each) for each in left]
        raise Invalid(
            "draft_unfinished",
            "The license text has words of an example that are still to be filled in. " + "; ".join(said),
            "Replace each of them and try again. Nothing was changed.",
            errors={"text": said},
        )


def _record(version: LicenseVersion, actor: str, now: datetime) -> AuditEvent:
    return audit.record(
        "license.published",
        by=actor,
        subject=f"license:{version.pk}",
        now=now,
        license=version.license.slug,
        number=version.number,
        sha256=version.sha256,
        effective_at=version.effective_at.isoformat(),
        reaccept_by=version.reaccept_by.isoformat() if version.reaccept_by else None,
        organization=version.organization_id,
        based_on=version.based_on_id,
    )


def _concerns(version: LicenseVersion, request: Request) -> bool:
    if version.organization_id is not None:
        return version.organization_id == request.organization_id
    return request.license_version is not None and request.license_version.organization_id is None
