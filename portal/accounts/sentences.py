"""What the log says of people, organizations, roles, tokens and devices, in sentences, and people's names."""

from collections.abc import Mapping
from typing import Final

from portal.accounts.models import Organization, OrganizationDomain, User
from portal.core.log import sentences

SENTENCES: Final = {
    "account.access_ended": "{by} ended every session, token and device of {subject}[: “{reason}”].",
    "account.created": "{by} created the account of {subject}.",
    "account.data_exported": "{by} exported the data about themselves.",
    "account.details_corrected": "{by} corrected their details: {fields:list}.",
    "account.disabled": "{by} disabled the account of {subject}[: “{reason}”].",
    "account.email_added": "{by} added a mail address, to be verified.",
    "account.email_changed": "{by} changed their mail address.",
    "account.email_removed": "{by} removed a mail address.",
    "account.email_verified": "{by} verified a mail address.",
    "account.enabled": "{by} enabled the account of {subject} again[: “{reason}”].",
    "account.erased": "{by} erased their account.",
    "account.passkey_counter_behind": (
        "A passkey of {subject} counted {said} where {known} was known: it may have been copied."
    ),
    "account.passkey_renamed": "{by} renamed a passkey.",
    "account.password_changed": "{by} changed their password.",
    "account.password_reset": "{by} set a new password by a code that was mailed to them.",
    "account.password_set": "{by} set a password.",
    "account.provider_connected": "{by} connected their account at {provider}.",
    "account.provider_disconnected": "{by} disconnected their account at {provider}.",
    "account.second_factor_added": "{by} added a second factor: {factor:word}.",
    "account.second_factor_failed": "A wrong second factor was given for {subject}, {so_far} within an hour.",
    "account.second_factor_removed": "{by} removed a second factor: {factor:word}.",
    "account.second_factor_reset": "{by} made new recovery codes or a new factor: {factor:word}.",
    "account.session_ended": "{by} signed out a browser of {subject}.",
    "account.sessions_ended": "{by} signed out every other browser of {subject}, {sessions} in all.",
    "account.sign_in_failed": "A wrong password was given for {subject}, {so_far} within an hour.",
    "account.signed_in": "{by} signed in.",
    "account.signed_out": "{by} signed out.",
    "account.signed_up": "{by} signed up.",
    "affiliation.admitted": "{by} admitted {subject} to their organization again.",
    "affiliation.end_set": "{by} said when {subject} leaves their organization: {ends_at:day}.",
    "affiliation.ended": "{subject} is no longer of their organization, ended by {by}.",
    "change.confirmed": "{by} confirmed {subject}, {change:word}[, about {concerned:person}].",
    "change.expired": "Nobody confirmed {subject}, {change:word}, in time.",
    "change.proposed": "{by} proposed {subject}, {change:word}[, about {concerned:person}][: “{reason}”].",
    "change.refused": "{by} refused {subject}, {change:word}.",
    "change.withdrawn": "{by} withdrew {subject}, {change:word}.",
    "device.allowed": "{by} let a device sign in for them[, for {scopes:list}].",
    "device.ended": "{by} ended a device of {subject}.",
    "device.refused": "{by} refused a device that asked to sign in.",
    "device.renewed": "{by} signed a device in again.",
    "device.reused": "A used refresh token of a device of {subject} came again: the device was ended.",
    "device.signed_in": "{by} signed in on a device.",
    "domain.claimed": "{by} claimed the domain {domain} for {subject}.",
    "domain.code_sent": "{by} had a code for {domain} of {subject} mailed.",
    "domain.removed": "{by} took the domain {domain} from {subject}.",
    "domain.verified": "{by} showed that {domain} is of {subject}, by {how:word}.",
    "export.downloaded": "{by} downloaded the export of {subject}: {export}.",
    "look_as.began": "{by} began to look at the site in the role {role:word}.",
    "look_as.left": "{by} no longer looks at the site in the role {role:word}.",
    "manager.named": "{by} let {person:person} speak for {subject}.",
    "manager.removed": "{by} took from {person:person} that they speak for {subject}.",
    "organization.domains_set": "{by} set the domains of {subject}[: {domains:list}].",
    "pending.confirmed": "{by} confirmed what was prepared from the command line: {action:word}.",
    "pending.proposed": "{by} prepared from the command line: {action:word}.",
    "pending.refused": "{by} refused what was prepared from the command line: {action:word}.",
    "role.granted": "{by} gave {subject} the role {role:word}.",
    "role.removed": "{by} took the role {role:word} from {subject}.",
    "token.created": "{by} made an access token[ for {scopes:list}][, until {expires_at:day}].",
    "token.ended": "{by} ended an access token of {subject}.",
}
THINGS: Final = {
    "user": ("{id}", ""),
    "account": ("an account that there is not", ""),
    "organization": ("organization {id}", ""),
    "pending": ("pending action {id}", ""),
    "change": ("change of two {id}", ""),
    "device": ("{id}", ""),
}
WORDS: Final = {
    "totp": "an authenticator app",
    "webauthn": "a passkey",
    OrganizationDomain.How.MAIL.value: "a code that was mailed to it",
    OrganizationDomain.How.STAFF.value: "vouching for it",
}


def names_of(people: frozenset[str]) -> Mapping[str, str]:
    """Return the names, else the addresses, of these public ids; whose account was erased is absent."""
    rows = User.objects.filter(public_id__in=people).exclude(email__endswith="@erased.invalid")
    return {user.public_id: str(user) for user in rows.only("public_id", "full_name", "email")}


def organizations_of(names: frozenset[str]) -> Mapping[str, str]:
    """Return the names of organizations by public id."""
    wanted = [each for each in names if each.startswith("org_")]
    return dict(Organization.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


sentences.register(SENTENCES)
sentences.register_things(THINGS)
sentences.register_words(WORDS)
sentences.register_names(names_of)
sentences.register_names(organizations_of)
