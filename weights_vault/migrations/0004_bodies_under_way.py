"""What is remembered of a body while it is sealed, so that a later run goes on with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("weights_vault", "0003_ledger_of_deliveries"),
    ]

    operations = [
        migrations.CreateModel(
            name="BodyUnderWay",
            fields=[
                (
                    "body",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="weights_vault.sealedbody",
                    ),
                ),
                ("upload", models.CharField(blank=True, max_length=256)),
            ],
            options={
                "verbose_name_plural": "bodies under way",
            },
        ),
        migrations.CreateModel(
            name="PartUnderWay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("index", models.PositiveIntegerField()),
                ("plain", models.CharField(max_length=64)),
                ("sealed", models.CharField(blank=True, max_length=64)),
                ("receipt", models.CharField(blank=True, max_length=256)),
                (
                    "under_way",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="weights_vault.bodyunderway",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "parts under way",
                "constraints": [
                    models.UniqueConstraint(fields=("under_way", "index"), name="part_under_way_once")
                ],
            },
        ),
    ]
