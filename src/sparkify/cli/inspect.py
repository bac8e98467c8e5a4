"""Commands that look: analyze, query, status."""

from __future__ import annotations

from typing import Annotated

import typer

from sparkify.cli.options import Config, Logs, Output, Songs, Verbose, Warehouse, load_settings, open_warehouse
from sparkify.cli.output import Format, print_json, print_table, print_values, say
from sparkify.errors import CheckFailed


def analyze(
    warehouse: Warehouse = None, config: Config = None, output: Output = Format.TEXT, verbose: Verbose = False
) -> None:
    """Count the rows and run the checks, over the whole warehouse."""
    from sparkify.analysis import check_all, row_counts

    settings = load_settings(config, warehouse=warehouse).settings
    with open_warehouse(settings) as engine:
        counts = row_counts(engine)
        results = check_all(engine)
    failed = [result for result in results if result.state == "failed"]
    if output is Format.JSON:
        print_json({"rows": counts, "checks": [result._asdict() for result in results]})
    else:
        print_table(
            ("table", "rows"), [(name, f"{count:,}") for name, count in counts.items()], output, right=("rows",)
        )
        print()
        print_table(("check", "state", "bad rows", "what it asks"), [result[:4] for result in results], output)
    if failed:
        raise CheckFailed(
            f"{len(failed)} blocking checks failed: {', '.join(result.name for result in failed)}",
            hint="sparkify etl --full-refresh builds the star anew from staging.",
        )


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT statement.", metavar="SQL")],
    warehouse: Warehouse = None,
    config: Config = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Run a query; the warehouse is opened for reading only."""
    settings = load_settings(config, warehouse=warehouse).settings
    with open_warehouse(settings) as engine:
        result = engine.query(sql)
    print_table(result.columns, result.rows, output)


def status(
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    config: Config = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Show what the warehouse holds, its settings, and its last run."""
    from sparkify.analysis import holdings

    loaded = load_settings(config, warehouse=warehouse, logs=logs, songs=songs)
    with open_warehouse(loaded.settings) as engine:
        values = holdings(engine)
    print_values({"warehouse": loaded.settings.public()["warehouse"], **values}, output)
    if verbose:
        for name, value in loaded.settings.public().items():
            say(f"{name} = {value}  ({loaded.origins[name]})")
