"""Where the caller stands, for a whole page at once: a fixed number of queries, however many rows it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from licenses import queries
from licenses.models import LicenseVersion, ReleaseTerms
from portal.accounts.principals import Principal
from portal.core.verdicts import Verdict
from weights_vault.models import Release

PURPOSE = "manifest"


@dataclass(frozen=True)
class Standing:
    """What releases are shown with.

    terms, verdicts: by primary key of the release. licenses: those in force, by primary key of the license.
    """

    terms: Mapping[int, ReleaseTerms]
    licenses: Mapping[int, LicenseVersion]
    verdicts: Mapping[int, Verdict]

    @classmethod
    def read(cls, principal: Principal, releases: Sequence[Release], now: datetime) -> "Standing":
        terms = queries.terms_by_release(releases)
        return cls(
            terms=terms,
            licenses=queries.licenses_in_force(
                terms.values(), now, queries.confirmed_organization(principal)
            ),
            verdicts=queries.verdicts_by_release(principal, releases, PURPOSE, now),
        )
