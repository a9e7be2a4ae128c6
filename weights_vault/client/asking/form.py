"""What a request asks: questions, license, evidence and team, as the portal says it of the releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from weights_vault.client.answers import Json, needed_text, part, parts, text, texts, unexpected, whole
from weights_vault.client.errors import WrongUsage

REQUIRED = "required"
KINDS = ("text", "long_text", "choice", "confirm")
GONE = ("declined", "dropped")  # states of people who stand in a request no more


@dataclass(frozen=True)
class Question:
    """One question. kind: one of KINDS. choices: of a choice. help, why: may be empty."""

    id: str
    label: str
    kind: str
    required: bool
    help: str = ""
    why: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class License:
    """The license version in force, under which the request would be sent. id: of its text."""

    id: str
    name: str
    number: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


@dataclass(frozen=True)
class Said:
    """What a person says. answers: question id → text or true/false.

    evidence: {profiles, references}. co_applicants: each {name, email}. signatory: {name, email}, or {}.
    license_sha256: of the text that the person read; "" where they did not say.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    summary_of_use: str = ""
    co_applicants: tuple[dict[str, str], ...] = ()
    signatory: dict[str, str] = field(default_factory=dict)
    license_sha256: str = ""

    @property
    def body(self) -> Json:
        """The fields of a draft that the API keeps."""
        return {"answers": self.answers, "evidence": self.evidence}


@dataclass(frozen=True)
class Form:
    """One request form. releases: slugs, the first one's terms count for all.

    url: the first release's page. evidence: "", "offered" or "required". renewal: it must also tell what was
    done so far. earlier: what to begin with. asked_for: what the reviewers want changed; may be empty.
    """

    releases: tuple[str, ...]
    title: str
    url: str
    license: License
    questions: tuple[Question, ...]
    evidence: str
    max_co_applicants: int
    signatory: bool
    target_days: int
    grant_days: int
    earlier: Said = field(default_factory=Said)
    renewal: bool = False
    asked_for: str = ""

    def continuing(self, request: Json) -> Form:
        """The form of a request that was begun: with what it says, and what the reviewers asked for."""
        parties = [each for each in parts(request, "parties") if text(each, "state") not in GONE]
        people = {
            role: tuple(
                {"name": text(each, "name"), "email": text(each, "email")}
                for each in parties
                if text(each, "role") == role
            )
            for role in ("co_applicant", "signatory")
        }
        said = Said(
            answers={**self.earlier.answers, **part(request, "answers")},
            evidence=part(request, "evidence"),
            summary_of_use=_whole_text(request, "summary_of_use"),
            co_applicants=people["co_applicant"],
            signatory=people["signatory"][0] if people["signatory"] else {},
        )
        asked_for = _whole_text(request, "reason")
        return replace(self, earlier=said, renewal=bool(text(request, "renews")), asked_for=asked_for)


def form_of(releases: Sequence[Json]) -> Form:
    """The form for these releases, the first one's terms counting for all.

    Raises: WrongUsage(releases-apart): one request cannot ask for all of them; PortalFault.
    """
    first = releases[0]
    asking, slugs = part(first, "asking"), [needed_text(each, "slug") for each in releases]
    if not asking or not part(first, "license"):
        raise WrongUsage(
            "not-on-request",
            f"{slugs[0]} is not given on request.",
            "It has no terms, or no license is in force for it.",
            f"`weights show {slugs[0]}` tells how it is given.",
        )
    apart = [slug for slug in slugs[1:] if slug not in texts(asking, "together")]
    if apart:
        raise WrongUsage(
            "releases-apart",
            f"One request cannot ask for {slugs[0]} and {', '.join(apart)}.",
            "Only releases of one model under the same terms, each open to you, go together.",
            "Ask for them one by one.",
        )
    license_ = part(first, "license")
    return Form(
        releases=tuple(slugs),
        title=", ".join(text(each, "title") or needed_text(each, "slug") for each in releases),
        url=text(first, "url"),
        license=License(
            needed_text(license_, "id"),
            text(license_, "name"),
            whole(license_, "number") or 0,
            needed_text(license_, "sha256"),
        ),
        questions=tuple(_question(each) for each in parts(first, "questions")),
        evidence=text(asking, "evidence"),
        max_co_applicants=whole(asking, "max_co_applicants") or 0,
        signatory=asking.get("signatory") is True,
        target_days=whole(asking, "target_days") or 0,
        grant_days=whole(asking, "grant_days") or 0,
        earlier=Said(answers=_texts_by_name(part(asking, "earlier_answers"))),
    )


def _question(said: Json) -> Question:
    kind = text(said, "kind")
    if kind not in KINDS:
        raise unexpected(f"A question is of the unknown kind {kind!r}: this command may be too old for it.")
    return Question(
        id=needed_text(said, "id"),
        label=needed_text(said, "label"),
        kind=kind,
        required=said.get("required") is True,
        help=text(said, "help"),
        why=text(said, "why"),
        choices=tuple(texts(said, "choices")),
    )


def _texts_by_name(said: Json) -> dict[str, Any]:
    return {name: answer for name, answer in said.items() if isinstance(answer, str)}


def _whole_text(said: Json, name: str) -> str:
    """A text with its line breaks. Raises: PortalFault."""
    text(said, name)  # refuses what is no text
    return str(said.get(name) or "")
