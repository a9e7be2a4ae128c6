"""Write the next version of a license on the site: begin, save, throw away, publish."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from licenses import manuscripts, placeholders, policies, queries, texts
from licenses.actions.moving import require
from licenses.actions.publishing import NOT_PUBLISHED, publish_license_version, refused_dates
from licenses.models import License, LicenseDraft, LicenseVersion
from licenses.summary import check_summary
from licenses.terms import check_license_text, normalize_license
from portal.accounts.models import Organization
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Conflict, Invalid

NOT_SAVED: Final = "The draft was not saved."
NOT_BEGUN: Final = "The license was not begun."
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


@dataclass(frozen=True)
class Contents:
    """What a draft says. Fields as in `LicenseDraft`; terms as `licenses.summary` takes them."""

    text: str
    terms: Mapping[str, Any]
    effective_at: datetime | None = None
    reaccept_by: datetime | None = None


def begin_license(*, slug: str, name: str, by: Principal, now: datetime) -> License:
    """Make a license by name, without a version yet, and return it; one of that name and slug is returned.

    Raises: NotPermitted. Invalid: no name, or a slug that is none or belongs to another license.
    """
    require(policies.may_write_license(queries.person(by)))
    said, wrong = texts.clean(name, multiline=False, max_characters=200)
    errors = {"name": [wrong or "This is needed."]} if wrong or not said else {}
    if not _SLUG.fullmatch(slug):
        errors["slug"] = ["This must be a short name of lower-case letters, digits and -, such as “opt-nc”."]
    if errors:
        raise Invalid("license_invalid", NOT_BEGUN, errors=errors)
    with transaction.atomic():
        license, made = License.objects.get_or_create(slug=slug, defaults={"name": said})
        if not made and license.name != said:
            raise Invalid(
                "license_invalid", NOT_BEGUN, errors={"slug": [f"{license.name} has this already."]}
            )
        if made:
            audit.record("license.begun", by=by.actor, subject=f"license:{slug}", now=now, name=said)
    return license


def begin_draft(
    *,
    license: License,
    text: str,
    terms: Mapping[str, Any],
    by: Principal,
    now: datetime,
    organization: Organization | None = None,
    based_on: LicenseVersion | None = None,
) -> LicenseDraft:
    """Begin a draft of the license's next version from a text, and return it.

    organization, based_on: for a version negotiated with it, as in `publish_license_version`.
    Raises: NotPermitted. Invalid: a text or terms that cannot be.
    """
    require(policies.may_write_license(queries.person(by)))
    kept = _checked(Contents(text, terms))
    with transaction.atomic():
        draft = LicenseDraft.objects.create(
            license=license,
            organization=organization,
            based_on=based_on,
            text=kept.text,
            terms=kept.terms,
            created_at=now,
            updated_at=now,
            updated_by=by.actor,
        )
        _record("license.drafted", draft, by, now, organization=draft.organization_id)
    return draft


def save_draft(
    *, draft: LicenseDraft, revision: int, contents: Contents, by: Principal, now: datetime
) -> LicenseDraft:
    """Save the draft and return it.

    revision: which one the writer had before them.
    Raises: NotPermitted. Conflict(draft_changed; revision, text, terms, by): somebody saved since then.
        Invalid: a text or terms that cannot be.
    """
    require(policies.may_write_license(queries.person(by)))
    kept = _checked(contents)
    with transaction.atomic():
        draft = _lock(draft)
        _require_unchanged(draft, revision)
        draft.text, draft.terms = kept.text, dict(kept.terms)
        draft.effective_at, draft.reaccept_by = kept.effective_at, kept.reaccept_by
        draft.revision, draft.updated_at, draft.updated_by = draft.revision + 1, now, by.actor
        draft.save()
        _record("license.draft_saved", draft, by, now)
    return draft


def discard_draft(*, draft: LicenseDraft, revision: int, by: Principal, now: datetime) -> None:
    """Throw the draft away. Raises: NotPermitted, Conflict(draft_changed)."""
    require(policies.may_write_license(queries.person(by)))
    with transaction.atomic():
        draft = _lock(draft)
        _require_unchanged(draft, revision)
        _record("license.draft_discarded", draft, by, now)
        draft.delete()


def publish_draft(*, draft: LicenseDraft, revision: int, by: Principal, now: datetime) -> LicenseVersion:
    """Publish the draft as its license's next version, for good, and return that; the draft is gone then.

    A draft without a date counts from now on.
    Raises: NotPermitted. Conflict(draft_changed). Invalid: as `publish_license_version`, or nothing is new.
        What `left_to_do` names is refused.
    """
    require(policies.may_publish_license(queries.person(by)))
    with transaction.atomic():
        draft = _lock(draft)
        _require_unchanged(draft, revision)
        before = set(draft.license.versions.values_list("pk", flat=True))
        version = publish_license_version(by=by, now=now, **_version_of(draft, now))
        if version.pk in before:
            raise _nothing_new(version)
        draft.delete()
    return version


def check_draft(*, draft: LicenseDraft, revision: int, now: datetime) -> None:
    """Find what keeps the draft from being published as it stands, before anybody is asked to prove anything.

    Raises: Conflict(draft_changed). Invalid: all that `left_to_do` names.
    """
    _require_unchanged(draft, revision)
    if errors := left_to_do(draft, now):
        raise Invalid("license_invalid", NOT_PUBLISHED, errors=errors)


def _nothing_new(version: LicenseVersion) -> Invalid:
    said = f"This is the text of version {version.number}, word for word: there is nothing to publish."
    return Invalid("license_invalid", NOT_PUBLISHED, errors={"text": [said]})


def _version_of(draft: LicenseDraft, now: datetime) -> dict[str, Any]:
    return {
        "license": draft.license,
        "text": draft.text,
        "terms": draft.terms,
        "effective_at": max(draft.effective_at or now, now),
        "reaccept_by": draft.reaccept_by,
        "organization": draft.organization,
        "based_on": draft.based_on if draft.organization_id else None,
    }


def left_to_do(draft: LicenseDraft, now: datetime) -> dict[str, list[str]]:
    """Return what keeps the draft, as it was saved, from being published now, by field of `LicenseDraft`.

    What `publish_draft` would say of its text and its dates, all of it at once; {} where nothing is.
    """
    newest = draft.license.versions.filter(organization=draft.organization_id).order_by("-number").first()
    if newest is not None and newest.text == normalize_license(draft.text):
        return dict(_nothing_new(newest).errors)
    wrong = check_license_text(draft.text)
    said = [wrong] if wrong else [str(each) for each in placeholders.left_in(draft.text)]
    errors = refused_dates(max(draft.effective_at or now, now), draft.reaccept_by, newest, now)
    return {"text": said, **errors} if said else errors


def _lock(draft: LicenseDraft) -> LicenseDraft:
    found = LicenseDraft.objects.select_for_update(of=("self",)).select_related("license", "organization")
    try:
        return found.get(pk=draft.pk)
    except LicenseDraft.DoesNotExist:
        raise Conflict(
            "state_changed",
            "This draft was published or thrown away meanwhile.",
            "Open the license to see its versions and drafts.",
        ) from None


def _require_unchanged(draft: LicenseDraft, revision: int) -> None:
    if draft.revision != revision:
        raise Conflict(
            "draft_changed",
            "Somebody saved this draft since you opened it.",
            "Compare the two texts, take over what you need, and save again.",
            extra={
                "revision": draft.revision,
                "text": draft.text,
                "terms": draft.terms,
                "by": draft.updated_by,
            },
        )


def _checked(contents: Contents) -> Contents:
    # What is merely written may be empty still; `publish_license_version` asks for all of it.
    text, wrong = texts.clean(
        contents.text, multiline=True, max_characters=manuscripts.MAX_LICENSE_CHARACTERS
    )
    wrong = wrong or manuscripts.fault(text)
    terms, errors = check_summary(dict(contents.terms))
    errors = {f"terms.{name}".rstrip("."): said for name, said in errors.items()}
    if wrong:
        errors["text"] = [wrong]
    if errors:
        raise Invalid("draft_invalid", NOT_SAVED, errors=errors)
    return Contents(text, terms, contents.effective_at, contents.reaccept_by)


def _record(kind: str, draft: LicenseDraft, by: Principal, now: datetime, **data: Any) -> None:
    audit.record(
        kind,
        by=by.actor,
        subject=f"license:{draft.license.slug}",
        now=now,
        draft=draft.pk,
        revision=draft.revision,
        **data,
    )
