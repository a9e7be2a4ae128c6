"""From where grants are used: one row a grant, day and address, and its end after LEDGER_ADDRESS_DAYS.

An address is personal data, and the ledger itself only grows: so addresses stand beside it, and an entry has
the number of its row alone. What is left once the row is deleted says nothing about anybody.
Decision: docs/decisions/0004-addresses-beside-the-ledger.md.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings

from portal.core import jobs
from weights_vault.models import Origin

FORGET = "ledger.forget_addresses"
FORGET_EVERY_S = 86_400
IPV4_NETWORK_BITS = 24
IPV6_NETWORK_BITS = 48  # what one site is given; a machine of it changes its address at will


def origin_of(*, grant: str, address: str, now: datetime) -> int | None:
    """Return the number of the row that says from where `grant` is used now; None without an address.

    address: of an IPv4 or IPv6 host, as `portal.accounts.addresses.caller_address` gives it; "" for none.
    """
    if not address:
        return None
    row, _ = Origin.objects.get_or_create(
        grant=grant,
        day=now.astimezone(UTC).date(),
        address=address,
        defaults={"network": network_of(address)},
    )
    return row.pk


def network_of(address: str) -> str:
    """Return the /24 of an IPv4 address, the /48 of an IPv6 one: what one site usually has.

    Raises: ValueError: it is no address.
    """
    bits = IPV6_NETWORK_BITS if isinstance(ip_address(address), IPv6Address) else IPV4_NETWORK_BITS
    return str(ip_network(f"{address}/{bits}", strict=False))


@jobs.handler(FORGET, lease_s=600)
def forget_addresses(payload: dict[str, Any], *, now: datetime) -> None:
    """Delete the addresses older than LEDGER_ADDRESS_DAYS days; the entries stay."""
    kept_from = now.astimezone(UTC).date() - timedelta(days=settings.LEDGER_ADDRESS_DAYS)
    Origin.objects.filter(day__lt=kept_from).delete()


jobs.periodic(FORGET, FORGET_EVERY_S)
