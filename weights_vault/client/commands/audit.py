"""audit verify: does an event stand in a portal's audit log; offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.auditing import Shown
    from weights_vault.client.errors import ClientError

app = typer.Typer(help="Proofs from a portal's audit log.")


@app.callback()
def group() -> None:
    """Proofs from a portal's audit log."""  # a group of one command is a group all the same


@app.command("verify", short_help="Check proofs from the log; needs no network.")
def verify(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Proofs that the portal gave.")],
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that you hold, to compare with."),
    ] = None,
    consistency: Annotated[
        list[Path] | None,
        typer.Option("--consistency", metavar="FILE", help="A proof of growth between two; may be repeated."),
    ] = None,
    log_key: Annotated[
        list[str] | None,
        typer.Option("--log-key", metavar="VKEY", help="The log's key; by default the pinned portal's."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", metavar="VKEY", help="The key of a witness that must have signed."),
    ] = None,
    witnesses: Annotated[
        int | None,
        typer.Option("--witnesses", metavar="N", min=0, help="How many of them; by default all."),
    ] = None,
) -> None:
    """Check that events stand in a portal's audit log, as the proofs say. Works without network."""
    from weights_vault.client.auditing import check_proof, choose_keys, read_held
    from weights_vault.client.errors import ClientError

    work: Workplace = context.obj
    keys = choose_keys(work.settings, log_key or [], witness or [], witnesses)
    held = read_held(checkpoint, consistency or [], keys)
    shown: list[tuple[Path, Shown]] = []
    faults: list[ClientError] = []
    for file in files:
        try:
            shown.append((file, check_proof(file, keys, held)))
        except ClientError as error:
            faults.append(error)
    document = {
        "verified": not faults,
        "proofs": [{"file": str(file), **_document(each)} for file, each in shown],
    }
    if faults:
        raise _worst(work, shown, faults, document)
    lines = [line for file, each in shown for line in _lines(file, each)]
    work.output.result(document, *lines)


def _worst(
    work: Workplace,
    shown: list[tuple[Path, Shown]],
    faults: list[ClientError],
    document: dict[str, object],
) -> ClientError:
    """The error to end with: tampering before wrong usage. The others are told on the way."""
    worst = max(faults, key=lambda each: each.exit_code)
    for file, _ in shown:
        work.output.message(f"ok: {file}")
    for each in faults:
        if each is not worst:
            work.output.message(f"error[{each.reference}]: {each.what} {each.why}")
    worst.document = document
    return worst


def _document(shown: Shown) -> dict[str, object]:
    entry = shown.entry
    return {
        "entry": entry.entry,
        "disclosed": entry.disclosed,
        "withheld": _withheld(shown),
        "position": entry.position,
        "checkpoint": {
            "origin": entry.checkpoint.origin,
            "size": entry.checkpoint.size,
            "root": entry.checkpoint.root.hex(),
        },
        "consistent_with": list(shown.consistent_with),
        "signed_by": list(entry.signed_by),
        "witnesses": list(shown.witnesses),
    }


def _lines(file: Path, shown: Shown) -> list[str]:
    """What people read: what happened, where it stands, what was committed to."""
    import json

    proof, entry = shown.entry, shown.entry.entry
    lines = [
        f"{file}: in the log of {proof.checkpoint.origin}, "
        f"position {proof.position} of 0 to {proof.checkpoint.size - 1}",
        f"  {entry['at']}  {entry['kind']}  {entry['subject']}  by {entry['by']}",
    ]
    for name, value in sorted(entry["data"].items()):
        if name in proof.disclosed:
            value = proof.disclosed[name]
        elif name in _withheld(shown):
            value = "(not disclosed)"
        lines.append(
            f"  {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        )
    if shown.consistent_with:
        lines.append(f"  one log with the checkpoint of {', '.join(map(str, shown.consistent_with))} entries")
    if shown.witnesses:
        lines.append(f"  witnessed by {', '.join(shown.witnesses)}")
    return lines


def _withheld(shown: Shown) -> list[str]:
    """Fields that the log has a commitment to and the proof no value of: erased, or kept back."""
    data, disclosed = shown.entry.entry["data"], shown.entry.disclosed
    return sorted(
        name
        for name, value in data.items()
        if isinstance(value, dict) and value.keys() == {"commitment"} and name not in disclosed
    )
