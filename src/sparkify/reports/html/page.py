"""Put the report's page together."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sparkify.engines.base import Engine, Result
from sparkify.reports import erd
from sparkify.reports.analyze import Analysis, holdings
from sparkify.reports.html.charts import Drawing, drawings
from sparkify.reports.html.csv import csv_text
from sparkify.reports.lineage import list_rejects, list_runs
from sparkify.reports.questions import Answered, label, shown
from sparkify.sources.base import shown as shown_uri
from sparkify.text import printable
from sparkify.version import __version__

RUNS = 20
TITLE = "What users are listening to"
REJECTS = 50
ROWS = 2_000
"""Rows of an answer that the page shows; its CSV has all of them."""


class Part(NamedTuple):
    """An answer as the page shows it."""

    answer: Answered
    drawings: list[Drawing]
    csv: str
    numeric: frozenset[str]


def page(engine: Engine, warehouse: str, analysis: Analysis, title: str = TITLE) -> str:
    """The report as HTML."""
    parts = [_part(answer) for answer in analysis.answers]
    scripts = [_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")), _script(_asset("page.js"))]
    text: str = _template().render(
        title=printable(title),
        made_at=datetime.now(UTC),
        version=__version__,
        warehouse=warehouse,
        engine=engine.dialect.name,
        figures=[part for part in parts if part.answer.question.chart.kind == "figures"],
        parts=[part for part in parts if part.answer.question.chart.kind != "figures"],
        rows=analysis.rows,
        checks=sorted(analysis.checks, key=lambda check: _STATES.index(check.state)),
        states={state: sum(check.state == state for check in analysis.checks) for state in _STATES},
        holdings={**holdings(engine), **analysis.lags},
        sources=_sources(engine),
        runs=_runs(engine),
        rejects=_rejects(engine),
        unresolved=analysis.unresolved,
        duplicates=analysis.duplicates,
        most_rejects=REJECTS,
        erd=Markup(erd.svg()),
        style=Markup(_asset("page.css")),
        scripts=[Markup(script) for script in scripts],
        hashes=[_hash(script) for script in scripts],
        most_rows=ROWS,
    )
    return text


_STATES = ("failed", "warning", "passed")


def _part(answer: Answered) -> Part:
    text = csv_text(answer.columns, answer.rows)
    numeric = {
        column
        for column, values in zip(answer.columns, zip(*answer.rows, strict=True), strict=False)
        if all(value is None or isinstance(value, int | float) for value in values)
    }
    encoded = base64.b64encode(text.encode("utf-8", "backslashreplace")).decode()
    return Part(answer, list(drawings(answer)), encoded, frozenset(numeric))


def _sources(engine: Engine) -> dict[str, str]:
    """Where the last run that loaded something read from; the settings that are kept hold no secret."""
    found = engine.execute_named("runs/last_settings")
    settings: dict[str, Any] = json.loads(found[0][0]) if found else {}
    return {kind: str(settings[kind]) for kind in ("logs", "songs") if settings.get(kind)}


def _runs(engine: Engine) -> Result:
    """The latest runs, without their settings."""
    found = list_runs(engine, RUNS)
    return Result(found.columns[:-1], [row[:-1] for row in found.rows])


def _rejects(engine: Engine) -> Result:
    found = list_rejects(engine, REJECTS)
    return Result(found.columns, [(number, shown_uri(uri), *rest) for number, uri, *rest in found.rows])


@cache
def _asset(name: str) -> str:
    return files("sparkify.reports.html").joinpath(name).read_text(encoding="utf-8")


def _script(text: str) -> str:
    """A script that can stand in a page: what would end it there is written otherwise."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(script: str) -> str:
    """A script's name in a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _shown(value: object, column: str = "") -> str:
    return shown(column, value)


def _printable(value: object) -> str:
    return printable(str(value))


def _id_of(text: str) -> str:
    return text.replace("_", "-")


def _values_of(row: dict[str, object]) -> list[object]:
    return list(row.values())


def _noun(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("sparkify.reports.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Sequence[Any] = (_shown, _printable, _id_of, _values_of, _noun, label)
    environment.filters |= {function.__name__.lstrip("_"): function for function in filters}
    environment.tests["moment"] = lambda value: isinstance(value, date)
    return environment.get_template("page.html")
