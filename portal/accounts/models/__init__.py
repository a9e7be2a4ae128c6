"""Who people are, what they may be, and what they were given to act with."""

from portal.accounts.models.affiliations import Affiliation, OrganizationDomain, OrganizationManager
from portal.accounts.models.changes import TwoPersonChange
from portal.accounts.models.devices import Device, DeviceCode
from portal.accounts.models.organizations import Organization
from portal.accounts.models.pending import PendingAction
from portal.accounts.models.roles import RoleGrant
from portal.accounts.models.sessions import BrowserSession
from portal.accounts.models.tokens import AccessToken
from portal.accounts.models.users import User

__all__ = [
    "AccessToken",
    "Affiliation",
    "BrowserSession",
    "Device",
    "DeviceCode",
    "Organization",
    "OrganizationDomain",
    "OrganizationManager",
    "PendingAction",
    "RoleGrant",
    "TwoPersonChange",
    "User",
]
