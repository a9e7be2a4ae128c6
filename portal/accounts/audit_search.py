"""Which events of the log are meant: filters, and one line of words. Every one of them goes by an index."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from django.db.models import Q, QuerySet

from portal.accounts.models import User
from portal.core.log import sentences
from portal.core.models import AuditEvent

MOST_PEOPLE: Final = 50
_ID: Final = re.compile(r"[a-z]{3}_[0-9a-z]+\Z")


@dataclass(frozen=True)
class Wanted:
    """What is left out filters nothing.

    group: the noun that kinds begin with. person: public id, or a part of a name or of an address: what they
    did, and what was done to their account. subject: "request:req_…", or an id alone. after, before: from
    then on, and until before then. words: a kind or a part of one, an id, or a person.
    """

    group: str = ""
    kind: str = ""
    person: str = ""
    subject: str = ""
    after: datetime | None = None
    before: datetime | None = None
    words: str = ""

    @cached_property
    def people(self) -> list[str]:
        """Public ids of whom `person` means, one more than `MOST_PEOPLE` at most."""
        return _people(self.person)

    @cached_property
    def people_in_words(self) -> list[str]:
        """The same of `words`."""
        return _people(self.words)


def events(wanted: Wanted) -> QuerySet[AuditEvent]:
    """Return the events that are meant, newest first."""
    found = AuditEvent.objects.order_by("-index")
    if wanted.group:
        found = found.filter(
            kind__in=[kind for kind in sentences.kinds() if kind.startswith(f"{wanted.group}.")]
        )
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.person:
        found = found.filter(_of_people(wanted.people))
    if wanted.subject:
        found = found.filter(subject__in=_subjects(wanted.subject))
    if wanted.after:
        found = found.filter(at__gte=wanted.after)
    if wanted.before:
        found = found.filter(at__lt=wanted.before)
    return found.filter(_said(wanted)) if wanted.words else found


def too_many_people(wanted: Wanted) -> bool:
    """Return whether more than `MOST_PEOPLE` people are meant, so that events of some are not found."""
    return max(len(wanted.people), len(wanted.people_in_words)) > MOST_PEOPLE


def _said(wanted: Wanted) -> Q:
    words = wanted.words.strip()
    meant = words.lower()
    if _ID.match(meant):
        return Q(by=meant) | Q(subject__in=_subjects(meant))
    if ":" in meant:
        return Q(subject=words) | Q(by=words)
    return Q(kind__in=_kinds_like(meant)) | _of_people(wanted.people_in_words)


def _kinds_like(part: str) -> list[str]:
    """Kinds that have this in them; "grant revoked" is as good as "grant.revoked"."""
    return [kind for kind in sentences.kinds() if _spaced(part) in _spaced(kind)]


def _spaced(words: str) -> str:
    return words.replace(".", " ").replace("_", " ")


def _subjects(said: str) -> list[str]:
    """What is written may be the whole subject, or its id alone: then of every noun that there is."""
    meant = said.strip()
    return [meant] if ":" in meant else [f"{noun}:{meant}" for noun in sentences.nouns()]


def _people(said: str) -> list[str]:
    meant = said.strip()
    if not meant or _ID.match(meant) or ":" in meant:
        return [meant] if meant else []
    people = User.objects.filter(Q(full_name__icontains=meant) | Q(email__icontains=meant))
    return list(people.order_by("pk").values_list("public_id", flat=True)[: MOST_PEOPLE + 1])


def _of_people(found: list[str]) -> Q:
    ids = found[:MOST_PEOPLE]
    return Q(by__in=ids) | Q(subject__in=[f"user:{each}" for each in ids])
