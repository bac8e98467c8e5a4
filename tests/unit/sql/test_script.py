"""Scripts of statements: which are run, what they read, and how the span is put into them."""

from __future__ import annotations

import pytest

from sparkify.engines.registry import REGISTRY
from sparkify.sql.render import MOST_RANGES, bind, ranges_of, render
from sparkify.sql.script import FACTS, read_script

DAY = 86_400_000


def names(facts: frozenset[str]) -> list[str]:
    return [step.about for step in read_script("chunk", facts)]


def test_statements_depend_on_facts() -> None:
    adding, all_facts = names(frozenset()), names(FACTS)
    assert "remove gone files from staging_events" not in adding
    assert "remove gone files from staging_events" in all_facts
    assert ("fill inferred songs" in adding, "fill inferred songs" in all_facts) == (True, False)
    assert ("fill songs" in adding, "fill songs" in all_facts) == (False, True)


def test_a_fact_stands_for_rows() -> None:
    condition = {
        songs: next(step.only_if for step in read_script("chunk", facts) if step.temporary == "matches")
        for songs, facts in ((False, frozenset[str]()), (True, frozenset({"songs"})))
    }
    assert condition == {False: ("to_match",), True: ()}


@pytest.mark.parametrize("script", ["full", "chunk"])
@pytest.mark.parametrize("dialect", [entry.dialect for entry in REGISTRY.values()], ids=lambda dialect: dialect.name)
def test_no_model_or_relation_is_left(script: str, dialect: object) -> None:
    for facts in (frozenset[str](), FACTS):
        for step in read_script(script, facts):
            sql = render(step.statement, dialect, {"unknown_songs": "infer"})  # type: ignore[arg-type]
            assert "model." not in sql, step.about


def test_steps_have_names_of_their_own() -> None:
    for facts in (frozenset[str](), FACTS):
        found = names(facts)
        assert len(found) == len(set(found))


def test_days_become_ranges() -> None:
    assert ranges_of([]) == []
    assert ranges_of([3 * DAY, DAY, 2 * DAY, 9 * DAY]) == [(DAY, 4 * DAY - 1), (9 * DAY, 10 * DAY - 1)]


def test_of_many_ranges_the_closest_are_joined() -> None:
    days = [2 * number * DAY for number in range(MOST_RANGES)] + [10_000 * DAY]
    ranges = ranges_of(days)
    assert len(ranges) == MOST_RANGES
    assert ranges[-1] == (10_000 * DAY, 10_001 * DAY - 1)
    assert all(any(first <= day <= last for first, last in ranges) for day in days)


def test_the_span_is_put_into_the_text() -> None:
    sql = 'SELECT 1 WHERE IN_SPAN(e.ts) AND IN_SPAN_TIME(s."start") AND f > :first_new'
    bound = bind(sql, {"first_new": 7}, [0, 2 * DAY])
    assert "(e.ts BETWEEN 0 AND 86399999 OR e.ts BETWEEN 172800000 AND 259199999)" in bound
    assert "s.\"start\" BETWEEN TIMESTAMP '1970-01-01 00:00:00.000' AND TIMESTAMP '1970-01-01 23:59:59.999'" in bound
    assert bound.endswith("f > 7")
    assert bind(sql, {"first_new": 7}) == sql.replace(":first_new", "7")
    assert bind("WHERE IN_SPAN(ts)", {}, []) == "WHERE 1 = 0"


def test_the_last_day_can_be_written() -> None:
    last = 253_402_300_799_999
    assert "'9999-12-31 23:59:59.999'" in bind("IN_SPAN_TIME(t)", {}, [last - last % DAY])
