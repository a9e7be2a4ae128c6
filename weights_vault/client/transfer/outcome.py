"""The words and the document for what a download did, or would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from weights_vault.client.figures import count_text, seconds_text
from weights_vault.client.output import size_text
from weights_vault.client.transfer.estimate import Estimate
from weights_vault.client.transfer.preflight import Room, fits
from weights_vault.client.transfer.wishes import Summary
from weights_vault.client.trust import TrustedManifest
from weights_vault.sealed.manifest import Manifest, ManifestFile

# Reasons and names that a line can hold.
NAMED = 5


def document_of(trusted: TrustedManifest, grant: str, summary: Summary) -> dict[str, object]:
    """The document of a download that ended well."""
    manifest = trusted.manifest
    return {
        "release": manifest.release,
        "revision": manifest.revision,
        "grant": grant,
        "manifest_sha256": trusted.sha256,
        "folder": str(summary.folder.absolute()),
        "files": summary.files,
        "bytes": summary.size,
        "fetched_bytes": summary.fetched,
        "again_bytes": summary.again,
        "again_by_reason": dict(summary.again_by),
        "retries_by_reason": dict(summary.retries),
        "mended_parts": summary.damaged,
        "seconds": round(summary.seconds, 3),
        "waited_seconds": round(summary.waited_s, 1),
        "bytes_per_second": round(summary.rate),
        "earlier_revision": summary.earlier,
        "left_files": list(summary.left),
        "complete": summary.complete,
    }


def lines_of(manifest: Manifest, summary: Summary) -> list[str]:
    """The same for people."""
    name = f"{manifest.release}@{manifest.revision}"
    what = f"{count_text(summary.files, 'file')}, {size_text(summary.size)}"
    lines = [
        f"{name}: {what}, verified and opened, in {summary.folder}",
        _fetched_text(summary),
    ]
    if summary.again:
        reasons = [f"{why} ({size_text(count)})" for why, count in _largest(summary.again_by)]
        lines.append(f"fetched again: {', '.join(reasons)}")
    if summary.waited_s >= 1:
        reasons = [f"{why} ({count}×)" for why, count in _largest(summary.retries)]
        lines.append(f"waited {seconds_text(summary.waited_s)}: {', '.join(reasons)}")
    if summary.earlier:
        lines.append(f"the folder held {summary.earlier} before; what did not change was kept")
    if summary.left:
        lines.append(f"changed here, so left, though {name} lacks them: {', '.join(summary.left[:NAMED])}")
    return lines


def plan_document(
    manifest: Manifest, files: Sequence[ManifestFile], folder: Path, expected: Estimate, room: Room
) -> dict[str, object]:
    """The document of --dry-run."""
    return {
        "dry_run": True,
        "portal": manifest.portal,
        "release": manifest.release,
        "revision": manifest.revision,
        "folder": str(folder.absolute()),
        "size": sum(file.size for file in files),
        "parts": sum(len(file.parts) for file in files),
        "fetch_bytes": expected.fetch,
        "check_bytes": expected.unsure,
        "needed_bytes": expected.room,
        "free_bytes": room.bytes,
        "files": [{"path": file.path, "kind": file.kind, "size": file.size} for file in files],
    }


def plan_lines(
    manifest: Manifest, files: Sequence[ManifestFile], folder: Path, expected: Estimate, room: Room
) -> list[str]:
    """The same for people."""
    total = sum(file.size for file in files)
    here = total - expected.fetch
    lines = [f"{size_text(file.size):>10}  {file.path}" for file in files]
    lines.append(
        f"{size_text(total)} in {count_text(len(files), 'file')} of {manifest.release}@{manifest.revision}"
    )
    if here:
        checked = f", of which {size_text(expected.unsure)} will be checked" if expected.unsure else ""
        lines.append(f"{size_text(here)} of it is in {folder} already{checked}")
    enough = "" if fits(expected.room, room) else ": TOO LITTLE"
    lines.append(
        f"to fetch: {size_text(expected.fetch)}; room needed: {size_text(expected.room)}; "
        f"free there: {size_text(room.bytes)}{enough}"
    )
    return [*lines, "nothing was fetched"]


def _fetched_text(summary: Summary) -> str:
    if not summary.fetched:
        return "everything was here already: nothing was fetched"
    again = f", {size_text(summary.again)} of it again" if summary.again else ""
    rate = f"{size_text(summary.rate)}/s on average"
    return f"fetched {size_text(summary.fetched)} in {seconds_text(summary.seconds)} ({rate}){again}"


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: -each[1])[:NAMED]
