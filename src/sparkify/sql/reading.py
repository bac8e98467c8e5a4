"""What a reading command may run: one statement, of a kind that only reads.

The engines hold this by read-only connections and transactions as well. What these let through is refused here: COPY
writes files and runs programs, ATTACH and INSTALL bring other databases and code, SET and PRAGMA lift the limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparkify.errors import UsageError, not_utf_8
from sparkify.sql.dialect import Dialect

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

READING = ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "EXPLAIN", "SHOW", "DESCRIBE", "DESC", "SUMMARIZE", "PIVOT",
           "UNPIVOT")  # fmt: skip
"""The words with which a statement begins that only reads, on one engine or another."""

HINT = 'A query is one SELECT statement, such as: sparkify query "SELECT 1"'


def checked_reading(sql: str, dialect: Dialect) -> str:
    """A user's statement, if it is one and only reads; without the semicolon at its end.

    Raises:
        UsageError: it is none, or several, or of a kind that can write; or it is not UTF-8.
    """
    from sqlglot.tokenizer_core import TokenType

    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise not_utf_8() from error
    tokens = _tokens(sql, dialect)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        sql = sql[: tokens.pop().start]
    if not tokens:
        raise UsageError("there is no statement to run", hint=HINT)
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise UsageError("there are several statements, and a query is one", hint="Run one after the other.")
    first = next((token.text.upper() for token in tokens if token.token_type is not TokenType.L_PAREN), "")
    if first not in READING:
        raise UsageError(f"a query only reads, and may not run {first or 'that'}", hint=HINT)
    return sql


def _tokens(sql: str, dialect: Dialect) -> list[Token]:
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        return tokenize(sql, read=dialect.name)
    except SqlglotError as error:
        raise UsageError(f"that is no SQL: {str(error).splitlines()[0]}", hint=HINT) from error
