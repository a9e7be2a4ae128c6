"""URLs under which the portal serves the filesystem store: signed, short-lived, for GET alone.

    {portal}/delivery/{object}?key=ID&issued=UNIX&lifetime=SECONDS&signature=HEX

The HMAC-SHA256 covers the method, the host, the path and every parameter. The query string is compared
whole, not parameter by parameter: one that is added, dropped, doubled, reordered or encoded in another way
is another string (G4).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

MIN_LIFETIME_S = 60
MAX_LIFETIME_S = 900
CLOCK_SKEW_S = 30  # between the portal's own processes
_QUERY = re.compile(
    r"key=(?P<key>[A-Za-z0-9_-]{1,32})&issued=(?P<issued>[1-9][0-9]{0,11})"
    r"&lifetime=(?P<lifetime>[1-9][0-9]{1,2})&signature=(?P<signature>[0-9a-f]{64})"
)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class UrlRefused(Exception):
    """The URL opens nothing. `code` is the problem's word."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(detail)


class ObjectUrls:
    """Makes and checks delivery URLs.

    portal_url: "https://host[:port]"; keys: id → secret, the first one signs, all are accepted.
    """

    def __init__(self, portal_url: str, keys: Mapping[str, bytes]) -> None:
        parts = urlsplit(portal_url)
        self._portal_url = portal_url
        self._prefix = parts.path
        self._host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))
        self._keys = keys

    def make(self, object_name: str, *, lifetime_s: int, now: datetime) -> str:
        """A URL that answers GET for `lifetime_s` seconds from `now`.

        Raises: RuntimeError: a lifetime outside 60–900 s is a mistake of ours, never of a caller (G5).
        """
        if not MIN_LIFETIME_S <= lifetime_s <= MAX_LIFETIME_S:
            raise RuntimeError(f"a URL cannot live {lifetime_s} s: {MIN_LIFETIME_S} to {MAX_LIFETIME_S}")
        key_id = next(iter(self._keys))
        path = f"{self._prefix}/delivery/{object_name}"
        fields = f"key={key_id}&issued={int(now.timestamp())}&lifetime={lifetime_s}"
        signature = self._sign(key_id, "GET", self._host, path, fields)
        return f"{self._portal_url.removesuffix(self._prefix)}{path}?{fields}&signature={signature}"

    def check(self, *, method: str, host: str, path: str, query: str, now: datetime) -> None:
        """Return if exactly this request was signed and still holds.

        path: decoded; query: the raw query string.
        Raises: UrlRefused(url_invalid | url_expired).
        """
        match = _QUERY.fullmatch(query)
        if match is None or match["key"] not in self._keys:
            raise UrlRefused("url_invalid", "This address was not made by the portal.")
        fields = query.rpartition("&")[0]
        expected = self._sign(match["key"], method, self._normal_host(host), path, fields)
        if not hmac.compare_digest(expected, match["signature"]):
            raise UrlRefused("url_invalid", "This address was not made by the portal.")
        age_s = now.timestamp() - int(match["issued"])
        lifetime_s = int(match["lifetime"])
        if not MIN_LIFETIME_S <= lifetime_s <= MAX_LIFETIME_S or age_s < -CLOCK_SKEW_S:
            raise UrlRefused("url_invalid", "This address was not made by the portal.")
        if age_s > lifetime_s:
            raise UrlRefused("url_expired", "This address has expired.")

    def _normal_host(self, host: str) -> str:
        scheme = urlsplit(self._portal_url).scheme
        return host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))

    def _sign(self, key_id: str, method: str, host: str, path: str, fields: str) -> str:
        # Newlines separate: none of the parts can hold one (the query and the path are matched, a method
        # and a host with one never reach us).
        message = "\n".join(("weights-portal delivery v1", method, host, path, fields))
        return hmac.new(self._keys[key_id], message.encode(), hashlib.sha256).hexdigest()
