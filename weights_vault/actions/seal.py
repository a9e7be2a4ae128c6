"""Sealing a folder into a revision, so that a kill at any moment leaves nothing that is not known.

The row of a body is committed as `writing` before its object exists, and as `stored` after the object is
durable. Running again keeps what is stored and still the same as in the folder, and throws away the rest:
what is sealed again gets a fresh key and nonce, always.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from portal.accounts.principals import Principal
from weights_vault import keeper
from weights_vault.actions.moves import lock_revision, move
from weights_vault.ingest.progress import SealingProgress
from weights_vault.ingest.seal import SealedFile, digest_of, seal_file
from weights_vault.ingest.source import SourceFile, check_unchanged
from weights_vault.models import File, Revision, SealedBody
from weights_vault.storage import storage
from weights_vault.storage.port import ObjectMissing


def seal_revision(
    *,
    revision: Revision,
    files: Sequence[SourceFile],
    by: Principal,
    now: datetime,
    progress: SealingProgress,
) -> Revision:
    """Bring every one of `files` into the store as a file of `revision`, and nothing else.

    revision: sealing or gated; a gated one whose files differ falls back to sealing. The caller holds
        `ingest.lock.publishing`. files: what `ingest.scan` returned.
    Raises: SourceChanged: a file changed meanwhile (I2); StorageError. What was sealed so far is kept, and
        running again goes on from there (I1).
    """
    if revision.published_at is not None:
        raise RuntimeError("a published revision is immutable")
    progress.start(len(files), sum(source.size for source in files))
    before = _files_by_path(revision)
    _discard_all(set(before) - {source.path for source in files}, before)
    changed = len(before) != len(files)
    for source in files:
        outcome = _bring_in(revision, source, before.get(source.path), now, progress)
        changed |= outcome != "kept"
        progress.end(source.path, outcome)
    for source in files:
        check_unchanged(source)
    if changed and revision.state == Revision.State.GATED:
        with transaction.atomic():
            move(lock_revision(revision), "reseal", by=by, now=now)
    revision.refresh_from_db()
    return revision


def _bring_in(
    revision: Revision, source: SourceFile, row: File | None, now: datetime, progress: SealingProgress
) -> str:
    """Return "kept", "unchanged" (since an earlier revision) or "sealed"."""
    candidates = [row] if row is not None and _is_whole(row, source) else []
    candidates += _published_alike(revision, source)
    if candidates:
        progress.begin(source.path, source.size, "checking")
        sha256 = digest_of(source, progress)
        same = next((file for file in candidates if file.sha256 == sha256), None)
        if same is not None and same is row:
            return "kept"
        if same is not None:
            _replace(row, File(revision=revision, **_described(source), **_content_of(same)))
            return "unchanged"
    if row is not None:
        _discard(row)
    _seal(revision, source, now, progress)
    return "sealed"


def _seal(revision: Revision, source: SourceFile, now: datetime, progress: SealingProgress) -> None:
    progress.begin(source.path, source.size, "sealing")
    body, sealer = keeper.new_body(source.size, now=now)
    file = File(revision=revision, body=body, **_described(source))
    with transaction.atomic():
        body.save(force_insert=True)
        file.save(force_insert=True)
    try:
        with storage().create(body.object_name, size=body.body_size) as writer:
            sealed = seal_file(source, sealer, bytes.fromhex(body.nonce), writer, progress)
            writer.commit(sealed.receipts)
    except Exception:
        _discard(file)  # a kill leaves this to the next run; an error does not have to
        raise
    _finish(file, body, sealed)


@transaction.atomic
def _finish(file: File, body: SealedBody, sealed: SealedFile) -> None:
    body.state = SealedBody.State.STORED
    body.parts = [[part.sealed, part.plain] for part in sealed.parts]
    body.save(update_fields=["state", "parts"])
    file.sha256 = sealed.sha256
    file.tensors = [asdict(tensor) for tensor in sealed.tensors]
    file.save(update_fields=["sha256", "tensors"])


def _is_whole(row: File, source: SourceFile) -> bool:
    """Was this row finished, for a source of this size, and is its object there in full?"""
    if row.body.state != SealedBody.State.STORED or row.size != source.size or row.kind != source.kind:
        return False
    try:
        return storage().size(row.body.object_name) == row.body.body_size
    except ObjectMissing:
        return False


def _published_alike(revision: Revision, source: SourceFile) -> list[File]:
    """Published files that may be the same as `source`, newest first: an upgrade moves only what changed."""
    alike = File.objects.filter(
        revision__release=revision.release,
        revision__state=Revision.State.PUBLISHED,
        size=source.size,
        body__state=SealedBody.State.STORED,
    ).select_related("body")
    newest_first = alike.order_by("-revision__sequence")
    return [file for file in newest_first if _is_stored(file)]


def _is_stored(file: File) -> bool:
    try:
        return storage().size(file.body.object_name) == file.body.body_size
    except ObjectMissing:
        return False


@transaction.atomic
def _replace(old: File | None, new: File) -> None:
    if old is not None:
        _discard(old)
    new.save(force_insert=True)


def _discard_all(paths: set[str], rows: dict[str, File]) -> None:
    for path in paths:
        _discard(rows[path])


def _discard(file: File) -> None:
    """Forget a file of an unpublished revision; its object goes too, unless a published file shares it.

    The object goes first: a kill in between leaves a row without an object, which the next run discards
    again, and never an object without a row.
    """
    body = file.body
    shared = File.objects.filter(body=body).exclude(pk=file.pk).exists()
    if not shared:
        storage().delete(body.object_name)
    with transaction.atomic():
        file.delete()
        if not shared:
            body.delete()


def _files_by_path(revision: Revision) -> dict[str, File]:
    return {file.path: file for file in revision.files.select_related("body")}


def _described(source: SourceFile) -> dict[str, object]:
    return {"path": source.path, "kind": source.kind, "size": source.size}


def _content_of(file: File) -> dict[str, object]:
    return {"sha256": file.sha256, "tensors": file.tensors, "body": file.body}
