"""What every page knows: the portal's name, who is looking, and the appearance they chose."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.accounts import factors
from portal.web.reader import reader

# In production "__Host-theme": no other host of the domain can set it, nor can a call without TLS.
THEME_COOKIE: Final = f"{settings.COOKIE_PREFIX}theme"
THEMES: Final = ("system", "light", "dark")
KEYS_COOKIE: Final = f"{settings.COOKIE_PREFIX}keys"


def theme_of(request: HttpRequest) -> str:
    """The appearance chosen by cookie; anything else than a known name means the system's."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "system"


def site(request: HttpRequest) -> dict[str, Any]:
    """Context of every template. `me` reads the roles only on pages that ask; staff_factor: what STAFF_MFA
    asks for."""
    return {
        "portal_name": settings.PORTAL_NAME,
        "portal_url": settings.PORTAL_URL,
        "theme": theme_of(request),
        "keys_off": request.COOKIES.get(KEYS_COOKIE) == "off",
        "staff_factor": factors.demanded(),
        "me": SimpleLazyObject(lambda: reader(request)),
    }
