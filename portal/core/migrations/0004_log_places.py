"""From here on every event waits for its place in the tree, and a place never changes.

A later migration that rebuilds core_auditevent or core_logentry on SQLite drops their triggers: it must run
these operations again.
"""

from django.db import migrations, models

from portal.core.log.triggers import install, remove


class Migration(migrations.Migration):
    dependencies = [("core", "0003_log")]

    operations = [
        migrations.CreateModel(
            name="LogRecovered",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.BinaryField()),
                ("at", models.DateTimeField()),
            ],
            options={"ordering": ["position"]},
        ),
        migrations.RunPython(install, remove),
    ]
