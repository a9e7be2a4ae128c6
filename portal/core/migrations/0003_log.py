from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_audit_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="LogCheckpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-size"],
            },
        ),
        migrations.CreateModel(
            name="LogEntry",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event", models.BigIntegerField(unique=True)),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="LogPending",
            fields=[
                ("event", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
            options={
                "ordering": ["event"],
            },
        ),
        migrations.CreateModel(
            name="AuditDisclosure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event", models.BigIntegerField()),
                ("field", models.CharField(max_length=64)),
                ("salt", models.BinaryField()),
                ("value", models.JSONField()),
                ("about", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "ordering": ["event", "field"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("about", ""), _negated=True),
                        fields=["about"],
                        name="core_disclosure_about",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event", "field"), name="core_disclosure_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="LogTile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
            options={
                "ordering": ["level", "index"],
                "constraints": [models.UniqueConstraint(fields=("level", "index"), name="core_logtile_once")],
            },
        ),
    ]
