"""Agreements for the tests of documents: ordered by the real actions, made by the real job."""

from datetime import timedelta
from typing import Any

from licenses.agreements import contents, order, snapshot
from licenses.models import Acceptance, Agreement, DestructionCertificate, MasterAgreement, MasterMember
from portal.accounts.models import Organization
from tests.unit.licenses.world import NOW, World

SEALED_WITH = "ab" * 32


def accepted(world: World) -> Agreement:
    """The document of Ada's acceptance, ordered and not made."""
    world.grant_in("active")
    return Agreement.objects.get(acceptance=Acceptance.objects.get())


def destroyed(world: World, **fields: Any) -> Agreement:
    """The document of a destruction certificate of Ada's."""
    told = {"copies": 3, "method": "Shredded the disks.", "typed_name": "Ada Example", "how": "session"}
    certificate = DestructionCertificate.objects.create(
        grant=world.grant_in("active"), destroyed_on=NOW.date(), at=NOW, **{**told, **fields}
    )
    return order(certificate=certificate, now=NOW)


def mastered(world: World, **fields: Any) -> Agreement:
    """The document of a master agreement that Rita signed for her organization."""
    told = {"signatory_name": "Rita Example", "typed_name": "Rita Example"}
    master = MasterAgreement.objects.create(
        organization=Organization.objects.create(name="Example University"),
        license_version=world.license,
        signatory_email="rita@example.org",
        signatory=world.rita.user,
        sha256=world.license.sha256,
        created_at=NOW,
        created_by="usr_test",
        signed_at=NOW,
        ends_at=NOW + timedelta(days=365),
        **{**told, **fields},
    )
    MasterMember.objects.create(master=master, email="ada@example.org", full_name="Ada Example", added_at=NOW)
    return order(master=master, now=NOW)


KINDS = {"acceptance": accepted, "certificate": destroyed, "master": mastered}


def contents_of(agreement: Agreement) -> dict[str, Any]:
    """What stands in the document, before it is set in type."""
    return contents.contents(agreement, snapshot.take(agreement), SEALED_WITH)
