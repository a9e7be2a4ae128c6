"""One of everything that an address can name, all of it Ada's: what A1 is played on."""

from datetime import timedelta
from typing import Any

from licenses import actions
from licenses.models import (
    Absence,
    Agreement,
    Grant,
    LicenseDraft,
    MasterAgreement,
    Party,
    ReasonTemplate,
    Request,
    SavedView,
)
from portal.accounts.models import (
    AccessToken,
    BrowserSession,
    Device,
    Organization,
    PendingAction,
    TwoPersonChange,
)
from portal.accounts.tokens import create_token
from portal.core.models import AuditEvent
from tests.unit.web.deliveries import alarming
from tests.unit.web.papers import a_change, of_papers
from tests.unit.web.world import World
from weights_vault.actions import keys
from weights_vault.models import Alert, RecipientKey, Release, Revision

THINGS: dict[str, Any] = {
    "request_id": Request,
    "party_id": Party,
    "grant_id": Grant,
    "agreement_id": Agreement,
    "key_id": RecipientKey,
    "token_id": AccessToken,
    "device_id": Device,
    "session_id": BrowserSession,
    "action_id": PendingAction,
    "alert_id": Alert,
    "revision_id": Revision,
    "draft_id": LicenseDraft,
    "master_id": MasterAgreement,
    "view_id": SavedView,
    "absence_id": Absence,
    "change_id": TwoPersonChange,
    "organization_id": Organization,
}


def things_of(world: World) -> dict[str, list[Any]]:
    """Names of Ada's things, by the parameter that an address takes."""
    big = Release.objects.get(slug="opt-175b")
    request, grant = world.submitted("ada", big), world.signed("ada", Release.objects.get(slug="opt-66b"))
    key = world.key("ada")
    token, _ = create_token(
        user=world.people["ada"],
        name="cluster",
        scopes=["read"],
        lifetime=timedelta(days=1),
        by=world.by("ada"),
        now=world.now,
    )
    action = keys.propose_removal(by=world.by("ada"), key=key, now=world.now)
    return {
        "slug": [big.slug],
        "revision_id": [big.revisions.get().pk],
        "request_id": [request.pk],
        "party_id": [world.asked("bo", grant.release, "ada").pk],
        "license_id": [request.license_version_id],
        "grant_id": [grant.pk],
        "agreement_id": [grant.request.acceptances.get().agreement.pk],
        "key_id": [key.pk],
        "token_id": [token.pk],
        "device_id": [a_device(world).pk],
        "session_id": [a_browser(world).pk],
        "action_id": [action.pk],
        "alert_id": [alarming(grant).pk],
        "reason_id": [a_reason(world).pk],
        "organization_id": [world.people["ada"].organization_id],
        "user_id": [world.people["ada"].public_id],
        "change_id": [a_change(world).pk],
        "index": [AuditEvent.objects.filter(kind="request.drafted").earliest("index").pk],
        **of_the_desk(world, request),
        **of_papers(world),
    }


def of_the_desk(world: World, request: Request) -> dict[str, list[Any]]:
    """What Ravi keeps; Ada's request is on his desk, so that nobody takes it as the next one."""
    ravi, today = world.by("ravi"), world.now.date()
    actions.assign(request=request, to=ravi.user, by=ravi, now=world.now)
    absence = actions.be_away(
        starts_on=today + timedelta(days=9),
        ends_on=today + timedelta(days=9),
        cover=None,
        by=ravi,
        now=world.now,
    )
    view = actions.save_view(name="Late", query="overdue=on", shared=True, by=ravi, now=world.now)
    return {"view_id": [view.pk], "absence_id": [absence.pk]}


def a_device(world: World) -> Device:
    """One on which Ada is signed in."""
    now = world.now
    ends_at = now + timedelta(days=90)
    return Device.objects.create(
        user=world.people["ada"], name="login1", scopes=["read"], created_at=now, expires_at=ends_at
    )


def a_browser(world: World) -> BrowserSession:
    """One in which Ada is signed in."""
    return BrowserSession.objects.create(
        user=world.people["ada"], row="0" * 40, opened_at=world.now, last_seen_at=world.now
    )


def a_reason(world: World) -> ReasonTemplate:
    """One that staff keep ready."""
    said = {"verdict": "reject", "title": "Commercial", "text": "The use is commercial."}
    return actions.keep_reason(template=None, by=world.by("rosa"), now=world.now, **said)


def rows(things: dict[str, list[Any]]) -> dict[str, dict[str, Any]]:
    """Every column of each of Ada's things."""
    return {
        parameter: model.objects.filter(pk=things[parameter][0]).values().get()
        for parameter, model in THINGS.items()
    }
