"""manage.py organization: list organizations, and say which mail domains are whose."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.accounts.actions.organizations import set_domains
from portal.accounts.models import Organization
from portal.accounts.principals import system_principal
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem


class Command(DatabaseCommand):
    help = "List organizations (list), or replace the mail domains of one (domains ID [DOMAIN …])."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list")
        changing = verbs.add_parser("domains")
        changing.add_argument("id")
        changing.add_argument("domain", nargs="*")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "list":
            for found in Organization.objects.all():
                self._show(found)
            return
        organization = Organization.objects.filter(pk=options["id"]).first()
        if organization is None:
            raise CommandError(f"There is no organization {options['id']}.")
        try:
            set_domains(
                organization=organization,
                domains=options["domain"],
                by=system_principal("organization"),
                now=timezone.now(),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self._show(organization)

    def _show(self, organization: Organization) -> None:
        domains = ", ".join(organization.domains) or "no domains"
        self.stdout.write(f"{organization.pk}  {organization.name}: {domains}")
