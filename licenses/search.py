"""What full-text search looks at: `Request.search_text`, the words of a request, normalized and once each.

Words are made here alone, for what is searched and for what is searched for: both databases then compare
the same words, and find the same. `licenses.queries.search` asks them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.db.models import QuerySet

from licenses.models import Party, Request, RequestVersion
from portal.accounts.models import User

MAX_WORDS = 5_000
MAX_WORD_CHARACTERS = 64
MAX_SOUGHT = 12
FILLED_AT_ONCE = 1_000
# Moves of a request after which other words stand in it.
CHANGED_BY = frozenset(
    {"submit", "edit", "confirm_license", "appeal", "join", "decline", "replace_signatory", "name_signatory"}
)
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Return the words of `text`, in order: lower case, without accents, at most 64 characters each."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    return [word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(bare)]


def sought(text: str) -> list[str]:
    """Return the words to search for: each once, at most 12."""
    return list(dict.fromkeys(words(text)))[:MAX_SOUGHT]


def text_of(request: Request, version: int) -> str:
    """Return what `Request.search_text` holds for this version of the request: its words, once each.

    Of the applicant and the others in it, their organization, the releases, the answers and the id.
    """
    return joined(_pieces(request, version))


def joined(pieces: Iterable[str]) -> str:
    """Return the words of several texts as they are kept: once each, at most 5,000, between blanks."""
    found = dict.fromkeys(word for piece in pieces for word in words(piece))
    return " ".join(list(found)[:MAX_WORDS])


def refresh_for(user: User) -> int:
    """Write the words again of the requests that this person submitted; return how many those are."""
    return _write(Request.objects.filter(applicant=user, submitted_at__isnull=False))


def refresh(requests: QuerySet[Request]) -> int:
    """Write the words of these requests again; return how many they are."""
    return _write(requests)


def fill(limit: int = FILLED_AT_ONCE) -> int:
    """Write the words of requests that have none, from before there was a search; return how many."""
    bare = Request.objects.filter(search_text="", submitted_at__isnull=False)
    return _write(bare[:limit])


def _write(requests: QuerySet[Request]) -> int:
    rows = list(requests.select_related("applicant__organization"))
    for request in rows:
        # Not where the request moved on since it was read: that move wrote the words itself.
        unmoved = Request.objects.filter(pk=request.pk, version=request.version)
        unmoved.update(search_text=text_of(request, request.version))
    return len(rows)


def _pieces(request: Request, version: int) -> Iterator[str]:
    applicant = request.applicant
    yield from (request.pk, applicant.full_name, applicant.email)
    if applicant.organization is not None:
        yield applicant.organization.name
    for release in request.releases.all():
        yield from (release.title, release.slug)
    gone = (Party.State.DECLINED, Party.State.DROPPED)
    for party in Party.objects.filter(request=request.pk).exclude(state__in=gone):
        yield from (party.full_name, party.email)
    said = RequestVersion.objects.get(request=request.pk, number=version)
    yield from _texts([said.answers, said.evidence, said.summary_of_use, said.appeal])


def _texts(values: Iterable[object]) -> Iterator[str]:
    """Every text in JSON values, however deep."""
    for value in values:
        match value:
            case str():
                yield value
            case dict():
                yield from _texts(value.values())
            case list():
                yield from _texts(value)
