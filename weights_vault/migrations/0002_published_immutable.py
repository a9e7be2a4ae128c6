"""Published revisions, their files, stored bodies and the ledger of headers: the database keeps them."""

from django.db import migrations

from weights_vault.immutable import protect_published, unprotect_published


class Migration(migrations.Migration):
    dependencies = [("weights_vault", "0001_initial")]

    operations = [migrations.RunPython(protect_published, unprotect_published)]
