"""Names of releases as people type them, and what the portal says about one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from weights_vault.client.answers import Json, part, parts, text, unreadable
from weights_vault.client.api import Api
from weights_vault.client.errors import NotAllowed, WrongUsage
from weights_vault.client.problems import denied, not_found

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RECALLED = {"quarantined": "is on hold", "withdrawn": "was withdrawn"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class ReleaseName:
    """`RELEASE` or `RELEASE@REVISION`; revision is None for the current one."""

    release: str
    revision: str | None = None

    def __str__(self) -> str:
        return self.release if self.revision is None else f"{self.release}@{self.revision}"


def parse_release(typed: str) -> ReleaseName:
    """Split what the person typed. Only such names ever stand in a URL. Raises:
    WrongUsage(release-name-unusable).
    """
    release, mark, revision = typed.partition("@")
    if not _SLUG.fullmatch(release) or (mark and not _REVISION.fullmatch(revision)):
        raise WrongUsage(
            "release-name-unusable",
            "This is not the name of a release.",
            "Names are in lower case, like opt-175b, or opt-175b@v2 with a revision.",
            "`weights releases` lists the names.",
        )
    return ReleaseName(release, revision or None)


def check_id(value: object) -> str:
    """An id from the portal, safe in a URL and as a file name. Raises: PortalFault(answer-unreadable)."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise unreadable("An id in it is not one.")
    return value


def find_release(api: Api, name: ReleaseName) -> Json:
    """What the portal says about a release. Raises: NotAllowed(not-found) and whatever the API raises."""
    try:
        return api.get(f"/releases/{name.release}")
    except NotAllowed as error:
        if error.code != "not_found":
            raise
        hint = "" if api.signed_in else f", and more after `weights login --portal {api.portal}`"
        raise not_found(
            f"The portal knows no release {name.release}.",
            f"`weights releases` lists what you can see{hint}.",
        ) from None


def check_revision(release: Json, name: ReleaseName) -> None:
    """Refuse a revision that the release does not have. Raises: WrongUsage(unknown-revision)."""
    known = [text(each, "name") for each in parts(release, "revisions")]
    if name.revision is not None and name.revision not in known:
        raise WrongUsage(
            "unknown-revision",
            f"{name.release} has no revision {name.revision}.",
            f"Available: {', '.join(known) or 'none'}.",
            f"weights show {name.release}",
        )


def check_recalled(release: Json, name: ReleaseName) -> None:
    """Refuse a revision that was taken back, with the reason. Raises: NotAllowed(revision-unavailable)."""
    named = [each for each in parts(release, "revisions") if text(each, "name") == name.revision]
    said = _RECALLED.get(text(named[0], "state")) if named else None
    if said is None:
        return
    current = text(part(release, "revision"), "name")
    raise NotAllowed(
        "revision-unavailable",
        f"{name} {said}.",
        text(named[0], "reason") or "No reason was recorded.",
        f"Get the current revision instead: weights download {name.release}@{current}"
        if current
        else f"No other revision is available now. {text(release, 'url')} says when that changes.",
        code="revision_unavailable",
    )


def access_of(release: Json) -> Json:
    """The `access` object of a release: {allowed, code, message, next_step, grant}."""
    return part(release, "access")


def grant_of(api: Api, release: Json, name: ReleaseName) -> str:
    """The id of the grant that allows a download now. Raises: NotAllowed with the portal's code and next
    step.
    """
    access = access_of(release)
    if access.get("allowed") is not True or not access.get("grant"):
        raise denied(access, f"You have no access to {name.release} now.", api.portal)
    return check_id(access["grant"])
