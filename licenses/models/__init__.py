"""What the licenses app remembers. Fields, constraints, small properties; state moves live in `actions/`."""

from licenses.models.agreements import Agreement, DestructionCertificate, MasterAgreement, MasterMember
from licenses.models.clock import Reminder, ReviewPace
from licenses.models.desk import Absence, Message, ReasonTemplate, Recusal, SavedView
from licenses.models.grants import Acceptance, Grant
from licenses.models.parties import Party
from licenses.models.requests import Request, RequestVersion
from licenses.models.terms import License, LicenseDraft, LicenseVersion, ReleaseTerms
from licenses.models.votes import Decision, Vote, VoteAssertion

__all__ = [
    "Absence",
    "Acceptance",
    "Agreement",
    "Decision",
    "DestructionCertificate",
    "Grant",
    "License",
    "LicenseDraft",
    "LicenseVersion",
    "MasterAgreement",
    "MasterMember",
    "Message",
    "Party",
    "ReasonTemplate",
    "Recusal",
    "ReleaseTerms",
    "Reminder",
    "Request",
    "RequestVersion",
    "ReviewPace",
    "SavedView",
    "Vote",
    "VoteAssertion",
]
