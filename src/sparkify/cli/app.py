"""All commands, gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from sparkify.cli import cluster, compare, demo, doctor, etl, generate, history, inspect, setup

app = typer.Typer(
    name="sparkify",
    help="Turn a music-streaming company's JSON logs and song metadata into a star-schema warehouse.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
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


app.command("init")(setup.init)
app.command("doctor")(doctor.doctor)
app.command("generate")(generate.generate)
app.command("create-tables")(setup.create_tables)
app.command("plan")(etl.plan)
app.command("etl")(etl.etl)
app.command("analyze")(inspect.analyze)
app.command("erd")(inspect.erd)
app.command("query")(inspect.query)
app.command("status")(inspect.status)
app.command("compare")(compare.compare)
app.command("runs")(history.runs)
app.add_typer(history.rejects, name="rejects")
app.command("explain")(history.explain)
app.add_typer(cluster.cluster, name="cluster")
app.command("demo")(demo.demo)
