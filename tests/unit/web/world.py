"""A small portal with people, releases and requests in every state, made through the real actions.

Bodies are rows without objects in the store: pages show sizes and states, they open nothing.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from licenses import actions
from licenses.models import Grant, Party, Request
from licenses.terms import check_terms
from portal.accounts.models import Organization, RoleGrant, User
from portal.accounts.principals import Principal, principal_for
from portal.core.ids import public_id
from weights_vault.ledger import writing
from weights_vault.models import File, LedgerEntry, Model, RecipientKey, Release, Revision, SealedBody
from weights_vault.scrub.findings import note
from weights_vault.scrub.reading import Finding, Reading

PASSWORD = "correct horse battery"

CARD = """# OPT-175B

OPT-175B is a decoder-only transformer with **175 billion parameters**, trained on public text to match the
performance of GPT-3 and released for the study of large language models.

## Intended use

Research into the behavior, safety and limits of large language models: robustness, bias, toxicity,
interpretability. It is not meant for production, and not for decisions about people.

## Training data

About 180 billion tokens of English text: BookCorpus, Stories, The Pile (parts), Reddit and CC-News.
See the *data card* among the files.

| Property | Value |
|---|---|
| Parameters | 175 billion |
| Layers | 96 |
| Context | 2,048 tokens |

## Known limits

- It repeats itself, and gets stuck in loops.
- It generates toxic text more readily than comparable models; see the [paper](https://arxiv.org/abs/2205.01068).
"""

LICENSE = """# OPT noncommercial license

1. **Grant.** You may use the model weights for noncommercial research, for the term of your grant.
2. **Noncommercial.** Noncommercial research is research that is not primarily intended for commercial
   advantage or monetary compensation.
3. **Distribution.** You do not distribute, sublicense or publish the weights or anything that contains them.
4. **Restrictions.** You do not use the weights for surveillance, for military purposes, or against any law.
5. **Publications.** Results may be published. Name the release and its revision.
6. **End.** When the grant ends you delete every copy within 30 days.
7. **No warranty.** The weights are provided as they are, without any warranty.
"""

QUESTIONS = [
    {
        "id": "purpose",
        "label": "What will you use the weights for?",
        "help": "Two or three sentences. Reviewers read this first.",
        "kind": "long_text",
        "required": True,
    },
    {
        "id": "role",
        "label": "What is your position?",
        "help": "At the organization that you named in your account.",
        "kind": "choice",
        "required": True,
        "choices": ["Student", "Researcher", "Professor", "Engineer"],
    },
    {
        "id": "homepage",
        "label": "A page that shows who you are",
        "help": "Your group's page, a profile, a list of publications.",
        "kind": "text",
        "required": False,
    },
    {
        "id": "noncommercial",
        "label": "The use is noncommercial.",
        "help": "The license allows research alone.",
        "kind": "confirm",
        "required": True,
    },
]

ANSWERS = {
    "purpose": "We study how training instabilities leave traces in the attention heads of very large models."
    " We compare checkpoints layer by layer and publish all code and figures.",
    "role": "Researcher",
    "homepage": "https://lab.example.org/people",
    "noncommercial": True,
}


def shards(count: int, size: int) -> list[tuple[str, str, int]]:
    """Weights files as (path, kind, plaintext bytes)."""
    return [(f"model-{n:05d}-of-{count:05d}.safetensors", "weights", size) for n in range(1, count + 1)]


@dataclass
class World:
    """now: when the world was made; its history lies in the days before."""

    now: datetime = field(default_factory=timezone.now)
    people: dict[str, User] = field(default_factory=dict)

    def person(
        self, email: str, name: str, organization: str = "", country: str = "US", roles: tuple[str, ...] = ()
    ) -> User:
        """An account with a verified address, kept under the first part of it."""
        home = Organization.objects.get_or_create(name=organization)[0] if organization else None
        user = User.objects.create_user(
            email, PASSWORD, full_name=name, organization=home, country=country, date_joined=self.ago(90)
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        for role in roles:
            RoleGrant.objects.create(user=user, role=role, by="system:test", at=self.now)
        self.people[email.partition("@")[0]] = user
        return user

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def by(self, name: str) -> Principal:
        return principal_for(self.people[name], mfa=True)

    def release(
        self,
        slug: str,
        title: str,
        summary: str,
        *,
        model: str = "OPT",
        stage: str = "researchers",
        quorum: int = 2,
    ) -> Release:
        """A listed release on request, with terms and a license."""
        family = Model.objects.get_or_create(slug=model.lower(), defaults={"name": model})[0]
        release = Release.objects.create(
            slug=slug, model=family, title=title, summary=summary, card=CARD, created_at=self.ago(60)
        )
        table = {
            "license": "opt-nc",
            "license_name": "OPT noncommercial license",
            "stage": stage,
            "quorum": quorum,
            "questions": QUESTIONS,
        }
        with transaction.atomic():
            actions.apply_terms(
                release=release, terms=check_terms(table, LICENSE), by="system:test", now=self.ago(60)
            )
        return release

    def publish(
        self, release: Release, files: list[tuple[str, str, int]], name: str = "v1", *, sequence: int = 1
    ) -> Revision:
        """A published revision with these files."""
        revision = Revision.objects.create(
            release=release,
            name=name,
            sequence=sequence,
            state=Revision.State.PUBLISHED,
            manifest=b"{}",
            manifest_sha256=hashlib.sha256(f"{release.slug}@{name}".encode()).hexdigest(),
            created_at=self.ago(50),
            published_at=self.ago(49),
            created_by="system:test",
        )
        for path, kind, size in files:
            File.objects.create(revision=revision, path=path, kind=kind, size=size, body=self._body(size))
        return revision

    def _body(self, size: int) -> SealedBody:
        return SealedBody.objects.create(
            object_name=public_id("obj"),
            state=SealedBody.State.STORED,
            body_format="age-v1-stream",
            nonce=hashlib.md5(public_id("non").encode(), usedforsecurity=False).hexdigest(),
            wrapped_key=b"x",
            plain_size=size,
            body_size=size + 32,
            created_at=self.ago(50),
        )

    def draft(self, name: str, release: Release, *, days_ago: float = 3, **answers: object) -> Request:
        return actions.draft(
            by=self.by(name), release=release, answers={**ANSWERS, **answers}, now=self.ago(days_ago)
        )

    def submitted(self, name: str, release: Release, *, days_ago: float = 3, **answers: object) -> Request:
        request = self.draft(name, release, days_ago=days_ago + 0.1, **answers)
        effective = release.terms.license.versions.filter(effective_at__lte=self.ago(days_ago))
        license = effective.order_by("-number")[0]
        return actions.submit(
            request=request, license_sha256=license.sha256, by=self.by(name), now=self.ago(days_ago)
        )

    def vote(
        self,
        request: Request,
        reviewer: str,
        verdict: str = "approve",
        reason: str = "",
        *,
        days_ago: float = 1,
    ) -> Request:
        request.refresh_from_db()
        return actions.vote(
            request=request,
            version=request.version,
            verdict=verdict,
            reason=reason,
            note="",
            by=self.by(reviewer),
            now=self.ago(days_ago),
        )

    def approved(self, name: str, release: Release, *, days_ago: float = 3) -> Request:
        request = self.submitted(name, release, days_ago=days_ago)
        self.vote(request, "rosa", reason="Clear purpose, known group.", days_ago=days_ago - 0.5)
        return self.vote(request, "ravi", days_ago=days_ago - 0.8)

    def signed(self, name: str, release: Release, *, days_ago: float = 3) -> Grant:
        request = self.approved(name, release, days_ago=days_ago)
        license = request.license_version
        assert license is not None
        return actions.sign(
            request=request,
            typed_name=self.people[name].full_name,
            license_sha256=license.sha256,
            by=self.by(name),
            now=self.ago(days_ago - 1),
        )[0]

    def asked(self, applicant: str, release: Release, guest: str, *, days_ago: float = 2) -> Party:
        """An invitation of `guest`, by name of the people here, into a new draft of the applicant's."""
        return self.invite(self.draft(applicant, release, days_ago=days_ago + 0.1), guest, days_ago=days_ago)

    def invite(
        self, request: Request, guest: str, role: str = "co_applicant", *, days_ago: float = 0
    ) -> Party:
        """Ask somebody of the people here into a request, as its applicant does."""
        user = self.people[guest]
        return actions.invite(
            request=request,
            role=role,
            email=user.email,
            full_name=user.full_name,
            by=principal_for(request.applicant),
            now=self.ago(days_ago),
        )

    def headers(self, name: str, revision: Revision, grant: Grant) -> None:
        """As if the person had been given headers of the whole revision."""
        key = RecipientKey.objects.filter(user=self.people[name]).first() or self.key(name, label="laptop")
        files = [file.pk for file in revision.files.all()]
        with transaction.atomic():
            writing.add(
                LedgerEntry.Kind.HEADERS,
                grant=grant.pk,
                person=self.people[name].public_id,
                revision=revision,
                key=key.pk,
                files=files,
                digests=[bytes(32)] * len(files),
                now=self.now,
            )

    def damaged(self, revision: Revision, path: str) -> None:
        """As if the scrubber had found that file missing in the store."""
        reading = Reading(position=0, complete=True, finding=Finding.MISSING)
        note(body=revision.files.get(path=path).body, start=0, reading=reading, now=self.now)

    def key(self, name: str, *, label: str = "cluster login node") -> RecipientKey:
        return RecipientKey.objects.create(
            user=self.people[name],
            recipient=f"age1pq1{name}",
            digest=hashlib.sha256(f"{name}{label}".encode()).hexdigest(),
            kind="mlkem768x25519",
            fingerprint="kqx4-7m2p-vv3a-n6ts",
            name=label,
            state=RecipientKey.State.ACTIVE,
            created_at=self.ago(2),
            activated_at=self.ago(2),
        )


def make_world() -> World:
    """People of each role, three releases, and requests in many states."""
    world = World()
    world.person("ada@nlp.example.edu", "Ada Lindqvist", "Northern Institute for Language Technology", "SE")
    world.person("bo@lab.example.org", "Bo Tanaka", "Example Lab", "JP")
    world.person("rosa@portal.example.org", "Rosa Weiss", "Weights Portal", "DE", ("legal_lead",))
    world.person("ravi@portal.example.org", "Ravi Menon", "Weights Portal", "IN", ("reviewer",))
    world.person("mika@portal.example.org", "Mika Laine", "Weights Portal", "FI", ("release_manager",))
    world.person("alma@portal.example.org", "Alma Cruz", "Weights Portal", "ES", ("administrator",))
    world.person("otto@portal.example.org", "Otto Lang", "Weights Portal", "AT", ("auditor",))
    big = world.release(
        "opt-175b",
        "OPT-175B",
        "The 175-billion-parameter model of the OPT family, with its logbook of training.",
    )
    documents = [
        ("MODEL_CARD.md", "model_card", 9_412),
        ("config.json", "config", 1_204),
        ("logbook.pdf", "logbook", 4_812_220),
        ("smoke/reference.safetensors", "reference", 1_048_576),
        ("tokenizer.json", "tokenizer", 2_104_556),
    ]
    world.publish(big, [*documents, *shards(8, 43_750_000_000)])
    middle = world.release(
        "opt-66b", "OPT-66B", "The second largest of the family, for labs with one good machine."
    )
    world.publish(middle, [*documents, *shards(4, 33_000_000_000)])
    world.release(
        "gpt-2-xl", "GPT-2 XL", "The last stage of a staged release: 1.5 billion parameters.", model="GPT-2",
        stage="closed",
    )  # fmt: skip
    return world
