"""The portal that the pages are looked at in: each thing in the states in which people meet it."""

from collections.abc import Mapping
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction

from licenses import actions
from licenses.actions.prepared_votes import propose_vote
from licenses.agreements import making
from licenses.models import Grant, Request
from portal.accounts import changes
from portal.accounts.actions import domains, people
from portal.accounts.actions.roles import propose_role
from portal.accounts.affiliations import moved
from portal.accounts.devices import codes
from portal.accounts.exports import propose_export
from portal.accounts.models import Device, DeviceCode, PendingAction
from portal.accounts.tokens import create_token
from portal.core.models import AuditEvent
from tests.audit_log import catch_up
from tests.unit.web.deliveries import alarming, downloading, finished
from tests.unit.web.papers import NEWER, a_change, drafted, proposed, published
from tests.unit.web.world import ANSWERS, World, shards
from weights_vault.actions import keys
from weights_vault.actions.prepared_moves import propose_move
from weights_vault.models import Release


def ends_soon(world: World, name: str, release: Release) -> Grant:
    """A grant that ends in three weeks."""
    grant = world.signed(name, release, days_ago=9)
    Grant.objects.filter(pk=grant.pk).update(ends_at=world.now + timedelta(days=21))
    return grant


def unsigned(world: World, release: Release) -> Request:
    """An approved request in which somebody must sign for the institution, and nobody is asked."""
    world.person("una@uni.example", "Una Holm")
    request = world.approved("una", release)
    Request.objects.filter(pk=request.pk).update(signatory=True)
    return request


def closed(world: World, name: str, release: Release) -> Grant:
    """A grant that its holder closed; the agreement is made, the certificate in preparation."""
    grant, by = world.signed(name, release, days_ago=9), world.by(name)
    making.make({"agreement": grant.request.acceptances.get().agreement.pk}, now=world.now)
    actions.close_out(
        grant=grant,
        copies=2,
        method="Deleted from the cluster; the backup tapes of those weeks were shredded.",
        destroyed_on=world.now.date(),
        typed_name=by.person.full_name,
        by=by,
        now=world.now,
    )
    return grant


def talk(world: World, request: Request) -> None:
    """A conversation about the request that ends in a question; staff's notes beside it; a verdict."""
    rosa, ravi, bo = world.by("rosa"), world.by("ravi"), world.by("bo")
    actions.say(request=request, text="Is anything missing?", by=bo, now=world.ago(5))
    actions.say(request=request, text="No. We read it this week.", by=rosa, now=world.ago(4.5))
    actions.note(request=request, text="Met the group in Zurich; sound people.", by=rosa, now=world.ago(4.4))
    question = "You name two clusters. Who can read the storage of each, and until when is it kept there?"
    actions.ask(request=request, text=question, by=ravi, now=world.ago(2))
    actions.note(request=request, text="Answers, then I approve.", by=ravi, now=world.ago(2))
    world.vote(request, "ravi", reason="Clear purpose.", days_ago=1)


def furnish(world: World) -> Mapping[str, str]:
    """Bring requests into every state that a page shows; return the ids that the addresses name."""
    big, middle = Release.objects.get(slug="opt-175b"), Release.objects.get(slug="opt-66b")
    for name, full_name, organization, country in (
        ("chi", "Chinwe Okafor", "University of Example", "NG"),
        ("dana", "Dana Ruiz", "University of Example", "ES"),
        ("eli", "Eli Novák", "Institute for Examples", "CZ"),
        ("fay", "Fay Osei", "Institute for Examples", "GH"),
        ("fee", "Fee Brandt", "Institute for Examples", "DE"),
        ("gil", "Gil Moreau", "University of Example", "FR"),
        ("hal", "Hal Ito", "Institute for Examples", "JP"),
    ):
        world.person(f"{name}@people.example.org", full_name, organization, country)
    grant = world.signed("ada", middle, days_ago=9)
    damaged = middle.revisions.get()
    world.headers("ada", damaged, grant)
    world.publish(middle, shards(4, 33_000_000_000), "v2", sequence=2)
    world.damaged(damaged, "model-00003-of-00004.safetensors")
    in_review = world.submitted("ada", big, days_ago=2.2)
    world.vote(in_review, "rosa", reason="Known group, clear and bounded purpose.")
    returned = world.submitted("chi", big, days_ago=4)
    world.vote(returned, "ravi", "request_changes", "Please say who can read the machine.", days_ago=2)
    asked_in = world.invite(returned, "ada", days_ago=1)
    declined = world.submitted("dana", middle, days_ago=5)
    for reviewer in ("rosa", "ravi"):
        world.vote(declined, reviewer, "reject", "The stated use is a commercial product.", days_ago=3)
    changed = world.submitted("bo", big, days_ago=6.4)
    edited = {**ANSWERS, "role": "Engineer", "purpose": f"{ANSWERS['purpose']} Negative results too."}
    actions.edit(request=changed, answers=edited, by=world.by("bo"), now=world.ago(6))
    talk(world, changed)
    desk(world, in_review)
    ending = ends_soon(world, "gil", middle)
    key = world.key("ada")
    downloading(grant, until=world.now)
    finished(grant, at=world.now, again=3 * 2**24)
    assert in_review.license_version is not None
    # It counts from later on: what is in review now stays under the version it names.
    newer = published(world, demanded=True, effective_at=world.now + timedelta(days=20))
    draft = drafted(world, f"{NEWER}\n9. **Law.** The law of Sweden applies.\n")
    master = proposed(world, "dana")
    eli = world.people["eli"]
    # Bo may sign in with a second address; the first one is named in the agreement above.
    bo = world.people["bo"]
    EmailAddress.objects.filter(user=bo).update(primary=False)
    second = EmailAddress.objects.create(user=bo, email="bo@second.example", verified=True, primary=True)
    second.set_as_primary()
    catch_up(world.now)
    return {
        "event": str(AuditEvent.objects.filter(kind="request.rejected").latest("index").pk),
        "reset": f"{user_pk_to_url_str(eli)}-{default_token_generator.make_token(eli)}",
        "newer": newer.pk,
        "draft": draft.pk,
        "master": master.pk,
        "member": str(master.members.get().pk),
        "license": in_review.license_version.pk,
        "grant": grant.pk,
        "agreement": grant.request.acceptances.get().agreement.pk,
        "closed": closed(world, "fee", middle).pk,
        "in_review": in_review.pk,
        "returned": returned.pk,
        "asked_in": asked_in.pk,
        "declined": declined.pk,
        "approved": world.approved("eli", middle).pk,
        "changed": changed.pk,
        "unsigned": unsigned(world, middle).pk,
        "reason": actions.keep_shipped_reasons(by=world.by("rosa"), now=world.ago(20))[0].pk,
        "key": key.pk,
        "alert": alarming(grant, until=world.now).pk,
        **changes_of_two(world),
        "person": world.people["ada"].public_id,
        "organization": str(world.people["ada"].organization_id),
        "sound": big.revisions.get().pk,
        "damaged": damaged.pk,
        "late": world.submitted("gil", big, days_ago=6.2).pk,
        "ending": ending.pk,
        "renewal": actions.renew(
            request=ends_soon(world, "fay", middle).request, by=world.by("fay"), now=world.now
        ).pk,
        "pending": keys.propose_removal(by=world.by("ada"), key=key, now=world.now).pk,
        **acting(world),
        **prepared(world, changed, big),
        # From its first shown domain on, who has no institution's address must say more to ask.
        **around_people(world),
        "waiting": str(AuditEvent.objects.latest("index").pk),
    }


def acting(world: World) -> dict[str, str]:
    """What acts for Ada: a device, one that ended itself, a token; and the code of a machine that asks."""
    ada, now = world.by("ada"), world.now
    asked = [
        codes.ask(
            device_code=machine,
            user_code=codes.new_user_code(),
            client="weights",
            machine=machine,
            scopes=["read", "requests", "download", "review"],
            address="192.0.2.7",
            now=now,
        )
        for machine in ("login1", "old laptop", "transfer node", "not mine", "too late")
    ]
    codes.refuse(code=asked[3], by=ada, now=now)
    DeviceCode.objects.filter(pk=asked[4].pk).update(expires_at=now)
    lost, _ = (codes.allow(code=code, by=ada, now=now) for code in (asked[1], asked[0]))
    Device.objects.filter(pk=lost.pk).update(ended_at=now, reused=True, last_used_at=now)
    create_token(
        user=ada.person,
        name="cluster",
        scopes=["read", "download"],
        lifetime=timedelta(days=7),
        by=ada,
        now=now,
        grant=Grant.objects.filter(user=ada.person).values_list("pk", flat=True)[0],
    )
    return {
        "code": asked[2].user_code,
        "used_code": asked[0].user_code,
        "refused_code": asked[3].user_code,
        "expired_code": asked[4].user_code,
    }


def prepared(world: World, request: Request, release: Release) -> dict[str, str]:
    """What programs prepared for staff: a verdict, one on a version that is not the newest, a recall."""
    rosa, mika, now = world.by("rosa"), world.by("mika"), world.now
    said = {"verdict": "request_changes", "reason": "Please name the clusters.", "note": "As Ravi asked."}
    given, late = (
        propose_vote(request=request, version=request.version, by=rosa, now=now, **said) for _ in range(2)
    )
    PendingAction.objects.filter(pk=late.pk).update(payload={**late.payload, "version": 1})
    why = "Two layers of shard 5 are swapped."
    recall = propose_move(revision=release.revisions.get(), move="withdraw", reason=why, by=mika, now=now)
    return {"verdict": given.pk, "late_verdict": late.pk, "recall": recall.pk}


def changes_of_two(world: World) -> dict[str, str]:
    """What takes two people: waiting, one's own, confirmed, refused, expired."""
    rosa, alma, now = world.by("rosa"), world.by("alma"), world.now
    why, bo, ravi = "The yearly report to the board.", world.people["bo"], world.people["ravi"]
    exported = propose_export(what="audit", reason=why, by=rosa, now=world.ago(1))
    asked, leads = "He asked for it.", "He leads from May on."
    refused = propose_role(user=bo, role="reviewer", give=True, reason=asked, by=alma, now=world.ago(2))
    expired = propose_role(user=ravi, role="legal_lead", give=True, reason=leads, by=alma, now=world.ago(4))
    changes.confirm(change=exported, by=alma, now=now)
    changes.refuse(change=refused, by=rosa, now=now)
    return {
        "change": a_change(world).pk,
        "own_change": propose_export(what="queue", reason=why, by=rosa, now=world.ago(1)).pk,
        "exported": exported.pk,
        "refused": refused.pk,
        "expired": expired.pk,
    }


def around_people(world: World) -> dict[str, str]:
    """Somebody who speaks for an organization with domains in each state; a disabled account."""
    alma, bo, now = world.by("alma"), world.people["bo"], world.now
    world.person("kim@people.example.org", "Kim Sato", "Institute for Examples", "JP")
    people.disable(user=world.people["kim"], reason="Left, and asked for it.", by=alma, now=now)
    laboratory = bo.organization
    assert laboratory is not None
    with transaction.atomic():
        moved(user=bo, by=bo.public_id, now=world.ago(90))
    domains.name_manager(organization=laboratory, user=bo, by=alma, now=now)
    shown, mailed, _ = (
        domains.claim(organization=laboratory, domain=domain, by=world.by("bo"), now=world.ago(3))
        for domain in ("lab.example.org", "examplelab.example", "another-lab.example")
    )
    domains.vouch(claimed=shown, by=alma, now=now)
    domains.send_code(claimed=mailed, to="postmaster", by=world.by("bo"), now=now)
    return {
        "alma": world.people["alma"].public_id,
        "disabled": world.people["kim"].public_id,
        "laboratory": laboratory.pk,
    }


def desk(world: World, request: Request) -> None:
    """Put the request on a desk, keep a view, and let somebody be away."""
    ravi, today = world.by("ravi"), world.now.date()
    actions.assign(request=request, to=ravi.user, by=ravi, now=world.now)
    actions.be_away(starts_on=today, ends_on=today, cover=world.people["rosa"], by=ravi, now=world.now)
    actions.save_view(name="Large models", query="release=opt-175b", shared=True, by=ravi, now=world.now)
