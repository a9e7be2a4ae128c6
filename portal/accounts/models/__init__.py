"""Who people are, what they may be, and what they were given to act with."""

from portal.accounts.models.organizations import Organization
from portal.accounts.models.pending import PendingAction
from portal.accounts.models.roles import RoleGrant
from portal.accounts.models.tokens import AccessToken
from portal.accounts.models.users import User

__all__ = ["AccessToken", "Organization", "PendingAction", "RoleGrant", "User"]
