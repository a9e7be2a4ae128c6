"""manage.py role: give, take and list the roles of staff, from the machine the portal runs on."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.accounts.actions.roles import grant_role, remove_role
from portal.accounts.models import RoleGrant, User
from portal.accounts.principals import system_principal
from portal.accounts.roles import STAFF_ROLES
from portal.core.management.base import DatabaseCommand


class Command(DatabaseCommand):
    help = "Give a role (grant EMAIL ROLE), take it (remove EMAIL ROLE), or list who has which (list)."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("grant", "remove"):
            changing = verbs.add_parser(verb)
            changing.add_argument("email")
            changing.add_argument("role", choices=sorted(STAFF_ROLES))
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
        change = grant_role if verb == "grant" else remove_role
        change(user=user, role=options["role"], by=system_principal("role"), now=timezone.now())
        self.stdout.write(f"{user.email}: {options['role']} {'granted' if verb == 'grant' else 'removed'}")
