"""From here on the audit log only grows.

A later migration that rebuilds the table on SQLite drops its triggers: it must run these operations again.
"""

from django.db import migrations

from portal.core.append_only import protect_audit_log, unprotect_audit_log


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [migrations.RunPython(protect_audit_log, unprotect_audit_log)]
