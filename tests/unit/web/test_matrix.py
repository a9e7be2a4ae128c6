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
from portal.accounts.models import AccessToken, Device, PendingAction, User
from portal.accounts.tokens import create_token
from portal.web.urls import urlpatterns
from tests.unit.web.conftest import OpenAs
from tests.unit.web.deliveries import alarming
from tests.unit.web.papers import of_papers
from tests.unit.web.world import World
from weights_vault.actions import keys
from weights_vault.models import Alert, RecipientKey, Release, Revision

PEOPLE = {
    "anonymous": None,
    "owner": "ada",
    "other": "bo",
    "reviewer": "rosa",
    "manager": "mika",
    "administrator": "alma",
}
READERS = tuple(PEOPLE)
OTHERS = tuple(reader for reader in READERS if reader != "owner")
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

FOR_ALL = ("page",) * 6
OWN_LIST = ("signin", "page", "page", "page", "page", "page")
OWN_THING = ("signin", "page", "gone", "gone", "gone", "gone")
LEGAL = ("signin", "no", "no", "page", "no", "page")
MANAGED = ("signin", "no", "no", "no", "page", "page")
KEEPERS = ("signin", "no", "no", "page", "page", "page")  # of licenses
NEVER = ("signin", "never", "never", "never", "never", "never")

GET: dict[str, tuple[str, ...]] = {
    "home": FOR_ALL,
    "release": FOR_ALL,
    "revisions": MANAGED,
    "revision_change": MANAGED,
    "license": FOR_ALL,
    "about": FOR_ALL,
    "theme": ("never",) * 6,
    "keyboard": FOR_ALL,
    "request_form": ("signin", "moved", "page", "page", "page", "page"),
    "requests": OWN_LIST,
    "request_detail": OWN_THING,
    "request_edit": OWN_THING,
    "request_nudge": ("signin", *("never",) * 5),
    "grant_renew": ("signin", *("never",) * 5),
    "request_withdraw": OWN_THING,
    "request_appeal": ("signin", "later", "gone", "gone", "gone", "gone"),
    "request_sign": ("signin", "later", "gone", "gone", "gone", "gone"),
    "request_team": OWN_THING,
    "invitations": OWN_LIST,
    "invitation": OWN_THING,
    "grants": OWN_LIST,
    "grant_detail": OWN_THING,
    "grant_close": OWN_THING,
    "agreement": ("signin", "soon", "gone", "soon", "gone", "soon"),
    "account_details": OWN_LIST,
    "account_data": OWN_LIST,
    "account_data_export": ("signin", *("never",) * 5),
    "keys": OWN_LIST,
    "key_remove": OWN_THING,
    "tokens": OWN_LIST,
    "token_end": OWN_THING,
    "pending_action": OWN_THING,
    "queue": LEGAL,
    "queue_next": ("signin", "never", "never", "never", "never", "never"),
    "queue_assign": ("signin", "never", "never", "never", "never", "never"),
    "view_save": ("signin", "never", "never", "never", "never", "never"),
    "view_remove": ("signin", "never", "never", "never", "never", "never"),
    "absences": LEGAL,
    "absence_end": ("signin", "never", "never", "never", "never", "never"),
    "bulk": ("signin", "never", "never", "never", "never", "never"),
    "tokens_end": NEVER,
    "bulk_vote": ("signin", "never", "never", "never", "never", "never"),
    "device": OWN_LIST,
    "device_end": NEVER,
    "bulk_done": LEGAL,
    "review": LEGAL,
    "review_vote": ("signin", "never", "never", "never", "never", "never"),
    "request_say": NEVER,
    "review_reason": NEVER,
    "review_say": NEVER,
    "review_note": NEVER,
    "review_recuse": ("signin", "no", "no", "page", "no", "no"),
    "review_signatory": ("signin", "no", "no", "moved", "no", "moved"),  # nothing is decided
    "reasons": LEGAL,
    "reason_new": LEGAL,
    "reasons_shipped": NEVER,
    "reason_change": LEGAL,
    "reason_archive": LEGAL,
    "staff_grants": LEGAL,
    "staff_grant_change": LEGAL,
    "grants_together": ("signin", "no", "no", "moved", "no", "moved"),  # with nothing selected
    "grants_changed": LEGAL,
    "licenses": KEEPERS,
    "license_new": KEEPERS,
    "license_kept": KEEPERS,
    "license_compare": KEEPERS,
    "license_draft": KEEPERS,
    "license_discard": KEEPERS,
    "license_publish": KEEPERS,
    "masters": LEGAL,
    "master_new": LEGAL,
    "master_kept": LEGAL,
    "master_end": LEGAL,
    "master_member_remove": LEGAL,
    "master_sign": OWN_THING,
    "grant_accept": OWN_THING,
    "ledger": MANAGED,
    "ledger_grant": MANAGED,
    "ledger_alert": MANAGED,
}
# What an empty POST by each of the others is answered: never a change of what is Ada's.
OWN_FORM = ("signin", "page", "page", "page", "page")  # of a thing of their own, shown again: it was empty
NOT_THEIRS = ("signin", "gone", "gone", "gone", "gone")
VERDICT = ("signin", "no", "page", "no", "page")
COLLEAGUES = ("signin", "no", "gone", "no", "gone")  # what a reviewer keeps, to the other reviewers
RECALL = ("signin", "no", "no", "page", "page")
WRITING = ("signin", "no", "page", "page", "page")  # of those who keep licenses
POST: dict[str, tuple[str, ...]] = {
    "theme": ("moved",) * 5,
    "keyboard": ("moved",) * 5,
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
    "account_data_export": ("signin", *("file",) * 4),
    "key_remove": NOT_THEIRS,
    "tokens": OWN_FORM,
    "token_end": NOT_THEIRS,
    "pending_action": NOT_THEIRS,
    "review_vote": VERDICT,
    "request_say": NOT_THEIRS,
    "review_reason": ("signin", "no", "shown", "no", "shown"),
    "review_say": VERDICT,
    "review_note": VERDICT,
    "review_recuse": ("signin", "no", "page", "no", "no"),
    "review_signatory": ("signin", "no", "moved", "no", "moved"),
    "reason_new": VERDICT,
    "reasons_shipped": ("signin", "no", "moved", "no", "moved"),
    "reason_change": VERDICT,
    "reason_archive": ("signin", "no", "moved", "no", "gone"),
    "tokens_end": ("signin", *("moved",) * 6),
    "queue_next": ("signin", "no", "moved", "no", "no"),
    "device": OWN_FORM,
    "device_end": NOT_THEIRS,
    "queue_assign": ("signin", "no", "moved", "no", "moved"),
    "view_save": ("signin", "no", "moved", "no", "moved"),
    "view_remove": COLLEAGUES,
    "absences": VERDICT,
    "absence_end": COLLEAGUES,
    "bulk": ("signin", "no", "moved", "no", "moved"),
    "bulk_vote": VERDICT,
    "staff_grant_change": VERDICT,
    "grants_together": ("signin", "no", "moved", "no", "moved"),
    "license_new": WRITING,
    "license_kept": WRITING,
    "license_draft": WRITING,
    "license_discard": WRITING,
    "license_publish": WRITING,
    "master_new": VERDICT,
    "master_kept": VERDICT,
    "master_end": VERDICT,
    "master_member_remove": VERDICT,
    "master_sign": NOT_THEIRS,
    "grant_accept": NOT_THEIRS,
    "ledger_alert": ("signin", "no", "no", "page", "page"),
}

THINGS: dict[str, Any] = {
    "request_id": Request,
    "party_id": Party,
    "grant_id": Grant,
    "agreement_id": Agreement,
    "key_id": RecipientKey,
    "token_id": AccessToken,
    "action_id": PendingAction,
    "alert_id": Alert,
    "revision_id": Revision,
    "draft_id": LicenseDraft,
    "master_id": MasterAgreement,
    "view_id": SavedView,
    "absence_id": Absence,
}


@pytest.fixture
def things(world: World, big: Release) -> dict[str, list[Any]]:
    """Names of Ada's things, by the parameter that an address takes."""
    "device_id": Device,
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
        "action_id": [action.pk],
        "alert_id": [alarming(grant).pk],
        "reason_id": [a_reason(world).pk],
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
        "device_id": [a_device(world).pk],
        by=ravi,
        now=world.now,
    )
    view = actions.save_view(name="Late", query="overdue=on", shared=True, by=ravi, now=world.now)
    return {"view_id": [view.pk], "absence_id": [absence.pk]}


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
def a_device(world: World) -> Device:
    """One on which Ada is signed in."""
    now = world.now
    ends_at = now + timedelta(days=90)
    return Device.objects.create(
        user=world.people["ada"], name="login1", scopes=["read"], created_at=now, expires_at=ends_at
    )


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


def led_to_sign_in(answer: Any) -> bool:
    return str(answer.get("Location", "")).startswith("/accounts/login/")


def rows(things: dict[str, list[Any]]) -> dict[str, dict[str, Any]]:
    """Every column of each of Ada's things."""
    return {
        parameter: model.objects.filter(pk=things[parameter][0]).values().get()
        for parameter, model in THINGS.items()
    }
