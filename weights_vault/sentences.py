"""What the log says of releases, revisions, keys and deliveries, in sentences."""

from typing import Final

from portal.core.log import recovering, sentences

SENTENCES: Final = {
    "alert.acknowledged": "{by} looked at {subject}, of the rule {rule}[: “{note}”].",
    "alert.raised": "The rule {rule} raised an alert about {subject}[: {measured} was counted].",
    "download.completed": (
        "{by} reported a complete download under {subject}: {files} files of {revision:revision}."
    ),
    "download.opened": (
        "{by} reported that {files} files of {revision:revision} were opened, under {subject}."
    ),
    "download.verified": (
        "{by} reported that {files} files of {revision:revision} were verified, under {subject}."
    ),
    "file_keys.rewrapped": "The keys of {bodies} files were wrapped by the newest master key.",
    "grant.vouched_for": "An operator vouched for {subject}, whose votes carry no evidence.",
    "headers.issued": (
        "{by} was given headers of {files} files of {revision:revision}, by {subject}, for key {key}."
    ),
    "headers.issued_for_gate": (
        "Headers of {files} files were made for the test of {subject} before it was published."
    ),
    "key.challenged": "{by} asked to enroll {subject}.",
    "key.enrolled": "{by} enrolled {subject}[, fingerprint {fingerprint}].",
    "key.proven": "{by} proved to hold {subject}.",
    "key.removed": "{by} removed {subject}[, fingerprint {fingerprint}].",
    "manifest.issued": "{by} was given the manifest of {revision:revision}, by {subject}.",
    "release.applied": "{by} applied the file of {subject}.",
    "revision.created": "{by} began to publish {revision} of {release:release}.",
    "revision.gate_failed": "The test of {subject} failed: it is not published.",
    "revision.gated": "{revision} of {release:release} passed its test.",
    "revision.published": "{by} published {revision} of {release:release}.",
    "revision.quarantined": "{by} put {revision} of {release:release} into quarantine[: “{reason}”].",
    "revision.resealed": "{by} sealed {revision} of {release:release} again.",
    "revision.restored": "{by} restored {revision} of {release:release}[: “{reason}”].",
    "revision.withdrawn": "{by} withdrew {revision} of {release:release} for good[: “{reason}”].",
    "root.announced": "The next root key was announced.",
    "root.taken_over": "The root key that was announced took over.",
    "scrub.damage_found": "Damage was found in the store, in {subject}: {finding}.",
    "scrub.damage_gone": "Damage in the store is gone, in {subject}.",
    "signing_key.changed": "The {subject} was changed.",
    "voter.removed": "The keeper trusts passkeys of {subject} under votes no more: {passkeys:list}.",
    "voter.trusted": "The keeper trusts passkeys of {subject} under votes: {passkeys:list}.",
    "urls.issued": (
        "{by} was given URLs of {files} files of {revision:revision}, by {subject}, for {lifetime_s} s."
    ),
}
THINGS: Final = {
    "key": ("key {id}", ""),
    "revision": ("revision {id}", ""),
    "alert": ("alert {id}", "/ledger/alerts/{id}/"),
    "body": ("stored file {id}", ""),
    "vault": ("the vault", ""),
    "signing_key": ("signing key of the role {id}", ""),
}

recovering.register(again=("key.removed", "revision.quarantined", "revision.withdrawn"))
sentences.register(SENTENCES)
sentences.register_things(THINGS)
sentences.register_words(
    {
        "enroll_key": "a recipient key to enroll",
        "remove_key": "a recipient key to remove",
        "revision_move": "a change of a revision",
    }
)
