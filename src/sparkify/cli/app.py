"""All commands, gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from sparkify.cli import cluster, compare, demo, doctor, etl, generate, history, inspect, plan, query, setup

app = typer.Typer(
    name="sparkify",
    help="Turn a music-streaming company's JSON logs and song metadata into a star-schema warehouse.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from sparkify.version import __version__

        print(f"sparkify {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    del version


app.command("init", short_help="Write a commented sparkify.toml.")(setup.init)
app.command("doctor", short_help="Check the setup, and say how to fix what is wrong.")(doctor.doctor)
app.command("generate", short_help="Simulate events and songs of a music service.")(generate.generate)
app.command("create-tables")(setup.create_tables)
app.command("plan", short_help="Show what etl would do, or the exact SQL of it.")(plan.plan)
app.command("etl")(etl.etl)
app.command("analyze", short_help="Count rows, run the checks, answer the questions.")(inspect.analyze)
app.command("erd", short_help="Draw the star schema; no warehouse is needed.")(inspect.erd)
app.command("query", short_help="Run one statement that only reads.")(query.query)
app.command("status", short_help="Show what the warehouse holds, and what is open.")(inspect.status)
app.command("compare", short_help="Tell whether two warehouses hold the same rows.")(compare.compare)
app.command("runs")(history.runs)
app.add_typer(history.rejects, name="rejects")
app.command("explain", short_help="Trace a play back to its file and line.")(history.explain)
app.add_typer(cluster.cluster, name="cluster", short_help="Create, look at and remove a Redshift cluster.")
app.command("demo", short_help="Generate a month of events, load and analyze them.")(demo.demo)
