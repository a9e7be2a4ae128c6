"""manage.py agreement verify FILE: is this PDF a document of this portal, exactly as it was made?"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from licenses.agreements.check import Report, verify
from licenses.agreements.signature import MOST_BYTES, Refused
from licenses.agreements.wording import moment
from portal.core.management.base import DatabaseCommand


class Command(DatabaseCommand):
    help = "Check an executed agreement or a destruction certificate; exit 1 when it does not hold."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("verify", help="Check a PDF against its signature and the database.")
        check.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                pdf = opened.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        try:
            report = verify(pdf)
        except Refused as refused:
            raise CommandError(
                f"{file} does not hold. {refused}\n→ Ask the portal for the document."
            ) from refused
        for line in _said(report):
            self.stdout.write(line)


def _said(report: Report) -> list[str]:
    found, stamp = report.signature, report.signature.timestamp
    lines = [
        "The signature holds: nothing was changed since.",
        f"  signed by   {found.subject}",
        f"  certificate {found.fingerprint} (SHA-256)",
        f"  at          {moment(found.at)}, by the portal's clock",
        f"  level       {found.level}",
        f"  file        {found.sha256} (SHA-256)",
    ]
    if stamp is not None:
        lines.append(
            f"  time stamp  {moment(stamp.at)}, by {stamp.by}; whether to trust that is yours to say"
        )
    return [*lines, *_known(report)]


def _known(report: Report) -> list[str]:
    named = report.signature.words.get("license-sha256", "none")
    document = (
        f"{report.what}.\nThe portal knows it: {report.known}, made {moment(report.made_at)}, byte for byte."
        if report.made_at is not None
        else "The portal's database does not know this document: the signature alone speaks for it."
    )
    text = (
        f"The license text is the one in the database: {report.license}, SHA-256 {report.license.sha256}."
        if report.license is not None
        else f"The license text is not in the database; the document names {named}."
    )
    return [document, text]
