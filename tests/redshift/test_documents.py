"""The table of what rests on documentation alone: every row has a page or says that there is none, and a live test."""

from __future__ import annotations

import re

import pytest
from tests.live import test_live_aws as live
from tests.support import ROOT

PAGE = (ROOT / "docs" / "redshift.md").read_text("utf-8")


def rows() -> dict[str, list[str]]:
    """The rows of the table by name."""
    table = PAGE.split("## What rests on documentation alone")[1].split("\n\n", 2)[2].split("\n\n")[0]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()[2:]]
    return {name.strip(): [cell.strip() for cell in rest] for name, *rest in cells}


def test_live_tests_follow_the_table() -> None:
    assert set(rows()) == set(live.ROWS) | set(live.BY_THEMSELVES)
    assert set(live.ROWS).isdisjoint(live.BY_THEMSELVES)


@pytest.mark.parametrize("name", rows())
def test_every_row_says_what_follows_and_how_to_see_it(name: str) -> None:
    relied, page, otherwise, command = rows()[name]
    assert relied and otherwise and command
    assert page in ("none", "the same") or re.search(r"\]\(https://(docs\.)?aws\.amazon\.com/", page)


def test_it_is_the_only_place_that_says_so() -> None:
    assert "**not verified**" not in PAGE
