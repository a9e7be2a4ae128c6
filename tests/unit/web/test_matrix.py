"""A1: every page × every role × own and somebody else's object. A new address without a row fails here.

A row gives, for GET, what each reader is answered. The things are Ada's. Words of the table:
    page     200                       signin   to the sign-in page
    shown    200, of a POST that changes nothing
    gone     404, as if there were none        no       403 with a reason
    moved    on to another page               never    405, it takes only a POST
    soon     503, it is being prepared
    later    409, not in this state           file     200, a file to keep
"""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

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
    OrganizationManager,
    PendingAction,
    TwoPersonChange,
    User,
)
from portal.accounts.tokens import create_token
from portal.core.models import AuditEvent
from portal.web.urls import urlpatterns
from tests.unit.web.conftest import OpenAs
from tests.unit.web.deliveries import alarming
from tests.unit.web.papers import a_change, of_papers
from tests.unit.web.world import World
from weights_vault.actions import keys
from weights_vault.models import Alert, RecipientKey, Release, Revision

PEOPLE = {
    "anonymous": None,
    "owner": "ada",
    "other": "bo",
    "reviewer": "remy",
    "legal lead": "rosa",
    "manager": "mika",
    "auditor": "otto",
    "administrator": "alma",
}
READERS = tuple(PEOPLE)
OTHERS = tuple(reader for reader in READERS if reader != "owner")
DISABLED = "dora"  # a reviewer once; answered as anybody is who is not signed in
STATUS = {
    "page": 200,
    "shown": 200,
    "signin": 302,
    "moved": 302,
    "gone": 404,
    "no": 403,
    "never": 405,
    "later": 409,
    "soon": 503,
    "file": 200,
}

FOR_ALL = ("page",) * 8
OWN_LIST = ("signin", *("page",) * 7)
OWN_THING = ("signin", "page", *("gone",) * 6)
NEVER = ("signin", *("never",) * 7)
#          anonymous  owner  other reviewer legal manager auditor administrator
DESK = ("signin", "no", "no", "page", "page", "no", "page", "no")
REVIEWING = ("signin", "no", "no", "page", "page", "no", "no", "no")
LEADING = ("signin", "no", "no", "no", "page", "no", "no", "no")
MANAGED = ("signin", "no", "no", "no", "no", "page", "page", "no")
KEPT = ("signin", "no", "no", "page", "page", "page", "page", "no")  # licenses
WRITTEN = ("signin", "no", "no", "page", "page", "page", "no", "no")

STAFF = ("signin", "no", "no", "page", "page", "page", "page", "page")
PEOPLES = ("signin", "no", "no", "no", "no", "no", "page", "page")
AUDITED = ("signin", "no", "no", "no", "page", "no", "page", "page")
SELECTING = ("signin", "no", "no", "moved", "moved", "no", "no", "no")

GET: dict[str, tuple[str, ...]] = {
    "home": FOR_ALL,
    "release": FOR_ALL,
    "revisions": MANAGED,
    "revision_change": MANAGED,
    "license": FOR_ALL,
    "about": FOR_ALL,
    "theme": ("never",) * 8,
    "keyboard": FOR_ALL,
    "request_form": ("signin", "moved", *("page",) * 6),
    "requests": OWN_LIST,
    "request_detail": OWN_THING,
    "request_edit": OWN_THING,
    "request_nudge": NEVER,
    "grant_renew": NEVER,
    "request_withdraw": OWN_THING,
    "request_appeal": ("signin", "later", *("gone",) * 6),
    "request_sign": ("signin", "later", *("gone",) * 6),
    "request_team": OWN_THING,
    "invitations": OWN_LIST,
    "invitation": OWN_THING,
    "grants": OWN_LIST,
    "grant_detail": OWN_THING,
    "grant_close": OWN_THING,
    "agreement": ("signin", "soon", "gone", "soon", "soon", "gone", "soon", "gone"),
    "account_details": OWN_LIST,
    "account_data": OWN_LIST,
    "account_sessions": OWN_LIST,
    "account_sessions_end": NEVER,
    "account_session_end": NEVER,
    "account_data_export": NEVER,
    "keys": OWN_LIST,
    "key_remove": OWN_THING,
    "tokens": OWN_LIST,
    "tokens_end": NEVER,
    "token_end": OWN_THING,
    "device": OWN_LIST,
    "device_end": NEVER,
    "pending_action": OWN_THING,
    "queue": DESK,
    "queue_next": NEVER,
    "queue_assign": NEVER,
    "view_save": NEVER,
    "view_remove": NEVER,
    "absences": DESK,
    "absence_end": NEVER,
    "bulk": NEVER,
    "bulk_vote": NEVER,
    "bulk_done": DESK,
    "review": DESK,
    "review_vote": NEVER,
    "request_say": NEVER,
    "review_reason": NEVER,
    "review_say": NEVER,
    "review_note": NEVER,
    "review_recuse": REVIEWING,
    "review_signatory": SELECTING,  # nothing is decided
    "reasons": DESK,
    "reason_new": REVIEWING,
    "reasons_shipped": NEVER,
    "reason_change": REVIEWING,
    "reason_archive": REVIEWING,
    "staff_grants": DESK,
    "staff_grant_change": DESK,
    "grants_together": SELECTING,  # with nothing selected
    "grants_changed": REVIEWING,
    "licenses": KEPT,
    "license_new": WRITTEN,
    "license_kept": KEPT,
    "license_compare": KEPT,
    "license_draft": KEPT,
    "license_discard": WRITTEN,
    "license_publish": LEADING,
    "masters": DESK,
    "master_new": LEADING,
    "master_kept": DESK,
    "master_end": LEADING,
    "master_member_remove": LEADING,
    "master_sign": OWN_THING,
    "grant_accept": OWN_THING,
    "terms": LEADING,
    "organizations": OWN_LIST,
    "organization": ("signin", *("gone",) * 5, "page", "page"),
    "export": ("signin", "no", "no", "no", "page", "page", "no", "page"),
    "look_as": ("signin", "no", "no", "no", "page", "page", "no", "page"),
    "look_as_leave": NEVER,
    "changes": STAFF,
    "change": ("signin", "no", "no", "gone", "page", "gone", "page", "page"),  # proposed at the console
    "people": PEOPLES,
    "person": PEOPLES,
    "audit": AUDITED,
    "audit_event": AUDITED,
    "audit_proof": ("signin", *("gone",) * 3, "soon", "gone", "soon", "soon"),  # of an event of a draft
    "audit_checkpoint": ("signin", *("soon",) * 7),  # nothing is signed
    "ledger": MANAGED,
    "ledger_grant": MANAGED,
    "ledger_alert": MANAGED,
}
# What an empty POST by each of the others is answered: never a change of what is Ada's.
OWN_FORM = ("signin", *("page",) * 6)  # of a thing of their own, shown again: it was empty
NOT_THEIRS = ("signin", *("gone",) * 6)
#          anonymous  other reviewer legal manager auditor administrator
VERDICT = ("signin", "no", "page", "page", "no", "no", "no")
COLLEAGUES = ("signin", "no", "gone", "gone", "no", "no", "no")  # what a reviewer keeps, to the others
CHOSEN = ("signin", "no", "moved", "moved", "no", "no", "no")
RECALL = ("signin", "no", "no", "no", "page", "no", "no")
WRITING = ("signin", "no", "page", "page", "page", "no", "no")
LEADERS = ("signin", "no", "no", "page", "no", "no", "no")
POST: dict[str, tuple[str, ...]] = {
    "theme": ("moved",) * 7,
    "keyboard": ("moved",) * 7,
    "revision_change": RECALL,
    "request_form": OWN_FORM,
    "request_edit": NOT_THEIRS,
    "request_nudge": NOT_THEIRS,
    "grant_renew": NOT_THEIRS,
    "grant_close": NOT_THEIRS,
    "request_withdraw": NOT_THEIRS,
    "request_appeal": NOT_THEIRS,
    "request_sign": NOT_THEIRS,
    "request_team": NOT_THEIRS,
    "invitation": NOT_THEIRS,
    "account_details": OWN_FORM,
    "account_data": OWN_FORM,
    "account_data_export": ("signin", *("file",) * 6),
    "key_remove": NOT_THEIRS,
    "tokens": OWN_FORM,
    "tokens_end": ("signin", *("moved",) * 6),
    "account_sessions_end": ("signin", *("moved",) * 6),
    "account_session_end": NOT_THEIRS,
    "token_end": NOT_THEIRS,
    "device": OWN_FORM,
    "device_end": NOT_THEIRS,
    "pending_action": NOT_THEIRS,
    "review_vote": VERDICT,
    "request_say": NOT_THEIRS,
    "review_reason": ("signin", "no", "shown", "shown", "no", "no", "no"),
    "review_say": VERDICT,
    "review_note": VERDICT,
    "review_recuse": VERDICT,
    "review_signatory": CHOSEN,
    "reason_new": VERDICT,
    "reasons_shipped": CHOSEN,
    "reason_change": VERDICT,
    "reason_archive": ("signin", "no", "moved", "gone", "no", "no", "no"),
    "queue_next": CHOSEN,
    "queue_assign": CHOSEN,
    "view_save": CHOSEN,
    "view_remove": COLLEAGUES,
    "absences": VERDICT,
    "absence_end": COLLEAGUES,
    "bulk": CHOSEN,
    "bulk_vote": VERDICT,
    "staff_grant_change": VERDICT,
    "grants_together": CHOSEN,
    "license_new": WRITING,
    "license_kept": WRITING,
    "license_draft": WRITING,
    "license_discard": WRITING,
    "license_publish": LEADERS,
    "master_new": LEADERS,
    "master_kept": LEADERS,
    "master_end": LEADERS,
    "master_member_remove": LEADERS,
    "master_sign": NOT_THEIRS,
    "grant_accept": NOT_THEIRS,
    "ledger_alert": RECALL,
    "terms": LEADERS,
    "organization": ("signin", *("gone",) * 4, "no", "page"),
    "export": ("signin", "no", "no", "page", "page", "no", "page"),
    "look_as": ("signin", "no", "no", "page", "page", "no", "page"),
    "look_as_leave": ("signin", *("moved",) * 6),
    "change": ("signin", "no", "gone", "shown", "gone", "shown", "shown"),
    "person": ("signin", "no", "no", "no", "no", "no", "page"),
}

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


@pytest.fixture
def things(world: World, big: Release) -> dict[str, list[Any]]:
    """Names of Ada's things, by the parameter that an address takes."""
    world.person("remy@portal.example.org", "Remy Roux", "Weights Portal", "FR", ("reviewer",))
    world.person("dora@portal.example.org", "Dora Diaz", "Weights Portal", "CL", ("reviewer",))
    User.objects.filter(pk=world.people[DISABLED].pk).update(is_active=False)
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


def address(name: str, things: dict[str, list[Any]]) -> str:
    pattern = next(each for each in urlpatterns if each.name == name)
    parameters = list(pattern.pattern.converters)
    return reverse(name, args=[things[parameter][0] for parameter in parameters])


def test_every_address_has_a_row() -> None:
    """A1: whoever adds a page says here who may see it."""
    assert all(isinstance(pattern, URLPattern) for pattern in urlpatterns)
    assert {pattern.name for pattern in urlpatterns} == set(GET)
    assert {len(row) for row in GET.values()} == {len(READERS)}
    assert {len(row) for row in POST.values()} == {len(OTHERS)}


def test_every_address_that_takes_a_post_has_a_row(open_as: OpenAs, things: dict[str, list[Any]]) -> None:
    """A1: no view takes OPTIONS; each says in its refusal what it takes instead."""
    ada = open_as("ada")
    refusals = {name: ada.options(address(name, things)) for name in GET}
    assert {answer.status_code for answer in refusals.values()} == {405}
    takes = {name: answer["Allow"].split(", ") for name, answer in refusals.items()}
    assert {name for name, methods in takes.items() if "POST" in methods} == set(POST)
    assert {name for name, methods in takes.items() if "HEAD" in methods} == {
        name for name, methods in takes.items() if "GET" in methods
    }
    assert {method for methods in takes.values() for method in methods} == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("name", GET)
def test_who_may_look(open_as: OpenAs, things: dict[str, list[Any]], name: str) -> None:
    """A1."""
    answers = [open_as(PEOPLE[reader]).get(address(name, things)) for reader in READERS]

    assert [answer.status_code for answer in answers] == [STATUS[said] for said in GET[name]]
    assert [led_to_sign_in(answer) for answer in answers] == [said == "signin" for said in GET[name]]


@pytest.mark.parametrize("name", GET)
def test_a_disabled_person_is_answered_as_a_visitor(
    open_as: OpenAs, things: dict[str, list[Any]], name: str
) -> None:
    """A1, A2: in a session that was open before."""
    answers = [open_as(reader).get(address(name, things)) for reader in (DISABLED, None)]

    assert len({(answer.status_code, answer.get("Location")) for answer in answers}) == 1


@pytest.mark.parametrize("name", GET)
def test_a_token_opens_no_page(world: World, things: dict[str, list[Any]], name: str) -> None:
    """A1: what programs sign in with is for the API alone."""
    secret = create_token(
        user=world.people["ada"],
        name="a page",
        scopes=["read", "requests", "download"],
        lifetime=timedelta(days=1),
        by=world.by("ada"),
        now=world.now,
    )[1]
    bearer = Client(headers={"Authorization": f"Bearer {secret}"})
    answers = [client.get(address(name, things)) for client in (bearer, Client())]

    assert len({(answer.status_code, answer.get("Location")) for answer in answers}) == 1


@pytest.mark.parametrize("name", GET)
def test_a_head_is_answered_as_a_get_is(open_as: OpenAs, things: dict[str, list[Any]], name: str) -> None:
    """Link checkers and mail gateways ask for the head alone; the password is asked of them, too."""
    for reader in ("anonymous", "owner", "administrator"):
        client = open_as(PEOPLE[reader], fresh=False)
        looked, head = client.get(address(name, things)), client.head(address(name, things))

        assert (head.status_code, head.get("Location")) == (looked.status_code, looked.get("Location"))
        assert head.content == b""


@pytest.mark.parametrize("name", POST)
def test_nobody_changes_what_is_not_theirs(open_as: OpenAs, things: dict[str, list[Any]], name: str) -> None:
    """A1."""
    before = rows(things)
    answers = [open_as(PEOPLE[reader]).post(address(name, things), {}) for reader in OTHERS]

    # An empty form of one's own is shown again as a 400.
    status = {**STATUS, "page": 400}
    assert [answer.status_code for answer in answers] == [status[said] for said in POST[name]]
    assert [led_to_sign_in(answer) for answer in answers] == [said == "signin" for said in POST[name]]
    assert rows(things) == before


def test_who_manages_an_organization_sees_and_changes_their_own_alone(
    open_as: OpenAs, world: World, things: dict[str, list[Any]]
) -> None:
    """A1: the one role that is of one organization; nothing else opens by it."""
    bo, own, other = world.people["bo"], world.people["bo"].organization_id, things["organization_id"][0]
    OrganizationManager.objects.create(organization_id=own, user=bo, by="system:test", at=world.now)
    client = open_as("bo")

    looked = [client.get(f"/organizations/{each}/").status_code for each in (own, other)]
    sent = [client.post(f"/organizations/{each}/", {}).status_code for each in (own, other)]
    assert (looked, sent) == ([200, 404], [400, 404])
    mine = {"organization", "organizations"}
    answers = {name: client.get(address(name, things)).status_code for name in GET if name not in mine}
    row = READERS.index("other")
    assert answers == {name: STATUS[GET[name][row]] for name in GET if name not in mine}


def led_to_sign_in(answer: Any) -> bool:
    return str(answer.get("Location", "")).startswith("/accounts/login/")


def rows(things: dict[str, list[Any]]) -> dict[str, dict[str, Any]]:
    """Every column of each of Ada's things."""
    return {
        parameter: model.objects.filter(pk=things[parameter][0]).values().get()
        for parameter, model in THINGS.items()
    }
