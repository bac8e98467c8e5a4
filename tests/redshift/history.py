"""A history of a warehouse on the stand-in that makes the engine send all it can send, run in this process."""

from __future__ import annotations

import io
import json
import os
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

from tests.old_layout import to_first_layout
from tests.redshift.standin import RedshiftStandIn
from tests.support import event, song, write_lines

import sparkify
from sparkify.cli import _run
from sparkify.engines.base import Access
from sparkify.engines.registry import connect
from sparkify.warehouse.settings import READING

MISCODED = "Björk".encode().decode("latin-1").encode().decode("latin-1")
"""Björk, encoded to UTF-8 twice too often."""


def command(*arguments: str, code: int = 0) -> str:
    """Run a command in this process; its stdout comes back."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            found = _run(list(arguments))
        except SystemExit as end:
            found = int(end.code or 0)
    assert found == code, f"sparkify {' '.join(arguments)}: {found}: {err.getvalue()}"
    return out.getvalue()


def _write_first(folder: Path) -> None:
    """Duplicates that differ, a miscoded name, a long one, a bad line, a play without an artist among plain lines."""
    copies = [event(itemInSession=at, level=level) for at in range(12) for level in ("free", "paid")]
    long = event(sessionId=12, artist="a" * 40_000, song="s" * 40_000)
    write_lines(folder / "logs/a.json", [*copies, event(sessionId=2, artist=MISCODED, song="Jóga", userId="2"), long])
    write_lines(folder / "logs/b.json", [event(sessionId=3), "no JSON"])
    write_lines(folder / "logs/c.json", [event(sessionId=4), event(sessionId=5, artist=None)])
    write_lines(folder / "logs/d.json", [event(sessionId=6, userId="3")])
    write_lines(folder / "songs/a.json", [song()])


def _write_second(folder: Path) -> None:
    """A file that is new, one that changed, one that has another time alone, and one that has vanished."""
    write_lines(folder / "logs/e.json", [event(sessionId=7, song="Jóga", artist="Björk")])
    write_lines(folder / "logs/c.json", [event(sessionId=4, level="paid"), event(sessionId=5, artist=None)])
    write_lines(folder / "songs/b.json", [song(song_id="SO2", title="Jóga", artist_name="Björk", artist_id="AR2")])
    os.utime(folder / "logs/b.json", (1e9, 1e9))
    (folder / "logs/d.json").unlink()


def _put_large(server: RedshiftStandIn) -> tuple[str, ...]:
    """Objects that are to be loaded as they are, one of which cannot be; the options that say so come back."""
    s3, lines = server.s3(), json.dumps(event(sessionId=9)) + "\n"
    for key, content in (
        ("logs/a.json", lines),
        ("logs/b.json", lines.replace("9", "10").replace('"page"', '"page" ')),
        ("songs/a.json", json.dumps(song(song_id="SO3")) + "\n"),
    ):
        s3.put_object(Bucket=server.bucket, Key=f"lake/{key}", Body=content.encode())
    return "--logs", f"s3://{server.bucket}/lake/logs", "--songs", f"s3://{server.bucket}/lake/songs"


def run_history(server: RedshiftStandIn, folder: Path) -> None:
    """Load, change, fix, rebuild and look, in a schema that is not there yet; the working folder is `folder`.

    The environment says that objects of S3 are large from their first byte on.
    """
    url = server.url
    elsewhere = f"duckdb:///{folder}/other.duckdb"
    here = ("--warehouse", url)
    sources = ("--logs", "logs", "--songs", "songs")
    command("doctor", *here, *sources, code=1)
    _write_first(folder)
    command("create-tables", *here)
    command("create-tables", "--drop", "--yes", *here)
    command("etl", *here, *sources, "--max-rejects", "50%")
    command("etl", "--warehouse", elsewhere, *sources, "--max-rejects", "50%")
    _write_second(folder)
    command("plan", *here, *sources)
    command("etl", *here, *sources, "--prune", "--max-rejects", "50%")
    _look_back(here)
    write_lines(folder / "fixed.json", [event(sessionId=8)])
    command("rejects", "replay", _first_reject(here), "--from", "fixed.json", *here)
    command("explain", "1541121934796-1-8-0", *here)
    command("rejects", "replay", *here)
    command("etl", *here, *sources, "--unknown-songs", "drop", "--no-repair-text")
    command("etl", *here, *sources, "--full-refresh")
    _load_while_a_file_cannot_be_opened(folder / "logs/a.json", here, sources)
    command("etl", *here, *_put_large(server))
    write_lines(folder / "logs/f.json", [event(sessionId=11), "no JSON"])
    command("etl", *here, *sources, "--max-rejects", "0", code=3)
    command("compare", url, elsewhere, code=1)
    command("analyze", *here, "--report", "report.html")
    command("doctor", "--probe", *here, *sources)
    _damage(here, sources)
    _look_while_another_writes(here, sources)
    with sparkify.connect(url) as connection:
        assert connection.query("SELECT 1").rows == [(1,)]


def _load_while_a_file_cannot_be_opened(path: Path, here: tuple[str, str], sources: tuple[str, ...]) -> None:
    """Its rows stay, the run names it; later it is there again."""
    kept = path.with_suffix(".kept")
    path.rename(kept)
    path.symlink_to("nowhere")
    command("etl", *here, *sources, code=1)
    path.unlink()
    kept.rename(path)


def _damage(here: tuple[str, str], sources: tuple[str, ...]) -> None:
    """A warehouse that lacks a table, was read by other rules, has another column, or is of layout 0."""
    Path("logs/f.json").unlink()
    write_lines(Path("logs/b.json"), [event(sessionId=8)])  # the first layout knew of no replay
    for damage, more in (
        (["DROP TABLE songplays"], ()),
        ([f"UPDATE etl_settings SET setting_value = '0' WHERE setting = '{READING}'"], ()),
        (["ALTER TABLE users ADD COLUMN note VARCHAR(10)"], ("--full-refresh",)),
        (list(to_first_layout()), ()),
    ):
        with closing(connect(here[1], Access(schema=os.environ["SPARKIFY_SCHEMA"]))) as engine:
            for sql in damage:
                engine.execute(sql)
        command("etl", *here, *sources, "--max-rejects", "100%", *more)


def _look_while_another_writes(here: tuple[str, str], sources: tuple[str, ...]) -> None:
    access = Access(schema=os.environ["SPARKIFY_SCHEMA"])
    with closing(connect(here[1], access)) as engine, engine.writing():
        command("doctor", *here, *sources)
        command("etl", *here, *sources, code=1)


def _first_reject(here: tuple[str, str]) -> str:
    """The name of a reject."""
    return str(json.loads(command("rejects", "list", "--output", "json", *here))[-1]["reject"])


def _look_back(here: tuple[str, str]) -> None:
    for arguments in (
        ("status",),
        ("runs",),
        ("rejects", "list"),
        ("rejects", "show", _first_reject(here)),
        ("explain", "1541121934796-1-1-0"),
        ("explain", "1-1-0"),
        ("query", "SELECT COUNT(*) FROM songplays"),
        ("query", "/* no cursor is declared for a comment */ SELECT 1 AS one"),
    ):
        command(*arguments, *here)
