"""Policies of license texts, new acceptances and master agreements. Pure, as `policies` is."""

from typing import Final

from licenses.facts import GrantCase, LicenseCase, MasterCase, Person
from licenses.judging import first_refusal, person_bar, role_bar, table_bar
from licenses.states import GRANT_TRANSITIONS
from portal.accounts import matrix
from portal.core.verdicts import Allowed, Denied, Verdict

NOT_HOLDER: Final = Denied(
    "not_holder", "Only the holder of the grant can do this.", "Ask the holder to do it."
)
NOT_SIGNATORY: Final = Denied(
    "not_a_party",
    "Only the person whom this agreement names as its signatory can do this.",
    "Sign in with the account whose verified address was asked.",
)
OWN_HAND: Final = Denied(
    "own_agreement",
    "You had a hand in this agreement as staff, so you cannot sign it for the organization.",
    "Ask for an agreement that names somebody else as its signatory.",
)
SIGNED_ALREADY: Final = Denied(
    "state_changed", "This agreement is signed already.", "Load the page again to see where it stands."
)
OVER: Final = Denied(
    "state_changed", "This agreement has ended.", "Propose a new one to go on with the organization."
)


def may_read_license(case: LicenseCase) -> Verdict:
    """May the person read the text? A standard one everybody, before they sign in; a negotiated one people of
    its organization, whoever has to do with it, and staff who read drafts of licenses."""
    if not case.organization:
        return Allowed()
    theirs = case.concerned or case.organization == case.person.organization
    staff = None if theirs else role_bar(case.person, matrix.LICENSE_READ)
    return first_refusal(person_bar(case.person, scope="read"), staff)


def may_keep_licenses(person: Person) -> Verdict:
    """May the person read what licenses are kept, with their drafts?"""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.LICENSE_READ))


def may_write_license(person: Person) -> Verdict:
    """May the person begin, change and discard drafts of licenses?"""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.LICENSE_EDIT))


def may_publish_license(person: Person) -> Verdict:
    """May the person publish a new version of a license?"""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.LICENSE_PUBLISH))


def may_reaccept(case: GrantCase) -> Verdict:
    """May the person accept a newer license version for the grant now? From a browser session alone."""
    return _holder(case, scope=None)


def may_propose_reaccept(case: GrantCase) -> Verdict:
    """May the person, or a token of theirs, prepare an acceptance that they confirm in a browser?"""
    return _holder(case, scope="requests")


def may_see_masters(person: Person) -> Verdict:
    """May the person read every master agreement? In a session."""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.MASTER_READ))


def may_keep_masters(person: Person) -> Verdict:
    """May the person propose a master agreement? In a session."""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.MASTER_KEEP))


def may_change_master(case: MasterCase) -> Verdict:
    """May the person name people in the agreement, take them out, or end it?"""
    return first_refusal(
        person_bar(case.person, scope=None),
        role_bar(case.person, matrix.MASTER_KEEP),
        OVER if case.ended else None,
    )


def may_read_master(case: MasterCase) -> Verdict:
    """May the person read the agreement on its own page? Its signatory, by a verified address."""
    return first_refusal(person_bar(case.person, scope=None), None if case.signatory else NOT_SIGNATORY)


def may_sign_master(case: MasterCase) -> Verdict:
    """May the person sign the agreement for the organization? Nobody who works on it for the portal, whose
    address it may have become since."""
    return first_refusal(
        person_bar(case.person, scope=None),
        None if case.signatory else NOT_SIGNATORY,
        OVER if case.ended else None,
        SIGNED_ALREADY if case.signed else None,
        OWN_HAND if case.own_hand else None,
    )


def _holder(case: GrantCase, scope: str | None) -> Verdict:
    return first_refusal(
        person_bar(case.person, scope),
        None if case.mine else NOT_HOLDER,
        table_bar(GRANT_TRANSITIONS, case.state, "reaccept", "grant"),
    )
