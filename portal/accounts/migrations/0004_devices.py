import functools

import django.db.models.deletion
from django.db import migrations, models

import portal.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_secrets_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="accesstoken",
            name="address",
            field=models.GenericIPAddressField(null=True),
        ),
        migrations.CreateModel(
            name="DeviceCode",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=functools.partial(portal.core.ids.public_id, "dvc"),
                        editable=False,
                        max_length=32,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("user_code", models.CharField(max_length=9, unique=True)),
                ("client", models.CharField(max_length=100)),
                ("machine", models.CharField(max_length=80)),
                ("scopes", models.JSONField(default=list)),
                ("asked_from", models.GenericIPAddressField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("allowed", "Allowed"),
                            ("refused", "Refused"),
                            ("taken", "Taken"),
                        ],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("polled_at", models.DateTimeField(null=True)),
                (
                    "device",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="code",
                        to="accounts.device",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "allowed", "refused", "taken"])),
                        name="accounts_devicecode_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("device__isnull", False), ("state__in", ["allowed", "taken"])),
                            models.Q(("device__isnull", True), ("state__in", ["waiting", "refused"])),
                            _connector="OR",
                        ),
                        name="accounts_devicecode_device",
                    ),
                ],
            },
        ),
    ]
