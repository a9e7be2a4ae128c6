"""Requests of others whose long answers are very similar: several accounts that send one text.

Compared are the longest words of the answers, which tell texts apart; whole words, in one look into the
index of the full-text search. Not a proof of anything: a reason for a reviewer to look.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q, QuerySet, TextField
from django.db.models.sql.compiler import SQLCompiler

from licenses import search
from licenses.models import Request, RequestVersion
from licenses.queries.search import Holds, Sql, vector

# Of the requests that hold the same words, how many are looked at: the newest.
READ: Final = 100
# Words of the answers that tell two texts apart: long ones. With fewer, nothing is called similar.
CHARACTERS: Final = 8
WORDS: Final = 6


@TextField.register_lookup
class HoldsWhole(Holds):
    """`column` holds each word of the value, whole."""

    lookup_name = "holds_whole"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        column, parameters = self.process_lhs(compiler, connection)
        words = str(self.rhs).split()
        each = f"(' ' || {column} || ' ') LIKE %s"
        given = tuple(value for word in words for value in (*parameters, f"% {word} %"))
        return f"({' AND '.join([each] * len(words))})", given

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        column, parameters = self.process_lhs(compiler, connection)
        query = " & ".join(f"'{word}'" for word in str(self.rhs).split())
        return f"{vector(column)} @@ %s::tsquery", (*parameters, query)


def alike(request: Request, version: RequestVersion) -> QuerySet[Any, Any] | None:
    """Return the ids of others' requests that hold the same telling words; None where there are too few."""
    words = telling_words(version)
    if len(words) < WORDS:
        return None
    # Two overlapping parts: one word changed does not hide a copy.
    parts = _holding(words[:4]) | _holding(words[2:])
    rows = Request.objects.filter(parts, submitted_at__isnull=False).exclude(pk=request.pk)
    # In an order that no index has: PostgreSQL then asks the index of words, instead of reading texts one by
    # one until it has found a hundred.
    return rows.exclude(applicant=request.applicant_id).order_by("-submitted_at").values("pk")[:READ]


def _holding(words: Sequence[str]) -> Q:
    return Q(search_text__holds_whole=" ".join(words))


def telling_words(version: RequestVersion) -> list[str]:
    """Return the words by which long answers differ from others: the longest, without the questions' own."""
    asked = {word for question in version.questions for word in _words_of_question(question)}
    texts = [
        str(version.answers.get(question["id"], ""))
        for question in version.questions
        if question["kind"] == "long_text"
    ]
    said = {word for text in texts for word in search.words(text) if len(word) >= CHARACTERS}
    return sorted(said - asked, key=lambda word: (-len(word), word))[:WORDS]


def _words_of_question(question: dict[str, Any]) -> Iterable[str]:
    return search.words(f"{question['label']} {question.get('help', '')}")
