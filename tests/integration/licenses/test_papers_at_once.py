"""A4: what is signed, accepted or shown once, fifty times at the same moment."""

import pytest

from licenses import states
from licenses.actions.reaccepting import want_reacceptance
from licenses.models import MasterAgreement
from portal.accounts.actions import domains
from portal.accounts.models import Organization, OrganizationDomain
from portal.core import audit
from tests.integration.licenses.race import codes, crew
from tests.unit.accounts.test_affiliations import code_sent
from tests.unit.licenses.test_mastering import propose, sign
from tests.unit.licenses.test_reaccepting import accept, newer
from tests.unit.licenses.world import NOW, World, person, session

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

AT_ONCE = 50


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def times(subject: str, kind: str) -> int:
    return [event.kind for event in audit.trail(subject)].count(kind)


def test_a4_a_new_text_is_accepted_once(world: World) -> None:
    grant, version = world.grant_in(states.ACTIVE), newer(world)
    want_reacceptance(version=version, now=NOW)
    with crew(AT_ONCE) as race:
        results = race.run(*[lambda: accept(world, grant, version)] * AT_ONCE)
    assert codes(results) == ["state_changed"] * (AT_ONCE - 1)
    assert times(f"grant:{grant.pk}", "grant.reaccepted") == 1


def test_a4_a_master_agreement_is_signed_once(world: World) -> None:
    master, sina = propose(world), session(person("sina"))
    with crew(AT_ONCE) as race:
        results = race.run(*[lambda: sign(MasterAgreement.objects.get(pk=master.pk), sina)] * AT_ONCE)
    assert codes(results) == ["state_changed"] * (AT_ONCE - 1)
    assert times(f"master:{master.pk}", "master.signed") == 1


def test_a4_a_domain_is_shown_by_its_code_once(world: World) -> None:
    lab, alma = Organization.objects.create(name="Lab"), session(person("alma", "administrator"))
    claimed = domains.claim(organization=lab, domain="lab.example", by=alma, now=NOW)
    domains.send_code(claimed=claimed, to="postmaster", by=alma, now=NOW)
    code = code_sent("postmaster@lab.example")
    with crew(AT_ONCE) as race:
        results = race.run(*[lambda: domains.verify(claimed=claimed, code=code, by=alma, now=NOW)] * AT_ONCE)
    assert codes(results) == ["domain_verified"] * (AT_ONCE - 1)
    assert OrganizationDomain.objects.get().verified_at == NOW
