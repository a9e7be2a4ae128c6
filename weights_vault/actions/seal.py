"""Sealing a folder into a revision, so that a kill at any moment leaves nothing that is not known.

The row of a body is committed as `writing` before its object exists, and as `stored` after the object is
durable. Running again keeps what is stored and still the same as in the folder; goes on with a body that was
left half-way, part by part, as long as every part is the one that was pinned under its key
(`ingest/under_way.py`); and throws away the rest. A changed file gets a fresh key and nonce, always.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from portal.accounts.principals import Principal
from weights_vault import keeper
from weights_vault.actions.moves import lock_revision, move
from weights_vault.ingest.alike import first_alike
from weights_vault.ingest.progress import SealingProgress
from weights_vault.ingest.seal import SealedFile, seal_file
from weights_vault.ingest.source import SourceChanged, SourceFile, check_unchanged
from weights_vault.ingest.under_way import BodyChanged, BodyRecord, NoRecord, Record, forget
from weights_vault.models import File, Revision, SealedBody
from weights_vault.sealed.body import BodySealer, part_count
from weights_vault.storage import storage
from weights_vault.storage.port import ObjectMissing, ObjectWriter


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
        same = first_alike(source, candidates, progress)
        if same is not None and same is row:
            return "kept"
        if same is not None:
            _replace(row, File(revision=revision, **_described(source), **_content_of(same)))
            return "unchanged"
    if row is None or not _go_on(row, source, progress):
        if row is not None:
            _discard(row)
        _seal(revision, source, now, progress)
    return "sealed"


def _go_on(row: File, source: SourceFile, progress: SealingProgress) -> bool:
    """Finish the body that an earlier run left half-way; False: it is of no use for this file.

    Whether its parts are the same as those of the file shows part by part; one that is not ends it.
    """
    record = BodyRecord.find(row.body)
    if record is None or (row.size, row.kind) != (source.size, source.kind):
        return False
    progress.begin(source.path, source.size, "sealing")
    try:
        with storage().resume(row.body.object_name, size=row.body.body_size, upload=record.upload) as writer:
            _write(row, source, keeper.resume_body(row.body), writer, record, progress)
    except (ObjectMissing, BodyChanged):
        return False
    return True


def _seal(revision: Revision, source: SourceFile, now: datetime, progress: SealingProgress) -> None:
    """A body made anew: fresh key, fresh nonce, a row before the first byte."""
    progress.begin(source.path, source.size, "sealing")
    body, sealer = keeper.new_body(source.size, now=now)
    file = File(revision=revision, body=body, **_described(source))
    with transaction.atomic():
        body.save(force_insert=True)
        file.save(force_insert=True)
    with storage().create(body.object_name, size=body.body_size) as writer:
        several = part_count(source.size) > 1
        record = BodyRecord.begin(body, writer.upload) if several else NoRecord()
        _write(file, source, sealer, writer, record, progress)


def _write(
    file: File,
    source: SourceFile,
    sealer: BodySealer,
    writer: ObjectWriter,
    record: Record,
    progress: SealingProgress,
) -> None:
    """Fill the object and commit it. What a fault of the store or a kill leaves is there for the next run."""
    try:
        sealed = seal_file(source, sealer, bytes.fromhex(file.body.nonce), writer, record, progress)
    except SourceChanged:
        _discard(file)  # what was read belongs to no one file
        raise
    writer.commit(sealed.receipts)
    _finish(file, file.body, sealed)


@transaction.atomic
def _finish(file: File, body: SealedBody, sealed: SealedFile) -> None:
    body.state = SealedBody.State.STORED
    body.parts = [[part.sealed, part.plain] for part in sealed.parts]
    body.save(update_fields=["state", "parts"])
    forget(body)
    file.sha256 = sealed.sha256
    file.tensors = [asdict(tensor) for tensor in sealed.tensors]
    file.save(update_fields=["sha256", "tensors"])


def _is_whole(row: File, source: SourceFile) -> bool:
    """Was this row finished, for a source of this size, and is its object there in full?"""
    finished = row.body.state == SealedBody.State.STORED
    return finished and (row.size, row.kind) == (source.size, source.kind) and _is_there(row.body)


def _published_alike(revision: Revision, source: SourceFile) -> list[File]:
    """Published files that may be the same as `source`, newest first, one of each body: an upgrade moves only
    what changed.
    """
    alike = File.objects.filter(
        revision__release=revision.release,
        revision__state=Revision.State.PUBLISHED,
        size=source.size,
        body__state=SealedBody.State.STORED,
    ).select_related("body")
    by_body: dict[str, File] = {}
    for file in alike.order_by("-revision__sequence"):
        by_body.setdefault(file.body_id, file)
    return [file for file in by_body.values() if _is_there(file.body)]


def _is_there(body: SealedBody) -> bool:
    try:
        return storage().size(body.object_name) == body.body_size
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
