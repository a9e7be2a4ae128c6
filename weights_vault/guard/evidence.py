"""The votes behind a grant, proved: as many different trusted voters as the quorum that they signed.

Rows are only the carrier here. What a vote says stands under its passkey's signature, and the passkeys stand
in the keeper's own file. Inserting or changing rows of requests, votes, decisions, grants or terms makes no
signature. What it cannot show: that rows were taken away again, such as a later vote against, or a
revocation; the log shows that.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from portal.accounts import factors
from portal.accounts.assertions import Assertion, AssertionRefused, verify
from portal.core.problems import NotPermitted
from weights_vault.guard import voters
from weights_vault.guard.voters import Settled
from weights_vault.ports import Evidence, SignedVote, access_policy


class EvidenceMissing(NotPermitted):
    """The grant's votes are not proved. proved, needed: how many voters are, and how many had to be."""

    code = "evidence_missing"
    title = "The votes behind this grant are not proved"

    def __init__(self, proved: int, needed: int) -> None:
        self.proved, self.needed = proved, needed
        super().__init__(
            detail="The portal cannot prove by the reviewers' passkeys that this grant was voted for.",
            next_step="Write to the portal's staff: they were alerted, and can have it decided again.",
        )


def require(grant: str) -> None:
    """See that a grant, by its public id, was proved or vouched for, where STAFF_MFA asks for passkeys.

    Raises: EvidenceMissing.
    """
    if not factors.votes_are_signed():
        return
    evidence = access_policy().evidence(grant)
    if Settled(grant, evidence.person, evidence.release) in voters.settled():
        return
    proved, needed = weigh(evidence)
    if not 1 <= needed <= proved:
        raise EvidenceMissing(proved, needed)


def weigh(evidence: Evidence) -> tuple[int, int]:
    """How many different voters proved their votes, and how many had to: the quorum that they signed."""
    keys = {(voter.person, voter.credential): voter.public_key for voter in voters.voters()}
    proved: dict[int, set[str]] = defaultdict(set)
    for vote in evidence.votes:
        if _is_proved(vote, keys.get((vote.person, vote.credential))):
            proved[vote.quorum].add(vote.person)
    if not proved:
        return 0, max((vote.quorum for vote in evidence.votes), default=1)
    # The quorum is frozen at submission, so there is one; should there be two, each counts by itself.
    quorum = max(proved, key=lambda quorum: len(proved[quorum]) - quorum)
    return len(proved[quorum]), quorum


def _is_proved(vote: SignedVote, public_key: Mapping[int, Any] | None) -> bool:
    if public_key is None:
        return False
    assertion = Assertion(
        bytes.fromhex(vote.credential), vote.authenticator_data, vote.client_data, vote.signature
    )
    try:
        verify(assertion, public_key=public_key, portal_url=settings.PORTAL_URL, challenge=vote.challenge)
    except AssertionRefused:
        return False
    return True
