"""manage.py account: disable an account, or enable it again, from the machine the portal runs on.

Roles are given at the console alone only while there are fewer than two administrators who could agree. Where
there are more, and none of them can be reached any more, this is the way back: their accounts are disabled,
then `manage.py role grant` acts at once.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.accounts.actions.people import disable, enable
from portal.accounts.models import User
from portal.accounts.principals import system_principal
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem

REASON = "Asked for at the operator's console."


class Command(DatabaseCommand):
    help = (
        "Disable an account (disable EMAIL), which ends its sessions and tokens, or enable it (enable EMAIL)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("disable", "enable"):
            changing = verbs.add_parser(verb)
            changing.add_argument("email")
            changing.add_argument("--reason", default=REASON, help="kept in the audit log")

    def handle(self, *args: Any, verb: str, email: str, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"No account has the address {email}.")
        act = disable if verb == "disable" else enable
        try:
            act(user=user, reason=options["reason"], by=system_principal("console"), now=timezone.now())
        except Problem as problem:
            raise CommandError(f"{problem.detail}\n→ {problem.next_step}") from problem
        self.stdout.write(f"{user.email}: {verb}d")
