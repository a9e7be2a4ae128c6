"""Publishing: a folder becomes a sealed, tested, signed revision. One call a step, each restartable.

open_revision → seal_revision → gate_revision → publish_revision
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.db import transaction

from portal.accounts.principals import Principal
from portal.core import audit, events
from portal.core.keys import signing_key
from portal.core.problems import Conflict, Invalid, NotPermitted
from weights_vault import heads
from weights_vault.actions.moves import lock_revision, move
from weights_vault.actions.seal import seal_revision
from weights_vault.events import RevisionPublished
from weights_vault.gate import Report, Runner, gate_report, run_worker
from weights_vault.ingest.alike import first_alike
from weights_vault.ingest.kinds import REFERENCE_PATHS
from weights_vault.ingest.lock import publishing
from weights_vault.ingest.memory import return_large_buffers
from weights_vault.ingest.progress import SealingProgress
from weights_vault.ingest.scan import has_reference, scan
from weights_vault.ingest.source import SourceFile
from weights_vault.models import Release, Revision
from weights_vault.policies import may_have_revisions, may_manage_releases
from weights_vault.ports import access_policy
from weights_vault.sealed.errors import ManifestMalformed
from weights_vault.sealed.fields import REVISION_NAME
from weights_vault.sealed.manifest import (
    MAX_MANIFEST_SIZE,
    Manifest,
    encode_manifest,
    envelope_digest,
    sign_manifest,
)
from weights_vault.statement import describe_revision

# The envelope holds the statement as base64, and a little besides.
MAX_STATEMENT_SIZE = (MAX_MANIFEST_SIZE - 4_096) * 3 // 4

__all__ = [
    "GateFailed",
    "gate_revision",
    "open_revision",
    "publish_folder",
    "publish_revision",
    "seal_revision",
]


class GateFailed(Conflict):
    """The smoke test of the sealed revision failed; the revision stays unpublished with its report."""

    code = "gate_failed"
    title = "The smoke test failed"

    def __init__(self, revision: Revision, report: Report) -> None:
        problems = [
            f"{problem.get('where', '?')}: {problem.get('detail', problem.get('code', '?'))}"
            for level in report.get("levels", [])
            for problem in level.get("problems", [])
        ]
        super().__init__(
            detail=f"{revision} failed its smoke test and is not published. " + "; ".join(problems[:10]),
            next_step="Correct the folder, and run the same command again: it seals only what changed.",
            extra={"report": report},
        )


def publish_folder(
    *,
    release: Release,
    name: str,
    folder: Path,
    by: Principal,
    clock: Callable[[], datetime],
    progress: SealingProgress,
    exclude: Sequence[str] = (),
    run: Runner = run_worker,
) -> tuple[Revision, bool]:
    """Take `folder` all the way to the published revision `name` of `release`.

    clock: the time, asked at each step, because sealing takes hours. exclude: see `ingest.scan.scan`.
    run: the smoke worker.
    Returns: the revision, and whether this call published it (False: it was published before, from the same
        files).
    Raises: FolderRefused, SourceChanged, GateFailed, StorageError; NotPermitted; Invalid: the name, or no
        reference; Conflict: another publish runs, or the revision exists with other files.
    """
    _require_may_publish(release, by)
    _require_name(name)
    return_large_buffers()
    progress.note(f"scanning {folder}")
    files = scan(folder, exclude)
    with publishing(release):
        existing = Revision.objects.filter(release=release, name=name).first()
        if existing is not None and existing.published_at is not None:
            _require_same(existing, files, progress)
            return existing, False
        if not has_reference(files):
            raise _no_reference(folder)
        revision = existing or open_revision(release=release, name=name, by=by, now=clock())
        revision = seal_revision(revision=revision, files=files, by=by, now=clock(), progress=progress)
        if revision.state != Revision.State.GATED:
            progress.note("testing the sealed files")
            revision = gate_revision(revision=revision, by=by, now=clock(), run=run)
        return publish_revision(revision=revision, by=by, now=clock()), True


@transaction.atomic
def open_revision(*, release: Release, name: str, by: Principal, now: datetime) -> Revision:
    """Make the row of a new revision, in state sealing. Raises: NotPermitted; Invalid: the name."""
    _require_may_publish(release, by)
    _require_name(name)
    revision = Revision.objects.create(release=release, name=name, created_at=now, created_by=by.actor)
    audit.record(
        "revision.created",
        by=by.actor,
        subject=f"revision:{revision.id}",
        now=now,
        release=release.slug,
        revision=name,
    )
    return revision


def gate_revision(*, revision: Revision, by: Principal, now: datetime, run: Runner = run_worker) -> Revision:
    """Test the sealed files; passed → gated. The report is kept either way.

    Raises: GateFailed: it stays sealing. WorkerFailed: the test could not be run. Invalid(manifest_unfit): no
        recipient would accept the manifest.
    """
    manifest = describe_revision(revision)
    payload = _encode(manifest)
    report = gate_report(revision=revision, manifest=payload, by=by, now=now, run=run)
    kept = {**report, "content_sha256": _content_sha256(manifest)}
    with transaction.atomic():
        revision = lock_revision(revision)
        if report["verdict"] == "passed":
            move(revision, "gate", by=by, now=now, gate_report=kept)
            return revision
        Revision.objects.filter(pk=revision.pk).update(gate_report=kept)
        audit.record("revision.gate_failed", by=by.actor, subject=f"revision:{revision.id}", now=now)
    raise GateFailed(revision, report)


@transaction.atomic
def publish_revision(*, revision: Revision, by: Principal, now: datetime) -> Revision:
    """Sign the manifest and the head of a gated revision: from here on it is immutable and can be had.

    Raises: NotPermitted; Conflict(state_changed): not gated, or not what the gate saw.
    """
    _require_may_publish(revision.release, by)
    revision = lock_revision(revision)
    manifest = describe_revision(revision)
    if (revision.gate_report or {}).get("content_sha256") != _content_sha256(manifest):
        raise Conflict("state_changed", f"{revision} is not what its gate saw.", "Publish the folder again.")
    envelope = sign_manifest(manifest, signing_key("manifest", now))
    move(
        revision,
        "publish",
        by=by,
        now=now,
        sequence=manifest.sequence,
        previous=_previous(revision.release),
        manifest=envelope,
        manifest_sha256=envelope_digest(envelope),
        published_at=now,
    )
    heads.sign(revision.release, now)
    events.publish(RevisionPublished(revision=revision, by=by.actor, now=now))
    return revision


def _previous(release: Release) -> Revision | None:
    return release.revisions.filter(sequence__isnull=False).order_by("-sequence").first()


def _encode(manifest: Manifest) -> bytes:
    """The statement that would be signed. Raises: Invalid: recipients would refuse it."""
    try:
        payload = encode_manifest(manifest)
    except ManifestMalformed as error:
        raise _unfit(str(error)) from error
    if len(payload) > MAX_STATEMENT_SIZE:
        raise _unfit(f"it has {len(payload):,} bytes; {MAX_STATEMENT_SIZE:,} are the most")
    return payload


def _unfit(reason: str) -> Invalid:
    return Invalid(
        "manifest_unfit",
        f"Recipients would refuse the manifest of these files: {reason}.",
        "Correct the folder, or split it into several releases.",
    )


def _content_sha256(manifest: Manifest) -> str:
    """What the gate's verdict is about: the files and all their digests, but not the sequence number."""
    tested = replace(manifest, sequence=1, previous=None)
    return hashlib.sha256(encode_manifest(tested)).hexdigest()


def _require_may_publish(release: Release, by: Principal) -> None:
    for verdict in (
        may_manage_releases(by),
        may_have_revisions(release),
        access_policy().may_publish(release),
    ):
        if not verdict:
            raise NotPermitted.from_denied(verdict)


def _require_name(name: str) -> None:
    if not REVISION_NAME.fullmatch(name):
        message = "A revision is named with letters, digits, dots, dashes and underscores, such as v1."
        raise Invalid("invalid", message, "Choose another name.", errors={"revision": [message]})


def _require_same(revision: Revision, files: Sequence[SourceFile], progress: SealingProgress) -> None:
    """A published revision is immutable: the same files again are fine, others are not (I4)."""
    published = {file.path: file for file in revision.files.select_related("body")}
    same = {path: file.size for path, file in published.items()} == {file.path: file.size for file in files}
    for source in files if same else ():
        progress.begin(source.path, source.size, "checking")
        same = same and first_alike(source, [published[source.path]], progress) is not None
        progress.end(source.path, "checked")
    if not same:
        raise Conflict(
            "revision_exists",
            f"{revision} is {revision.state} with other files; a revision never changes.",
            "Publish the folder under a new revision name.",
        )


def _no_reference(folder: Path) -> Invalid:
    return Invalid(
        "reference_missing",
        f"The folder has no reference for the smoke test ({' and '.join(REFERENCE_PATHS)}).",
        f"Record it, look at the result, and publish again: manage.py smoketest {folder} --record",
    )
