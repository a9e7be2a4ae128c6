"""The one OAuth client: the `weights` command, made as the database is migrated."""

from typing import Any

from allauth.idp.oidc.models import Client
from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from portal.accounts.devices.provider import CLIENT, client_fields

LABEL = Client._meta.app_label


@receiver(post_migrate)
def keep_client(sender: AppConfig, using: str, apps: Any = installed, **kwargs: Any) -> None:
    """Write the client as the code has it: its scopes and its two grants are no operator's to change.

    apps: the models as they stand migrated by now; a migration in part may not have come to this one.
    """
    if sender.label != LABEL:
        return
    try:
        model = apps.get_model(LABEL, Client.__name__)
    except LookupError:
        return
    known = {field.name for field in model._meta.get_fields()}
    fields = {name: value for name, value in client_fields().items() if name in known}
    model.objects.using(using).update_or_create(pk=CLIENT, defaults=fields)
