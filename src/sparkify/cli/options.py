"""The options that commands share, and what they become."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify.cli.output import Format, be_quiet, warn

if TYPE_CHECKING:
    from sparkify.config.settings import Loaded, Settings
    from sparkify.engines.base import Engine
    from sparkify.storage.output_file import OutputFile

Warehouse = Annotated[str | None, typer.Option(help="The warehouse: duckdb:///path/to/file.duckdb.", metavar="URL")]
Logs = Annotated[str | None, typer.Option(help="The folder, file or pattern that holds the logs.", metavar="URI")]
Songs = Annotated[str | None, typer.Option(help="The same for the song metadata.", metavar="URI")]
Include = Annotated[
    list[str] | None, typer.Option(help="Read files of such names too; may be repeated.", metavar="PATTERN")
]
Exclude = Annotated[
    list[str] | None, typer.Option(help="Leave out files of such names; may be repeated.", metavar="PATTERN")
]
Reread = Annotated[bool, typer.Option("--reread", help="Compare the contents of all files, whatever their times say.")]
FromTime = Annotated[
    str | None,
    typer.Option(
        "--from-time", help="Begin a topic that was never read at this time, such as 2018-11-30T12:00Z.", metavar="TIME"
    ),
]
FromBeginning = Annotated[
    bool, typer.Option("--from-beginning", help="Read a topic that was made again from its beginning.")
]
AcceptLostOffsets = Annotated[
    bool, typer.Option("--accept-lost-offsets", help="Go on behind messages that the broker deleted unread.")
]
RejectsFile = Annotated[
    Path | None,
    typer.Option(help="Where to write the rejects of a refused run, as JSON lines; - is stdout.", metavar="FILE"),
]
Following = Annotated[bool, typer.Option("--follow", help="Go on with what arrives, until a signal ends it.")]
Every = Annotated[
    str | None, typer.Option(help="With --follow: how often to look, such as 10s. [default: 10s]", metavar="TIME")
]
SongsEvery = Annotated[
    str | None, typer.Option(help="With --follow: how often to look at the songs. [default: 1m]", metavar="TIME")
]
Config = Annotated[str | None, typer.Option(help="The configuration file. [default: sparkify.toml]", metavar="FILE")]
Profile = Annotated[
    str | None, typer.Option(help="The profile: a table of the configuration file, such as [prod].", metavar="NAME")
]
Output = Annotated[Format, typer.Option(help="How to print results.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say more, and show tracebacks.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.", callback=be_quiet)]
UnknownSongs = Annotated[
    str | None, typer.Option(help="Plays without a song in the catalogue: infer, null or drop.", metavar="SETTING")
]
RepairText = Annotated[
    bool | None,
    typer.Option(
        "--repair-text/--no-repair-text",
        help="Repair names that were encoded to UTF-8 more than once. [default: repair-text]",
        show_default=False,
    ),
]
MaxRejects = Annotated[
    str | None,
    typer.Option(
        help="Refuse a run that rejects more: a number, or a share such as 1%. [default: 10 and 1%]", metavar="LIMIT"
    ),
]


def load_settings(config: str | None, profile: str | None, **flags: object) -> Loaded:
    """Flags, environment, file and defaults, merged; a classic file is taken up, with warnings."""
    from sparkify.config.settings import load

    loaded = load(flags, config, profile)
    for warning in loaded.warnings():
        warn(f"warning: {warning}")
    return loaded


def output_file(path: Path | None, what: str, loaded: Loaded, *files: str | None) -> OutputFile | None:
    """A file that a command writes, if one is named; it is none that the command reads, nor the warehouse."""
    if path is None:
        return None
    from sparkify.config.kept import kept_files
    from sparkify.storage.output_file import OutputFile

    return OutputFile(path, what, kept_files(loaded.settings, *files))


def new_output(path: Path, what: str, config: str | None = None, *, is_config: bool = False) -> OutputFile:
    """A file that is written without need of settings; those that are there say what must be left alone."""
    from sparkify.config.kept import kept_files
    from sparkify.config.settings import load
    from sparkify.errors import UsageError
    from sparkify.storage.output_file import OutputFile

    if str(path) == "-":
        return OutputFile(path, what)
    try:
        settings = load({}, config).settings
    except UsageError:  # the file may be written because the settings are wrong
        return OutputFile(path, what)
    return OutputFile(path, what, kept_files(settings, config, is_config=is_config))


@contextmanager
def open_warehouse(settings: Settings, *, read_only: bool = True) -> Iterator[Engine]:
    """A connection to the configured warehouse; what only reads sees one moment of it, and can write nothing."""
    from sparkify.engines.registry import connect

    engine = connect(settings.warehouse, settings.access(read_only=read_only))
    try:
        with engine.snapshot() if read_only else nullcontext():
            yield engine
    finally:
        engine.close()
