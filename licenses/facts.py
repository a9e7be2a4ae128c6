"""What the policies judge: frozen, complete, read once by `queries.py`. Nothing here reads or decides."""

from dataclasses import dataclass, field
from datetime import datetime

from licenses.states import APPROVED, LAPSED


@dataclass(frozen=True)
class Person:
    """Who asks.

    scopes: those of the token that asks; None in a browser session.
    second_factor_missing: the portal demands one of staff, and this session or token was not opened with one.
    country: ISO 3166 alpha-2 as the person states it, empty while unknown. organization: public id of the one
    that a verified address at one of its domains confirms; empty for one that is merely claimed.
    """

    signed_in: bool = False
    active: bool = False
    email_verified: bool = False
    scopes: frozenset[str] | None = None
    roles: frozenset[str] = frozenset()
    second_factor_missing: bool = False
    country: str = ""
    organization: str = ""


@dataclass(frozen=True)
class ReleaseFacts:
    """What is asked for, and what it demands. strategy is empty while the release has no terms."""

    state: str = "listed"
    title: str = ""
    strategy: str = ""
    stage: str = "closed"
    partners: frozenset[str] = frozenset()
    exclude_countries: frozenset[str] = frozenset()
    postquantum_only: bool = False


@dataclass(frozen=True)
class RequestFacts:
    """The person's newest request for the release. reason: why it was rejected or returned, else empty.

    lapses_at: of an approved one, when it has lapsed unless it was signed.
    """

    id: str
    state: str
    reason: str = ""
    lapses_at: datetime | None = None

    def state_at(self, now: datetime) -> str:
        """The state that counts at `now`, whether or not the job that notes a lapse has run."""
        over = self.lapses_at is not None and now >= self.lapses_at
        return LAPSED if over and self.state == APPROVED else self.state


@dataclass(frozen=True)
class GrantFacts:
    """The grant that was named, else the person's best one. Holds from starts_at up to, not at, ends_at."""

    id: str
    state: str
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    reaccept_by: datetime | None = None


@dataclass(frozen=True)
class RevisionFacts:
    """reason: why it was recalled, else empty. instead: what to get in its place, as RELEASE@REVISION."""

    name: str
    state: str
    reason: str = ""
    instead: str = ""


@dataclass(frozen=True)
class KeyFacts:
    """A recipient key. usable: it is active and the person's own."""

    usable: bool
    postquantum: bool


@dataclass(frozen=True)
class Facts:
    """Everything the rule of access looks at.

    asked: the person submitted a request for the release, this one or an earlier one; a draft alone is
    nothing that anybody else knows of. quota_left: how much may still be issued; None is no limit.
    """

    person: Person = field(default_factory=Person)
    release: ReleaseFacts = field(default_factory=ReleaseFacts)
    request: RequestFacts | None = None
    grant: GrantFacts | None = None
    revision: RevisionFacts | None = None
    key: KeyFacts | None = None
    asked: bool = False
    quota_left: int | None = None

    @property
    def related(self) -> bool:
        """The person has, or had, something to do with the release."""
        return self.asked or self.grant is not None


@dataclass(frozen=True)
class TeamFacts:
    """Who stands in a request beside the applicant, and the place of one person in it.

    role, state: the person's own place, while they stand in it: "co_applicant" or "signatory"; "invited",
    "joined" or "accepted". Both are empty for the applicant and for everybody else.
    took_part: they said yes once, whether or not they stand in it still. Who declined without that did not.
    accepted: the person accepted the license version that was approved.
    pending: a co-applicant has not answered.
    signatory_wanted: somebody must sign for the institution. signatory_named: somebody was asked to.
    signatory_signed: they did.
    late: the time to accept after the approval is over. voted: asked in, the person voted on the request.
    """

    role: str = ""
    state: str = ""
    took_part: bool = False
    accepted: bool = False
    co_applicants: int = 0
    most_co_applicants: int = 0
    pending: bool = False
    signatory_wanted: bool = False
    signatory_named: bool = False
    signatory_signed: bool = False
    late: bool = False
    voted: bool = False

    @property
    def joined(self) -> bool:
        """The person said yes: they read the request, and accept the license once it is approved."""
        return self.state in ("joined", "accepted")


@dataclass(frozen=True)
class RequestCase:
    """A request as one person sees it.

    mine: the person is the applicant. was_submitted: it ever reached the reviewers.
    asked: the applicant submitted a request for each of its releases, this one or earlier ones.
    license_current: its current version names the license text in force of each release.
    one_license: its releases are under the same license still.
    own_organization: the person is of the applicant's organization, and the terms bar such reviewers.
    voted_before_appeal: the person voted on it before it was appealed.
    joined: the person is a co-applicant who takes part. recused: a reviewer who takes none.
    held: somebody holds a live grant under it.
    """

    person: Person
    state: str
    mine: bool = False
    was_submitted: bool = True
    asked: bool = True
    appealed: bool = False
    license_current: bool = True
    one_license: bool = True
    own_organization: bool = False
    voted_before_appeal: bool = False
    joined: bool = False
    recused: bool = False
    held: bool = False
    team: TeamFacts = field(default_factory=TeamFacts)
    releases: tuple[ReleaseFacts, ...] = ()

    @property
    def takes_part(self) -> bool:
        """The person asks for the weights: the applicant, or a co-applicant who joined."""
        return self.mine or self.joined

    @property
    def of_team(self) -> bool:
        """The person is, or once was, on the side of those who ask: they are no staff in this request."""
        return self.mine or bool(self.team.role) or self.team.took_part


@dataclass(frozen=True)
class GrantCase:
    """A grant as one person sees it. mine: the person holds it. of_team: they are, or once were, of those who
    asked for it together."""

    person: Person
    state: str
    mine: bool = False
    of_team: bool = False


@dataclass(frozen=True)
class AgreementCase:
    """An executed document as one person sees it. party: it binds them, or one of a team they are in."""

    person: Person
    party: bool = False


@dataclass(frozen=True)
class LicenseCase:
    """A license text as one person sees it.

    organization: public id of the one that it was negotiated with; empty for a standard text. concerned: the
    person asked for weights under it, holds a grant under it, or is to sign it.
    """

    person: Person
    organization: str = ""
    concerned: bool = False


@dataclass(frozen=True)
class MasterCase:
    """A master agreement as one person sees it.

    signatory: a verified address of the person's is the one that was asked to sign. own_hand: they proposed
    it, named or removed its people, or judged a request of one of these, as staff. signed: it is. ended: its
    end has come.
    """

    person: Person
    signatory: bool = False
    own_hand: bool = False
    signed: bool = False
    ended: bool = False
