"""manage.py doctor: is everything there that the portal needs, and what to do where it is not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal.core.doctor import examine


class Command(BaseCommand):
    help = "Examine database, broker, storage, keys, mail and worker; exit 1 when one of them is broken."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine(timezone.now())
        for name, finding in findings:
            self.stdout.write(f"{'ok    ' if finding.ok else 'failed'}  {name:<12}{finding.detail}")
            if not finding.ok and finding.next_step:
                self.stdout.write(f"{'':20}→ {finding.next_step}")
        if not all(finding.ok for _, finding in findings):
            sys.exit(1)
