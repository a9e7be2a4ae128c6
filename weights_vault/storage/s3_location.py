"""What STORAGE_URL says of an S3 store.

    s3://BUCKET?endpoint=https://HOST[:PORT]&region=REGION[&prefix=FOLDER/][&path_style=1][&checksums=WHEN]

endpoint: of a store that is not Amazon's. region: for Amazon's may stand in AWS_REGION instead.
prefix: the objects' keys begin with it. path_style: https://HOST/BUCKET/KEY instead of https://BUCKET.HOST/KEY.
checksums: `when_supported` or `when_required`: whether boto3 adds and checks CRCs of its own. Stores that are
not Amazon's often refuse them, so only Amazon's gets them by default.

Credentials never stand here: boto3 finds them in the environment, its files or the machine's role.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

FORM = "s3://BUCKET?endpoint=https://HOST&region=REGION"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_PREFIX = re.compile(r"(?:[A-Za-z0-9!_'()-][A-Za-z0-9!_.'()-]{0,99}/){0,8}")
_BLANK = re.compile(r"[\x00-\x20\x7f]")
_PARAMETERS = {"endpoint", "region", "prefix", "path_style", "checksums"}
_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}
_SWITCH = {"1": True, "0": False}

Checksums = Literal["when_supported", "when_required"]


@dataclass(frozen=True)
class S3Location:
    """bucket; endpoint: None for Amazon's own; region: None for what the environment says; prefix: "" or
    ending in a slash.
    """

    bucket: str
    endpoint: str | None = None
    region: str | None = None
    prefix: str = ""
    path_style: bool = False
    checksums: Checksums = "when_required"

    @property
    def is_confidential(self) -> bool:
        """Does nobody on the way see what is asked of the store? Then it is TLS, or this machine."""
        if self.endpoint is None or self.endpoint.startswith("https://"):
            return True
        return urlsplit(self.endpoint).hostname in _THIS_MACHINE


def parse_location(url: str) -> S3Location:
    """Raises: ImproperlyConfigured: with what is wrong, never with the URL, which may hold a secret."""
    if _BLANK.search(url):
        raise _wrong("it has a blank or a line break")  # urlsplit would drop some of them and say nothing
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("it is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise _wrong("credentials do not belong in it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or port or ".." in parts.netloc:
        raise _wrong("it names no bucket (3 to 63 of a-z, 0-9, dot and hyphen)")
    if parts.path not in ("", "/") or parts.fragment:
        raise _wrong("nothing but parameters may follow the bucket; a folder in it is prefix=FOLDER/")
    return _with_parameters(parts.netloc, _parameters(parts))


def _parameters(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True) if parts.query else []
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise _wrong("a parameter is named twice")
    if not set(names) <= _PARAMETERS:
        raise _wrong(f"it has a parameter that is none of {', '.join(sorted(_PARAMETERS))}")
    return dict(pairs)


def _with_parameters(bucket: str, given: dict[str, str]) -> S3Location:
    endpoint = _endpoint(given["endpoint"]) if "endpoint" in given else None
    region = given.get("region")
    if region is not None and not _REGION.fullmatch(region):
        raise _wrong("its region is not one word of a-z, 0-9 and hyphens")
    if endpoint is not None and region is None:
        raise _wrong("an endpoint needs its region: &region=…")
    prefix = given.get("prefix", "")
    if not _PREFIX.fullmatch(prefix):
        raise _wrong("its prefix is not folder names, each with a slash behind: prefix=weights/")
    if given.get("path_style", "0") not in _SWITCH:
        raise _wrong("path_style is 1 or 0")
    # A dot in the bucket's name makes a host name that no wildcard certificate covers.
    path_style = _SWITCH[given.get("path_style", "0")] or "." in bucket
    return S3Location(bucket, endpoint, region, prefix, path_style, _checksums(given, endpoint))


def _checksums(given: dict[str, str], endpoint: str | None) -> Checksums:
    match given.get("checksums", "when_supported" if endpoint is None else "when_required"):
        case "when_supported":
            return "when_supported"
        case "when_required":
            return "when_required"
        case _:
            raise _wrong("checksums is when_supported or when_required")


def _endpoint(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong("its endpoint is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise _wrong("credentials do not belong in its endpoint")
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[a-z0-9.:-]{1,253}", host) or port == 0:
        raise _wrong("its endpoint is not https://HOST[:PORT]")
    if parts.path not in ("", "/") or parts.query or parts.fragment or text.rstrip("/").endswith(("?", "#")):
        raise _wrong("its endpoint has more than https://HOST[:PORT]")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _wrong(what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"STORAGE_URL is wrong: {what}. Its form: {FORM}")
