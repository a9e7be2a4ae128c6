"""Secrets of second factors, once wrapped by the master key, are encrypted by SECRETS_KEY.

Web processes no longer hold the master key. A new installation has no such row and needs no master key here;
an older one runs `manage.py migrate` where MASTER_KEY is set, once. The way back needs it, too.
"""

import base64
from collections.abc import Callable
from typing import Any

from django.db import migrations

OLD_CONTEXT = "mfa_authenticator.secret"
COLUMN = "mfa_authenticator.data"


def _change(apps: Any, is_done: Callable[[bytes], bool], change: Callable[[str], str]) -> None:
    from portal.accounts.second_factors import with_texts

    def once(text: str) -> str:
        return text if is_done(base64.b64decode(text)[:1]) else change(text)

    rows = apps.get_model("mfa", "Authenticator").objects.filter(type__in=["totp", "recovery_codes"])
    for row in rows.order_by("pk"):
        row.data = with_texts(row.data, once)
        row.save(update_fields=["data"])


def forwards(apps: Any, schema_editor: Any) -> None:
    from portal.accounts import secrets
    from portal.core.keys import master_key

    def change(text: str) -> str:
        plain = master_key().unwrap(base64.b64decode(text), OLD_CONTEXT).decode()
        return secrets.wrap(plain, COLUMN)

    _change(apps, lambda version: version == b"\x02", change)


def backwards(apps: Any, schema_editor: Any) -> None:
    from portal.accounts import secrets
    from portal.core.keys import master_key

    def change(text: str) -> str:
        plain = secrets.unwrap(text, COLUMN)
        return base64.b64encode(master_key().wrap(plain.encode(), OLD_CONTEXT)).decode()

    _change(apps, lambda version: version == b"\x01", change)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_identity"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
