"""What a token may be for: the scopes, in words, and which of a person's roles each carries along.

A token never does what only a person in a browser may: vote, sign, publish, enroll a key, close a grant. The
staff's scopes, too, only read, and prepare actions that wait for a browser.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from portal.accounts.roles import AUDITOR, LEGAL_LEAD, RELEASE_MANAGER, REVIEWER

READ, REQUESTS, DOWNLOAD, ATTEST = "read", "requests", "download", "attest"
REVIEW, PUBLISH = "review", "publish"
SCOPES: Final = (READ, REQUESTS, DOWNLOAD, ATTEST, REVIEW, PUBLISH)
DEFAULT: Final = (READ, REQUESTS, DOWNLOAD, ATTEST)
# What a token for one grant may be for: the others are about things that no grant stands for.
OF_ONE_GRANT: Final = (READ, DOWNLOAD, ATTEST)

WORDS: Final = MappingProxyType(
    {
        READ: "Read: releases, my requests, grants and keys",
        REQUESTS: "Requests: draft, send and withdraw requests",
        DOWNLOAD: "Download: enroll keys (with my confirmation), fetch manifests, headers and files",
        ATTEST: "Attest: hand in smoke-test reports that this machine signed",
        REVIEW: "Review: read what reviewers read, and prepare verdicts that I give in a browser",
        PUBLISH: "Publish: read what became of revisions, and prepare recalls that I confirm in a browser",
    }
)
# The roles whose reading a staff scope opens. An administrator's is opened by none: that is for a browser.
_CARRIED: Final = MappingProxyType(
    {REVIEW: frozenset({REVIEWER, LEGAL_LEAD, AUDITOR}), PUBLISH: frozenset({RELEASE_MANAGER})}
)


def carried(roles: frozenset[str], scopes: Iterable[str]) -> frozenset[str]:
    """Return the roles that a token with these scopes acts with; without staff scopes, none."""
    return roles & frozenset().union(*(_CARRIED.get(scope, frozenset()) for scope in scopes))


def offered(roles: frozenset[str]) -> tuple[str, ...]:
    """Return the scopes that a person with these roles can give to a token."""
    return tuple(scope for scope in SCOPES if scope not in _CARRIED or roles & _CARRIED[scope])


def of_staff(scopes: Iterable[str]) -> bool:
    """True when one of them carries roles along."""
    return any(scope in _CARRIED for scope in scopes)


def in_order(scopes: Iterable[str]) -> list[str]:
    """Return these scopes once each, in the order of SCOPES."""
    wanted = set(scopes)
    return [scope for scope in SCOPES if scope in wanted]
