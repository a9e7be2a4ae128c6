"""What stands in a document: plain words and values for the template, chosen here and nowhere else.

Shape: {eyebrow, title, subtitle, id, lead, keywords: [str], portal: {name}, footer: {label, digest},
sections: [{title, lead?, rows: [{label, value, code}]}], signature: {title, statement, name, name-label,
time}, evidence: a section, text: {eyebrow, title, sha256, blocks} or None}.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from licenses.agreements import wording
from licenses.agreements.snapshot import Snapshot
from licenses.agreements.wording import Row, moment, row
from licenses.models import (
    Acceptance,
    Agreement,
    Decision,
    DestructionCertificate,
    LicenseVersion,
    MasterAgreement,
    Party,
)
from portal.core.models import AuditEvent

MADE_BY_THE_PORTAL = "The portal made this file from it, and signed the file itself."
SIGNATORY = "Signatory"
ACCEPTING = ("request.signed", "request.accepted", "grant.reaccepted", "grant.started")


@dataclass(frozen=True)
class Signed:
    """What was signed, whatever its kind. how, at: of the signature. events: where the log tells of it."""

    license: LicenseVersion
    how: str
    at: datetime
    subjects: Sequence[str]
    kinds: Sequence[str]
    words: dict[str, Any]


def contents(agreement: Agreement, told: Snapshot, sealed_with: str) -> dict[str, Any]:
    """Return the contents of the document.

    told: what `snapshot.take` kept when it was ordered. sealed_with: SHA-256 of the certificate that signs
    the file, hex.
    """
    signed = _signed(agreement, told)
    event = _event(signed)
    return {
        **signed.words,
        "id": agreement.pk,
        "portal": {"name": settings.PORTAL_NAME},
        "keywords": _keywords(agreement, signed.license, event),
        "footer": {"label": "License text, SHA-256", "digest": signed.license.sha256},
        "evidence": wording.evidence(signed.how, event, sealed_with),
    }


def signed_at(agreement: Agreement) -> datetime:
    """Return when what the document is about was signed."""
    of = agreement.acceptance or agreement.certificate
    return of.at if of is not None else _signing_of(agreement.master)


def _signed(agreement: Agreement, told: Snapshot) -> Signed:
    if agreement.acceptance is not None:
        return _acceptance(agreement.acceptance, told)
    if agreement.certificate is not None:
        return _certificate(agreement.certificate, told)
    if agreement.master is not None:
        return _master(agreement.master, told)
    raise RuntimeError(f"{agreement.pk} is of nothing")


def _acceptance(of: Acceptance, told: Snapshot) -> Signed:
    request, license = of.request, of.license_version
    grants = request.grants.filter(user=of.user).values_list("pk", flat=True)
    role = _role(of)
    words = {
        "eyebrow": "Executed agreement",
        "title": "License agreement",
        "subtitle": str(license),
        "lead": "The record of an agreement concluded electronically, with the whole text that was agreed. "
        + MADE_BY_THE_PORTAL,
        "sections": [
            {"title": "Parties", "rows": [wording.publisher(), *wording.person(told, role)]},
            {
                "title": "Subject",
                "rows": [
                    row("Releases", ", ".join(told["releases"])),
                    row("Request", request.pk, code=True),
                    *_decision(of),
                    row("Term", f"{request.grant_days} days from the start of the grant"),
                ],
            },
            wording.license_section(license),
        ],
        "signature": _accepting(of, role),
        "text": wording.annex(license),
    }
    subjects = [f"request:{request.pk}", *(f"grant:{grant}" for grant in grants)]
    return Signed(license, of.how, of.at, subjects, ACCEPTING, words)


def _accepting(of: Acceptance, role: str) -> dict[str, Any]:
    """The signature: the person's own, the signatory's for an institution, or that of a master agreement."""
    bound = f"What binds is exactly the text with the SHA-256 {of.sha256}."
    read = "I have read the license text that the annex reproduces, and accept it"
    kind, _, master = of.how.partition(":")
    if kind == "master":
        statement = f"Accepted for the licensee, whom the master agreement {master} names. {bound}"
        return wording.signature(of.typed_name, of.at, statement, "Name of its signatory")
    if role == SIGNATORY:
        return wording.signature(
            of.typed_name, of.at, f"{read} for the institution, which I may bind. {bound}"
        )
    return wording.signature(of.typed_name, of.at, f"{read}. {bound}")


def _certificate(of: DestructionCertificate, told: Snapshot) -> Signed:
    grant, license = of.grant, of.grant.license_version
    copies = "1 copy" if of.copies == 1 else f"{of.copies} copies"
    statement = (
        "I declare that every copy of the weights that I held under this grant, or that anybody held on my "
        f"behalf, {copies} in all, was destroyed by {of.destroyed_on:%-d %B %Y}, and that none can be "
        "restored."
    )
    term = [row("Began", moment(grant.starts_at)), row("Was to end", moment(grant.ends_at))]
    words = {
        "eyebrow": "Close-out of a grant",
        "title": "Certificate of destruction",
        "subtitle": ", ".join(told["releases"]),
        "lead": "The holder closed the grant below and declared what became of the copies. "
        + MADE_BY_THE_PORTAL,
        "sections": [
            {"title": "Parties", "rows": [wording.publisher(), *wording.person(told, "Holder")]},
            {
                "title": "Grant",
                "rows": [
                    row("Release", ", ".join(told["releases"])),
                    row("Grant", grant.pk, code=True),
                    row("Request", grant.request_id, code=True),
                    *term,
                ],
            },
            {
                "title": "Destruction",
                "rows": [
                    row("Copies", str(of.copies)),
                    row("Last one destroyed on", f"{of.destroyed_on:%-d %B %Y}"),
                    row("How", of.method),
                ],
            },
            wording.license_section(license),
        ],
        "signature": wording.signature(of.typed_name, of.at, statement),
        "text": None,
    }
    return Signed(license, of.how, of.at, [f"grant:{grant.pk}"], ["grant.certified"], words)


def _master(of: MasterAgreement, told: Snapshot) -> Signed:
    license, at, organization = of.license_version, _signing_of(of), of.organization.name
    members = told["members"] or ["Nobody was named when it was signed."]
    statement = (
        f"On behalf of {organization} I have read the license text that the annex reproduces, and accept it "
        f"for the people named here. What binds is exactly the text with the SHA-256 {of.sha256}."
    )
    parties = [wording.publisher(), row("Licensee", organization), *wording.person(told, "Signatory")]
    words = {
        "eyebrow": "Executed agreement",
        "title": "Master agreement",
        "subtitle": str(license),
        "lead": f"{organization} accepted a license once, for people whom it names. This is the record of "
        "it, with the whole text that was agreed. " + MADE_BY_THE_PORTAL,
        "sections": [
            {"title": "Parties", "rows": parties},
            {
                "title": "Subject",
                "rows": [
                    row("Master agreement", of.pk, code=True),
                    row("Begins", moment(at)),
                    row("Ends", moment(of.ends_at)),
                    row("Named people", "\n".join(members)),
                ],
            },
            wording.license_section(license),
        ],
        "signature": wording.signature(of.typed_name, at, statement, "Typed name of the signatory"),
        "text": wording.annex(license),
    }
    return Signed(license, "session", at, [f"master:{of.pk}"], ["master.signed"], words)


def _signing_of(master: MasterAgreement | None) -> datetime:
    if master is None or master.signed_at is None:
        raise RuntimeError("there is a document of a master agreement that nobody signed")
    return master.signed_at


def _role(of: Acceptance) -> str:
    if of.user_id == of.request.applicant_id:
        return "Licensee"
    parties = of.request.parties.filter(user=of.user).values_list("role", flat=True)
    return SIGNATORY if Party.Role.SIGNATORY in parties else "Licensee, co-applicant"


def _decision(of: Acceptance) -> list[Row]:
    approved = of.request.decisions.filter(outcome=Decision.Outcome.APPROVED, at__lte=of.at)
    decision = approved.order_by("-at", "-pk").first()
    if decision is None:
        return []
    count = len(decision.votes)
    voters = "1 reviewer" if count == 1 else f"{count} reviewers"
    return [row("Decision", f"Approved by {voters}, {moment(decision.at)}, version {decision.version}")]


def _event(signed: Signed) -> AuditEvent | None:
    told = AuditEvent.objects.filter(subject__in=signed.subjects, kind__in=signed.kinds, at=signed.at)
    return told.order_by("index").first()


def _keywords(agreement: Agreement, license: LicenseVersion, event: AuditEvent | None) -> list[str]:
    """What a program reads from the signed file, each "name=value" without spaces or commas."""
    words = {
        "agreement": agreement.pk,
        "license": license.pk,
        "license-sha256": license.sha256,
        "audit-event": str(event.index) if event is not None else "",
    }
    return [f"{name}={value}" for name, value in words.items() if value]
