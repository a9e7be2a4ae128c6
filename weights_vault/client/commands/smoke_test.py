"""smoke-test: do the weights load, and do they compute what the publisher's did."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weights_vault.client.figures import figures_text, seconds_text
from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.trust import TrustedManifest

TORCH_STEP = "From a checkout of the Weights Portal repository: pip install '.[smoke]'"


class Level(StrEnum):
    """Levels of the smoke test; each contains those before it."""

    structure = "structure"
    tensors = "tensors"
    logits = "logits"


def smoke_test(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="DIR|RELEASE", help="A downloaded folder, or a release downloaded here.")
    ],
    device: Annotated[str, typer.Option("--device", metavar="D", help="auto, cpu, cuda or cuda:N.")] = "auto",
    level: Annotated[Level, typer.Option("--level", help="How far to go.")] = Level.logits,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write the report as JSON, for others to read."),
    ] = None,
) -> None:
    """Test the weights: names and shapes, each tensor's digest, and the logits against the publisher's."""
    from weights_vault.client.downloads import folder_of
    from weights_vault.client.errors import SmokeTestFailed
    from weights_vault.client.transfer.folder import DownloadFolder
    from weights_vault.client.verify import open_folder

    work: Workplace = context.obj
    if report is not None:
        _check_place(report)  # before minutes of work whose report would be lost
    folder = folder_of(work.settings, what)
    _, trusted = open_folder(work.settings, DownloadFolder(folder))
    work.output.message(f"testing {trusted.manifest.release}@{trusted.manifest.revision} in {folder}")
    document = _run(folder, trusted, device, level.value)
    if report is not None:
        _write(report, document)
    if document.get("verdict") != "passed":
        failed = SmokeTestFailed(
            "smoke-test-failed",
            f"{trusted.manifest.release}@{trusted.manifest.revision} failed the smoke test.",
            _reasons(document),
            f"`weights verify {folder} --repair` mends damaged files; if none is, tell the publisher.",
        )
        failed.document = document
        if not work.output.as_json:
            _show(work, document)
        raise failed
    _show(work, document)


def _run(folder: Path, trusted: TrustedManifest, device: str, level: str) -> dict[str, Any]:
    from weights_vault.client.errors import MachineFault, WrongUsage
    from weights_vault.smoke.errors import TorchMissing, Unavailable

    try:
        from weights_vault.smoke.run import run
        from weights_vault.smoke.source import FolderSource

        source = FolderSource(folder, trusted.manifest)
        return run(source, device=device, level=level, manifest_sha256=trusted.sha256).to_json()
    except (TorchMissing, ModuleNotFoundError):
        raise WrongUsage(
            "torch-missing",
            "The smoke test needs torch, which is not installed here.",
            "`weights` alone installs without it.",
            TORCH_STEP,
        ) from None
    except Unavailable as error:
        raise MachineFault(
            error.reference,
            "This machine cannot run the smoke test.",
            f"{error}.",
            "Try --device cpu or a lower --level; the weights themselves are not in doubt.",
        ) from None


def _check_place(path: Path) -> None:
    from weights_vault.client.errors import MachineFault

    folder = path.absolute().parent
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise MachineFault(
            "report-not-writable",
            f"The report {path} cannot be written.",
            "It is a folder." if path.is_dir() else f"You may not write there, or {folder} does not exist.",
            "Name another file with --report.",
        )


def _write(path: Path, document: dict[str, Any]) -> None:
    from weights_vault.client.errors import machine_fault

    try:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise machine_fault(error, f"The report {path} cannot be written.") from None


def _show(work: Workplace, document: dict[str, Any]) -> None:
    rows = [
        (_verdict_word(level), level["level"], figures_text(level["level"], level.get("figures") or {}))
        for level in document["levels"]
    ]
    work.output.table(document, ("VERDICT", "LEVEL", "FIGURES"), rows, "no level ran")
    if not work.output.as_json:
        work.output.result(document, _last_line(document))


def _last_line(document: dict[str, Any]) -> str:
    device = f" on {document['device']}" if document["device"] != "none" else ""
    place = f"{document['release']}@{document['revision']}{device}"
    return f"{_verdict_word(document)}: {place}, in {seconds_text(document['seconds'])}"


def _verdict_word(level: dict[str, Any]) -> str:
    return {"passed": "PASS", "failed": "FAILED"}.get(str(level["verdict"]), str(level["verdict"]).upper())


def _reasons(document: dict[str, Any]) -> str:
    problems = [problem for level in document["levels"] for problem in level.get("problems") or []]
    texts = [f"{problem['code']} in {problem['where']}: {problem['detail']}" for problem in problems[:5]]
    skipped = [
        str((level.get("figures") or {}).get("because", ""))
        for level in document["levels"]
        if level["verdict"] == "skipped"
    ]
    return "; ".join([*texts, *filter(None, skipped)]) or "No level passed."
