"""manage.py who_got FILE: to whom a header found in the wild was given."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from portal.accounts.models import User
from portal.core.management.base import DatabaseCommand
from weights_vault.ledger.reading import who_got
from weights_vault.models import File, RecipientKey
from weights_vault.sealed.stanzas import MAX_HEADER_SIZE


class Command(DatabaseCommand):
    help = "Say to which grant, person and key a header was given, by its digest in the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The header; a sealed body may follow it.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with file.open("rb") as source:
                header = source.read(MAX_HEADER_SIZE)
        except OSError as error:
            raise CommandError(
                f"{file} cannot be read: {error.strerror}.\n→ Name the header's file."
            ) from error
        given = who_got(header)
        if given is None:
            raise CommandError(
                "The portal gave no such header.\n→ Its label is no evidence: whoever knows the file key can "
                "write any. One changed bit makes another header too."
            )
        sealed = File.objects.select_related("revision__release").filter(pk=given.file).first()
        key = RecipientKey.objects.filter(pk=given.key).first()
        self.stdout.write(f"file      {f'{sealed.path} of {sealed.revision}' if sealed else given.file}")
        self.stdout.write(f"grant     {given.grant}")
        self.stdout.write(f"person    {User.objects.filter(public_id=given.person).first() or given.person}")
        self.stdout.write(f"key       {key or given.key}")
        self.stdout.write(f"given at  {given.at:%Y-%m-%d %H:%M:%S} UTC")
