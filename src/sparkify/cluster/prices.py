"""What a cluster costs, by a table of list prices in this package that says of which day it is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any, NamedTuple


class Price(NamedTuple):
    """What an hour costs in USD, at the most for Serverless, and the day of the list that says so.

    `usd_a_day` bounds a day of Serverless by its usage limit; None where nothing but the hours does.
    """

    usd: float
    as_of: date
    usd_a_day: float | None = None

    def of(self, time: timedelta) -> float:
        """What so long a time costs in USD, at the most."""
        hours = time / timedelta(hours=1)
        if self.usd_a_day is None:
            return hours * self.usd
        return min(hours * self.usd, (time // timedelta(days=1) + 1) * self.usd_a_day)

    @property
    def source(self) -> str:
        """Where the price is from, in words."""
        return f"list price of {self.as_of:%Y-%m-%d}, without storage and S3"


def price_of(region: str, parameters: Mapping[str, str]) -> Price | None:
    """The price of what a stack's parameters ask for in a Region; None if the table does not know it."""
    table = _table()
    prices: Mapping[str, float] = table.get(region, {})
    if parameters.get("Kind") == "serverless":
        unit = prices.get("rpu")
        if unit is None:
            return None
        return Price(unit * int(parameters["BaseCapacity"]), table["as_of"], unit * int(parameters["UsageLimit"]))
    node = prices.get(parameters.get("NodeType", ""))
    return None if node is None else Price(node * int(parameters["Nodes"]), table["as_of"])


def source() -> str:
    """AWS's own page of prices."""
    return str(_table()["source"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("sparkify.cluster").joinpath("prices.toml").read_text(encoding="utf-8"))
