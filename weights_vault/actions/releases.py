"""Applying a release file: the model and the release come to be, or change, together with their terms."""

from datetime import datetime

from django.db import transaction

from portal.accounts.models import TwoPersonChange
from portal.accounts.principals import Principal
from portal.core import audit, events
from portal.core.problems import Conflict, NotPermitted
from weights_vault.events import ReleaseApplied
from weights_vault.models import Model, Release
from weights_vault.policies import may_manage_releases
from weights_vault.releases import ReleaseFile


@transaction.atomic
def apply_release(
    *, file: ReleaseFile, by: Principal, now: datetime
) -> tuple[Release, bool, list[TwoPersonChange]]:
    """Write the model and the release of `file`, and hand its terms on in the same transaction.

    Returns: the release, whether it is new, and what of its terms waits for a second person. Applying the
        same file again changes nothing.
    Raises: NotPermitted; Conflict: the release is of another model, or withdrawn; what the terms' handler
        raises (nothing is written then).
    """
    verdict = may_manage_releases(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    model, _ = Model.objects.update_or_create(
        slug=file.model_slug, defaults={"name": file.model_name, "summary": file.model_summary}
    )
    _refuse_other_model(file, model)
    release, new = Release.objects.update_or_create(
        slug=file.slug,
        defaults={"title": file.title, "summary": file.summary, "card": file.card, "state": file.state},
        create_defaults={
            "model": model,
            "title": file.title,
            "summary": file.summary,
            "card": file.card,
            "state": file.state,
            "created_at": now,
        },
    )
    audit.record(
        "release.applied",
        by=by.actor,
        subject=f"release:{release.slug}",
        now=now,
        new=new,
        state=release.state,
    )
    applied = ReleaseApplied(release=release, terms=file.terms, folder=file.folder, by=by.actor, now=now)
    events.publish(applied)
    return release, new, applied.waits


def _refuse_other_model(file: ReleaseFile, model: Model) -> None:
    release = Release.objects.select_for_update().filter(slug=file.slug).first()
    if release is None:
        return
    if release.model_id != model.pk:
        raise Conflict(
            "release_exists",
            f"{release.slug} is a release of the model {release.model.slug}.",
            "Correct [model] slug, or give the release another slug.",
        )
    if release.state == Release.State.WITHDRAWN:
        raise Conflict(
            "release_withdrawn", f"{release.slug} was withdrawn.", "Make a release with another slug."
        )
