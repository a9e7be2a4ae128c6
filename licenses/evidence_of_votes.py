"""What the keeper is shown of a grant: the approvals behind it, each as its reviewer's passkey signed it.

Only votes are shown whose signed document is about just this: this portal, this request in its version, this
release, the license the grant is under, and its holder among those who asked. Whether the signatures hold is
the keeper's to find out.
"""

import hashlib
from typing import Any, Final

from django.conf import settings

from licenses import ballots
from licenses.models import Grant, LicenseVersion, Vote
from weights_vault.ports import Evidence, SignedVote

_NOTHING: Final = Evidence(person="", release="", votes=())


def evidence_of(grant: str) -> Evidence:
    """Return what proves the grant of this public id; of one that is not there, nothing."""
    found = (
        Grant.objects.select_related("user", "release", "license_version", "request").filter(pk=grant).first()
    )
    if found is None:
        return _NOTHING
    votes = Vote.objects.filter(
        request=found.request,
        version=found.request.version,
        verdict=Vote.Verdict.APPROVE,
        superseded_at=None,
        assertion__isnull=False,
    ).select_related("assertion", "reviewer")
    # Its holder may have accepted a later version since than the one that was voted on.
    texts = frozenset(
        LicenseVersion.objects.filter(
            license=found.license_version.license_id, number__lte=found.license_version.number
        ).values_list("sha256", flat=True)
    )
    shown = tuple(_signed(vote) for vote in votes if _is_about(vote, found, texts))
    return Evidence(person=found.user.public_id, release=found.release.slug, votes=shown)


def _is_about(vote: Vote, grant: Grant, texts: frozenset[str]) -> bool:
    """texts: SHA-256 of the license's versions up to the one that the grant is under."""
    said: dict[str, Any] = vote.document or {}
    assertion = vote.assertion
    return (
        assertion is not None
        and said.get("v") == 1
        and said.get("portal") == settings.PORTAL_URL
        and said.get("request") == grant.request_id
        and said.get("version") == vote.version
        and said.get("verdict") == Vote.Verdict.APPROVE
        and said.get("reviewer") == vote.reviewer.public_id
        and isinstance(said.get("quorum"), int)
        and grant.release.slug in said.get("releases", ())
        and said.get("license_sha256") in texts
        and _asked(said, grant)
        and ballots.leaf(said) in assertion.leaves
    )


def _asked(said: dict[str, Any], grant: Grant) -> bool:
    """Whether the holder is one of those who asked, and the reviewer is not."""
    asked = [said.get("applicant"), *said.get("parties", ())]
    address = hashlib.sha256(grant.user.email.lower().encode()).hexdigest()
    holder = grant.user.public_id in asked or f"mail:{address}" in asked
    return holder and said.get("reviewer") not in asked


def _signed(vote: Vote) -> SignedVote:
    assertion = vote.assertion
    if assertion is None or vote.document is None:
        raise RuntimeError(f"vote {vote.pk} is not signed; it was looked at before")
    return SignedVote(
        person=vote.document["reviewer"],
        quorum=vote.document["quorum"],
        credential=assertion.credential_id,
        challenge=ballots.challenge(assertion.leaves),
        authenticator_data=bytes(assertion.authenticator_data),
        client_data=bytes(assertion.client_data),
        signature=bytes(assertion.signature),
    )
