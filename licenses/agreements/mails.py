"""The mail that says a document is there: it points to its page, and goes to whoever it binds."""

from licenses import links
from licenses.models import Agreement
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.core.outbox import queue_mail

NOTICE = "agreement_ready"


def tell(agreement: Agreement, event: AuditEvent) -> None:
    """Queue the mails, in the transaction that keeps the document. event: that it was made."""
    for user in _audience(agreement):
        if user.is_active:
            queue_mail(
                to=user.email,
                template=f"licenses/mail/{NOTICE}",
                context={
                    "person": user,
                    "agreement": agreement,
                    "sha256": event.data["sha256"],
                    "agreement_page": links.page(links.AGREEMENT, id=agreement.pk),
                },
                key=f"licenses:{NOTICE}:{event.pk}:{user.public_id}",
            )


def _audience(agreement: Agreement) -> list[User]:
    """Who signed; of a signatory's acceptance the applicant too, who asked for it."""
    if agreement.acceptance is not None:
        signer, applicant = agreement.acceptance.user, agreement.acceptance.request.applicant
        joined = agreement.acceptance.request.parties.filter(user=signer, role="signatory").exists()
        return [signer, applicant] if joined and signer != applicant else [signer]
    if agreement.certificate is not None:
        return [agreement.certificate.grant.user]
    signatory = agreement.master.signatory if agreement.master is not None else None
    return [signatory] if signatory is not None else []
