"""Addresses of the pages that mails and messages point to. The pages themselves are portal.web's."""

from django.conf import settings

REQUEST = "/requests/{id}/"
SIGN = "/requests/{id}/sign/"
QUEUE = "/review/"
REVIEW = "/review/{id}/"
RELEASE = "/releases/{slug}/"
GRANT = "/grants/{id}/"
STAFF_GRANT = "/review/grants/{id}/"
ACCEPT = "/grants/{id}/accept/"
AGREEMENT = "/agreements/{id}/"
MASTER = "/master-agreements/{id}/"
MASTER_KEPT = "/desk/master-agreements/{id}/"
INVITATION = "/invitations/{id}/"


def page(path: str, **names: str) -> str:
    """Return the whole address of a page: one of the paths above with its names filled in."""
    return f"{settings.PORTAL_URL}{path.format(**names)}"
