"""What pages and the API list of the vault. Whether a release may be seen is the access policy's business."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Prefetch, QuerySet, Sum

from portal.accounts.principals import Principal
from weights_vault.models import File, LedgerEntry, RecipientKey, Release, Revision, SealedBody
from weights_vault.storage import StoredObject, storage


def keys_of(principal: Principal) -> QuerySet[RecipientKey]:
    """The principal's own recipient keys, newest first, removed ones too."""
    if principal.user is None:
        return RecipientKey.objects.none()
    return RecipientKey.objects.filter(user=principal.user)


def live_keys_of(principal: Principal, now: datetime) -> QuerySet[RecipientKey]:
    """The principal's keys that are active, or that still can become so."""
    stale = RecipientKey.objects.filter(state=RecipientKey.State.CHALLENGED, answer_by__lte=now)
    return keys_of(principal).exclude(state=RecipientKey.State.REMOVED).exclude(pk__in=stale)


def active_keys_of(principal: Principal) -> QuerySet[RecipientKey]:
    """The principal's keys that headers can be issued for."""
    return keys_of(principal).filter(state=RecipientKey.State.ACTIVE)


def revisions_of(release: Release) -> QuerySet[Revision]:
    """What was ever published of `release`, newest first, without the manifests."""
    return release.revisions.filter(sequence__isnull=False).order_by("-sequence").defer("manifest")


def current_revision(release: Release) -> Revision | None:
    """The newest revision that recipients may have now."""
    return revisions_of(release).filter(state=Revision.State.PUBLISHED).first()


def revision_for(release: Release, name: str | None = None) -> Revision | None:
    """The revision of that name, or the current one; None where there is none.

    Without a name and with everything recalled, the newest: the access rule then says what became of it.
    """
    published = revisions_of(release)  # the manifest, up to 32 MiB, is read only by who hands it out
    if name is not None:
        return published.filter(name=name).first()
    return published.filter(state=Revision.State.PUBLISHED).first() or published.first()


def files_of(revision: Revision, ids: Sequence[str] | None = None) -> list[File]:
    """The files of `revision` by path, or those named; an id of another revision names nothing."""
    files = File.objects.filter(revision=revision).defer("tensors")
    return list(files if ids is None else files.filter(pk__in=ids))


def holders_of(revision: Revision) -> dict[str, list[str]]:
    """Recipient key id → grants, of everybody who was given headers of `revision`."""
    holders: dict[str, list[str]] = {}
    rows = LedgerEntry.objects.filter(kind="headers", revision=revision.pk).order_by("key", "grant")
    for key, grant in rows.values_list("key", "grant").distinct():
        holders.setdefault(key, []).append(grant)
    return holders


def orphans() -> list[StoredObject]:
    """Objects of the store that no row names: there are none, unless rows were deleted by hand."""
    known = set(SealedBody.objects.values_list("object_name", flat=True))
    return [found for found in storage().objects() if found.name not in known]


def with_sizes(revisions: QuerySet[Revision]) -> QuerySet[Revision]:
    """`revisions`, each with plain_size (bytes of all its files) and file_count, without what is large."""
    return revisions.annotate(plain_size=Sum("files__size"), file_count=Count("files")).defer(
        "manifest", "gate_report"
    )


def with_published(releases: QuerySet[Release]) -> QuerySet[Release]:
    """`releases`, each with its model and `published`: its published revisions with sizes, newest first.

    Two queries, however many releases.
    """
    published = Revision.objects.filter(state=Revision.State.PUBLISHED).order_by("-sequence")
    return releases.select_related("model").prefetch_related(
        Prefetch("revisions", queryset=with_sizes(published), to_attr="published")
    )


def published_of(release: Release) -> list[Revision]:
    """What `with_published` read of one release."""
    read: list[Revision] = vars(release)["published"]
    return read
