"""What a reviewer signs with their passkey when they give a verdict.

Each verdict has a document, each document a hash (its leaf), and one passkey assertion signs the leaves of
one or many verdicts. So whoever can write rows cannot make a vote: the keeper asks for the documents and the
assertions before it makes headers, and knows the reviewers' passkeys from a file of its own.

The document is kept with the vote as it was signed: a party who leaves later changes nothing in it.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from licenses.models import Party, Request, RequestVersion
from licenses.models.requests import RequestedRelease
from licenses.queries.parties import standing_in
from portal.accounts.assertions import Assertion, AssertionRefused
from portal.accounts.models import User
from weights_vault.sealed import canonical

_PURPOSE: Final = b"weights-portal votes v1\n"
MOST_LEAVES: Final = 100
_TEXT_OF: Final = ("request", "number", "license_sha256")
_LEAF: Final = re.compile("[0-9a-f]{64}")


def document(request: Request, verdict: str, reason: str, reviewer: User) -> dict[str, Any]:
    """Return what exactly a verdict on the current version of `request` says. The rest as `documents`."""
    return documents([request], verdict, reason, reviewer)[0]


def documents(requests: Sequence[Request], verdict: str, reason: str, reviewer: User) -> list[dict[str, Any]]:
    """Return what one verdict on each of the requests says, in their order; in as many queries for many.

    reason: as it will be kept. Parties: everybody who stands in the request beside the applicant, by public
    id of their account, or where none is known yet by the SHA-256 of their address.
    """
    versions = RequestVersion.objects.filter(request__in=requests)
    texts = {(of, number): sha256 for of, number, sha256 in versions.values_list(*_TEXT_OF)}
    asked_for = RequestedRelease.objects.filter(request__in=requests).values_list("request", "release__slug")
    slugs: dict[str, list[str]] = defaultdict(list)
    for of, slug in asked_for:
        slugs[of].append(slug)
    parties = standing_in(requests)
    return [
        {
            "v": 1,
            "portal": settings.PORTAL_URL,
            "request": request.pk,
            "version": request.version,
            "applicant": request.applicant.public_id,
            "parties": sorted(_party(party) for party in parties[request.pk]),
            "releases": sorted(slugs[request.pk]),
            "license_sha256": texts[request.pk, request.version],
            "quorum": request.quorum,
            "verdict": verdict,
            "reason_sha256": hashlib.sha256(reason.encode()).hexdigest(),
            "reviewer": reviewer.public_id,
        }
        for request in requests
    ]


def _party(party: Party) -> str:
    if party.user is not None:
        return party.user.public_id
    return f"mail:{hashlib.sha256(party.email.lower().encode()).hexdigest()}"


def leaf(document: dict[str, Any]) -> str:
    """Return the hash by which a vote's document is signed: SHA-256 of its canonical JSON, lower-case hex."""
    return hashlib.sha256(canonical.dumps(document)).hexdigest()


def challenge(leaves: Iterable[str]) -> bytes:
    """Return what the passkey signs for these votes together, 32 bytes; their order does not matter."""
    return hashlib.sha256(_PURPOSE + "\n".join(sorted(leaves)).encode()).digest()


@dataclass(frozen=True)
class Signed:
    """A passkey's answer over these leaves, not yet checked."""

    assertion: Assertion
    leaves: tuple[str, ...]

    @classmethod
    def parse(cls, assertion: str, leaves: str) -> "Signed":
        """Read what a page sends: the assertion as JSON, the leaves with blanks between.

        Raises: AssertionRefused.
        """
        every = tuple(leaves.split())
        if not 1 <= len(every) <= MOST_LEAVES or not all(_LEAF.fullmatch(each) for each in every):
            raise AssertionRefused("the leaves are none")
        return cls(Assertion.parse(assertion), every)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that was signed, with the signature: an answer is used once."""
        parts = (self.assertion.authenticator_data, self.assertion.client_data, self.assertion.signature)
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
