"""A warehouse of the version before is brought up to date, and keeps its rows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.old_layout import to_first_layout
from tests.support import event, load, meddle, picture, rows, song, url_of, write_lines
from tests.unit.command import settings, sparkify

from sparkify.warehouse.inventory import columns_now, first_layout

CHANGED = ["etl_files", "etl_rejects", "etl_runs", "staging_events", "staging_songs"]


def test_the_layout_changed_where_a_migration_says_so() -> None:
    now = columns_now()
    assert sorted(name for name, columns in first_layout().items() if columns != now[name]) == CHANGED


def test_a_warehouse_of_the_first_layout_is_brought_up_to_date(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), json.dumps(event(ts=5.7)), "noise", event(itemInSession=1)])
    write_lines(tmp_path / "songs/a.json", [song()])
    loaded = load(tmp_path, max_rejects="90%")
    before = picture(loaded)
    for sql in to_first_layout():
        meddle(loaded, sql)
    etl = ("etl", "--logs", "logs", "--songs", "songs", "--max-rejects", "90%", "--warehouse", url_of(loaded))
    done = sparkify(*etl, cwd=tmp_path, env=settings())
    assert done.returncode == 0, done.stderr
    assert "an older version of Sparkify were brought up to date" in done.stderr
    assert picture(loaded) == before
    assert rows(loaded, "SELECT reject_no, resolved_by FROM etl_rejects ORDER BY 1") == [(1, None), (2, None)]
    _replay_after_migration(tmp_path, url_of(loaded))
    found = rows(loaded, 'SELECT "itemInSession" FROM staging_events ORDER BY 1')
    assert found == [(0,), (1,), (2,)]


def _replay_after_migration(folder: Path, url: str) -> None:
    """What the old version did not keep of a reject is known once its file was read again."""
    fixed = str(write_lines(folder / "fixed.json", [event(itemInSession=2)]))
    replay = ("rejects", "replay", "--warehouse", url)
    listing = ("rejects", "list", "--output", "json", "--warehouse", url)

    def last() -> str:
        listed = json.loads(sparkify(*listing, cwd=folder, env=settings()).stdout)
        return str(next(reject["reject"] for reject in listed if reject["line"] == 2))

    refused = sparkify(*replay, "--from", fixed, last(), cwd=folder, env=settings())
    assert (refused.returncode, "Read its file again" in refused.stderr) == (2, True)
    again = sparkify(*replay, "--max-rejects", "90%", cwd=folder, env=settings())
    assert again.returncode == 0, again.stderr
    done = sparkify(*replay, "--from", fixed, last(), cwd=folder, env=settings())
    assert done.returncode == 0, done.stderr
