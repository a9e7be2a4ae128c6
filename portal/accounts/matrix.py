"""Who may do what: every capability, and the roles that have it. Data; policies ask `allows`.

A role that is not in a row does not have it, and a role that is not known here has nothing. What a role may
do is not all that a policy asks: whose thing it is, in which state it stands and how the session was opened
are asked beside it. docs/reference/roles.md is made from these tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from portal.accounts.roles import (
    ADMINISTRATOR,
    AUDITOR,
    LEGAL_LEAD,
    RELEASE_MANAGER,
    REVIEWER,
    STAFF_ROLES,
)

EVERYBODYS, OTHERS = "everybody's", "others'"


@dataclass(frozen=True)
class Capability:
    """Something that staff may do.

    name: the word that templates and the API use. what: a phrase for people. reads: it changes nothing.
    whose: `OTHERS` where staff never may with what is their own.
    """

    name: str
    what: str
    reads: bool = False
    whose: str = EVERYBODYS


RELEASE_READ: Final = Capability("release_read", "see releases that are not listed", reads=True)
QUEUE_READ: Final = Capability(
    "queue_read",
    "read the queue, requests that were sent with their votes and notes, grants and agreements",
    reads=True,
    whose=OTHERS,
)
REQUEST_VOTE: Final = Capability("request_vote", "vote on requests, and step back from one", whose=OTHERS)
REQUEST_TALK: Final = Capability(
    "request_talk", "write to those who ask, ask questions, write notes, name a signatory", whose=OTHERS
)
DESK_KEEP: Final = Capability(
    "desk_keep", "assign requests, keep absences, views of the queue and the reasons kept ready", whose=OTHERS
)
GRANT_SUSPEND: Final = Capability("grant_suspend", "suspend grants, and lift that", whose=OTHERS)
GRANT_REVOKE: Final = Capability("grant_revoke", "revoke grants for good", whose=OTHERS)
GRANT_EXTEND: Final = Capability("grant_extend", "move the end of grants", whose=OTHERS)
LICENSE_READ: Final = Capability("license_read", "read drafts of licenses, and negotiated ones", reads=True)
LICENSE_EDIT: Final = Capability("license_edit", "write drafts of licenses")
LICENSE_PUBLISH: Final = Capability("license_publish", "publish license versions")
MASTER_READ: Final = Capability("master_read", "read master agreements", reads=True)
MASTER_KEEP: Final = Capability("master_keep", "propose master agreements, name people in them, end them")
TERMS_CHANGE: Final = Capability("terms_change", "propose other terms or another quorum for a release")
RELEASE_MANAGE: Final = Capability(
    "release_manage", "publish, quarantine, restore and withdraw revisions; answer alerts"
)
LEDGER_READ: Final = Capability(
    "ledger_read", "read who was given what, alerts, and what became of revisions", reads=True
)
EXPORT: Final = Capability("export", "ask for an export of what they read here about many people")
AUDIT_READ: Final = Capability(
    "audit_read", "read and search the audit log, with the words that they may read elsewhere", reads=True
)
PEOPLE_READ: Final = Capability("people_read", "see people, their roles and organizations", reads=True)
PEOPLE_MANAGE: Final = Capability(
    "people_manage", "disable and enable accounts, end their sessions and tokens", whose=OTHERS
)
ROLES_PROPOSE: Final = Capability("roles_propose", "propose that somebody gets or loses a role", whose=OTHERS)
ORGANIZATIONS_MANAGE: Final = Capability(
    "organizations_manage", "vouch for domains, name who manages an organization", whose=OTHERS
)
CHANGES_CONFIRM: Final = Capability(
    "changes_confirm", "confirm what a colleague proposed, where two are needed", whose=OTHERS
)
LOOK_AS: Final = Capability("look_as", "look at the site as a role that reads no more than their own")

CAPABILITIES: Final[tuple[Capability, ...]] = (
    RELEASE_READ,
    QUEUE_READ,
    REQUEST_VOTE,
    REQUEST_TALK,
    DESK_KEEP,
    GRANT_SUSPEND,
    GRANT_REVOKE,
    GRANT_EXTEND,
    LICENSE_READ,
    LICENSE_EDIT,
    LICENSE_PUBLISH,
    MASTER_READ,
    MASTER_KEEP,
    TERMS_CHANGE,
    RELEASE_MANAGE,
    LEDGER_READ,
    EXPORT,
    AUDIT_READ,
    PEOPLE_READ,
    PEOPLE_MANAGE,
    ROLES_PROPOSE,
    ORGANIZATIONS_MANAGE,
    CHANGES_CONFIRM,
    LOOK_AS,
)
# The auditor reads what any of staff reads: a capability that reads is theirs without being named again.
_AUDITOR: Final = frozenset(each for each in CAPABILITIES if each.reads)
_REVIEWER: Final = frozenset(
    {
        RELEASE_READ,
        QUEUE_READ,
        REQUEST_VOTE,
        REQUEST_TALK,
        DESK_KEEP,
        GRANT_SUSPEND,
        LICENSE_READ,
        LICENSE_EDIT,
        MASTER_READ,
    }
)
_LEGAL_LEAD: Final = _REVIEWER | {
    GRANT_REVOKE,
    GRANT_EXTEND,
    LICENSE_PUBLISH,
    MASTER_KEEP,
    TERMS_CHANGE,
    EXPORT,
    AUDIT_READ,
    CHANGES_CONFIRM,
    LOOK_AS,
}
_RELEASE_MANAGER: Final = frozenset(
    {RELEASE_READ, LICENSE_READ, LICENSE_EDIT, RELEASE_MANAGE, LEDGER_READ, EXPORT, LOOK_AS}
)
_ADMINISTRATOR: Final = frozenset(
    {
        RELEASE_READ,
        AUDIT_READ,
        EXPORT,
        PEOPLE_READ,
        PEOPLE_MANAGE,
        ROLES_PROPOSE,
        ORGANIZATIONS_MANAGE,
        CHANGES_CONFIRM,
        LOOK_AS,
    }
)
MATRIX: Final[dict[str, frozenset[Capability]]] = {
    REVIEWER: _REVIEWER,
    LEGAL_LEAD: _LEGAL_LEAD,
    RELEASE_MANAGER: _RELEASE_MANAGER,
    AUDITOR: _AUDITOR,
    ADMINISTRATOR: _ADMINISTRATOR,
}


def allows(roles: Iterable[str], capability: Capability) -> bool:
    """Return whether one of the roles has the capability."""
    return any(capability in MATRIX.get(role, frozenset()) for role in roles)


def capabilities_of(roles: Iterable[str]) -> frozenset[Capability]:
    """Return all that these roles may do together."""
    every: frozenset[Capability] = frozenset()
    return every.union(*(MATRIX.get(role, every) for role in roles))


def holders(capability: Capability) -> frozenset[str]:
    """Return the roles that have the capability, for queries that look for people."""
    return frozenset(role for role in MATRIX if capability in MATRIX[role])


def reads_within(role: str, roles: Iterable[str]) -> bool:
    """Return whether all that `role` reads is read by one of `roles`, too: who has these may look as it."""
    reading = {each for each in capabilities_of([role]) if each.reads}
    return reading <= capabilities_of(roles)


if set(MATRIX) != STAFF_ROLES:
    raise RuntimeError("the matrix and portal/accounts/roles.py name different roles")
