"""close-out: give a grant back for good, and certify that no copy is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.errors import WrongUsage
from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path

    from weights_vault.client.answers import Json
    from weights_vault.client.api import Api
    from weights_vault.client.asking.terminal import Terminal

MOST_COPIES = 1_000_000
MAX_METHOD_CHARACTERS = 10_000
MEANING = (
    "Closing out means:",
    "  - your grant ends for good, today; a later need is a new request;",
    "  - you certify under your name that every copy of the weights is destroyed: files, backups, models",
    "    made of them where the license says so; the portal cannot look, it takes your word;",
    "  - you get a signed certificate. `weights` deletes no downloaded folder: do that yourself, first.",
)


def close_out(
    context: typer.Context,
    grant: Annotated[str, typer.Argument(metavar="GRANT", help="The id that `weights grants` shows.")],
    copies: Annotated[
        int | None,
        typer.Option("--copies", metavar="N", help="How many copies there were, everywhere; none is 0."),
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", metavar="TEXT", help="How they were destroyed, in words.")
    ] = None,
    destroyed_on: Annotated[
        str | None,
        typer.Option(
            "--destroyed-on", metavar="DATE", help="The day of the last one, like 2026-11-30 (UTC)."
        ),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Show what to confirm in the browser, and do not wait.")
    ] = False,
) -> None:
    """Close a grant for good and certify that the copies are destroyed; you confirm it in a browser."""
    import uuid

    from weights_vault.client.pending import announce, pending_of, wait_for

    work: Workplace = context.obj
    identifier = _checked_id(grant)
    terminal = _terminal(work)
    with work.portal() as api:
        held = _found(api, identifier)
        for line in MEANING:
            work.output.message(line)
        body = _body(work, terminal, copies, method, destroyed_on)
        action = pending_of(api.post(f"/grants/{identifier}/close-out", body, once=uuid.uuid4().hex))
        if no_wait:
            announce(action, work.output)
            work.output.result({"closed": False, "pending_action": action}, "Waits for your confirmation.")
            return
        done = wait_for(action, api, work.output)
        others = [each for each in api.listing("/grants") if _opens(each) and each.get("id") != identifier]
    certificate = _certificate(done, api.portal)
    document = {
        "grant": identifier,
        "closed": True,
        "release": held.get("release"),
        "certificate": certificate,
    }
    work.output.result(document, f"{identifier} is closed.", f"certificate: {certificate}")
    _offer_keys(work, terminal, others)


def _checked_id(typed: str) -> str:
    if not typed.startswith("grt_") or not typed.replace("_", "").isalnum() or not typed.isascii():
        raise WrongUsage(
            "grant-id-unusable",
            "This is not the id of a grant.",
            "Ids look like grt_….",
            "`weights grants` lists them.",
        )
    return typed


def _terminal(work: Workplace) -> Terminal | None:
    from weights_vault.client.asking.terminal import Terminal

    if work.output.as_json or not Terminal.is_there():
        return None
    return Terminal(work.output, work.settings.environment)


def _found(api: Api, identifier: str) -> Json:
    from weights_vault.client.errors import NotAllowed
    from weights_vault.client.problems import not_found

    try:
        return api.get(f"/grants/{identifier}")
    except NotAllowed as error:
        if error.code != "not_found":
            raise
        raise not_found(f"You have no grant {identifier}.", "`weights grants` lists yours.") from None


def _body(
    work: Workplace,
    terminal: Terminal | None,
    copies: int | None,
    method: str | None,
    destroyed_on: str | None,
) -> Json:
    """What is certified: from the options, else asked. Raises: WrongUsage(close-out-incomplete)."""
    given = {"copies": copies, "method": method, "destroyed-on": destroyed_on}
    lacking = [f"--{name}" for name, value in given.items() if value is None]
    if lacking and terminal is None:
        raise WrongUsage(
            "close-out-incomplete",
            "Something is missing that you certify.",
            f"Not given: {', '.join(lacking)}; and there is no terminal to ask on.",
            'weights close-out GRANT --copies 2 --method "Deleted, backups too" --destroyed-on 2026-11-30',
        )
    if terminal is not None:
        copies = _asked_copies(terminal) if copies is None else copies
        method = method or _asked(terminal, "How were they destroyed")
        destroyed_on = destroyed_on or _asked(
            terminal, "On which day the last one (like 2026-11-30)", _today()
        )
    return {
        "copies": _checked_copies(copies),
        "method": _checked_method(method),
        "destroyed_on": _checked_day(destroyed_on),
    }


def _asked(terminal: Terminal, prompt: str, known: str = "") -> str:
    while not (said := terminal.ask(prompt, known)):
        terminal.say("  this is needed")
    return said


def _asked_copies(terminal: Terminal) -> int:
    while not (said := terminal.ask("How many copies were there, everywhere (none is 0)")).isdigit():
        terminal.say("  this must be a whole number")
    return int(said)


def _today() -> str:
    from weights_vault.client import clock

    return f"{clock.now():%Y-%m-%d}"


def _checked_copies(copies: int | None) -> int:
    if copies is None or not 0 <= copies <= MOST_COPIES:
        raise _unusable("--copies", f"It must be a whole number from 0 to {MOST_COPIES:,}.")
    return copies


def _checked_method(method: str | None) -> str:
    said = (method or "").strip()
    if not said or len(said) > MAX_METHOD_CHARACTERS:
        raise _unusable("--method", f"It must be words, at most {MAX_METHOD_CHARACTERS:,} characters.")
    return said


def _checked_day(day: str | None) -> str:
    from datetime import date

    try:
        return date.fromisoformat((day or "").strip()).isoformat()
    except ValueError:
        raise _unusable("--destroyed-on", "It must be a day like 2026-11-30.") from None


def _unusable(option: str, why: str) -> WrongUsage:
    return WrongUsage(
        "close-out-unusable",
        f"{option} cannot be used like this.",
        why,
        "`weights close-out --help` explains it.",
    )


def _opens(grant: Json) -> bool:
    return grant.get("state") in ("active", "suspended", "expired")


def _certificate(action: Json, portal: str) -> str:
    from weights_vault.client.answers import needed_text, part
    from weights_vault.client.releases import check_id

    agreement = check_id(needed_text(part(action, "result"), "agreement"))
    return f"{portal}/agreements/{agreement}/"


def _offer_keys(work: Workplace, terminal: Terminal | None, others: list[Json]) -> None:
    """Offer to delete the private keys that `weights` made here, where no other grant needs them; never do it
    unasked: without them nothing that was sealed to them opens again.
    """
    files = _key_files(work)
    if not files:
        return
    if others:
        work.output.message("your keys stay: other grants of yours need them")
        return
    work.output.message(
        "No other grant needs the private keys on this machine. Deleted, they open nothing more."
    )
    for file in files:
        if terminal is not None and terminal.agrees(f"Delete {file}?"):
            file.unlink(missing_ok=True)
            work.output.message(f"deleted {file}; take it off your account too: weights keys list")
        elif terminal is None:
            work.output.message(f"  kept: {file}")


def _key_files(work: Workplace) -> list[Path]:
    from weights_vault.client.identities import FOLDER

    return sorted(work.settings.home.path(FOLDER).glob("*.txt"))
