"""manage.py release: make or change a release from a release file; recall a revision, or give it out again.

release apply FILE
release quarantine|restore|withdraw RELEASE@REVISION --reason TEXT
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.accounts.models import TwoPersonChange
from portal.accounts.principals import Principal, system_principal
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem
from weights_vault.actions import withdraw as recalls
from weights_vault.actions.releases import apply_release
from weights_vault.management.reporting import as_command_error
from weights_vault.models import Revision
from weights_vault.releases import read_release_file

RECALLS: dict[str, tuple[Callable[..., Revision], str]] = {
    "quarantine": (recalls.quarantine, "Stop giving out a revision, until it is restored or withdrawn."),
    "restore": (recalls.restore, "Give out a quarantined revision again."),
    "withdraw": (recalls.withdraw, "Stop giving out a revision, for good."),
}
REASON = "Mailed to everybody who has headers of it, and shown on the release's page to all who see that."


class Command(DatabaseCommand):
    help = "Make or change a release from a release file (release.toml); recall a revision."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        apply = verbs.add_parser("apply", help="Apply a release file; again, it changes what differs.")
        apply.add_argument("file", type=Path)
        for verb, (_, meaning) in RECALLS.items():
            recall = verbs.add_parser(verb, help=meaning)
            recall.add_argument("revision", metavar="RELEASE@REVISION")
            recall.add_argument("--reason", required=True, metavar="TEXT", help=REASON)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        by, now = system_principal("release"), timezone.now()
        try:
            said = _apply(options["file"], by, now) if verb == "apply" else _recall(verb, options, by, now)
        except Problem as problem:
            raise as_command_error(problem) from problem
        self.stdout.write(said)


def _apply(file: Path, by: Principal, now: datetime) -> str:
    release, new, waits = apply_release(file=read_release_file(file), by=by, now=now)
    said = f"{'Made' if new else 'Updated'} {release.slug} ({release.state})."
    return "\n".join([said, *map(_proposed, waits)])


def _proposed(change: TwoPersonChange) -> str:
    where = f"{settings.PORTAL_URL}/changes/{change.pk}/"
    return (
        "Its terms stay as they were: it is published, so other terms take two people. Proposed is:"
        f"\n  {change.summary}\n→ A legal lead or an administrator confirms it within 72 hours: {where}"
    )


def _recall(verb: str, options: dict[str, Any], by: Principal, now: datetime) -> str:
    action, _ = RECALLS[verb]
    revision = action(revision=_revision(options["revision"]), reason=options["reason"], by=by, now=now)
    return f"{revision} is {revision.state}. Everybody who was given headers of it is told by mail."


def _revision(named: str) -> Revision:
    """Return exactly the revision that was named: nobody recalls the current one by leaving out a name."""
    slug, _, name = named.partition("@")
    revision = Revision.objects.defer("manifest").filter(release__slug=slug, name=name).first()
    if revision is None:
        raise CommandError(
            f"There is no revision {named}.\n→ Name it as RELEASE@REVISION, as in opt-175b@v1."
        )
    return revision
