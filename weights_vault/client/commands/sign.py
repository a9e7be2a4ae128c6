"""sign: read the license of an approved request, or a grant's newer one, exactly as it is signed; sign it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.answers import Json
    from weights_vault.client.api import Api
    from weights_vault.client.licensing import LicenseText
    from weights_vault.client.output import Output


def sign(
    context: typer.Context,
    request: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST", help="A request, or a grant that waits for a newer license version."
        ),
    ],
    show: Annotated[
        bool, typer.Option("--show", help="Print the license text exactly as it is signed, and sign nothing.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Show what to confirm in the browser, and do not wait.")
    ] = False,
) -> None:
    """Sign the license of an approved request, as one of its parties; you confirm it in a browser."""
    work: Workplace = context.obj
    path = _path(request)
    with work.portal() as api:
        thing = _found(api, request, path)
        license_ = _license_of(api, thing, request)
        if show:
            _show(work.output, license_)
            return
        _refuse_undecided(thing, request)
        work.output.message(f"{license_}, SHA-256 {license_.sha256}")
        done = _confirmed(api, work.output, path, wait=not no_wait)
        if no_wait:
            work.output.result({"signed": False, "pending_action": done}, "Waits for your confirmation.")
            return
        thing = api.get(path[0])
        held = _held(api, thing, request)
    named = {"name": license_.name, "number": license_.number, "sha256": license_.sha256}
    document = {"signed": True, "license": named, "grants": held}
    work.output.result(document, f"Signed: {license_}.", *_afterwards(thing, held))


def _path(typed: str) -> tuple[str, str]:
    """Where the thing is, and where its signature is proposed. Raises: WrongUsage(request-id-unusable)."""
    from weights_vault.client.commands.requests import check_request_id
    from weights_vault.client.errors import WrongUsage

    if typed.startswith("grt_") and typed.replace("_", "").isalnum() and typed.isascii():
        return f"/grants/{typed}", f"/grants/{typed}/accept"
    if not typed.startswith("req_"):
        raise WrongUsage(
            "request-id-unusable",
            "This is not the id of a request or a grant.",
            "Ids look like req_…; grt_… of a grant that waits for a newer license version.",
            "`weights requests` and `weights grants` list them.",
        )
    identifier = check_request_id(typed)
    return f"/requests/{identifier}", f"/requests/{identifier}/sign"


def _found(api: Api, typed: str, path: tuple[str, str]) -> Json:
    from weights_vault.client.errors import NotAllowed
    from weights_vault.client.problems import not_found

    try:
        return api.get(path[0])
    except NotAllowed as error:
        if error.code != "not_found":
            raise
        lists = "grants" if typed.startswith("grt_") else "requests"
        raise not_found(f"You have no {lists[:-1]} {typed}.", f"`weights {lists}` lists yours.") from None


def _license_of(api: Api, thing: Json, typed: str) -> LicenseText:
    """The text to sign. Raises: NotAllowed(nothing-to-sign); IntegrityFailure: it is not what is named."""
    from weights_vault.client.answers import needed_text, part
    from weights_vault.client.errors import IntegrityFailure, NotAllowed
    from weights_vault.client.licensing import license_text

    grant = typed.startswith("grt_")
    named = part(thing, "license_to_accept" if grant else "license")
    if not named:
        raise NotAllowed(
            "nothing-to-sign",
            f"There is no license to sign for {typed}.",
            "No newer version waits for your acceptance."
            if grant
            else "It was not sent to the reviewers yet.",
            "`weights grants` shows yours." if grant else f"weights requests {typed}",
        )
    text = license_text(api, needed_text(named, "id"))
    if text.sha256 != needed_text(named, "sha256"):
        raise IntegrityFailure(
            "license-text-wrong",
            "The license text is not the one that was approved.",
            f"Its SHA-256 is {text.sha256}, and not {needed_text(named, 'sha256')}.",
            "Sign nothing. Tell the portal's staff.",
        )
    return text


def _refuse_undecided(thing: Json, typed: str) -> None:
    """Raises: NotAllowed(nothing-to-sign): the request was not approved, or is over."""
    from weights_vault.client.answers import text
    from weights_vault.client.asking.standing import next_of, state_of
    from weights_vault.client.errors import NotAllowed

    if typed.startswith("grt_") or text(thing, "state") in ("approved", "signed"):
        return
    raise NotAllowed(
        "nothing-to-sign",
        f"There is no license to sign for {typed}.",
        f"It is not approved: its state is “{state_of(thing)}”.",
        f"{next_of(thing)}   (its page: {text(thing, 'url')})",
    )


def _show(output: Output, license_: LicenseText) -> None:
    if output.as_json:
        output.result(vars(license_))
        return
    output.exact(license_.text)
    output.important(f"{license_}", f"SHA-256 {license_.sha256} (checked: it is of the text above)")


def _confirmed(api: Api, output: Output, path: tuple[str, str], *, wait: bool) -> Json:
    import uuid

    from weights_vault.client.pending import announce, pending_of, wait_for

    pending = pending_of(api.post(path[1], {}, once=uuid.uuid4().hex))
    if wait:
        return wait_for(pending, api, output)
    announce(pending, output)
    return pending


def _held(api: Api, thing: Json, typed: str) -> list[Json]:
    """The caller's grants that stand on what was signed."""
    from weights_vault.client.answers import text

    request = text(thing, "request") if typed.startswith("grt_") else typed
    return [grant for grant in api.listing("/grants") if text(grant, "request") == request]


def _afterwards(thing: Json, held: list[Json]) -> list[str]:
    from weights_vault.client.answers import needed_text, text
    from weights_vault.client.asking.standing import WAITS
    from weights_vault.client.output import moment_text

    lines = [
        f"grant {needed_text(grant, 'id')}: {needed_text(grant, 'release')} until "
        f"{moment_text(text(grant, 'ends_at'))}"
        for grant in held
    ]
    if held:
        return [*lines, f"next: weights download {needed_text(held[0], 'release')}"]
    who = text(thing, "waits_for")
    if text(thing, "role") == "signatory":
        return ["You signed for your institution. Who asked has access as soon as they sign too."]
    return [f"Your access starts when {WAITS.get(who, who)} signed too; you get mail."]
