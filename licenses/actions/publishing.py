"""Publish license versions, and write what a release demands."""

import hashlib
from datetime import datetime

from django.db import transaction

from licenses import notices, policies, queries, states
from licenses.actions.moving import require
from licenses.models import License, LicenseVersion, ReleaseTerms, Request
from licenses.terms import Terms, check_license_text, normalize_license
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Invalid
from weights_vault.models import Release


def publish_license_version(
    *, license: License, text: str, effective_at: datetime, by: Principal, now: datetime
) -> LicenseVersion:
    """Publish `text` as the license's next version and return it; the newest version's own text returns that.

    effective_at: from when it counts; not before now, nor before the version it follows.
    Raises: NotPermitted. Invalid: an empty or unprintable text, or too early a date.
    """
    require(policies.may_publish_license(queries.person(by)))
    if wrong := check_license_text(text):
        raise Invalid("license_invalid", "The license was not published.", errors={"text": [wrong]})
    with transaction.atomic():
        return _add_version(license, normalize_license(text), effective_at, by.actor, now)


@transaction.atomic
def apply_terms(*, release: Release, terms: Terms, by: str, now: datetime) -> ReleaseTerms:
    """Write what the release demands, with its license and, where the text is new, a version of it.

    by: who applied the release file, as the audit log calls them; whoever calls has asked whether they may.
    Raises: Invalid: the new text would come into force before the one it follows.
    """
    license, _ = License.objects.get_or_create(slug=terms.license, defaults={"name": terms.license_name})
    if license.name != terms.license_name:
        license.name = terms.license_name
        license.save(update_fields=["name"])
    version = _add_version(license, terms.license_text, now, by, now)
    kept = {
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


def _add_version(
    license: License, text: str, effective_at: datetime, actor: str, now: datetime
) -> LicenseVersion:
    # Holds the license's row, so that two publishers do not both make version n + 1, and every request in
    # review under it, so that an approval stands wholly before or wholly after the new text.
    License.objects.select_for_update().get(pk=license.pk)
    in_review = list(
        Request.objects.select_for_update(of=("self",))
        .select_related("applicant")
        .filter(state=states.SUBMITTED, license_version__license=license)
        .order_by("pk")
    )
    newest = license.versions.order_by("-number").first()
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if newest is not None and newest.sha256 == sha256:
        return newest
    earliest = max(now, newest.effective_at) if newest is not None else now
    if effective_at < earliest:
        raise Invalid(
            "license_invalid",
            "The license was not published.",
            errors={"effective_at": [f"This must not be before {earliest:%Y-%m-%d %H:%M} UTC."]},
        )
    version = LicenseVersion.objects.create(
        license=license,
        number=newest.number + 1 if newest else 1,
        text=text,
        sha256=sha256,
        effective_at=effective_at,
        created_at=now,
        created_by=actor,
    )
    event = audit.record(
        "license.published",
        by=actor,
        subject=f"license:{version.pk}",
        now=now,
        license=license.slug,
        number=version.number,
        sha256=sha256,
        effective_at=effective_at.isoformat(),
    )
    for request in in_review:
        # They must confirm the new text before a decision; better told now than found out.
        notices.send_license_changed(request, version, event)
    return version
