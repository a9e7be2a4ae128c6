"""Master agreements: whom they cover."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models.functions import Lower

from licenses.models import LicenseVersion, MasterAgreement
from portal.accounts.models import User


def master_covering(
    user: User, license_version: LicenseVersion | None, now: datetime
) -> MasterAgreement | None:
    """Return the signed master agreement under exactly `license_version` that names `user` at `now`.

    A person is named by e-mail address, so it takes a verified one. Of several the one that ends last.
    """
    addresses = EmailAddress.objects.filter(user=user, verified=True)
    named = MasterAgreement.objects.select_related("organization", "license_version__license").filter(
        license_version=license_version,
        signed_at__lte=now,
        ends_at__gt=now,
        members__email__in=addresses.values_list(Lower("email")),
        members__removed_at__isnull=True,
    )
    return named.order_by("-ends_at", "pk").first() if license_version is not None else None
