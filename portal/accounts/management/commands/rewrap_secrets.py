"""`manage.py rewrap_secrets`: the middle of a change of SECRETS_KEY."""

from typing import Any

from django.core.management.base import CommandError

from portal.accounts import secrets
from portal.accounts.second_factors import rewrap_all
from portal.core.management.base import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Encrypt the secrets of second factors by the first key of SECRETS_KEY. Afterwards the others can be "
        "left out. It can be run again, and while people work."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = rewrap_all()
        except secrets.SecretRefused as error:
            raise CommandError(f"A secret of a second factor does not open: {error}.") from error
        self.stdout.write(f"{changed} encrypted anew. Every secret now stands under the first key.")
