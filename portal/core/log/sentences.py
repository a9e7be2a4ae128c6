"""One plain sentence for each kind of event: "Rita Example revoked grant grt_…: “Shared with others.”"

Data: each app registers the sentences of the kinds that it records, as templates, where it starts. In one,

    {by}, {subject}       who did it, and what it was done to, by name and with a link where there is one
    {field}               a value of the event; {field:day} a date of it; {field:list} a list, with commas
    {field:word}          a code as people say it: "recovery codes"
    {field:person}        somebody by name; {field:request} and other nouns: a thing, with its link
    [ … ]                 left out where a field in it says nothing

A private value that was erased reads "Erased.".
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.times import day

Names = Callable[[frozenset[str]], Mapping[str, str]]

_PART = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")
_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_SYSTEM: Final = "system:"
PERSON: Final = "user"


@dataclass(frozen=True)
class Piece:
    """Some words of a sentence. href: the page about what they name, "" where there is none."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Sentence:
    """pieces: in order. As text: without the links."""

    pieces: tuple[Piece, ...]

    def __str__(self) -> str:
        return "".join(piece.text for piece in self.pieces)


_sentences: dict[str, str] = {}
_things: dict[str, tuple[str, str]] = {}
_actors: dict[str, str] = {"anonymous": "Somebody who was not signed in"}
_words: dict[str, str] = {}
_names: list[Names] = []


def register(sentences: Mapping[str, str]) -> None:
    """Give kinds of events their sentences. Raises: RuntimeError: a kind has another one already."""
    for kind, template in sentences.items():
        if _sentences.setdefault(kind, template) != template:
            raise RuntimeError(f"audit event {kind} has two sentences")


def register_things(things: Mapping[str, tuple[str, str]]) -> None:
    """Say what to call things, and where their pages are: noun → (words with {id}, path with {id} or "")."""
    _things.update(things)


def register_actors(actors: Mapping[str, str]) -> None:
    """Say what to call what is no person: "system:votes" → "The reviewers' votes"."""
    _actors.update(actors)


def register_words(words: Mapping[str, str]) -> None:
    """Say how people say codes whose underscores alone do not make them strange: "totp"."""
    _words.update(words)


def register_names(read: Names) -> None:
    """Give a function that returns names by public id, in one query or none; what has none is absent."""
    if read not in _names:
        _names.append(read)


def kinds() -> list[str]:
    """Return every kind that has a sentence, in order."""
    return sorted(_sentences)


def groups() -> list[str]:
    """Return the nouns that kinds begin with, in order."""
    return sorted({kind.partition(".")[0] for kind in _sentences})


def nouns() -> list[str]:
    """Return the nouns of what events are about, in order."""
    return sorted(_things)


def tell(events: Iterable[AuditEvent]) -> list[tuple[AuditEvent, Sentence]]:
    """Return each event with its sentence, in order: in three queries together, however many there are."""
    listed = audit.tell(events)
    names = _names_of(listed)
    return [(event, _sentence(event, names)) for event in listed]


def actor(by: str, names: Mapping[str, str]) -> str:
    """Return what to call whoever did something. names: by public id."""
    if by in names or by in _actors:
        return names.get(by) or _actors[by]
    return f"The portal ({by.removeprefix(_SYSTEM)})" if by.startswith(_SYSTEM) else by


def _names_of(events: Sequence[AuditEvent]) -> dict[str, str]:
    wanted = frozenset(name for event in events for name in _named_in(event))
    found: dict[str, str] = {}
    for read in _names:
        found |= read(wanted)
    return found


def _named_in(event: AuditEvent) -> Iterator[str]:
    yield event.by
    yield event.subject.partition(":")[2]
    for field, how in _FIELD.findall(_sentences.get(event.kind, "")):
        if how == "person":
            yield str(event.data.get(field) or "")


def _sentence(event: AuditEvent, names: Mapping[str, str]) -> Sentence:
    template = _sentences.get(event.kind, "{by}: " + event.kind + ", {subject}.")
    pieces: list[Piece] = []
    for optional, plain in _PART.findall(template):
        said = list(_fill(optional or plain, event, names))
        if not optional or all(said[1::2]):
            pieces += [piece for piece in said if piece is not None and piece.text]
    return Sentence(tuple(_once_stopped(pieces)))


def _once_stopped(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """A quotation that ends a sentence of its own ends ours, too."""
    before = ""
    for piece in pieces:
        stopped = before.endswith((".”", "!”", "?”")) and piece.text.startswith(".")
        before = f"{before}{piece.text}"
        yield Piece(piece.text[1:], piece.href) if stopped else piece


def _fill(template: str, event: AuditEvent, names: Mapping[str, str]) -> Iterator[Piece | None]:
    """Yield words and fields in turn, words first; None for a field that says nothing."""
    end = 0
    for match in _FIELD.finditer(template):
        yield Piece(template[end : match.start()])
        yield _field(match[1], match[2] or "", event, names)
        end = match.end()
    yield Piece(template[end:])


def _field(field: str, how: str, event: AuditEvent, names: Mapping[str, str]) -> Piece | None:
    if field == "by":
        return Piece(actor(event.by, names))
    if field == "subject":
        noun, _, name = event.subject.partition(":")
        return _thing(noun, name, names)
    value = audit.told(event, field, audit.ERASED)
    if value in (None, "", [], {}):
        return None
    return _value(value, how, names)


def _value(value: Any, how: str, names: Mapping[str, str]) -> Piece:
    if how == "list":
        items = value if isinstance(value, list) else [value]
        return Piece(", ".join(str(item) for item in items))
    if how == "word":
        return Piece(_words.get(str(value), str(value).replace("_", " ")))
    if how == "day":
        return Piece(_day(str(value)))
    if how == "person":
        return _thing(PERSON, str(value), names)
    return _thing(how, str(value), names) if how else Piece(str(value))


def _thing(noun: str, name: str, names: Mapping[str, str]) -> Piece:
    words, path = _things.get(noun, (noun.replace("_", " ") + " {id}", ""))
    return Piece(words.format(id=names.get(name, name)), path.format(id=name) if path else "")


def _day(moment: str) -> str:
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return day(at.astimezone(UTC) if at.tzinfo else at)
