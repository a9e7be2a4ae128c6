"""What a grant holder is handed besides headers: the manifest, signed URLs, the head, the trust document.

Each issue asks the access rule with the grant's row locked, and writes its audit event in the same
transaction, and its row in the ledger. No URL is ever stored, logged or audited.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import NotPermitted
from weights_vault.heads import current_head
from weights_vault.keeper import require_files_of
from weights_vault.ledger import writing
from weights_vault.models import File, LedgerEntry, Revision, SealedBody
from weights_vault.ports import Purpose, access_policy
from weights_vault.storage import storage
from weights_vault.trust import trust_document

__all__ = ["IssuedUrls", "current_head", "issue_manifest", "issue_urls", "trust_document"]


@dataclass(frozen=True)
class IssuedUrls:
    """urls: (file id, URL) each good until `expires`. Secrets: the repr does not show them (G8)."""

    expires: datetime
    urls: list[tuple[str, str]] = field(repr=False)


@transaction.atomic
def issue_manifest(
    *, by: Principal, grant: str, revision: Revision, now: datetime, address: str = ""
) -> bytes:
    """The signed manifest of `revision`, byte for byte as it was signed.

    address: of the caller, for the ledger; "" where there is none.
    Raises: NotPermitted: the access rule says no.
    """
    _require_access(by, "manifest", grant=grant, revision=revision, now=now)
    if revision.manifest is None:
        raise RuntimeError("the access rule allowed the manifest of an unpublished revision")
    writing.add(
        LedgerEntry.Kind.MANIFEST,
        grant=grant,
        person=by.person.public_id,
        revision=revision,
        address=address,
        now=now,
    )
    audit.record("manifest.issued", by=by.actor, subject=f"grant:{grant}", now=now, revision=revision.id)
    return bytes(revision.manifest)


def issue_urls(
    *,
    by: Principal,
    grant: str,
    revision: Revision,
    files: Sequence[File],
    now: datetime,
    address: str = "",
) -> IssuedUrls:
    """A signed URL for the body of each of `files`, good for URL_LIFETIME_S seconds, or until the credentials
    end that the store signs with (G7).

    files: 1 to 500 files of `revision`. One audit event and one ledger entry a batch, without the URLs.
    address: of the caller, for the ledger; "" where there is none.
    Raises: NotPermitted: the access rule says no. Invalid: too many files, or files of another revision.
        StorageError: nothing can be signed now.
    """
    require_files_of(revision, files)
    stored = SealedBody.objects.filter(pk__in={file.body_id for file in files})
    bodies = {pk: (name, size) for pk, name, size in stored.values_list("pk", "object_name", "body_size")}
    names = [bodies[file.body_id][0] for file in files]
    # Signed before the grant's row is locked: renewing the store's credentials can take its time. Nobody gets
    # to see them but by the verdict below.
    signed = storage().urls(names, lifetime_s=settings.URL_LIFETIME_S, now=now)
    lifetime_s = int((signed.expires - now).total_seconds())
    with transaction.atomic():
        _require_access(by, "urls", grant=grant, revision=revision, now=now)
        writing.add(
            LedgerEntry.Kind.URLS,
            grant=grant,
            person=by.person.public_id,
            revision=revision,
            files=[file.id for file in files],
            size=sum(bodies[file.body_id][1] for file in files),
            lifetime_s=lifetime_s,
            address=address,
            now=now,
        )
        audit.record(
            "urls.issued",
            by=by.actor,
            subject=f"grant:{grant}",
            now=now,
            revision=revision.id,
            files=len(names),
            lifetime_s=lifetime_s,
        )
    urls = [(file.id, url) for file, url in zip(files, signed.urls, strict=True)]
    return IssuedUrls(expires=signed.expires, urls=urls)


def _require_access(
    by: Principal, purpose: Purpose, *, grant: str, revision: Revision, now: datetime
) -> None:
    verdict = access_policy().judge(
        by, revision.release, purpose, now=now, revision=revision, grant=grant, lock=True
    )
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    if verdict.grant != grant:
        raise NotPermitted("no_request", "This grant does not cover the release.", "Look at your grants.")
