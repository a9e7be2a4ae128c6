"""download: the release's files, fetched by parts, checked, opened, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.transfer.limits import MAX_JOBS
from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.api import Api
    from weights_vault.client.enrolled import KeyFinder
    from weights_vault.client.releases import ReleaseName
    from weights_vault.client.transfer.session import Session
    from weights_vault.client.transfer.wishes import Wishes


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
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            max=MAX_JOBS,
            help="Connections at once; by default as many as help.",
        ),
    ] = None,
    limit_rate: Annotated[
        str | None,
        typer.Option("--limit-rate", metavar="R", help="At most so many bytes a second: 500K, 10M, 10MiB."),
    ] = None,
    keep_sealed: Annotated[
        bool,
        typer.Option("--keep-sealed", help="Keep FILE.body and FILE.header too, in DIR/.sealed, for age."),
    ] = False,
    identity: Annotated[
        Path | None, typer.Option("--identity", metavar="FILE", help="The age identity file to open with.")
    ] = None,
    group: Annotated[
        bool, typer.Option("--group", help="Let the folder's group read the files: 0640 instead of 0600.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be fetched; write nothing.")
    ] = False,
) -> None:
    """Download a release, check every part against the signed manifest, and open it.

    Run again to resume. In a folder with another revision of the release it fetches only what changed.
    """
    from weights_vault.client.rates import parse_rate
    from weights_vault.client.releases import parse_release
    from weights_vault.client.signals import ended_in_order
    from weights_vault.client.transfer.wishes import Wishes

    work: Workplace = context.obj
    name = parse_release(release)
    wishes = Wishes(
        folder=(to or Path(name.release)).expanduser(),
        include=tuple(include or ()),
        jobs=jobs,
        keep_sealed=keep_sealed,
        limit_rate=parse_rate(limit_rate) if limit_rate is not None else None,
        group=group,
    )
    kept = f"what was in stays in {wishes.folder}."
    with ended_in_order("The download", kept), work.portal() as api:
        # Answered while the rest of the program loads. What is not public is about oneself.
        api.ahead(f"/releases/{name.release}", "/trust", f"/releases/{name.release}/head", "/keys", "/me")
        from weights_vault.client.enrolled import KeyFinder

        key = KeyFinder(work.settings, api, work.output, identity or work.settings.identity_file)
        session = _prepared(work, api, name, wishes, key, ask_for_key=not dry_run)
        if dry_run:
            _show_plan(work, session)
        else:
            _run(work, session, key)


def _prepared(
    work: Workplace, api: Api, name: ReleaseName, wishes: Wishes, key: KeyFinder, *, ask_for_key: bool
) -> Session:
    """Ask the portal for access, head and manifest. Raises: ClientError, before anything is made."""
    from weights_vault.client.releases import access_of, check_recalled, find_release, grant_of
    from weights_vault.client.transfer.folder import DownloadFolder
    from weights_vault.client.transfer.session import Session
    from weights_vault.client.trust import choose_revision

    found = find_release(api, name)
    if not (lacks_key := access_of(found).get("code") == "no_recipient_key"):
        grant_of(api, found, name)  # a refusal comes before anything is made
    check_recalled(found, name)  # the signed head decides; this says why
    chain = work.trust(api)
    head = chain.head(name.release)
    revision = choose_revision(head, name.revision)
    if lacks_key and ask_for_key:
        DownloadFolder(wishes.folder).check_place()  # before somebody confirms a key for nothing
        key()
        found = find_release(api, name)
    grant = grant_of(api, found, name)
    api.ahead(f"/grants/{grant}")
    trusted = chain.manifest(head, revision, grant)
    return Session(api, work.output, trusted, grant, wishes)


def _run(work: Workplace, session: Session, key: KeyFinder) -> None:
    from weights_vault.client.downloads import remember_download
    from weights_vault.client.transfer.outcome import document_of, lines_of
    from weights_vault.client.transfer.receipt import send_receipt

    summary = session.run(key)
    manifest = session.trusted.manifest
    told = False
    if summary.complete:
        remember_download(work.settings, manifest.release, summary.folder)
        if summary.news:
            told = send_receipt(session.api, session.grant, manifest.revision, "completed", summary)
    document = document_of(session.trusted, session.grant, summary)
    document |= {"receipt_sent": told, "warnings": work.output.warnings}
    work.output.result(document, *lines_of(manifest, summary))


def _show_plan(work: Workplace, session: Session) -> None:
    from weights_vault.client.errors import machine_fault
    from weights_vault.client.transfer.outcome import plan_document, plan_lines
    from weights_vault.client.transfer.preflight import room_in

    folder = session.wishes.folder
    try:
        expected, room = session.preview(), room_in(folder)
    except OSError as error:
        raise machine_fault(error, f"{folder} cannot be read.") from None
    manifest, files = session.trusted.manifest, session.files()
    work.output.result(
        plan_document(manifest, files, folder, expected, room),
        *plan_lines(manifest, files, folder, expected, room),
    )
