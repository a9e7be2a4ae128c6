"""The auditor's page looks for who did what, and when. The events of before are converted in licenses/0008."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0005_limits")]

    operations = [
        migrations.AddIndex("auditevent", models.Index(fields=["by", "index"], name="core_audit_by")),
        migrations.AddIndex("auditevent", models.Index(fields=["at"], name="core_audit_at")),
    ]
