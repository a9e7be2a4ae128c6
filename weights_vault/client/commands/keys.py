"""keys create, add, list, remove: the recipient keys that releases are sealed to for you."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.answers import Json
    from weights_vault.client.api import Api
    from weights_vault.client.identities import LocalIdentity

app = typer.Typer(help="The keys that releases are sealed to for you.")


class KeyKind(StrEnum):
    """Kinds of recipient keys."""

    mlkem768x25519 = "mlkem768x25519"
    x25519 = "x25519"


NameOption = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="A name for your keys page; this machine's by default."),
]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Show what to confirm in the browser, and do not wait.")
]


@app.command("create", short_help="Make a key here and enroll it.")
def create(
    context: typer.Context,
    kind: Annotated[
        KeyKind, typer.Option("--kind", help="Post-quantum hybrid, or x25519 for age before 1.3.")
    ] = KeyKind.mlkem768x25519,
    name: NameOption = None,
    no_wait: NoWaitOption = False,
) -> None:
    """Make a private key here, prove it to the portal, and wait for your word in the browser."""
    from weights_vault.client.identities import create_identity

    work: Workplace = context.obj
    with work.portal() as api:
        api.get("/me")  # before a key is made: a token that does not work should leave none behind
        identity = create_identity(work.settings, kind.value, api.portal)
        work.output.message(f"the private key is {identity.path}: keep it, and back it up")
    _enroll(work, identity, name, wait=not no_wait)


@app.command("add", short_help="Enroll the key of an age identity file.")
def add(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="An age identity file, as age-keygen makes it; it stays where it is."
        ),
    ],
    name: NameOption = None,
    no_wait: NoWaitOption = False,
) -> None:
    """Enroll the key of an age identity file that you have."""
    from weights_vault.client.errors import WrongUsage
    from weights_vault.client.identities import read_identities, remember_file

    work: Workplace = context.obj
    found = read_identities(file)
    if len(found) > 1:
        raise WrongUsage(
            "several-identities",
            f"{file} holds {len(found)} identities.",
            "Only one can be enrolled at a time.",
            "Put the one you mean into a file of its own (0600).",
        )
    _enroll(work, found[0], name, wait=not no_wait)
    remember_file(work.settings, file)


@app.command("list", short_help="List your keys, and which are on this machine.")
def list_(context: typer.Context) -> None:
    """List your keys at the portal, and whether this machine can open what is sealed to them."""
    from weights_vault.client.answers import needed_text, text
    from weights_vault.client.identities import known_identities

    work: Workplace = context.obj
    here = {identity.recipient: str(identity.path) for identity in known_identities(work.settings)}
    with work.portal() as api:
        found = api.listing("/keys")
    for key in found:
        key["identity_file"] = here.get(text(key, "recipient"))
    rows = [
        (needed_text(key, "id"), text(key, "kind"), text(key, "fingerprint"), needed_text(key, "state"),
         text(key, "name"), key["identity_file"] or "not on this machine")
        for key in found
    ]  # fmt: skip
    work.output.table(
        {"keys": found},
        ("KEY", "KIND", "FINGERPRINT", "STATE", "NAME", "PRIVATE KEY"),
        rows,
        "You have no key yet: `weights keys create` makes one.",
    )


@app.command("remove", short_help="Remove a key from your account.")
def remove(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The id that `weights keys list` shows.")],
    no_wait: NoWaitOption = False,
) -> None:
    """Propose that a key is removed, and wait until you confirm it. The private key here stays."""
    from weights_vault.client.errors import WrongUsage
    from weights_vault.client.pending import announce, wait_for

    work: Workplace = context.obj
    if not key.startswith("key_") or not key.replace("_", "").isalnum():
        raise WrongUsage(
            "key-id-unusable",
            "This is not the id of a key.",
            "Ids look like key_…",
            "`weights keys list` shows them.",
        )
    with work.portal() as api:
        pending = _proposed_removal(api, key)
        if no_wait:
            announce(pending, work.output)
        else:
            wait_for(pending, api, work.output)
    done = "Waits for your confirmation." if no_wait else f"{key} is removed."
    work.output.result({"key": key, "removed": not no_wait}, done)


def _proposed_removal(api: Api, key: str) -> Json:
    from weights_vault.client.errors import NotAllowed
    from weights_vault.client.pending import pending_of
    from weights_vault.client.problems import not_found

    try:
        return pending_of(api.delete(f"/keys/{key}"))
    except NotAllowed as error:
        if error.code != "not_found":
            raise
        raise not_found(f"You have no key {key}.", "`weights keys list` shows your keys.") from None


def _enroll(work: Workplace, identity: LocalIdentity, name: str | None, *, wait: bool) -> None:
    from weights_vault.client.enrollment import default_name, enroll

    with work.portal() as api:
        key = enroll(api, identity, work.output, name=name or default_name(), wait=wait)
    document = {
        "id": key.id,
        "recipient": identity.recipient,
        "kind": identity.identity.kind,
        "identity_file": str(identity.path),
        "active": wait,
    }
    text = f"{key.id} is active." if wait else f"{key.id} waits for your confirmation."
    work.output.result(document, text)
