"""What `manage.py doctor` examines of documents: what signs them, and that none waits."""

from datetime import datetime, timedelta

from licenses.models import Agreement
from portal.core import certificates, key_checks
from portal.core.doctor import ELSEWHERE, Finding, examination

LATE = timedelta(minutes=10)
ENDS_SOON = timedelta(days=30)


@examination("agreements")
def agreements(now: datetime) -> Finding:
    """The certificate is good, and no document waits."""
    if not key_checks.serves():
        return Finding(True, ELSEWHERE)
    seal = certificates.load()
    renew = "Get a new certificate and set AGREEMENT_KEY; what was signed before stays good."
    if not seal.not_before <= now < seal.not_after:
        return Finding(False, f"the certificate {seal.subject} is not good today", renew)
    if now > seal.not_after - ENDS_SOON:
        return Finding(False, f"the certificate ends on {seal.not_after:%Y-%m-%d}", renew)
    late = Agreement.objects.filter(made_at__isnull=True, ordered_at__lt=now - LATE).count()
    if late:
        return Finding(False, f"waiting for more than 10 minutes: {late}", "Read why under /admin/core/job/.")
    return Finding(True, f"signed with {seal.subject}, until {seal.not_after:%Y-%m-%d}; none waits")
