"""Commands that look: analyze, erd, status."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify.cli.options import (
    Config,
    Logs,
    Output,
    Profile,
    Songs,
    Verbose,
    Warehouse,
    load_settings,
    new_output,
    open_warehouse,
    output_file,
)
from sparkify.cli.output import Format, count_of, plain_text, print_json, print_table, print_values, say
from sparkify.cli.progress import working
from sparkify.errors import CheckFailed, SourceError, UsageError
from sparkify.storage.kafka import is_topic
from sparkify.text import seconds_of

if TYPE_CHECKING:
    from sparkify.config.settings import Settings
    from sparkify.engines.base import Engine
    from sparkify.reports.analyze import Analysis, Checked
    from sparkify.reports.lag import TopicLags
    from sparkify.reports.questions import Answered, Question
    from sparkify.storage.output_file import OutputFile

Only = Annotated[
    list[str] | None,
    typer.Option("--only", help="Answer this question alone; may be given more than once.", metavar="NAME"),
]
ListQuestions = Annotated[bool, typer.Option("--list", help="List the questions, and end.")]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report", help="Write the report, one HTML file that can be mailed; - is stdout.", metavar="FILE"),
]

ReportTitle = Annotated[str, typer.Option("--title", help="The title of the report.", metavar="TEXT")]


def analyze(
    only: Only = None,
    list_questions: ListQuestions = False,
    report: ReportFile = None,
    title: ReportTitle = "",
    warehouse: Warehouse = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Count the rows, run the checks, and answer the questions, over the whole warehouse."""
    from sparkify.reports.questions import find_question, questions

    if list_questions:
        print_table(("name", "question"), [(question.name, question.title) for question in questions()], output)
        return
    if only and report:
        raise UsageError("a report holds every answer, and --only asks for some", hint="Give one of the two.")
    if title and not report:
        raise UsageError("--title names a report, and none is asked for", hint="Add --report FILE.")
    loaded = load_settings(config, profile, warehouse=warehouse)
    if only:
        _answer_only([find_question(name) for name in dict.fromkeys(only)], loaded.settings, output)
        return
    page = output_file(report, "the report", loaded, config)
    found = _analyzed(loaded.settings, page, title)
    if page is None or not page.is_stdout:
        _print_analysis(found, output)
    _fail_if_any(found.checks)


def _analyzed(settings: Settings, report: OutputFile | None, title: str) -> Analysis:
    """What was found; and the report written, if one is asked for."""
    from sparkify.reports.analyze import analyze as analyze_warehouse

    if report is None:
        with working("checks and questions"), open_warehouse(settings) as engine:
            return _with_lags(analyze_warehouse(engine), engine, settings)
    from sparkify.reports.html import require_packages, write_report

    require_packages()
    with working("checks, questions and the report"), open_warehouse(settings) as engine:
        found = _with_lags(analyze_warehouse(engine), engine, settings)
        size = write_report(report, engine, settings.public()["warehouse"], found, title)
    if not report.is_stdout:
        say(f"wrote {report} ({size / 1e6:.1f} MB)")
    return found


def _print_analysis(found: Analysis, output: Format) -> None:
    if output is Format.JSON:
        checked = [result._asdict() for result in found.checks]
        unresolved = found.unresolved.as_dict()
        answers = _documents(found.answers)
        print_json({"rows": found.rows, "checks": checked, "answers": answers, "open": unresolved,
            "duplicates": found.duplicates._asdict()})  # fmt: skip
        return
    print_table(
        ("table", "rows"), [(name, f"{count:,}") for name, count in found.rows.items()], output, right=("rows",)
    )
    print()
    print_table(("check", "state", "bad rows", "what it asks"), [result[:4] for result in found.checks], output)
    print()
    _print_answers(found.answers, whole=False)
    if found.duplicates.plays:
        say(plain_text(found.duplicates))
    for sentence in (found.unresolved.of_failed, found.unresolved.of_rejects):
        if sentence:
            say(plain_text(sentence))


def _answer_only(wanted: list[Question], settings: Settings, output: Format) -> None:
    """Answer some questions, without counts and checks; every row of them."""
    from sparkify.reports.analyze import answer_all

    with open_warehouse(settings) as engine:
        answers = answer_all(engine, wanted)
    if output is Format.JSON:
        print_json({"answers": _documents(answers)})
    else:
        _print_answers(answers, whole=True)


def _print_answers(answers: list[Answered], *, whole: bool) -> None:
    from sparkify.cli.answers import print_answer

    for answer in answers:
        print_answer(answer, whole=whole)


def _documents(answers: list[Answered]) -> list[dict[str, object]]:
    return [
        {
            "name": answer.question.name,
            "title": answer.question.title,
            "why": answer.question.why,
            "sql": answer.sql,
            "columns": answer.columns,
            "rows": [dict(zip(answer.columns, row, strict=True)) for row in answer.rows],
        }
        for answer in answers
    ]


def _fail_if_any(results: list[Checked]) -> None:
    failed = [result.name for result in results if result.state == "failed"]
    if failed:
        raise CheckFailed(
            f"{len(failed)} blocking checks failed: {', '.join(failed)}",
            hint="sparkify etl --full-refresh rebuilds the star from staging.",
        )


class Picture(StrEnum):
    """What `erd --format` takes."""

    MERMAID = "mermaid"
    SVG = "svg"


PictureFormat = Annotated[Picture, typer.Option("--format", help="How to draw.")]


def erd(
    picture: PictureFormat = Picture.MERMAID,
    out: Annotated[Path, typer.Option("--out", help="Where to write it; - is stdout.", metavar="FILE")] = Path("-"),
    config: Config = None,
    verbose: Verbose = False,
) -> None:
    """Draw the star schema from its definitions; no warehouse is needed."""
    from sparkify.reports.erd import mermaid, svg

    output = new_output(out, "the picture", config)
    output.write(svg() if picture is Picture.SVG else mermaid())
    if not output.is_stdout:
        say(f"wrote the picture to {output}")


def status(
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Show what the warehouse holds, its settings, its last run, and how far behind topics are."""
    from sparkify.reports.analyze import find_holdings

    loaded = load_settings(config, profile, warehouse=warehouse, logs=logs, songs=songs)
    with open_warehouse(loaded.settings) as engine:
        found = find_holdings(engine)
        values = found.as_dict() if output is Format.JSON else found.in_words()
        values |= _lags(engine, loaded.settings, output)
    print_values({"warehouse": loaded.settings.public()["warehouse"], **values}, output)
    if verbose:
        for name, value in loaded.settings.public().items():
            say(f"{name} = {value}  ({loaded.origins[name]})")


def _with_lags(found: Analysis, engine: Engine, settings: Settings) -> Analysis:
    """An analysis with how far behind topics are, and with the check of that, if the settings ask for it."""
    lags = _topic_lags(engine, settings)
    if lags is None:
        return found
    checks = [lags.check(seconds_of(settings.min_time_left))] if settings.min_time_left else []
    return replace(found, checks=[*found.checks, *checks], lags=lags.in_words())


def _topic_lags(engine: Engine, settings: Settings) -> TopicLags | None:
    """How far behind topics are, or why that is not known; None without topics."""
    locations = (settings.logs, settings.songs)
    if not any(is_topic(location or "") for location in locations):
        return None
    from sparkify.etl.listing import opening_of
    from sparkify.reports.lag import TopicLags, find_lags

    try:
        return TopicLags(find_lags(engine, locations, opening_of(settings)))
    except SourceError as error:
        return TopicLags({}, error.what)


def _lags(engine: Engine, settings: Settings, output: Format) -> dict[str, object]:
    """How far behind topics are, and a warning if retention leaves unread messages for too short a time."""
    lags = _topic_lags(engine, settings)
    if lags is None:
        return {}
    if settings.min_time_left and (check := lags.check(seconds_of(settings.min_time_left))).bad_rows:
        say(f"warning: check {check.name}, {count_of(check.bad_rows, 'row')}: {check.about}")
    if output is Format.JSON and not lags.problem:
        return {"lag": {uri: [part._asdict() for part in parts] for uri, parts in lags.found.items()}}
    return dict(lags.in_words())
