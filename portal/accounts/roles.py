"""The roles of staff. What each may do: `portal.accounts.matrix`."""

REVIEWER = "reviewer"
LEGAL_LEAD = "legal_lead"
RELEASE_MANAGER = "release_manager"
AUDITOR = "auditor"
ADMINISTRATOR = "administrator"
# Everybody without a role of staff; no row, and in no matrix.
RESEARCHER = "researcher"
STAFF_ROLES = frozenset({REVIEWER, LEGAL_LEAD, RELEASE_MANAGER, AUDITOR, ADMINISTRATOR})
