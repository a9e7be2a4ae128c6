"""The one OAuth client: the `weights` command, made as the database is migrated."""

from typing import Any

from allauth.idp.oidc.models import Client
from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from portal.accounts.devices.provider import CLIENT, client_fields


@receiver(post_migrate)
def keep_client(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Write the client as the code has it: its scopes and its two grants are no operator's to change."""
    # Of the apps that are told, the one whose table it is: it stands by then.
    if sender.label == Client._meta.app_label:
        Client.objects.using(using).update_or_create(pk=CLIENT, defaults=client_fields())
