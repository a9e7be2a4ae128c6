"""Write down where people are today, and which domains were set: from now on each change leaves a row."""

from django.db import migrations
from django.utils import timezone

BY = "system:migration"
AT_ONCE = 1_000


def begin(apps, schema_editor):
    User, Affiliation = apps.get_model("accounts", "User"), apps.get_model("accounts", "Affiliation")
    known = Affiliation.objects.filter(ended_at=None).values("user")
    people = User.objects.filter(organization__isnull=False).exclude(pk__in=known).order_by("pk")
    rows = [
        Affiliation(user_id=pk, organization_id=home, began_at=joined)
        for pk, home, joined in people.values_list("pk", "organization", "date_joined")
    ]
    Affiliation.objects.bulk_create(rows, batch_size=AT_ONCE)
    Organization, Domain = (
        apps.get_model("accounts", name) for name in ("Organization", "OrganizationDomain")
    )
    now = timezone.now()
    for organization in Organization.objects.exclude(domains=[]):
        for domain in organization.domains:
            Domain.objects.get_or_create(
                organization=organization,
                domain=domain,
                defaults={"claimed_by": BY, "claimed_at": now, "verified_at": now, "verified_how": "staff"},
            )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_devices")]

    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
