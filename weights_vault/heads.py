"""Signed heads: the portal's word, good for a day, on which revision of a release is current.

Signed hourly by a job, and anew whenever a revision is published, quarantined, restored or withdrawn: the
change itself takes the old head away, so that nobody is handed it afterwards, whoever can sign then or not.
`sign` alone needs the key; it runs where the keeper does.
Specification: docs/reference/sealed-format.md, section 13.
"""

import base64
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from portal.core import jobs
from portal.core.keys import signing_key
from portal.core.problems import NotFound, Unavailable
from weights_vault.keeping import door
from weights_vault.models import HeadRecord, Release, Revision
from weights_vault.sealed.head import Head, sign_head

LIFETIME = timedelta(hours=24)
SIGN_EVERY_S = 3600
STALE_AFTER = timedelta(hours=2)  # the job is late: have one signed for whoever asks
SIGN_ALL = "vault.sign_heads"


def current_head(release: Release, now: datetime) -> bytes:
    """The newest signed head of `release`, as an envelope.

    Raises: NotFound: nothing of it was ever published. Unavailable(keeper_away): there is none that is good,
        and nobody to sign one.
    """
    record = HeadRecord.objects.filter(release=release).first()
    if record is not None and record.issued <= now < record.issued + STALE_AFTER:
        return bytes(record.envelope)
    try:
        return renew_head(release, now)
    except Unavailable:
        # It is still what the rows say, or a change would have taken it away, and clients accept it.
        if record is not None and record.issued <= now < record.expires:
            return bytes(record.envelope)
        raise


def renew_head(release: Release, now: datetime) -> bytes:
    """Have a new head of `release` signed and kept. Outside of any transaction where the keeper is apart.

    Raises: NotFound: nothing of it was ever published. Unavailable(keeper_away).
    """
    if not door.is_apart():
        return sign(release, now)
    return base64.b64decode(door.ask("sign_head", {"release": release.slug}))


def renew_with_change(release: Release, now: datetime) -> None:
    """Take the head of `release` away in this transaction, which changes what it says, and have another.

    release: locked. With the keys in another process that comes once the change is committed; should nobody
    sign then, whoever asks for the head has it signed, or is told to come back.
    """
    if not door.is_apart():
        sign(release, now)
        return
    HeadRecord.objects.filter(release=release).delete()
    transaction.on_commit(lambda: renew_head(release, now), robust=True)


@transaction.atomic
def sign(release: Release, now: datetime) -> bytes:
    """Sign a head of `release` as the rows have it, keep it, return its envelope. Needs the key.

    Raises: NotFound: nothing of it was ever published.
    """
    # One signer at a time: the head kept last is also the one signed last.
    release = Release.objects.select_for_update().get(pk=release.pk)
    head = _describe(release, now)
    envelope = sign_head(head, signing_key("head", now))
    HeadRecord.objects.update_or_create(
        release=release, defaults={"envelope": envelope, "issued": head.issued, "expires": head.expires}
    )
    return envelope


def _describe(release: Release, now: datetime) -> Head:
    published = list(
        Revision.objects.filter(release=release, sequence__isnull=False)
        .order_by("-sequence")
        .defer("manifest")
    )
    if not published:
        raise NotFound("no_revision", f"Nothing of {release.slug} is published yet.")
    open_to_all = release.state != Release.State.WITHDRAWN
    available = [revision for revision in published if open_to_all and revision.available]
    current = (available or published)[0]
    issued = now.replace(microsecond=0)
    return Head(
        portal=settings.PORTAL_URL,
        release=release.slug,
        # Never falls, also when an older revision becomes current again: clients refuse a lower one.
        sequence=published[0].sequence or 0,
        revision=current.name,
        manifest_sha256=current.manifest_sha256,
        revisions={revision.name: revision.manifest_sha256 for revision in available},
        withdrawn=tuple(revision.name for revision in published if revision not in available),
        issued=issued,
        expires=issued + LIFETIME,
    )


@jobs.handler(SIGN_ALL, lease_s=600)
def sign_all(payload: dict[str, Any], now: datetime) -> None:
    """Have the head of every release signed that has one."""
    for release in Release.objects.filter(revisions__sequence__isnull=False).distinct():
        renew_head(release, now)


jobs.periodic(SIGN_ALL, SIGN_EVERY_S)
