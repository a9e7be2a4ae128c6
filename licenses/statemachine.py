"""The text of docs/reference/states.md, made from the tables; a test compares the two."""

from collections.abc import Mapping

from licenses import bars, denials, states
from licenses.states import Transition
from weights_vault.states import REVISION_TRANSITIONS

_HEAD = """# States and access codes

Made by `make docs` from `licenses/states.py`, `licenses/bars.py` and `licenses/denials.py`, and for
revisions from `weights_vault/states.py`: change those.

Every transition runs in one transaction: it locks the row, asks the policy, moves the state, writes the audit
event and queues the mails. What is not in a table does not happen.

- **applicant**: the person whose request it is.
- **party**: the applicant, or a co-applicant who joined.
- **asked**: whoever was asked into the request, known by a verified address.
- **signer**: who is to accept the license: the applicant, a co-applicant who joined, the signatory.
- **reviewer**: a reviewer who may vote on it: never one of those who ask, nor their signatory, nor a
  colleague of theirs where the terms bar them, nor, after an appeal, anybody who voted before it.
- **votes**: nobody alone; the reviewers' votes together.
- **staff**: whoever of the staff has the capability for it, in `docs/reference/roles.md`.
- **holder**: the person whose grant it is.
- **system**: the portal itself: a job, or a step of another action.
"""
_REQUEST = """
A side carries with as many votes as the quorum and more than the other side has; one request for changes
returns the request. Opposing votes leave it submitted, marked split, until one more reviewer makes a
majority. Only a reviewer's latest vote on the current version counts. An edit in review makes a new version.

Everybody in the team accepts the license on their own. A person's grants start with the later of two
acceptances: theirs and, where the terms demand one, the signatory's. The first grant moves the request to
signed (`sign`); an acceptance that starts nothing yet, or comes later, leaves its state (`accept`). Whoever
has not accepted in time drops out; the request lapses if nobody has a grant by then.
"""
_GRANT = """
A grant holds from its start up to, not at, its end. Expired is computed from the end and is not a state.
"""
_TIME = """
What time alone brings, beside the rows of `system` above. Each is told once, by a row in the transaction that
queues its mail; after downtime only the most urgent that is due. A moved end is told of anew. A request's
time in review counts from its submission, or from the applicant's answer to a question; while a question
waits for its answer nobody is reminded.
"""
_REVISION = """
A published revision never changes. Withdrawn is final; quarantined may come back.
"""
_ACCESS = """
The one rule of access answers with the first code, from the top, that stands in the way. The columns are the
purposes it is asked for; a dash means that the code does not matter there.
"""
_REFUSALS = """
Actions answer with a code of access or with one of these.
"""


def document() -> str:
    """Return the whole page as Markdown, with one newline at its end."""
    sections = [
        _HEAD,
        _section("Request", _REQUEST, states.REQUEST_STATES, states.REQUEST_TRANSITIONS),
        _section("Grant", _GRANT, states.GRANT_STATES, states.GRANT_TRANSITIONS),
        _time(),
        _notices(),
        _revision(),
        _access_codes(),
        _refusals(),
    ]
    return "\n".join(section.strip() + "\n" for section in sections)


def _section(title: str, said: str, known: Mapping[str, str], table: tuple[Transition, ...]) -> str:
    rows = [
        [row.source or "—", row.action, row.target, row.who, row.audit, ", ".join(row.notice) or "—"]
        for row in table
    ]
    return "\n".join(
        [
            f"## {title}",
            said,
            *_table(["state", "meaning"], [[name, meaning] for name, meaning in known.items()]),
            "",
            *_table(["from", "action", "to", "who", "audit event", "mail"], rows),
        ]
    )


def _time() -> str:
    rows = [[row.about, row.due, row.notice] for row in states.TIME_NOTICES]
    return "\n".join(["## Time", _TIME, *_table(["about", "due", "mail"], rows)])


def _notices() -> str:
    rows = [[name, audience] for name, audience in states.NOTICES.items()]
    return "\n".join(["## Mails", "", *_table(["mail", "goes to"], rows)])


def _revision() -> str:
    rows = [
        [row.source, row.action, row.target, row.who, row.audit, row.notice or "—"]
        for row in REVISION_TRANSITIONS
    ]
    heads = ["from", "action", "to", "who", "audit event", "mail to holders of headers"]
    return "\n".join(["## Revision", _REVISION, *_table(heads, rows)])


def _access_codes() -> str:
    rows = [
        [
            f"`{rule.code}`",
            *("yes" if purpose in rule.purposes else "—" for purpose in bars.PURPOSES),
            _words(rule),
        ]
        for rule in bars.RULES
    ]
    return "\n".join(
        ["## Access codes", _ACCESS, *_table(["code", *bars.PURPOSES, "what people read"], rows)]
    )


def _refusals() -> str:
    rows = [[f"`{code}`", said] for code, said in denials.REFUSALS.items()]
    return "\n".join(["## Refusals of actions", _REFUSALS, *_table(["code", "when"], rows)])


def _words(rule: bars.Rule) -> str:
    return " ".join(denials.WORDS[rule.code])


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
