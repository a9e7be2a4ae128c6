"""Every page of the site in the state in which people meet it, with who looks."""

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Page

from tests.browser.conftest import code_now


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


def look_as_reviewer(page: Page) -> None:
    page.get_by_label("Reviewer").check()
    sending("See it")(page)


def export_of_nothing(page: Page) -> None:
    page.get_by_label("Export the queue").check()
    sending("Propose it", reason=" ")(page)


def guess_too_often(page: Page) -> None:
    """Six wrong passwords for one account; the sixth is not looked at any more."""
    for _ in range(6):
        sending("Sign in", login="z@y.org", password="x")(page)


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
    Look("sign-in-too-often", None, "/accounts/login/", then=guess_too_often),
    Look("elsewhere-canceled", None, "/accounts/3rdparty/login/cancelled/"),
    Look("elsewhere-failed", None, "/accounts/3rdparty/login/error/", 401),
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
    Look("token-made", "dana", "/tokens/", then=sending("Make the token", name="cluster")),
    Look("token-wrong", "dana", "/tokens/", then=sending("Make the token", name=" ")),
    Look("device-code", "ada", "/device/"),
    Look("device-code-wrong", "ada", "/device/?code=WDJB-MJHT", 400),
    Look("device", "ada", "/device/?code={code}"),
    Look("device-used", "ada", "/device/?code={used_code}"),
    Look("device-refused", "ada", "/device/?code={refused_code}"),
    Look("device-expired", "ada", "/device/?code={expired_code}"),
    Look("pending", "ada", "/pending/{pending}/"),
    Look("pending-verdict", "rosa", "/pending/{verdict}/"),
    Look("pending-verdict-late", "rosa", "/pending/{late_verdict}/"),
    Look("pending-recall", "mika", "/pending/{recall}/"),
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
    Look("change-own", "rosa", "/changes/{own_change}/"),
    Look("change-confirmed", "rosa", "/changes/{exported}/"),
    Look("change-refused", "rosa", "/changes/{refused}/"),
    Look("change-expired", "rosa", "/changes/{expired}/"),
    Look("change-read", "otto", "/changes/{change}/"),
    Look("changes-of-two-none", "ravi", "/changes/"),
    Look("export", "rosa", "/changes/export/"),
    Look("export-wrong", "rosa", "/changes/export/", then=export_of_nothing),
    Look("terms-proposed", "rosa", "/releases/opt-66b/terms/"),
    Look("look-as", "rosa", "/look-as/"),
    Look("organizations", "alma", "/organizations/"),
    Look("organization", "alma", "/organizations/{organization}/"),
    Look("organizations-none", "ada", "/organizations/"),
    Look("organizations-own", "bo", "/organizations/"),
    Look("organization-own", "bo", "/organizations/{laboratory}/"),
    Look("people", "alma", "/people/"),
    Look("people-none", "alma", "/people/?text=nobody-of-this-name"),
    Look("person", "alma", "/people/{person}/"),
    Look("person-read", "otto", "/people/{person}/"),
    Look("person-own", "alma", "/people/{alma}/"),
    Look("person-disabled", "alma", "/people/{disabled}/"),
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
    Look("license-publish", "rosa", "/desk/license-drafts/{draft}/publish/"),
    Look("masters", "rosa", "/desk/master-agreements/"),
    Look("masters-none", "rosa", "/desk/master-agreements/?organization=nobody&state=signed"),
    Look("master-new", "rosa", "/desk/master-agreements/new/"),
    Look("master", "rosa", "/desk/master-agreements/{master}/"),
    Look("master-member", "rosa", "/desk/master-agreements/{master}/people/{member}/remove/"),
    Look("master-end", "rosa", "/desk/master-agreements/{master}/end/"),
    Look("master-sign", "dana", "/master-agreements/{master}/"),
    # The last of this reader: from then on the site answers somebody else.
    Look("looking-as", "rosa", "/look-as/", then=look_as_reviewer),
)
