"""releases, show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.answers import Json

ReleaseArgument = Annotated[
    str, typer.Argument(metavar="RELEASE", help="A release's name, as `weights releases` lists it.")
]


def releases(context: typer.Context) -> None:
    """List the releases that you can see, and whether you may download them."""
    work: Workplace = context.obj
    with work.open_portal() as api:
        found = api.listing("/releases")
    rows = [_release_row(release) for release in found]
    work.output.table(
        {"releases": found},
        ("RELEASE", "TITLE", "REVISION", "SIZE", "ACCESS"),
        rows,
        "No release is open to you yet.",
    )


def show(context: typer.Context, release: ReleaseArgument) -> None:
    """Show one release: its license, its revisions, its files, and where you stand."""
    from weights_vault.client.releases import (
        check_recalled,
        check_revision,
        find_release,
        parse_release,
    )

    work: Workplace = context.obj
    name = parse_release(release)
    with work.open_portal() as api:
        found = find_release(api, name)
    check_revision(found, name)
    check_recalled(found, name)
    work.output.result(found, *_describe(found))


def _release_row(release: Json) -> tuple[str, ...]:
    from weights_vault.client.answers import needed_text, part, text

    revision = part(release, "revision")
    return (
        needed_text(release, "slug"),
        text(release, "title"),
        text(revision, "name") or "-",
        _size(revision),
        _access_word(part(release, "access")),
    )


def _describe(release: Json) -> list[str]:
    from weights_vault.client.answers import needed_text, part, parts, text

    access = part(release, "access")
    said, next_step = text(access, "message"), text(access, "next_step")
    lines = [
        f"{text(release, 'title')} ({needed_text(release, 'slug')})",
        text(release, "summary"),
        _license_line(part(release, "license")),
        f"access: {_access_word(access)}{f' ({said})' if said else ''}",
        f"next: {next_step}" if next_step else "",
        f"ask: weights request {needed_text(release, 'slug')}" if _can_ask(release) else "",
        f"page: {text(release, 'url') or '-'}",
        "revisions:",
        *(
            f"  {text(each, 'name')}  {text(each, 'state')}  {_day(each, 'published_at')}"
            f"  {text(each, 'reason')}".rstrip()
            for each in parts(release, "revisions")
        ),
        "files:",
        *(f"  {_size(each):>10}  {text(each, 'path')}" for each in parts(release, "files")),
    ]
    return [line for line in lines if line]


def _can_ask(release: Json) -> bool:
    from weights_vault.client.answers import part

    return part(release, "asking").get("allowed") is True


def _license_line(license_: Json) -> str:
    from weights_vault.client.answers import text, whole

    number = whole(license_, "number")
    return f"license: {text(license_, 'name') or '-'}" + (f" (version {number})" if number else "")


def _access_word(access: Json) -> str:
    from weights_vault.client.answers import text

    return "yes" if access.get("allowed") is True else text(access, "code") or "no"


def _size(thing: Json) -> str:
    from weights_vault.client.answers import whole
    from weights_vault.client.output import size_text

    size = whole(thing, "size")
    return "-" if size is None else size_text(size)


def _day(thing: Json, name: str) -> str:
    from weights_vault.client.answers import text

    return text(thing, name)[:10] or "-"
