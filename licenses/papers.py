"""Policies of executed documents and of closing a grant. Pure, as `policies` is."""

from licenses.facts import AgreementCase, GrantCase
from licenses.judging import first_refusal, person_bar, role_bar, table_bar
from licenses.licensing import NOT_HOLDER
from licenses.states import GRANT_TRANSITIONS
from portal.accounts import matrix
from portal.core.verdicts import Verdict


def may_read_agreement(case: AgreementCase) -> Verdict:
    """May the person have the document? Whom it binds, for good, and legal staff."""
    staff = None if case.party else role_bar(case.person, matrix.QUEUE_READ)
    return first_refusal(person_bar(case.person, scope="read"), staff)


def may_close(case: GrantCase) -> Verdict:
    """May the person close the grant and certify what became of the copies? From a browser session alone."""
    return _holder(case, scope=None)


def may_propose_close(case: GrantCase) -> Verdict:
    """May the person, or a token of theirs, prepare that, to confirm it in a browser?"""
    return _holder(case, scope="requests")


def _holder(case: GrantCase, scope: str | None) -> Verdict:
    return first_refusal(
        person_bar(case.person, scope),
        None if case.mine else NOT_HOLDER,
        table_bar(GRANT_TRANSITIONS, case.state, "close", "grant"),
    )
