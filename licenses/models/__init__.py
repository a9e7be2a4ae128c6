"""What the licenses app remembers. Fields, constraints, small properties; state moves live in `actions/`."""

from licenses.models.grants import Acceptance, Grant
from licenses.models.requests import Decision, Request, RequestVersion, Vote
from licenses.models.terms import License, LicenseVersion, ReleaseTerms

__all__ = [
    "Acceptance",
    "Decision",
    "Grant",
    "License",
    "LicenseVersion",
    "ReleaseTerms",
    "Request",
    "RequestVersion",
    "Vote",
]
