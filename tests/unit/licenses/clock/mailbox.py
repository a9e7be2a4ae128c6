"""What the clock mailed, for its tests."""

from portal.core.models import OutboxMessage


def empty() -> None:
    OutboxMessage.objects.all().delete()


def mailed(notice: str) -> list[str]:
    """To whom the notice went, in the order in which it was queued: names before the @."""
    found = OutboxMessage.objects.filter(template__endswith=f"/{notice}").order_by("pk")
    return [mail.to.partition("@")[0] for mail in found]


def text_of(notice: str) -> str:
    """Subject and text of the one mail of this notice."""
    mail = OutboxMessage.objects.get(template__endswith=f"/{notice}")
    return f"{mail.subject}\n{mail.text}"
