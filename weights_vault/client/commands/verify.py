"""verify: is what stands in a folder what was published; and mend what is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.errors import ClientError
    from weights_vault.client.transfer.folder_state import FolderState
    from weights_vault.client.transfer.wishes import Summary
    from weights_vault.client.trust import TrustedManifest
    from weights_vault.client.verify import FileVerdict, FolderVerdict

# Names that one line can hold.
NAMED = 10


def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `weights download` made.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch what is damaged or missing again, and only that.")
    ] = False,
    identity: Annotated[
        Path | None,
        typer.Option("--identity", metavar="FILE", help="The age identity file to open with, for --repair."),
    ] = None,
) -> None:
    """Check a downloaded folder against the signed manifest, part by part. Works without network."""
    from weights_vault.client.output import typed
    from weights_vault.client.signals import ended_in_order
    from weights_vault.client.transfer.folder import DownloadFolder
    from weights_vault.client.transfer.rebuilding import warn_of_rebuilt
    from weights_vault.client.verify import open_folder, verify_folder

    work: Workplace = context.obj
    place = DownloadFolder(folder.expanduser())
    state, trusted = open_folder(work.settings, place)
    if state.rebuilt:
        command = f"weights download {state.release}@{state.revision} --to {typed(place.root)}"
        warn_of_rebuilt(work.output, place.root, f"`{command}` writes it anew.")

    def tell(verdict: FileVerdict) -> None:
        work.output.message(f"{_WORDS[verdict.problem]}: {verdict.file.path}")

    with ended_in_order("The check", "nothing was changed.", "Run the same command again."):
        verdict = verify_folder(place, state, trusted, work.output, tell)
    mended = None
    if verdict.problems and repair:
        suspects = frozenset(each.file.id for each in verdict.problems)
        mended = _repair(work, place.root, state, trusted, identity, suspects)
        state = place.state() or state
        again = [each.file for each in verdict.problems]
        verdict = verify_folder(place, state, trusted, work.output, tell, again)
    if verdict.problems:
        raise _unlike(folder, state, verdict)
    _report(work, place.root, state, trusted, verdict, mended)


def _repair(
    work: Workplace,
    folder: Path,
    state: FolderState,
    trusted: TrustedManifest,
    identity: Path | None,
    suspects: frozenset[str],
) -> Summary:
    """Run a download of the same manifest into the same folder, with a grant that is alive now."""
    from weights_vault.client.enrolled import KeyFinder
    from weights_vault.client.releases import ReleaseName, find_release, grant_of
    from weights_vault.client.transfer.receipt import send_receipt
    from weights_vault.client.transfer.session import Session
    from weights_vault.client.transfer.wishes import Wishes
    from weights_vault.client.workplace import Workplace as Place

    name = ReleaseName(state.release, state.revision)
    place = Place(work.settings.at(state.portal), work.output)
    with place.portal() as api:
        key = KeyFinder(work.settings, api, work.output, identity or work.settings.identity_file)
        grant = grant_of(api, find_release(api, name), name)
        wishes = Wishes(folder=folder, include=state.include, suspects=suspects)
        summary = Session(api, work.output, trusted, grant, wishes).run(key)
        if summary.complete:
            send_receipt(api, grant, state.revision, "verified", summary)
        return summary


def _report(
    work: Workplace,
    folder: Path,
    state: FolderState,
    trusted: TrustedManifest,
    verdict: FolderVerdict,
    mended: Summary | None,
) -> None:
    from weights_vault.client.figures import count_text
    from weights_vault.client.output import size_text

    size = sum(each.file.size for each in verdict.files)
    document = {
        "release": state.release,
        "revision": state.revision,
        "manifest_sha256": trusted.sha256,
        "verified": True,
        "files": len(verdict.files),
        "bytes": size,
        "left_out": list(verdict.left_out),
        "extra": list(verdict.extra),
        "links": list(verdict.links),
        "exposed": list(verdict.exposed),
        "mended_parts": mended.damaged if mended else 0,
        "fetched_bytes": mended.fetched if mended else 0,
        "warnings": work.output.warnings,
    }
    lines = [
        f"{state.release}@{state.revision}: {count_text(len(verdict.files), 'file')}, {size_text(size)}: "
        "all as published"
    ]
    if mended:
        lines.append(f"mended: {size_text(mended.fetched)} fetched again")
    work.output.result(document, *lines, *_notes(folder, state, verdict))


def _notes(folder: Path, state: FolderState, verdict: FolderVerdict) -> list[str]:
    """What a person may want to know of a folder that is as published."""
    from weights_vault.client.output import typed

    lines = []
    if verdict.left_out:
        lines.append(f"never asked for: {_named(verdict.left_out)}")
    if verdict.extra:
        lines.append(f"not of the release: {_named(verdict.extra)}")
    if verdict.links:
        lines.append(f"links, which may lead anywhere: {_named(verdict.links)}")
    if verdict.exposed:
        mode = "u=rwX,g=rX,o=" if state.group else "u=rwX,go="
        lines.append(f"open to others: {_named(verdict.exposed)}")
        lines.append(f"  to close them: chmod -R {mode} {typed(folder)}")
    return lines


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _unlike(folder: Path, state: FolderState, verdict: FolderVerdict) -> ClientError:
    """The error for a folder that is not what was published: unfinished, on its way, or damaged."""
    from weights_vault.client.errors import Incomplete, IntegrityFailure
    from weights_vault.client.output import typed

    count = f"{len(verdict.problems)} of {len(verdict.files)} files"
    if not state.complete and all(each.problem in ("missing", "old") for each in verdict.problems):
        way = f", on its way from {verdict.earlier} to {state.revision}" if verdict.earlier else ""
        return Incomplete(
            "download-unfinished",
            f"The download in {folder} is not finished{way}.",
            f"{count} are not in yet; the others are as published.",
            f"Run `weights download {state.release}@{state.revision} --to {typed(folder)}`: it goes on.",
        )
    return IntegrityFailure(
        "folder-damaged",
        f"{count} are not what was published.",
        "; ".join(_problem_text(each) for each in verdict.problems[:NAMED]),
        f"`weights verify {typed(folder)} --repair` fetches what is damaged again, and only that.",
    )


_WORDS = {
    None: "ok",
    "missing": "missing",
    "link": "a link",
    "size": "wrong size",
    "damaged": "damaged",
    "old": "of the earlier revision still",
}


def _problem_text(verdict: FileVerdict) -> str:
    parts = f" in part {', '.join(map(str, verdict.parts[:5]))}" if verdict.parts else ""
    more = ", …" if len(verdict.parts) > 5 else ""
    return f"{verdict.file.path}: {_WORDS[verdict.problem]}{parts}{more}"
