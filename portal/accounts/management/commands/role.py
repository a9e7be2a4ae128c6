"""manage.py role: give, take and list the roles of staff, from the machine the portal runs on.

For the first administrators, and where too few are left. Once there are two, it proposes, and one of them or
a legal lead confirms.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.accounts.actions.roles import grant_role, operator_acts_alone, propose_role, remove_role
from portal.accounts.models import RoleGrant, User
from portal.accounts.principals import system_principal
from portal.accounts.roles import STAFF_ROLES
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem

REASON = "Asked for at the operator's console."


class Command(DatabaseCommand):
    help = "Give a role (grant EMAIL ROLE), take it (remove EMAIL ROLE), or list who has which (list)."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("grant", "remove"):
            changing = verbs.add_parser(verb)
            changing.add_argument("email")
            changing.add_argument("role", choices=sorted(STAFF_ROLES))
            changing.add_argument("--reason", default=REASON, help="read by whoever has to confirm it")
        verbs.add_parser("list")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "list":
            for held in RoleGrant.objects.select_related("user"):
                self.stdout.write(
                    f"{held.role:<16} {held.user.email}  since {held.at:%Y-%m-%d}, by {held.by}"
                )
            return
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"No account has the address {options['email']}.")
        try:
            self.stdout.write(_change(user, options["role"], verb == "grant", options["reason"]))
        except Problem as problem:
            raise CommandError(f"{problem.detail}\n→ {problem.next_step}") from problem


def _change(user: User, role: str, give: bool, reason: str) -> str:
    by, now = system_principal("console"), timezone.now()
    if operator_acts_alone():
        act = grant_role if give else remove_role
        act(user=user, role=role, by=by, now=now)
        return f"{user.email}: {role} {'granted' if give else 'removed'}"
    change = propose_role(user=user, role=role, give=give, reason=reason, by=by, now=now)
    return (
        f"{user.email}: {role} is proposed, not {'given' if give else 'taken'} yet: there are administrators"
        f" enough for two to agree.\n→ One of them, or a legal lead, confirms it within 72 hours:"
        f" {settings.PORTAL_URL}/changes/{change.pk}/"
    )
