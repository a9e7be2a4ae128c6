"""requests: where your requests stand, and what was said about one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.errors import WrongUsage
from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.answers import Json
    from weights_vault.client.api import Api

MAX_CHARACTERS = 10_000


def requests(
    context: typer.Context,
    request: Annotated[
        str | None, typer.Argument(metavar="ID", help="One request, with its story and messages.")
    ] = None,
    say: Annotated[
        str | None,
        typer.Option("--say", metavar="TEXT", help="Write to the reviewers, or answer them; - reads stdin."),
    ] = None,
) -> None:
    """List your requests: where each stands, whom it waits for, what to do next."""
    work: Workplace = context.obj
    if request is None:
        if say is not None:
            raise WrongUsage(
                "request-id-missing",
                "--say needs the request that it is about.",
                "There is no ID on the command line.",
                "weights requests ID --say TEXT; `weights requests` lists the ids",
            )
        _list(work)
        return
    identifier = check_request_id(request)
    words = _words(say) if say is not None else ""
    with work.portal() as api:
        if say is not None:
            found_request(api, identifier)
            _send(api, identifier, words)
            work.output.message("Sent: the reviewers get it by mail.")
        found = found_request(api, identifier)
        grants = _grants(api, [found])
    work.output.result(found, *_story(found, grants))


def check_request_id(typed: str) -> str:
    """The id of a request, as typed. Raises: WrongUsage(request-id-unusable)."""
    if not typed.startswith("req_") or not typed.replace("_", "").isalnum() or not typed.isascii():
        raise WrongUsage(
            "request-id-unusable",
            "This is not the id of a request.",
            "Ids look like req_….",
            "`weights requests` lists them.",
        )
    return typed


def found_request(api: Api, identifier: str) -> Json:
    """One request of the caller's. Raises: NotAllowed(not-found)."""
    from weights_vault.client.errors import NotAllowed
    from weights_vault.client.problems import not_found

    try:
        return api.get(f"/requests/{identifier}")
    except NotAllowed as error:
        if error.code != "not_found":
            raise
        raise not_found(f"You have no request {identifier}.", "`weights requests` lists yours.") from None


def _list(work: Workplace) -> None:
    from weights_vault.client.answers import needed_text, text
    from weights_vault.client.asking.standing import next_of, since_of, slugs_of, state_of, waits_of

    with work.portal() as api:
        found = api.listing("/requests")
        grants = _grants(api, found)
        portal = api.portal
    rows = [
        (needed_text(each, "id"), " ".join(slugs_of(each)), state_of(each), since_of(each), waits_of(each),
         next_of(each, grants), text(each, "url"))
        for each in found
    ]  # fmt: skip
    work.output.table(
        {"requests": found},
        ("REQUEST", "RELEASE", "STATE", "SINCE", "WAITS FOR", "NEXT", "PAGE"),
        rows,
        "You have no request yet: weights request RELEASE   (who asked you to take part stands at "
        f"{portal}/requests/)",
    )


def _words(say: str) -> str:
    words = (sys.stdin.read(MAX_CHARACTERS + 1) if say == "-" else say).strip()
    if not words or len(words) > MAX_CHARACTERS:
        raise WrongUsage(
            "message-unusable",
            "This is no message.",
            f"It is longer than {MAX_CHARACTERS:,} characters." if words else "It is empty.",
            'weights requests ID --say "Your words", or --say - < FILE',
        )
    return words


def _send(api: Api, identifier: str, words: str) -> None:
    import uuid

    api.send(f"/requests/{identifier}/messages", {"text": words}, once=uuid.uuid4().hex)


def _grants(api: Api, requests_: list[Json]) -> list[Json]:
    """The caller's grants, where a request has any."""
    return api.listing("/grants") if any(each.get("state") == "signed" for each in requests_) else []


def _story(request: Json, held: list[Json]) -> list[str]:
    """A request for people: where it stands, what was asked and said, who stands in it, what happened."""
    from weights_vault.client.answers import part, parts, text, whole
    from weights_vault.client.asking.standing import next_of, page_of, since_of, slugs_of, state_of, waits_of
    from weights_vault.client.output import moment_text

    license_, due = part(request, "license"), text(request, "due_at")
    lines = [
        f"{text(request, 'id')}: {' '.join(slugs_of(request))}",
        f"state: {state_of(request)}, since {since_of(request)}",
        f"waits for: {waits_of(request)}{f', until {moment_text(due)}' if due else ''}",
        f"next: {next_of(request, held)}",
        f"license: {text(license_, 'name')}, version {whole(license_, 'number')}" if license_ else "",
        f"page: {page_of(request)}",
        *_quoted("reason given:", request.get("reason")),
    ]
    team = [
        f"  {text(each, 'role').replace('_', '-')}: {text(each, 'name')} <{text(each, 'email')}>, "
        f"{text(each, 'state')} {moment_text(text(each, 'state_at'))}"
        for each in parts(request, "parties")
    ]
    grants = [
        f"  {text(each, 'id')}  {text(each, 'release')}  until {moment_text(text(each, 'ends_at'))}"
        for each in parts(request, "grants")
    ]
    lines += ["team:", *team] if team else []
    lines += ["grants:", *grants] if grants else []
    for message in parts(request, "messages"):
        asks = " asked (waits for your answer)" if message.get("open") is True else ""
        head = f"{text(message, 'author')}{asks}, {moment_text(text(message, 'at'))}:"
        lines += _quoted(head, message.get("text"))
    lines += ["what happened:", *(_entry(each) for each in parts(request, "timeline"))]
    return [line for line in lines if line]


def _quoted(head: str, said: object) -> list[str]:
    return [head, *(f"  | {line}" for line in said.splitlines())] if isinstance(said, str) and said else []


def _entry(entry: Json) -> str:
    from weights_vault.client.answers import text
    from weights_vault.client.output import moment_text

    who, detail = text(entry, "actor"), text(entry, "detail")
    return (
        f"  {moment_text(text(entry, 'at'))}  {text(entry, 'title')}"
        f"{f' ({who})' if who else ''}{f': {detail}' if detail else ''}"
    )
