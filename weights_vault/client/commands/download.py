"""download: the release's files, fetched by parts, checked, opened, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.transfer.limits import DEFAULT_JOBS, MAX_JOBS
from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.transfer.session import Summary
    from weights_vault.client.trust import TrustedManifest


def download(
    context: typer.Context,
    release: Annotated[
        str,
        typer.Argument(
            metavar="RELEASE[@REVISION]", help="What to get; the current revision if none is named."
        ),
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to; ./RELEASE by default.")
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="GLOB", help="Only files that match; may be repeated."),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=MAX_JOBS, help="Connections at once.")
    ] = DEFAULT_JOBS,
    keep_sealed: Annotated[
        bool,
        typer.Option("--keep-sealed", help="Keep FILE.body and FILE.header too, in DIR/.sealed, for age."),
    ] = False,
    identity: Annotated[
        Path | None, typer.Option("--identity", metavar="FILE", help="The age identity file to open with.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be fetched; write nothing.")
    ] = False,
) -> None:
    """Download a release, check every part against the signed manifest, and open it. Run again to resume."""
    from weights_vault.client.enrolled import KeyFinder
    from weights_vault.client.releases import access_of, find_release, grant_of, parse_release
    from weights_vault.client.transfer.folder import DownloadFolder
    from weights_vault.client.transfer.session import Session, Wishes
    from weights_vault.client.trust import choose_revision

    work: Workplace = context.obj
    name = parse_release(release)
    with work.portal() as api:
        found = find_release(api, name)
        key = KeyFinder(work.settings, api, work.output, identity or work.settings.identity_file)
        if not (lacks_key := access_of(found).get("code") == "no_recipient_key"):
            grant_of(api, found, name)  # a refusal comes before anything else is asked or made
        chain = work.trust(api)
        head = chain.head(name.release)
        revision = choose_revision(head, name.revision)
        folder = (to or Path(name.release)).expanduser()
        if lacks_key and not dry_run:
            DownloadFolder(folder).check_place()  # before somebody confirms a key for nothing
            key()
            found = find_release(api, name)
        grant = grant_of(api, found, name)
        trusted = chain.manifest(head, revision, grant)
        wishes = Wishes(
            folder=folder,
            include=tuple(include or ()),
            jobs=jobs,
            keep_sealed=keep_sealed,
        )
        if dry_run:
            _show_plan(work, trusted, wishes.include)
            return
        summary = Session(api, work.output, trusted, grant, wishes).run(key)
    _report(work, trusted, grant, summary)


def _show_plan(work: Workplace, trusted: TrustedManifest, include: tuple[str, ...]) -> None:
    from weights_vault.client.output import size_text
    from weights_vault.client.transfer.plan import check_names, choose_files
    from weights_vault.client.transfer.session import describe

    check_names(trusted.manifest)
    files = choose_files(trusted.manifest, include)
    lines = [f"{size_text(file.size):>10}  {file.path}" for file in files]
    total = size_text(sum(file.size for file in files))
    lines.append(
        f"{total} in {len(files)} files of {trusted.manifest.release}@{trusted.manifest.revision}; "
        "nothing was fetched"
    )
    work.output.result({"dry_run": True, **describe(trusted.manifest, files)}, *lines)


def _report(work: Workplace, trusted: TrustedManifest, grant: str, summary: Summary) -> None:
    from weights_vault.client.downloads import remember_download
    from weights_vault.client.output import size_text

    manifest = trusted.manifest
    if summary.complete:
        remember_download(work.settings, manifest.release, summary.folder)
    document = {
        "release": manifest.release,
        "revision": manifest.revision,
        "grant": grant,
        "manifest_sha256": trusted.sha256,
        "folder": str(summary.folder.absolute()),
        "files": summary.files,
        "bytes": summary.size,
        "fetched_bytes": summary.fetched,
        "again_bytes": summary.again,
        "mended_parts": summary.damaged,
        "seconds": round(summary.seconds, 3),
        "bytes_per_second": round(summary.rate),
        "complete": summary.complete,
    }
    work.output.result(
        document,
        f"{manifest.release}@{manifest.revision}: {summary.files} files, {size_text(summary.size)}, "
        f"verified and opened, in {summary.folder}",
        _fetched_text(summary),
    )


def _fetched_text(summary: Summary) -> str:
    from weights_vault.client.output import size_text

    if not summary.fetched:
        return "everything was here already: nothing was fetched"
    again = f", {size_text(summary.again)} of it again" if summary.again else ""
    rate = f"{size_text(summary.rate)}/s"
    return f"fetched {size_text(summary.fetched)} in {summary.seconds:.1f} s ({rate}){again}"
