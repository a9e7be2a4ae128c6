"""A small portal with people, a gated release and everything that can stand between the two.

Everything that an action can make is made by that action; rows are written by hand only where publishing
would need files and a smoke test.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone
from rest_framework.test import APIClient

from licenses.actions import drafting, signing, submitting, voting
from licenses.models import Grant, License, LicenseVersion, ReleaseTerms, Request
from portal.accounts import tokens
from portal.accounts.changes import confirm
from portal.accounts.exports import propose_export
from portal.accounts.models import AccessToken, RoleGrant, TwoPersonChange, User
from portal.accounts.principals import Principal, principal_for
from tests.stored import store_object
from weights_vault import keeper
from weights_vault.models import File, Model, RecipientKey, Release, Revision
from weights_vault.sealed.keys import Identity, generate_identity

BACKEND = "portal.accounts.backends.AuthenticationBackend"
LICENSE_TEXT = "Use the weights for research alone.\n"
QUESTIONS = [
    {"id": "purpose", "label": "Purpose?", "help": "", "kind": "text", "required": True, "choices": []},
]
ANSWERS = {"purpose": "A study of memorization."}
ALL_SCOPES = ("read", "requests", "download")
MANIFEST = b'{"payload":"e30=",  "payloadType":"application/vnd.in-toto+json","signatures":[]}\n'
PUBLISHED_FILES = (("config.json", "config", 700), ("model-00001-of-00001.safetensors", "weights", 90_000))


def person(name: str, *roles: str, verified: bool = True, country: str = "CH") -> User:
    user = User.objects.create_user(
        f"{name}@example.org", "a long enough passphrase", full_name=name.title(), country=country
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    for role in roles:
        RoleGrant.objects.create(user=user, role=role, by="system:test", at=timezone.now())
    return user


def session_of(user: User) -> Principal:
    return principal_for(user)


def token_of(user: User, *scopes: str, name: str = "laptop") -> tuple[AccessToken, str]:
    return tokens.create_token(
        user=user,
        name=name,
        scopes=scopes,
        lifetime=timedelta(days=1),
        by=session_of(user),
        now=timezone.now(),
    )


def with_token(user: User, *scopes: str) -> APIClient:
    _, secret = token_of(user, *(scopes or ALL_SCOPES))
    return with_secret(secret)


def with_secret(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def in_browser(user: User, *, reauthenticated: bool = True) -> APIClient:
    client = APIClient()
    client.force_login(user, backend=BACKEND)
    if reauthenticated:
        session = client.session
        session["account_authentication_methods"] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return client


def publish_license(
    license: License,
    number: int,
    text: str,
    *,
    in_force_in: timedelta = timedelta(hours=-1),
    reaccept_by: datetime | None = None,
) -> LicenseVersion:
    return LicenseVersion.objects.create(
        license=license,
        number=number,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        effective_at=timezone.now() + in_force_in,
        reaccept_by=reaccept_by,
        created_at=timezone.now(),
        created_by="system:test",
    )


def release_of(model: Model, slug: str, license: License, *, state: str = "listed", **terms: Any) -> Release:
    now = timezone.now()
    release = Release.objects.create(
        slug=slug,
        model=model,
        title=slug.upper(),
        summary="Weights.",
        card="# Card",
        state=state,
        created_at=now,
    )
    chosen = {"strategy": "request", "stage": "researchers", "quorum": 2, "questions": QUESTIONS, **terms}
    ReleaseTerms.objects.create(release=release, license=license, updated_at=now, **chosen)
    return release


def revision_of(release: Release, name: str, sequence: int, state: str = "published") -> Revision:
    now = timezone.now()
    revision = Revision.objects.create(
        release=release,
        name=name,
        sequence=sequence,
        state=state,
        manifest=MANIFEST,
        manifest_sha256=hashlib.sha256(MANIFEST).hexdigest(),
        created_at=now,
        created_by="system:test",
        published_at=now,
    )
    for path, kind, size in PUBLISHED_FILES:
        body, _ = keeper.new_body(size, now=now)
        body.state = body.State.STORED
        body.save()
        store_object(body.object_name, b"sealed")
        File.objects.create(revision=revision, path=path, kind=kind, size=size, sha256="0" * 64, body=body)
    return revision


@dataclass
class World:
    license: LicenseVersion
    release: Release
    hidden: Release
    revision: Revision
    researcher: User
    other: User
    reviewers: tuple[User, User]
    manager: User
    admin: User
    auditor: User

    @property
    def files(self) -> list[str]:
        return [file.pk for file in self.revision.files.all()]

    def draft(self, by: User | None = None, release: Release | None = None) -> Request:
        return drafting.draft(
            by=session_of(by or self.researcher),
            release=release or self.release,
            answers=ANSWERS,
            now=timezone.now(),
        )

    def submitted(self, by: User | None = None) -> Request:
        request = self.draft(by)
        return submitting.submit(
            request=request,
            license_sha256=self.license.sha256,
            by=session_of(by or self.researcher),
            now=timezone.now(),
        )

    def overdue(self) -> Request:
        """A request that waits for longer than the portal promises."""
        request = self.submitted()
        Request.objects.filter(pk=request.pk).update(submitted_at=timezone.now() - timedelta(days=6))
        return request

    def ending(self) -> Grant:
        """A grant that ends soon enough to be renewed."""
        grant = self.granted()
        Grant.objects.filter(pk=grant.pk).update(ends_at=timezone.now() + timedelta(days=10))
        return grant

    def decided(self, verdict: str, by: User | None = None) -> Request:
        request = self.submitted(by)
        for reviewer in self.reviewers:
            request = voting.vote(
                request=request,
                version=request.version,
                verdict=verdict,
                reason="Because of the plan.",
                note="",
                by=session_of(reviewer),
                now=timezone.now(),
            )
        return request

    def granted(self, to: User | None = None) -> Grant:
        holder = to or self.researcher
        request = self.decided("approve", holder)
        grants = signing.sign(
            request=request,
            typed_name=holder.full_name,
            license_sha256=self.license.sha256,
            by=session_of(holder),
            now=timezone.now(),
        )
        return grants[0]

    def key(self, of: User | None = None, kind: str = "mlkem768x25519") -> tuple[RecipientKey, Identity]:
        identity = generate_identity(kind)
        recipient, now = str(identity.recipient), timezone.now()
        row = RecipientKey.objects.create(
            user=of or self.researcher,
            recipient=recipient,
            digest=hashlib.sha256(recipient.encode()).hexdigest(),
            kind=identity.recipient.kind,
            fingerprint=identity.recipient.fingerprint,
            name="laptop",
            state=RecipientKey.State.ACTIVE,
            created_at=now,
            activated_at=now,
        )
        return row, identity

    def export(self, what: str) -> TwoPersonChange:
        """Two of the staff agree that it may leave: the release manager downloads the ledger, the legal lead
        anything else."""
        proposer = session_of(self.manager if what == "ledger" else self.reviewers[0])
        change = propose_export(what=what, reason="Asked for.", by=proposer, now=timezone.now())
        return confirm(change=change, by=session_of(self.admin), now=timezone.now())


def build() -> World:
    model = Model.objects.create(slug="opt", name="OPT", summary="A family.")
    license = License.objects.create(slug="opt-nc", name="OPT noncommercial")
    release = release_of(model, "opt-175b", license)
    return World(
        license=publish_license(license, 1, LICENSE_TEXT),
        release=release,
        hidden=release_of(model, "opt-secret", license, state="unlisted"),
        revision=revision_of(release, "v1", 1),
        researcher=person("ada"),
        other=person("bob"),
        reviewers=(person("rita", "legal_lead"), person("ravi", "reviewer")),
        manager=person("mona", "release_manager"),
        admin=person("alma", "administrator"),
        auditor=person("otto", "auditor"),
    )
