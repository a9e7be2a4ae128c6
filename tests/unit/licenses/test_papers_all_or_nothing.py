"""R10 for licenses and agreements: the audit or the outbox write fails, and nothing else happened."""

from collections.abc import Callable

import pytest

from licenses import actions, states
from licenses.actions.reaccepting import want_reacceptance
from licenses.models import LicenseDraft
from portal.accounts.models import Organization
from tests.unit.licenses.breaking import Prepared, changes_nothing
from tests.unit.licenses.test_mastering import propose
from tests.unit.licenses.test_mastering import sign as sign_master
from tests.unit.licenses.test_reaccepting import accept, newer
from tests.unit.licenses.world import DAY, NOW, World, person, session

pytestmark = pytest.mark.database


def begun(world: World, text: str = "Draft.") -> LicenseDraft:
    return actions.begin_draft(license=world.license.license, text=text, terms={}, by=world.rita, now=NOW)


def begin_license(world: World) -> Prepared:
    return lambda: actions.begin_license(slug="small", name="Small", by=world.rita, now=NOW)


def begin_draft(world: World) -> Prepared:
    return lambda: begun(world)


def discard_draft(world: World) -> Prepared:
    draft = begun(world)
    return lambda: actions.discard_draft(draft=draft, revision=1, by=world.rita, now=NOW)


def publish_draft(world: World) -> Prepared:
    world.request_in(states.SUBMITTED)
    draft = begun(world)
    return lambda: actions.publish_draft(draft=draft, revision=1, by=world.rita, now=NOW)


def ask_for_reacceptance(world: World) -> Prepared:
    world.grant_in(states.ACTIVE)
    version = newer(world)
    return lambda: want_reacceptance(version=version, now=NOW)


def reaccept(world: World) -> Prepared:
    grant = world.grant_in(states.ACTIVE)
    version = newer(world)
    want_reacceptance(version=version, now=NOW)
    return lambda: accept(world, grant, version)


def propose_master(world: World) -> Prepared:
    lab = Organization.objects.create(name="Lab")
    return lambda: propose(world, organization=lab)


def name_member(world: World) -> Prepared:
    master = propose(world)
    return lambda: actions.name_member(
        master=master, email="bo@example.org", full_name="Bo", by=world.rita, now=NOW
    )


def end_master(world: World) -> Prepared:
    master = propose(world)
    return lambda: actions.end_master(master=master, reason="Over.", by=world.rita, now=NOW + DAY)


def sign_a_master(world: World) -> Prepared:
    master, sina = propose(world), session(person("sina"))
    return lambda: sign_master(master, sina)


EVERY = [
    begin_license,
    begin_draft,
    discard_draft,
    publish_draft,
    ask_for_reacceptance,
    reaccept,
    propose_master,
    name_member,
    end_master,
    sign_a_master,
]
MAILING = [publish_draft, ask_for_reacceptance, propose_master, end_master]


@pytest.mark.parametrize("prepare", EVERY, ids=lambda each: each.__name__)
def test_without_its_audit_event_nothing_happens(
    world: World, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[World], Prepared]
) -> None:
    changes_nothing(prepare(world), monkeypatch, "portal.core.audit.record")


@pytest.mark.parametrize("prepare", MAILING, ids=lambda each: each.__name__)
def test_without_its_mail_nothing_happens(
    world: World, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[World], Prepared]
) -> None:
    changes_nothing(
        prepare(world), monkeypatch, "licenses.notices.queue_mail", "licenses.actions.mastering.queue_mail"
    )
