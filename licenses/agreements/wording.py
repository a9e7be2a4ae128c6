"""The parts that documents of every kind share: rows, sections, and what they say of identity and proof."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from licenses.agreements import prose
from licenses.agreements.snapshot import Snapshot
from licenses.models import LicenseVersion
from portal.core.keys import root_fingerprint
from portal.core.models import AuditEvent

Row = dict[str, Any]
Section = dict[str, Any]


def row(label: str, value: str, *, code: bool = False) -> Row:
    """Return one line of a section. code: set in a fixed width, as ids and digests are."""
    return {"label": label, "value": value, "code": code}


def moment(at: datetime) -> str:
    """Return a time for people, with its zone."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"


def how_said(how: str) -> str:
    """Return in words how a signer was authenticated. how: as acceptances and certificates keep it."""
    kind, _, named = how.partition(":")
    if kind == "pending":
        return (
            "Prepared with the weights command or a token; read and confirmed in a browser, signed in, after "
            f"the person proved again who they are (action {named})."
        )
    if kind == "master":
        return f"By the organization's signatory, once for the people it named: master agreement {named}."
    return "In a browser, signed in, after the person proved again who they are."


def publisher() -> Row:
    return row(
        "Licensor", f"The publisher of the releases, through {settings.PORTAL_NAME} ({settings.PORTAL_URL})"
    )


def person(told: Snapshot, role: str) -> list[Row]:
    """Return who signed, as they were when they did."""
    who = told["person"]
    rows = [row(role, who["name"] or who["email"]), row("E-mail", who["email"])]
    if who["organization"]:
        rows.append(row("Organization", who["organization"]))
    return [*rows, row("Account", who["id"], code=True)]


def license_section(license: LicenseVersion) -> Section:
    negotiated = license.organization
    rows = [row("License", str(license)), row("In force since", moment(license.effective_at))]
    if negotiated is not None:
        rows.append(row("Negotiated with", negotiated.name))
    rows += [row("Version", license.pk, code=True), row("SHA-256 of the text", license.sha256, code=True)]
    return {"title": "License", "rows": rows}


def annex(license: LicenseVersion) -> dict[str, Any]:
    """Return the whole license text, as it is set in type."""
    return {
        "eyebrow": "Annex: the license text",
        "title": str(license),
        "sha256": license.sha256,
        "blocks": prose.blocks(license.text),
    }


def signature(name: str, at: datetime, statement: str, label: str = "Typed name") -> dict[str, Any]:
    return {
        "title": "Signature",
        "statement": statement,
        "name": name,
        "name-label": label,
        "time": moment(at),
    }


def evidence(how: str, event: AuditEvent | None, sealed_with: str) -> Section:
    """Return what proves the document beside its words. sealed_with: SHA-256 of the certificate, hex."""
    rows = [row("Authenticated", how_said(how))]
    if event is not None:
        rows.append(row("Audit log", f"Event {event.index}, {event.kind}, of {event.subject}"))
    return {
        "title": "Evidence",
        "lead": "The file carries the portal's electronic signature (PAdES, certified, no change permitted). "
        "PDF readers show it and find any change. The portal checks it: manage.py agreement verify FILE.",
        "rows": [
            *rows,
            row("Portal", f"{settings.PORTAL_NAME}, {settings.PORTAL_URL}"),
            row("Its root key", root_fingerprint(), code=True),
            row("Certificate, SHA-256", sealed_with, code=True),
        ],
    }
