"""The text of docs/reference/roles.md, made from the matrix; a test compares the two."""

from typing import Final

from portal.accounts.matrix import CAPABILITIES, MATRIX, OTHERS
from portal.accounts.roles import ADMINISTRATOR, AUDITOR, LEGAL_LEAD, RELEASE_MANAGER, REVIEWER

_HEAD: Final = """# Roles

Made by `make docs` from `portal/accounts/matrix.py`: change that. Policies ask it and nothing else; what
stands in no row is refused.

Everybody with an account asks for releases, signs, holds grants and keys, and closes what is their own; that
needs no role. A role comes beside it, and a person may hold several. Giving and taking one needs two people:
an administrator proposes it, and another administrator or a legal lead confirms it. While there are fewer
than two administrators, the portal's operator gives and takes roles alone, with `manage.py role`.
"""
_FOR: Final = {
    REVIEWER: "reads the requests, votes on them, talks with those who ask, and puts grants on hold.",
    LEGAL_LEAD: "does what a reviewer does, and answers for what binds: publishes licenses, keeps master"
    " agreements, revokes and extends grants, proposes other terms, confirms what colleagues propose.",
    RELEASE_MANAGER: "publishes revisions and recalls them, reads who was given what, and answers alerts.",
    AUDITOR: "reads all that any of the staff reads, the audit log too, and changes nothing.",
    ADMINISTRATOR: "keeps people, roles and organizations; neither reads requests nor votes on them.",
}
_MORE: Final = """
"Others' alone" means: never with what is their own, and not in a request that they have a part in. What a
request, a grant or a release demands besides stands in [States and access codes](states.md).

Two more words are no role of staff:

- **researcher**: everybody with an account and none of the roles above.
- **organization manager**: speaks for one organization. They see its people here, end an affiliation, and
  show that a mail domain is the organization's own. An administrator names them; it gives nothing elsewhere.

Django's admin (`/admin/`) shows the records and changes none. It opens to accounts that the portal's operator
made with `manage.py createsuperuser`: that is no role, and makes nobody an administrator.

Staff act with a second factor, as `STAFF_MFA` says, in a browser. A token acts for staff only where its scope
says so, and what it does then waits for the person to confirm it.
"""


def document() -> str:
    """Return the whole page as Markdown, with one newline at its end."""
    purposes = [f"- **{_named(role)}** (`{role}`) {said}" for role, said in _FOR.items()]
    heads = ["may", *map(_named, MATRIX), "with"]
    rows = [
        [
            each.what,
            *("yes" if each in allowed else "—" for allowed in MATRIX.values()),
            "others' alone" if each.whose == OTHERS else "all",
        ]
        for each in CAPABILITIES
    ]
    table = ["| " + " | ".join(cells) + " |" for cells in [heads, ["---"] * len(heads), *rows]]
    parts = [_HEAD, "## What each is for\n", *purposes, "\n## Who may what\n", *table, _MORE.rstrip()]
    return "\n".join(parts) + "\n"


def _named(role: str) -> str:
    return role.replace("_", " ")
