"""Names in the models that stand for more: an unknown one is an error, a reserved word is quoted."""

from __future__ import annotations

import pytest

from sparkify.engines.registry import REGISTRY
from sparkify.sql.dialect import Dialect
from sparkify.sql.render import UnknownMacro, quoted, render
from sparkify.sql.tree import parsed_query

DIALECTS = {entry.dialect.name: entry.dialect for entry in REGISTRY.values()}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("call", ["TRIMED(t.a)", "NOTHING()", "MAX(FILED(t.a))", "TRIMMED(FILED(t.a))"])
def test_an_unknown_macro_is_an_error_that_names_it(dialect: Dialect, call: str) -> None:
    name = call.removeprefix("MAX(").removeprefix("TRIMMED(").split("(")[0]
    with pytest.raises(UnknownMacro, match=f"{dialect.name} has no {name}"):
        render(parsed_query(f"SELECT {call} FROM t"), dialect)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_macro_within_a_function_of_the_dialect_is_expanded(dialect: Dialect) -> None:
    assert "TRIMMED" not in render(parsed_query("SELECT MIN_TEXT(TRIMMED(t.a)) FROM t"), dialect)


@pytest.mark.parametrize("word", ["tag", "raw", "timestamp", "lambda", "user", "time", "order", "userId", "a b"])
def test_reserved_words_and_letter_case_are_quoted(word: str) -> None:
    assert quoted(word) == f'"{word}"'


@pytest.mark.parametrize("word", ["songplay_id", "level", "current"])
def test_other_names_are_not(word: str) -> None:
    assert quoted(word) == word
