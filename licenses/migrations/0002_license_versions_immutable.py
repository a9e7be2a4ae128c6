"""From here on license versions are only added.

A later migration that rebuilds the table on SQLite drops its triggers: it must run these operations again.
"""

from django.db import migrations

from licenses.immutable import protect_license_versions, unprotect_license_versions


class Migration(migrations.Migration):
    dependencies = [("licenses", "0001_initial")]

    operations = [migrations.RunPython(protect_license_versions, unprotect_license_versions)]
