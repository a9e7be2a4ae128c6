from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_log_places"),
    ]

    operations = [
        migrations.CreateModel(
            name="LimitUse",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("used", models.PositiveIntegerField()),
                (
                    "ends_at_ms",
                    models.BigIntegerField(db_index=True, help_text="Unix time in milliseconds"),
                ),
            ],
            options={
                "ordering": ["ends_at_ms"],
            },
        ),
    ]
