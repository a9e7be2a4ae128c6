"""`manage.py remove_factors EMAIL`: for somebody who lost every second factor."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from portal.accounts import browsers, second_factors
from portal.accounts.models import User
from portal.accounts.tokens import end_all_tokens
from portal.core import audit
from portal.core.management.base import DatabaseCommand

BY = "system:remove_factors"


class Command(DatabaseCommand):
    help = (
        "Take every second factor off an account, and end its sessions and tokens. Make sure by another way "
        "who asks: with the password alone they can then add a factor of their own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        now = timezone.now()
        with transaction.atomic():
            user = User.objects.filter(email=email.strip().lower()).first()
            if user is None:
                raise CommandError("There is no account with this address.")
            browsers.hold(user)
            second_factors.hold(user)
            User.objects.select_for_update().get(pk=user.pk)
            removed = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
            Authenticator.objects.filter(user=user).delete()
            end_all_tokens(user=user, by=BY, now=now)
            browsers.forget(user)
            for factor in removed:
                audit.record(
                    "account.second_factor_removed",
                    by=BY,
                    subject=f"user:{user.public_id}",
                    now=now,
                    factor=factor,
                )
        self.stdout.write(f"{len(removed)} removed from {email}, and every session and token ended.")
