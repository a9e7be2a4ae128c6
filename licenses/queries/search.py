"""Full-text search over requests: all the words, each from its beginning, in any order.

PostgreSQL asks the index `request_search` (migration 0004), SQLite reads the texts. `licenses.search` made
the words on both sides, so neither database takes them apart by rules of its own.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, Q, TextField
from django.db.models.sql.compiler import SQLCompiler

from licenses import search

Sql = tuple[str, tuple[Any, ...]]


def about(text: str) -> Q:
    """Return the condition that a request holds every word of `text`; with no word in it, all requests do."""
    sought = search.sought(text)
    return Q(search_text__holds=" ".join(sought)) if sought else Q()


@CharField.register_lookup
@TextField.register_lookup
class Holds(Lookup):
    """`column` holds, for each word of the value, a word that begins with it."""

    lookup_name = "holds"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        column, parameters = self.process_lhs(compiler, connection)
        words = str(self.rhs).split()
        # Words are letters and digits: nothing in them that LIKE would take for a pattern.
        each = f"(' ' || {column}) LIKE %s"
        given = tuple(value for word in words for value in (*parameters, f"% {word}%"))
        return f"({' AND '.join([each] * len(words))})", given

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        column, parameters = self.process_lhs(compiler, connection)
        query = " & ".join(f"'{word}':*" for word in str(self.rhs).split())
        return f"{vector(column)} @@ %s::tsquery", (*parameters, query)


def vector(column: str) -> str:
    """Return PostgreSQL's expression for the words of a column, as the index has it."""
    return f"array_to_tsvector(string_to_array({column}, ' '))"
