"""People, releases and requests for the license tests: made by the real actions wherever there is one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress

from licenses import actions, jobs, notices, states
from licenses.models import DestructionCertificate, Grant, LicenseVersion, ReleaseTerms, Request
from licenses.terms import check_terms
from portal.accounts.models import Organization, RoleGrant, User
from portal.accounts.principals import Principal, principal_for
from portal.core.models import Job
from weights_vault.models import Model, Release

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LICENSE_TEXT = "# License\n\nUse these weights for research alone.\n"
QUESTIONS = [
    {"id": "purpose", "label": "What for?", "kind": "long_text", "required": True},
    {"id": "field", "label": "Field", "kind": "choice", "choices": ["nlp", "vision"]},
]
ANSWERS = {"purpose": "To study long-range attention."}


def person(
    name: str, *roles: str, organization: str = "", country: str = "CH", verified: bool = True
) -> User:
    """Make an account; `name` becomes "<name>@example.org" and "Name Example"."""
    home = Organization.objects.get_or_create(name=organization)[0] if organization else None
    user = User.objects.create_user(
        f"{name}@example.org", full_name=f"{name.title()} Example", organization=home, country=country
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    for role in roles:
        RoleGrant.objects.create(user=user, role=role, by="system:test", at=NOW)
    return user


def session(user: User) -> Principal:
    """The person in a browser, with a second factor."""
    return principal_for(user, mfa=True)


def token(user: User, *scopes: str) -> Principal:
    """A token of the person's."""
    return principal_for(user, scopes=frozenset(scopes), token_id="tok_test")


def release(
    slug: str = "opt-175b", *, state: str = "listed", text: str = LICENSE_TEXT, **terms: Any
) -> Release:
    """Make a release whose terms are applied as `manage.py release apply` does."""
    model, _ = Model.objects.get_or_create(slug="opt", defaults={"name": "OPT"})
    made = Release.objects.create(slug=slug, model=model, title=slug.upper(), state=state, created_at=NOW)
    apply(made, text=text, **terms)
    return made


def apply(made: Release, *, text: str = LICENSE_TEXT, now: datetime = NOW, **terms: Any) -> ReleaseTerms:
    table = {
        "license": "opt-nc",
        "license_name": "OPT noncommercial license",
        "license_text": "LICENSE.md",
        "stage": "researchers",
        "quorum": 2,
        "questions": QUESTIONS,
        **terms,
    }
    return actions.apply_terms(release=made, terms=check_terms(table, text), by="system:test", now=now)


def license_of(made: Release) -> LicenseVersion:
    return made.terms.license.versions.order_by("-number")[0]


class World:
    """One release, an applicant, a legal lead, two reviewers, an administrator, an auditor."""

    def __init__(self, **terms: Any) -> None:
        self.release = release(**terms)
        self.license = license_of(self.release)
        self.ada, self.rita, self.rob, self.rosa, self.admin = (
            session(person("ada")),
            session(person("rita", "legal_lead")),
            session(person("rob", "reviewer")),
            session(person("rosa", "reviewer")),
            session(person("adam", "administrator")),
        )
        self.auditor = session(person("olaf", "auditor"))

    def draft(self, by: Principal | None = None) -> Request:
        return actions.draft(by=by or self.ada, release=self.release, answers=ANSWERS, now=NOW)

    def submit(self, request: Request, by: Principal | None = None) -> Request:
        return actions.submit(request=request, license_sha256=self.license.sha256, by=by or self.ada, now=NOW)

    def vote(
        self,
        request: Request,
        by: Principal,
        verdict: str = "approve",
        reason: str = "",
        now: datetime = NOW,
    ) -> Request:
        request.refresh_from_db()
        why = reason or ("" if verdict == "approve" else "Because.")
        return actions.vote(
            request=request, version=request.version, verdict=verdict, reason=why, note="", by=by, now=now
        )

    def sign(self, request: Request, now: datetime = NOW) -> list[Grant]:
        return actions.sign(
            request=request,
            typed_name="Ada Example",
            license_sha256=self.license.sha256,
            by=self.ada,
            now=now,
        )

    def close_out(
        self, grant: Grant, by: Principal | None = None, now: datetime = NOW
    ) -> DestructionCertificate:
        return actions.close_out(
            grant=grant,
            copies=2,
            method="Shredded the disks.",
            destroyed_on=now.date(),
            typed_name="Ada Example",
            by=by or self.ada,
            now=now,
        )

    def request_in(self, state: str) -> Request:
        """A request of Ada's that the actions brought to `state`."""
        request = self.draft()
        match state:
            case states.DRAFT:
                return request
            case states.WITHDRAWN:
                return actions.withdraw(request=request, by=self.ada, now=NOW)
        self.submit(request)
        match state:
            case states.CHANGES_REQUESTED:
                self.vote(request, self.rita, "request_changes")
            case states.REJECTED:
                self.vote(request, self.rita, "reject")
                self.vote(request, self.rob, "reject")
            case states.APPROVED | states.SIGNED | states.LAPSED:
                self.vote(request, self.rita)
                self.vote(request, self.rob)
        match state:
            case states.SIGNED:
                self.sign(request)
            case states.LAPSED:
                actions.lapse(now=NOW + 30 * DAY)
        request.refresh_from_db()
        return request

    def grant_in(self, state: str) -> Grant:
        """A grant of Ada's that the actions brought to `state`."""
        [grant] = self.sign(self.request_in(states.APPROVED))
        match state:
            case states.SUSPENDED:
                actions.suspend(grant=grant, reason="A question is open.", by=self.rita, now=NOW)
            case states.REVOKED:
                actions.revoke(grant=grant, reason="Shared with others.", by=self.rita, now=NOW)
            case states.CLOSED:
                self._replace(grant)
        grant.refresh_from_db()
        return grant

    def _replace(self, grant: Grant) -> None:
        later = grant.ends_at
        request = actions.draft(by=self.ada, release=self.release, answers=ANSWERS, now=later)
        self.submit(request)
        self.vote(request, self.rita, now=later)
        self.vote(request, self.rob, now=later)
        self.sign(request, now=later)


def tell_reviewers() -> None:
    """Do the jobs that write mails to reviewers, also those that were done before."""
    for job in Job.objects.filter(kind=notices.TELL_REVIEWERS):
        jobs.tell_reviewers(job.payload, NOW)
