"""A team for the license tests: an applicant, two co-applicants and a signatory, by the real actions."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from licenses import actions
from licenses.models import Acceptance, Grant, Party, Request
from portal.accounts.models import Organization, User
from portal.accounts.principals import Principal
from tests.unit.licenses.world import NOW, World, person, session

CO_APPLICANT, SIGNATORY = "co_applicant", "signatory"


def sent_under_example(request: Request) -> None:
    """The request as one that was sent under an organization which has the domain of everybody here."""
    house, _ = Organization.objects.get_or_create(name="Example", defaults={"domains": ["example.org"]})
    Request.objects.filter(pk=request.pk).update(organization=house)


class Team:
    """Ada asks with Cora and Cyd; Sig signs for the institution where the world's terms demand it."""

    def __init__(self, world: World, *, organization: str = "") -> None:
        self.world = world
        self.cora = session(person("cora", organization=organization))
        self.cyd = session(person("cyd"))
        self.sig = session(person("sig"))

    def invite(
        self, request: Request, guest: Principal, role: str = CO_APPLICANT, *, by: Principal | None = None
    ) -> Party:
        """by: the applicant; Ada unless told."""
        assert guest.user is not None
        return actions.invite(
            request=request,
            role=role,
            email=guest.user.email,
            full_name=guest.user.full_name,
            by=by or self.world.ada,
            now=NOW,
        )

    def joined(
        self, request: Request, guest: Principal, role: str = CO_APPLICANT, *, by: Principal | None = None
    ) -> Party:
        return actions.join(party=self.invite(request, guest, role, by=by), by=guest, now=NOW)

    def draft(self, *, signatory: bool = False) -> Request:
        """A draft of Ada's in which Cora and Cyd take part, and Sig is named."""
        request = self.world.draft()
        self.joined(request, self.cora)
        self.joined(request, self.cyd)
        if signatory:
            self.joined(request, self.sig, SIGNATORY)
        return request

    def approved(self, *, signatory: bool = False) -> Request:
        request = self.world.submit(self.draft(signatory=signatory))
        self.world.vote(request, self.world.rita)
        return self.world.vote(request, self.world.rob)

    def accept(self, request: Request, by: Principal, now: datetime = NOW) -> list[Grant]:
        assert by.user is not None
        return actions.sign(
            request=request,
            typed_name=by.user.full_name,
            license_sha256=self.world.license.sha256,
            by=by,
            now=now,
        )


# --- each row of the table of parties as an act, which first brings its team about ---

Act = Callable[[World, Request, Principal], object]


def guests() -> dict[str, Principal]:
    """Cora was asked, Cyd takes part: by the acts below alone."""
    return {"asked": session(person("cora")), "co-applicant": session(person("cyd"))}


def _place(request: Request, name: str, state: str, role: str = CO_APPLICANT) -> Party:
    email = f"{name}@example.org"
    user = None if state in (Party.State.INVITED, Party.State.DECLINED) else User.objects.get(email=email)
    return Party.objects.create(
        request=request,
        role=role,
        email=email,
        full_name="C",
        user=user,
        state=state,
        state_at=NOW,
        asked_at=NOW,
    )


def _invite(world: World, request: Request, by: Principal, role: str = CO_APPLICANT) -> None:
    actions.invite(request=request, role=role, email="new@example.org", full_name="New", by=by, now=NOW)


@transaction.atomic
def _replace(world: World, request: Request, by: Principal) -> None:
    Request.objects.filter(pk=request.pk).update(signatory=True)
    _place(request, "sig", Party.State.DECLINED, SIGNATORY)
    sent_under_example(request)
    _invite(world, request, by, SIGNATORY)


@transaction.atomic
def _name(world: World, request: Request, by: Principal) -> None:
    Request.objects.filter(pk=request.pk).update(signatory=True)
    _place(request, "sig", Party.State.DECLINED, SIGNATORY)
    actions.name_signatory(request=request, email="new@example.net", full_name="New", by=by, now=NOW)


def _choose(world: World, request: Request, by: Principal) -> None:
    actions.choose_releases(request=request, releases=[world.release], by=by, now=NOW)


@transaction.atomic
def _remove(world: World, request: Request, by: Principal) -> None:
    actions.remove(party=_place(request, "cyd", Party.State.JOINED), by=by, now=NOW)


@transaction.atomic
def _join(world: World, request: Request, by: Principal) -> None:
    actions.join(party=_place(request, "cora", Party.State.INVITED), by=by, now=NOW)


@transaction.atomic
def _decline(world: World, request: Request, by: Principal) -> None:
    actions.decline(party=_place(request, "cora", Party.State.INVITED), by=by, now=NOW)


@transaction.atomic
def _accept(world: World, request: Request, by: Principal) -> None:
    """Cyd accepts; Ada has. The signatory has not, so nothing starts."""
    _place(request, "cyd", Party.State.JOINED)
    Request.objects.filter(pk=request.pk).update(signatory=True)
    if request.license_version is not None:
        Acceptance.objects.get_or_create(
            request=request,
            user=request.applicant,
            license_version=request.license_version,
            defaults={
                "sha256": world.license.sha256,
                "typed_name": "Ada Example",
                "how": "session",
                "at": NOW,
            },
        )
    actions.sign(
        request=request, typed_name="Cyd Example", license_sha256=world.license.sha256, by=by, now=NOW
    )


# action: (what does it, the role that may)
TEAM_ACTIONS: dict[str, tuple[Act, str]] = {
    "invite": (_invite, "applicant"),
    "replace_signatory": (_replace, "applicant"),
    "name_signatory": (_name, "staff"),
    "remove": (_remove, "applicant"),
    "choose_releases": (_choose, "applicant"),
    "join": (_join, "asked"),
    "decline": (_decline, "asked"),
    "accept": (_accept, "co-applicant"),
}
