"""The manifest of a revision, from its rows: the same rows give the same bytes at the gate and at signing."""

from django.conf import settings
from django.db.models import Max

from weights_vault.models import File, Revision
from weights_vault.sealed.manifest import Manifest, ManifestFile, PartDigests, Tensor


def describe_revision(revision: Revision) -> Manifest:
    """The manifest of a sealed revision: its own if published, else the one it would get now."""
    earlier = revision.release.revisions.filter(sequence__isnull=False)
    if revision.sequence is not None:
        earlier = earlier.filter(sequence__lt=revision.sequence)
    previous = earlier.order_by("-sequence").first()
    highest = earlier.aggregate(highest=Max("sequence"))["highest"] or 0
    rows = revision.files.select_related("body")
    return Manifest(
        portal=settings.PORTAL_URL,
        release=revision.release.slug,
        revision=revision.name,
        revision_id=revision.id,
        sequence=revision.sequence or highest + 1,
        previous=previous.manifest_sha256 if previous else None,
        created=revision.created_at,
        files=tuple(_describe_file(file) for file in sorted(rows, key=lambda row: row.path)),
    )


def _describe_file(file: File) -> ManifestFile:
    body = file.body
    return ManifestFile(
        id=file.id,
        path=file.path,
        kind=file.kind,
        size=file.size,
        sha256=file.sha256,
        body_size=body.body_size,
        nonce=body.nonce,
        body_format=body.body_format,
        parts=tuple(PartDigests(sealed=sealed, plain=plain) for sealed, plain in body.parts),
        tensors=tuple(Tensor(**{**tensor, "shape": tuple(tensor["shape"])}) for tensor in file.tensors),
    )
