"""Every page of the site in the state in which people meet it, with who looks."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from playwright.sync_api import Page

from licenses import actions
from licenses.agreements import making
from licenses.models import Grant, Request
from portal.accounts.devices import codes
from portal.accounts.models import Device
from portal.accounts.tokens import create_token
from portal.core.models import AuditEvent
from tests.audit_log import catch_up
from tests.browser.conftest import code_now
from tests.unit.web.deliveries import alarming, downloading, finished
from tests.unit.web.papers import NEWER, a_change, drafted, proposed, published
from tests.unit.web.world import ANSWERS, World, shards
from weights_vault.actions import keys
from weights_vault.models import Release


class Look(NamedTuple):
    """address: filled with the names that `furnish` returns. status: what the page is answered with.

    then: what the reader does there; looked at is where that leads.
    """

    name: str
    reader: str | None
    address: str
    status: int = 200
    then: Callable[[Page], None] | None = None


def sending(button: str, **fields: str) -> Callable[[Page], None]:
    """Fill fields in by the names that they are sent under, and press the button."""

    def send(page: Page) -> None:
        for name, value in fields.items():
            box = page.locator(f"main [name={name}]:not([type=radio]):visible").first
            if box.evaluate("box => box.tagName") == "SELECT":
                box.select_option(value)
            else:
                box.fill(value)
        with page.expect_navigation():
            page.locator("main").get_by_role("button", name=button, exact=True).click()

    return send


def take_away(page: Page) -> None:
    page.get_by_label("bo@lab.example.org").check()
    sending("Remove it")(page)


def turn_on(page: Page) -> None:
    """Set the authenticator app up, with the secret that the page shows."""
    code = code_now(page.get_by_label("Authenticator secret").input_value())
    sending("Turn it on", code=code)(page)
    assert page.url.endswith("/recovery-codes/"), page.locator("main").inner_text()


UNLIKE = sending("Change the password", password1="one of them is 12", password2="not the other one")
OLD_WRONG = sending(
    "Change the password", oldpassword="x", password1="correct horse battery", password2="another horse"
)
SIGNING_UP = sending(
    "Create account",
    full_name="A",
    email="a@y.org",
    organization="B",
    country="SE",
    password1="12345678",
    password2="1",
)
LOOKS = (
    Look("home-visitor", None, "/"),
    Look("about", None, "/about/"),
    Look("license", None, "/licenses/{license}/"),
    Look("sign-in", None, "/accounts/login/"),
    Look("sign-up", None, "/accounts/signup/"),
    Look("forgotten", None, "/accounts/password/reset/"),
    Look("forgotten-sent", None, "/accounts/password/reset/done/"),
    Look("forgotten-new", None, "/accounts/password/reset/key/{reset}/"),
    Look("forgotten-new-wrong", None, "/accounts/password/reset/key/{reset}/", then=UNLIKE),
    Look("forgotten-used", None, "/accounts/password/reset/key/1-nothing/"),
    Look("forgotten-done", None, "/accounts/password/reset/key/done/"),
    Look("closed-account", None, "/accounts/inactive/"),
    Look("sign-in-wrong", None, "/accounts/login/", then=sending("Sign in", login="x@y.org", password="x")),
    Look("sign-up-wrong", None, "/accounts/signup/", then=SIGNING_UP),
    Look("not-found", None, "/nothing/", 404),
    Look("home", "ada", "/"),
    Look("release", "ada", "/releases/opt-175b/"),
    Look("requests", "ada", "/requests/"),
    Look("request", "ada", "/requests/{in_review}/"),
    Look("edit", "ada", "/requests/{in_review}/edit/"),
    Look("withdraw", "ada", "/requests/{in_review}/withdraw/"),
    Look("team", "chi", "/requests/{returned}/team/"),
    Look("invitations", "ada", "/invitations/"),
    Look("invitations-none", "dana", "/invitations/"),
    Look("invitation", "ada", "/invitations/{asked_in}/"),
    Look("grants", "ada", "/grants/"),
    Look("grant", "ada", "/grants/{grant}/"),
    Look("grant-closed", "fee", "/grants/{closed}/"),
    Look("close-out", "ada", "/grants/{grant}/close/"),
    Look("agreement-in-preparation", "ada", "/agreements/{agreement}/", 503),
    Look("keys", "ada", "/keys/"),
    Look("key-remove", "ada", "/keys/{key}/remove/"),
    Look("tokens", "ada", "/tokens/"),
    Look("tokens-none", "dana", "/tokens/"),
    Look("device-code", "ada", "/device/"),
    Look("device-code-wrong", "ada", "/device/?code=WDJB-MJHT", 400),
    Look("device", "ada", "/device/?code={code}"),
    Look("device-used", "ada", "/device/?code={used_code}"),
    Look("pending", "ada", "/pending/{pending}/"),
    Look("details", "ada", "/account/"),
    Look("details-from-a-page", "ada", "/account/?next=/keys/"),
    Look("keyboard", "rosa", "/keyboard/"),
    Look("password", "ada", "/accounts/password/change/"),
    Look("password-wrong", "ada", "/accounts/password/change/", then=OLD_WRONG),
    Look("address", "ada", "/accounts/email/"),
    Look("address-lost", "bo", "/accounts/email/", then=take_away),
    Look("address-code", "fee", "/accounts/email/", then=sending("Add the address", email="fee@new.example")),
    Look("address-code-wrong", "fee", "/accounts/confirm-email/", then=sending("Confirm", code="x")),
    Look("second-factor", "ada", "/accounts/2fa/"),
    Look("passkey-add", "ada", "/accounts/2fa/webauthn/add/"),
    Look("passkeys", "ada", "/accounts/2fa/webauthn/"),
    Look("second-factor-set-up", "gil", "/accounts/2fa/totp/activate/"),
    Look(
        "second-factor-wrong", "gil", "/accounts/2fa/totp/activate/", then=sending("Turn it on", code="000")
    ),
    Look("recovery-codes", "hal", "/accounts/2fa/totp/activate/", then=turn_on),
    Look("recovery-codes-new", "hal", "/accounts/2fa/recovery-codes/generate/"),
    Look("second-factor-on", "hal", "/accounts/2fa/"),
    Look("second-factor-off", "hal", "/accounts/2fa/totp/deactivate/"),
    Look("again-factor", "hal", "/accounts/2fa/reauthenticate/"),
    Look("again", "ada", "/accounts/reauthenticate/"),
    Look("again-wrong", "ada", "/accounts/reauthenticate/", then=sending("Continue", password="x")),
    Look("sign-out", "ada", "/accounts/logout/"),
    Look("refused", "ada", "/review/", 403),
    Look("ask", "mika", "/releases/opt-175b/request/"),
    Look("nothing-yet", "mika", "/requests/"),
    Look("changes", "chi", "/requests/{returned}/"),
    Look("changes-edit", "chi", "/requests/{returned}/edit/"),
    Look("declined", "dana", "/requests/{declined}/"),
    Look("appeal", "dana", "/requests/{declined}/appeal/"),
    Look("approved", "eli", "/requests/{approved}/"),
    Look("sign", "eli", "/requests/{approved}/sign/"),
    Look("late", "gil", "/requests/{late}/"),
    Look("grant-ending", "gil", "/grants/{ending}/"),
    Look("renewal", "fay", "/requests/{renewal}/edit/"),
    Look("data", "ada", "/account/data/"),
    Look("sessions", "ada", "/account/sessions/"),
    Look("elsewhere", "ada", "/accounts/3rdparty/"),
    Look("data-free", "fee", "/account/data/"),
    Look("queue", "rosa", "/review/"),
    Look("queue-late", "rosa", "/review/?overdue=on&text=attention"),
    Look("queue-empty", "rosa", "/review/?state=lapsed"),
    Look("queue-split-none", "rosa", "/review/?split=on"),
    Look("absences", "rosa", "/review/absences/"),
    Look("together-none", "rosa", "/review/together/done/"),
    Look("review", "rosa", "/review/{changed}/"),
    Look("review-voted", "rosa", "/review/{in_review}/"),
    Look("review-recuse", "rosa", "/review/{changed}/recuse/"),
    Look("review-signatory", "rosa", "/review/{unsigned}/signatory/"),
    Look("question", "bo", "/requests/{changed}/"),
    Look("reasons", "rosa", "/desk/reasons/"),
    Look("reason", "rosa", "/desk/reasons/{reason}/"),
    Look("reason-new", "rosa", "/desk/reasons/new/"),
    Look("reason-archive", "rosa", "/desk/reasons/{reason}/archive/"),
    Look("all-grants", "rosa", "/review/grants/"),
    Look("grants-of-a-license", "rosa", "/review/grants/?license=opt-nc&state=active"),
    Look("grants-none-fit", "rosa", "/review/grants/?state=revoked"),
    Look("grants-together", "rosa", "/review/grants/together/?all=license%3Dopt-nc"),
    Look("grants-changed-none", "rosa", "/review/grants/together/done/"),
    Look("grant-change", "rosa", "/review/grants/{grant}/"),
    Look("changes-of-two", "rosa", "/changes/"),
    Look("change-of-two", "rosa", "/changes/{change}/"),
    Look("export", "rosa", "/changes/export/"),
    Look("terms-proposed", "rosa", "/releases/opt-66b/terms/"),
    Look("look-as", "rosa", "/look-as/"),
    Look("organizations", "alma", "/organizations/"),
    Look("organization", "alma", "/organizations/{organization}/"),
    Look("organizations-none", "ada", "/organizations/"),
    Look("people", "alma", "/people/"),
    Look("people-none", "alma", "/people/?text=nobody-of-this-name"),
    Look("person", "alma", "/people/{person}/"),
    Look("person-read", "otto", "/people/{person}/"),
    Look("audit", "otto", "/audit/"),
    Look("audit-none", "otto", "/audit/?words=nothing-like-that"),
    Look("audit-event", "otto", "/audit/{event}/"),
    Look("audit-event-waits", "otto", "/audit/{waiting}/"),
    Look("deliveries", "mika", "/ledger/"),
    Look("deliveries-none", "mika", "/ledger/?person=nobody"),
    Look("deliveries-grant", "mika", "/ledger/{grant}/"),
    Look("alert", "mika", "/ledger/alerts/{alert}/"),
    Look("release-recalled", "ada", "/releases/opt-66b/"),
    Look("revisions", "mika", "/releases/opt-66b/revisions/"),
    Look("revisions-none", "mika", "/releases/gpt-2-xl/revisions/"),
    Look("revision", "mika", "/releases/opt-175b/revisions/{sound}/"),
    Look("revision-damaged", "mika", "/releases/opt-66b/revisions/{damaged}/"),
    Look("license-newer", None, "/licenses/{newer}/"),
    Look("accept", "ada", "/grants/{grant}/accept/"),
    Look("licenses", "mika", "/desk/licenses/"),
    Look("license-new", "mika", "/desk/new-license/"),
    Look("license-kept", "mika", "/desk/licenses/opt-nc/"),
    Look("license-compare", "mika", "/desk/licenses/opt-nc/compare/"),
    Look("license-compare-one", "mika", "/desk/licenses/opt-nc/compare/?view=one"),
    Look("license-draft", "mika", "/desk/license-drafts/{draft}/"),
    Look("license-discard", "mika", "/desk/license-drafts/{draft}/discard/"),
    Look("license-publish", "mika", "/desk/license-drafts/{draft}/publish/"),
    Look("masters", "rosa", "/desk/master-agreements/"),
    Look("masters-none", "rosa", "/desk/master-agreements/?organization=nobody&state=signed"),
    Look("master-new", "rosa", "/desk/master-agreements/new/"),
    Look("master", "rosa", "/desk/master-agreements/{master}/"),
    Look("master-member", "rosa", "/desk/master-agreements/{master}/people/{member}/remove/"),
    Look("master-end", "rosa", "/desk/master-agreements/{master}/end/"),
    Look("master-sign", "dana", "/master-agreements/{master}/"),
)


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
        "change": a_change(world).pk,
        "person": world.people["ada"].public_id,
        "organization": world.people["ada"].organization_id,
        "sound": big.revisions.get().pk,
        "damaged": damaged.pk,
        "late": world.submitted("gil", big, days_ago=6.2).pk,
        "ending": ending.pk,
        "renewal": actions.renew(
            request=ends_soon(world, "fay", middle).request, by=world.by("fay"), now=world.now
        ).pk,
        "pending": keys.propose_removal(by=world.by("ada"), key=key, now=world.now).pk,
        **acting(world),
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
        for machine in ("login1", "old laptop", "transfer node")
    ]
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
    return {"code": asked[2].user_code, "used_code": asked[0].user_code}


def desk(world: World, request: Request) -> None:
    """Put the request on a desk, keep a view, and let somebody be away."""
    ravi, today = world.by("ravi"), world.now.date()
    actions.assign(request=request, to=ravi.user, by=ravi, now=world.now)
    actions.be_away(starts_on=today, ends_on=today, cover=world.people["rosa"], by=ravi, now=world.now)
    actions.save_view(name="Large models", query="release=opt-175b", shared=True, by=ravi, now=world.now)
