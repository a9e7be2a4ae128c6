"""What people do, one verb a function: each takes `by` and `now`, is one transaction, raises Problems."""

from licenses.actions.absences import be_away, be_back
from licenses.actions.assigning import assign, pick_next
from licenses.actions.bulk import MAX_VOTES, Ballot, Outcome, vote_many
from licenses.actions.choosing import choose_releases
from licenses.actions.closing import close_out, propose_close_out
from licenses.actions.drafting import draft, edit
from licenses.actions.granting import change_many, extend, resume, revoke, suspend
from licenses.actions.lapsing import lapse
from licenses.actions.license_drafts import (
    begin_draft,
    begin_license,
    check_draft,
    discard_draft,
    left_to_do,
    publish_draft,
    save_draft,
)
from licenses.actions.mastering import end_master, name_member, propose_master, remove_member, sign_master
from licenses.actions.nudging import nudge
from licenses.actions.parties import decline, invite, join, name_signatory, remove
from licenses.actions.publishing import apply_terms, publish_license_version
from licenses.actions.reaccepting import propose_reaccept, reaccept
from licenses.actions.reasons import archive_reason, keep_reason, keep_shipped_reasons
from licenses.actions.recusing import recuse
from licenses.actions.renewing import renew
from licenses.actions.signing import propose_sign, sign
from licenses.actions.submitting import appeal, confirm_license, submit, withdraw
from licenses.actions.talking import ask, note, say
from licenses.actions.views import remove_view, save_view
from licenses.actions.voting import vote

__all__ = [
    "MAX_VOTES",
    "Ballot",
    "Outcome",
    "appeal",
    "apply_terms",
    "archive_reason",
    "ask",
    "assign",
    "be_away",
    "be_back",
    "begin_draft",
    "begin_license",
    "change_many",
    "check_draft",
    "choose_releases",
    "close_out",
    "confirm_license",
    "decline",
    "discard_draft",
    "draft",
    "edit",
    "end_master",
    "extend",
    "invite",
    "join",
    "keep_reason",
    "keep_shipped_reasons",
    "lapse",
    "left_to_do",
    "name_member",
    "name_signatory",
    "note",
    "nudge",
    "pick_next",
    "propose_close_out",
    "propose_master",
    "propose_reaccept",
    "propose_sign",
    "publish_draft",
    "publish_license_version",
    "reaccept",
    "recuse",
    "remove",
    "remove_member",
    "remove_view",
    "renew",
    "resume",
    "revoke",
    "save_draft",
    "save_view",
    "say",
    "sign",
    "sign_master",
    "submit",
    "suspend",
    "vote",
    "vote_many",
    "withdraw",
]
