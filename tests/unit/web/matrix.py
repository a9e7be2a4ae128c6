"""A1's table of the pages: what each reader is answered. A new address without a row fails in test_matrix.py.

A row gives, for GET, what each reader is answered. The things are Ada's. Words of the table:
    page     200                       signin   to the sign-in page
    shown    200, of a POST that changes nothing
    gone     404, as if there were none        no       403 with a reason
    moved    on to another page               never    405, it takes only a POST
    soon     503, it is being prepared
    later    409, not in this state           file     200, a file to keep
"""

# By what they are: their first names in the tests' world; nobody has none.
PEOPLE = {
    "anonymous": "",
    "owner": "ada",
    "other": "bo",
    "reviewer": "remy",
    "legal lead": "rosa",
    "manager": "mika",
    "auditor": "otto",
    "administrator": "alma",
}
READERS = tuple(PEOPLE)
OTHERS = tuple(reader for reader in READERS if reader != "owner")
STATUS = {
    "page": 200,
    "shown": 200,
    "signin": 302,
    "moved": 302,
    "gone": 404,
    "no": 403,
    "never": 405,
    "later": 409,
    "soon": 503,
    "file": 200,
}

FOR_ALL = ("page",) * 8
OWN_LIST = ("signin", *("page",) * 7)
OWN_THING = ("signin", "page", *("gone",) * 6)
NEVER = ("signin", *("never",) * 7)
#          anonymous  owner  other reviewer legal manager auditor administrator
DESK = ("signin", "no", "no", "page", "page", "no", "page", "no")
REVIEWING = ("signin", "no", "no", "page", "page", "no", "no", "no")
LEADING = ("signin", "no", "no", "no", "page", "no", "no", "no")
MANAGED = ("signin", "no", "no", "no", "no", "page", "page", "no")
KEPT = ("signin", "no", "no", "page", "page", "page", "page", "no")  # licenses
WRITTEN = ("signin", "no", "no", "page", "page", "page", "no", "no")

STAFF = ("signin", "no", "no", "page", "page", "page", "page", "page")
PEOPLES = ("signin", "no", "no", "no", "no", "no", "page", "page")
AUDITED = ("signin", "no", "no", "no", "page", "no", "page", "page")
SELECTING = ("signin", "no", "no", "moved", "moved", "no", "no", "no")

GET: dict[str, tuple[str, ...]] = {
    "home": FOR_ALL,
    "release": FOR_ALL,
    "revisions": MANAGED,
    "revision_change": MANAGED,
    "license": FOR_ALL,
    "about": FOR_ALL,
    "theme": ("never",) * 8,
    "keyboard": FOR_ALL,
    "request_form": ("signin", "moved", *("page",) * 6),
    "requests": OWN_LIST,
    "request_detail": OWN_THING,
    "request_edit": OWN_THING,
    "request_nudge": NEVER,
    "grant_renew": NEVER,
    "request_withdraw": OWN_THING,
    "request_appeal": ("signin", "later", *("gone",) * 6),
    "request_sign": ("signin", "later", *("gone",) * 6),
    "request_team": OWN_THING,
    "invitations": OWN_LIST,
    "invitation": OWN_THING,
    "grants": OWN_LIST,
    "grant_detail": OWN_THING,
    "grant_close": OWN_THING,
    "agreement": ("signin", "soon", "gone", "soon", "soon", "gone", "soon", "gone"),
    "account_details": OWN_LIST,
    "account_data": OWN_LIST,
    "account_sessions": OWN_LIST,
    "account_sessions_end": NEVER,
    "account_session_end": NEVER,
    "account_data_export": NEVER,
    "keys": OWN_LIST,
    "key_remove": OWN_THING,
    "tokens": OWN_LIST,
    "tokens_end": NEVER,
    "token_end": NEVER,
    "device": OWN_LIST,
    "device_end": NEVER,
    "pending_action": OWN_THING,
    "queue": DESK,
    "queue_next": NEVER,
    "queue_assign": NEVER,
    "view_save": NEVER,
    "view_remove": NEVER,
    "absences": DESK,
    "absence_end": NEVER,
    "bulk": NEVER,
    "bulk_vote": NEVER,
    "bulk_done": DESK,
    "review": DESK,
    "review_vote": NEVER,
    "request_say": NEVER,
    "review_reason": NEVER,
    "review_say": NEVER,
    "review_note": NEVER,
    "review_recuse": REVIEWING,
    "review_signatory": SELECTING,  # nothing is decided
    "reasons": DESK,
    "reason_new": REVIEWING,
    "reasons_shipped": NEVER,
    "reason_change": REVIEWING,
    "reason_archive": REVIEWING,
    "staff_grants": DESK,
    "staff_grant_change": DESK,
    "grants_together": SELECTING,  # with nothing selected
    "grants_changed": REVIEWING,
    "licenses": KEPT,
    "license_new": WRITTEN,
    "license_kept": KEPT,
    "license_compare": KEPT,
    "license_draft": KEPT,
    "license_discard": WRITTEN,
    "license_publish": LEADING,
    "masters": DESK,
    "master_new": LEADING,
    "master_kept": DESK,
    "master_end": LEADING,
    "master_member_remove": LEADING,
    "master_sign": OWN_THING,
    "grant_accept": OWN_THING,
    "terms": LEADING,
    "organizations": OWN_LIST,
    "organization": ("signin", *("gone",) * 5, "page", "page"),
    "export": ("signin", "no", "no", "no", "page", "page", "no", "page"),
    "look_as": ("signin", "no", "no", "no", "page", "page", "no", "page"),
    "look_as_leave": NEVER,
    "changes": STAFF,
    "change": ("signin", "no", "no", "gone", "page", "gone", "page", "page"),  # proposed at the console
    "people": PEOPLES,
    "person": PEOPLES,
    "audit": AUDITED,
    "audit_event": AUDITED,
    "audit_proof": ("signin", *("gone",) * 3, "soon", "gone", "soon", "soon"),  # of an event of a draft
    "audit_checkpoint": ("signin", *("soon",) * 7),  # nothing is signed
    "ledger": MANAGED,
    "ledger_grant": MANAGED,
    "ledger_alert": MANAGED,
}
# What an empty POST by each of the others is answered: never a change of what is Ada's.
OWN_FORM = ("signin", *("page",) * 6)  # of a thing of their own, shown again: it was empty
NOT_THEIRS = ("signin", *("gone",) * 6)
#          anonymous  other reviewer legal manager auditor administrator
VERDICT = ("signin", "no", "page", "page", "no", "no", "no")
COLLEAGUES = ("signin", "no", "gone", "gone", "no", "no", "no")  # what a reviewer keeps, to the others
CHOSEN = ("signin", "no", "moved", "moved", "no", "no", "no")
RECALL = ("signin", "no", "no", "no", "page", "no", "no")
WRITING = ("signin", "no", "page", "page", "page", "no", "no")
LEADERS = ("signin", "no", "no", "page", "no", "no", "no")
POST: dict[str, tuple[str, ...]] = {
    "theme": ("moved",) * 7,
    "keyboard": ("moved",) * 7,
    "revision_change": RECALL,
    "request_form": OWN_FORM,
    "request_edit": NOT_THEIRS,
    "request_nudge": NOT_THEIRS,
    "grant_renew": NOT_THEIRS,
    "grant_close": NOT_THEIRS,
    "request_withdraw": NOT_THEIRS,
    "request_appeal": NOT_THEIRS,
    "request_sign": NOT_THEIRS,
    "request_team": NOT_THEIRS,
    "invitation": NOT_THEIRS,
    "account_details": OWN_FORM,
    "account_data": OWN_FORM,
    "account_data_export": ("signin", *("file",) * 6),
    "key_remove": NOT_THEIRS,
    "tokens": OWN_FORM,
    "tokens_end": ("signin", *("moved",) * 6),
    "account_sessions_end": ("signin", *("moved",) * 6),
    "account_session_end": NOT_THEIRS,
    "token_end": NOT_THEIRS,
    "device": OWN_FORM,
    "device_end": NOT_THEIRS,
    "pending_action": NOT_THEIRS,
    "review_vote": VERDICT,
    "request_say": NOT_THEIRS,
    "review_reason": ("signin", "no", "shown", "shown", "no", "no", "no"),
    "review_say": VERDICT,
    "review_note": VERDICT,
    "review_recuse": VERDICT,
    "review_signatory": CHOSEN,
    "reason_new": VERDICT,
    "reasons_shipped": CHOSEN,
    "reason_change": VERDICT,
    "reason_archive": ("signin", "no", "moved", "gone", "no", "no", "no"),
    "queue_next": CHOSEN,
    "queue_assign": CHOSEN,
    "view_save": CHOSEN,
    "view_remove": COLLEAGUES,
    "absences": VERDICT,
    "absence_end": COLLEAGUES,
    "bulk": CHOSEN,
    "bulk_vote": VERDICT,
    "staff_grant_change": VERDICT,
    "grants_together": CHOSEN,
    "license_new": WRITING,
    "license_kept": WRITING,
    "license_draft": WRITING,
    "license_discard": WRITING,
    "license_publish": LEADERS,
    "master_new": LEADERS,
    "master_kept": LEADERS,
    "master_end": LEADERS,
    "master_member_remove": LEADERS,
    "master_sign": NOT_THEIRS,
    "grant_accept": NOT_THEIRS,
    "ledger_alert": RECALL,
    "terms": LEADERS,
    "organization": ("signin", *("gone",) * 4, "no", "page"),
    "export": ("signin", "no", "no", "page", "page", "no", "page"),
    "look_as": ("signin", "no", "no", "page", "page", "no", "page"),
    "look_as_leave": ("signin", *("moved",) * 6),
    "change": ("signin", "no", "gone", "shown", "gone", "shown", "shown"),
    "person": ("signin", "no", "no", "no", "no", "no", "page"),
}

# Omar speaks for Ada's organization. That opens its page and nothing else: on every other one he is answered
# as the other is, by GET and by POST.
SPEAKER = "omar"
TO_SPEAKER = {"organization": "page"}


def looked(name: str) -> dict[str, str]:
    """What each of the people is shown at an address, by their first names."""
    said = dict(zip(PEOPLE.values(), GET[name], strict=True))
    return {**said, SPEAKER: TO_SPEAKER.get(name, said["bo"])}


def sent(name: str) -> dict[str, str]:
    """What an empty form is answered that each of them but Ada sends there."""
    said = dict(zip((PEOPLE[each] for each in OTHERS), POST[name], strict=True))
    return {**said, SPEAKER: TO_SPEAKER.get(name, said["bo"])}
