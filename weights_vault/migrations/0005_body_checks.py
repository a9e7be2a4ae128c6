"""What the scrubber knows of each stored body."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("weights_vault", "0004_bodies_under_way")]

    operations = [
        migrations.CreateModel(
            name="BodyCheck",
            fields=[
                (
                    "body",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="check_row",
                        serialize=False,
                        to="weights_vault.sealedbody",
                    ),
                ),
                ("checked_at", models.DateTimeField(null=True)),
                ("position", models.PositiveIntegerField(default=0)),
                ("seen", models.JSONField(default=list)),
                (
                    "finding",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Sound"),
                            ("missing", "Missing"),
                            ("resized", "Of another size"),
                            ("rotted", "Damaged"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("parts", models.JSONField(default=list)),
                ("found_at", models.DateTimeField(null=True)),
                ("reported_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finding", ""), ("found_at__isnull", True)),
                            models.Q(
                                ("finding__in", ["missing", "resized", "rotted"]),
                                ("found_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="body_finding_known_and_dated",
                    )
                ],
            },
        ),
    ]
