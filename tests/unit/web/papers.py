"""Licenses and agreements to look at: a draft, a version that must be accepted, a master agreement."""

from datetime import timedelta
from typing import Any

from licenses import actions
from licenses.actions.reaccepting import want_reacceptance
from licenses.examples import EXAMPLES
from licenses.models import License, LicenseDraft, LicenseVersion, MasterAgreement
from portal.accounts.actions.roles import propose_role
from portal.accounts.models import Organization, TwoPersonChange
from portal.accounts.principals import system_principal
from tests.unit.web.world import LICENSE, World

TERMS = dict(EXAMPLES["noncommercial-research"].terms)
NEWER = LICENSE.replace("within 30 days", "within 14 days").replace(
    "7. **No warranty.**", "7. **Security.** At most five copies, each encrypted.\n8. **No warranty.**"
)


def drafted(world: World, text: str = NEWER, **fields: Any) -> LicenseDraft:
    """A draft of the next version, by Rosa."""
    given = {"text": text, "terms": TERMS, "by": world.by("rosa"), "now": world.now, **fields}
    return actions.begin_draft(license=License.objects.get(slug="opt-nc"), **given)


def published(world: World, text: str = NEWER, *, demanded: bool = False, **fields: Any) -> LicenseVersion:
    """The next version, in force; demanded: within 30 days, and the holders of live grants are asked."""
    given: dict[str, Any] = {
        "effective_at": world.now,
        "reaccept_by": world.now + timedelta(days=30) if demanded else None,
        **fields,
    }
    version = actions.publish_license_version(
        license=License.objects.get(slug="opt-nc"),
        text=text,
        terms=TERMS,
        by=world.by("rosa"),
        now=world.now,
        **given,
    )
    want_reacceptance(version=version, now=world.now)
    return version


def proposed(world: World, signatory: str = "ada", organization: str = "Example Lab") -> MasterAgreement:
    """A master agreement that waits for the signature of one of the people, and names Bo."""
    asked = world.people[signatory]
    master = actions.propose_master(
        organization=Organization.objects.get(name=organization),
        license_version=LicenseVersion.objects.filter(license__slug="opt-nc").order_by("number")[0],
        ends_at=world.now + timedelta(days=365),
        signatory_email=asked.email,
        signatory_name=asked.full_name,
        by=world.by("rosa"),
        now=world.now,
    )
    bo = world.people["bo"]
    actions.name_member(
        master=master, email=bo.email, full_name=bo.full_name, by=world.by("rosa"), now=world.now
    )
    return master


def of_papers(world: World) -> dict[str, list[Any]]:
    """Names of such things, by the parameter that an address takes. Ada's grant waits for an acceptance."""
    master = proposed(world)
    draft = drafted(world)
    published(world, demanded=True)
    return {
        "license_slug": [draft.license.slug],
        "draft_id": [draft.pk],
        "master_id": [master.pk],
        "member_id": [master.members.get().pk],
    }


def a_change(world: World) -> TwoPersonChange:
    """A role that somebody is to get, proposed at the console."""
    given = {"user": world.people["bo"], "role": "auditor", "give": True, "reason": "They look into it."}
    return propose_role(by=system_principal("console"), now=world.now, **given)
