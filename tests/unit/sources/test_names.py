"""Which names are read: endings, include, exclude, patterns in the URI; and how what is left is counted."""

from __future__ import annotations

import pytest

from sparkify.sources.names import NO_ENDING, OTHERS, Names, PassedOver, Verdict, ending_of

TAKEN, EXCLUDED, PASSED_OVER, NOT_NAMED = Verdict


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("a.json", TAKEN),
        ("deep/a.JSON.Gz", TAKEN),
        ("a.NDJSON.ZST", TAKEN),
        ("a.json.1", PASSED_OVER),
        ("a.json.bz2", PASSED_OVER),
        ("a", PASSED_OVER),
        ("x/A.LOG", TAKEN),
        ("part-0001", TAKEN),
        ("x/part-0001", TAKEN),
        ("apart-1", PASSED_OVER),
        ("raw/x.txt", TAKEN),
        ("raw/a/b/x.txt", TAKEN),
        ("other/x.txt", PASSED_OVER),
        ("archive/a.json", EXCLUDED),
        ("Archive/b/part-1", EXCLUDED),
        ("x/archive/a.json", TAKEN),
        ("archive2/a.json", TAKEN),
        ("x/a-old.json", EXCLUDED),
    ],
)
def test_include_adds_and_exclude_wins(path: str, verdict: Verdict) -> None:
    names = Names(include=("*.log", "part-*", "raw/**/*.txt"), exclude=("archive/", "*-old.*"))
    assert names.verdict(path) is verdict


@pytest.mark.parametrize(
    ("pattern", "path", "verdict"),
    [
        ("2018-1[12]-*.json", "2018-11-01.JSON", TAKEN),
        ("2018-1[12]-*.json", "2018-10-01.json", NOT_NAMED),
        ("2018-*", "2018-11.txt", TAKEN),
        ("2018-*", "2018-11/a.json", TAKEN),
        ("2018-*", "2018-11/a.txt", PASSED_OVER),
        ("*/x.json", "a/b/x.json", NOT_NAMED),
        ("**/x.json", "a/b/x.json", TAKEN),
        ("**/x.json", "x.json", TAKEN),
        ("[!a]?[]x].json", "b1].json", TAKEN),
        ("[z-a]*", "[z-a]1", TAKEN),
        ("[.json", "[.json", TAKEN),
        ("a+(b).*", "a+(b).json", TAKEN),
    ],
)
def test_a_pattern_in_the_uri(pattern: str, path: str, verdict: Verdict) -> None:
    assert Names(only=pattern).verdict(path) is verdict


def test_only_folders_that_may_hold_something_are_searched() -> None:
    names = Names(only="2018-*/1?/*.json")
    assert [names.may_hold(path) for path in ("2018-11", "2017-11", "2018-11/12", "2018-11/22")] == [
        True, False, True, False,
    ]  # fmt: skip
    assert Names(only="a/**/x").may_hold("a/b/c/d")


def test_the_name_of_one_file_is_no_pattern() -> None:
    names = Names(only="a[1].log", is_literal=True)
    assert (names.verdict("a[1].log"), names.verdict("a1.log")) == (TAKEN, NOT_NAMED)
    assert (names.could_name("a[1].log"), names.could_name("a1.log")) == (True, False)


def test_what_could_have_vanished() -> None:
    assert Names(exclude=("x/",)).could_name("x/a.json")
    assert not Names().could_name("_x/a.json")
    assert not Names(only="2018-11-*").could_name("2018-12-01.json")


@pytest.mark.parametrize(
    ("name", "ending"),
    [("x", NO_ENDING), ("x.CSV", ".csv"), ("x.csv.gz", ".csv.gz"), ("x.gz", ".gz"), ("x." + "y" * 40, OTHERS)],
)
def test_endings(name: str, ending: str) -> None:
    assert ending_of(name) == ending


def test_the_20_commonest_are_shown_and_all_are_counted() -> None:
    passed_over = PassedOver()
    for number in range(5000):
        passed_over.note(f"x.{number}")
        passed_over.note("x.csv")
    assert len(passed_over.endings) <= 1001
    shown = passed_over.commonest
    assert (len(shown), next(iter(shown.items())), sum(shown.values())) == (21, (".csv", 5000), 10_000)
