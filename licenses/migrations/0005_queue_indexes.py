"""Indexes for the orders of the review queue, and for what is rare in it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("licenses", "0004_request_search"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["submitted_at", "id"], name="request_sent"),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["state", "updated_at"], name="request_changed"),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                condition=models.Q(("split", True)), fields=["submitted_at"], name="request_split"
            ),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                condition=models.Q(("asked_at__isnull", False)), fields=["submitted_at"], name="request_asked"
            ),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                condition=models.Q(("appeal_version__isnull", False), ("state", "submitted")),
                fields=["submitted_at"],
                name="request_appealed",
            ),
        ),
    ]
