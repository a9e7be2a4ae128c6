"""Where a person stands with a release, in words: one row for each code of the access rule.

The rule itself (`licenses.policies.access`) decides and says why; here only a heading, a tone and the page
where the next step is taken are added. A code without a row fails a test.
"""

from typing import NamedTuple

from django.urls import reverse

from portal.core.verdicts import Allowed, Verdict


class Said(NamedTuple):
    title: str
    tone: str
    icon: str
    action: str = ""
    page: str = ""
    about: str = ""  # what the page is about: "release", "request", "grant" or nothing
    only_if: bool = False  # the page helps some alone: the next step, which says whom, stands before it


ALLOWED = Said("You have access", "good", "circle-check", "How to download", "grant_detail", "grant")

SAID: dict[str, Said] = {
    "login_required": Said("Sign in to ask for access", "calm", "lock", "Sign in", "account_login"),
    "account_disabled": Said("Your account is disabled", "bad", "ban"),
    "email_unverified": Said("Confirm your address first", "turn", "mail", "Confirm", "account_email"),
    "token_scope": Said("This token may not do that", "bad", "key-round", "My tokens", "tokens"),
    "mfa_required": Said("Set up a second factor", "turn", "shield-check", "Set it up", "mfa_index"),
    "release_withdrawn": Said("This release is withdrawn", "bad", "circle-x"),
    "stage_not_open": Said("Not open to you yet", "calm", "lock"),
    "api_only": Said("Offered through an API only", "calm", "terminal"),
    "region_excluded": Said(
        "Not available in your country", "bad", "ban", "Your details", "account_details", only_if=True
    ),
    "no_request": Said("You can ask for access", "turn", "send", "Ask for access", "request_form", "release"),
    "request_draft": Said(
        "Your request is a draft", "turn", "pen-line", "Continue the draft", "request_form", "release"
    ),
    "request_pending": Said(
        "Your request is in review", "wait", "hourglass", "Follow the request", "request_detail", "request"
    ),
    "changes_requested": Said(
        "The reviewers ask for changes",
        "turn",
        "message-circle-question-mark",
        "Answer them",
        "request_detail",
        "request",
    ),
    "request_rejected": Said(
        "Your request was declined", "bad", "circle-x", "Read the reason", "request_detail", "request"
    ),
    "request_withdrawn": Said(
        "You withdrew your request", "calm", "undo-2", "Ask again", "request_form", "release"
    ),
    "request_lapsed": Said("Your approval lapsed", "calm", "clock", "Ask again", "request_form", "release"),
    "license_unsigned": Said(
        "Approved: sign the license", "turn", "signature", "Read and sign", "request_sign", "request"
    ),
    "grant_not_started": Said(
        "Your grant has not begun", "wait", "calendar", "See the grant", "grant_detail", "grant"
    ),
    "grant_revoked": Said("Your grant was revoked", "bad", "ban", "Read the reason", "grant_detail", "grant"),
    "grant_closed": Said(
        "Your grant is closed out", "calm", "circle-minus", "See the grant", "grant_detail", "grant"
    ),
    "grant_expired": Said("Your grant has ended", "calm", "clock", "See the grant", "grant_detail", "grant"),
    "grant_suspended": Said(
        "Your grant is suspended", "wait", "circle-pause", "Read the reason", "grant_detail", "grant"
    ),
    "reacceptance_due": Said(
        "The license has a new version", "turn", "signature", "See the grant", "grant_detail", "grant"
    ),
    "revision_unavailable": Said("Nothing to download now", "wait", "package"),
    "no_recipient_key": Said("You need a recipient key", "turn", "key-round", "My keys", "keys"),
    "recipient_key_unsuitable": Said(
        "This release needs another key", "turn", "key-round", "My keys", "keys"
    ),
    "quota_exhausted": Said("You reached the download limit", "wait", "clock"),
}


class Standing(NamedTuple):
    """What the panel shows. `href` is empty where there is nothing to do on a page."""

    code: str
    said: Said
    message: str
    next_step: str
    href: str

    @property
    def reason_said(self) -> bool:
        """The message holds the reason that staff gave, so that it need not be shown beside it."""
        return self.code in ("grant_suspended", "grant_revoked")


def standing(verdict: Verdict, slug: str, *, request_id: str = "", grant_id: str = "") -> Standing:
    """The panel for one verdict about the release `slug`."""
    if isinstance(verdict, Allowed):
        message = "Your grant is live. The weights and their manifest are yours to download with `weights`."
        return Standing("allowed", ALLOWED, message, "", _href(ALLOWED, slug, "", verdict.grant or grant_id))
    said = SAID[verdict.code]
    href = _href(said, slug, request_id, grant_id)
    return Standing(verdict.code, said, verdict.message, verdict.next_step, href)


def _href(said: Said, slug: str, request_id: str, grant_id: str) -> str:
    if not said.page:
        return ""
    subject = {"": None, "release": slug, "request": request_id, "grant": grant_id}[said.about]
    if subject is None:
        return reverse(said.page)
    return reverse(said.page, args=[subject]) if subject else ""
