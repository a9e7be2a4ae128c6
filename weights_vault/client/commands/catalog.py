"""releases, show, grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from weights_vault.client.workplace import Workplace

ReleaseArgument = Annotated[
    str, typer.Argument(metavar="RELEASE", help="A release's name, as `weights releases` lists it.")
]


def releases(context: typer.Context) -> None:
    """List the releases that you can see, and whether you may download them."""
    from weights_vault.client.output import size_text

    work: Workplace = context.obj
    with work.open_portal() as api:
        found = api.listing("/releases")
    rows = []
    for release in found:
        revision = release.get("revision") or {}
        size = size_text(int(revision["size"])) if revision.get("size") is not None else "-"
        rows.append(
            (
                release.get("slug"),
                release.get("title"),
                revision.get("name", "-"),
                size,
                _access_word(release),
            )
        )
    work.output.table(
        {"releases": found},
        ("RELEASE", "TITLE", "REVISION", "SIZE", "ACCESS"),
        rows,
        "No release is open to you yet.",
    )


def show(context: typer.Context, release: ReleaseArgument) -> None:
    """Show one release: its license, its revisions, its files, and where you stand."""
    from weights_vault.client.releases import find_release, parse_release

    work: Workplace = context.obj
    with work.open_portal() as api:
        found = find_release(api, parse_release(release))
    work.output.result(found, _describe(found))


def grants(context: typer.Context) -> None:
    """List your grants: what you may download, and until when."""
    work: Workplace = context.obj
    with work.portal() as api:
        found = api.listing("/grants")
        portal = api.portal
    rows = [
        (
            grant.get("id"),
            grant.get("release"),
            grant.get("state"),
            _day(grant.get("ends_at")),
            grant.get("reason") or "",
        )
        for grant in found
    ]
    empty = f"You have no grant yet. Ask for a release at {portal}."
    work.output.table({"grants": found}, ("GRANT", "RELEASE", "STATE", "UNTIL", "REASON"), rows, empty)


def _describe(release: Mapping[str, Any]) -> str:
    from weights_vault.client.output import size_text

    license_ = release.get("license") or {}
    access = release.get("access") or {}
    lines = [
        f"{release.get('title')} ({release.get('slug')})",
        f"{release.get('summary') or ''}",
        f"license: {license_.get('name', '-')} (version {license_.get('number', '-')})",
        f"access: {_access_word(release)}{_sentence(access.get('message'))}",
        *([f"next: {access['next_step']}"] if access.get("next_step") else []),
        f"page: {release.get('url')}",
        "revisions:",
        *(
            f"  {each.get('name')}  {each.get('state')}  {_day(each.get('published_at'))}"
            for each in release.get("revisions") or []
        ),
        "files:",
        *(
            f"  {size_text(int(each.get('size') or 0)):>10}  {each.get('path')}"
            for each in release.get("files") or []
        ),
    ]
    return "\n".join(line for line in lines if line)


def _access_word(release: Mapping[str, Any]) -> str:
    access = release.get("access") or {}
    return "yes" if access.get("allowed") is True else str(access.get("code") or "no")


def _sentence(text: object) -> str:
    return f" ({text})" if text else ""


def _day(moment: object) -> str:
    return str(moment)[:10] if moment else "-"
