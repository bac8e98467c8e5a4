"""Rejects are listed, shown and replayed; a play is explained."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from tests.support import event, load, picture, rows, song, url_of, warehouse, write_lines
from tests.unit.command import Done, settings, sparkify

from sparkify.config.settings import load as load_settings
from sparkify.engines.registry import connect
from sparkify.errors import TooManyRejects
from sparkify.etl.run import Run
from sparkify.etl.summary import Options
from sparkify.storage.output_file import OutputFile
from sparkify.warehouse import rejects

BAD = json.dumps(event(ts=5.7))


def _sparkify(folder: Path, *arguments: str, code: int = 0) -> Done:
    done = sparkify(*arguments, "--warehouse", url_of(warehouse(folder)), cwd=folder, env=settings())
    assert done.returncode == code, done.stderr
    return done


def test_list_and_show(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    load(tmp_path)
    listed = json.loads(_sparkify(tmp_path, "rejects", "list", "--output", "json").stdout)
    assert [(row["reject"], row["file"], row["line"], row["state"], row["field"]) for row in listed] == [
        ("1-1", str(path), 2, "open", "ts")
    ]
    shown = json.loads(_sparkify(tmp_path, "rejects", "show", "1-1", "--output", "json").stdout)
    assert shown["raw_text"] == BAD
    assert "there is no reject 9-9" in _sparkify(tmp_path, "rejects", "show", "9-9", code=2).stderr


def test_replay_reads_files_of_open_rejects_again(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    loaded = load(tmp_path)
    before = picture(loaded)
    _sparkify(tmp_path, "rejects", "replay")
    assert picture(loaded) == before
    assert rows(loaded, "SELECT files FROM etl_runs ORDER BY run_id") == [(1,), (1,)]
    write_lines(path, [event(), event(itemInSession=1)])
    _sparkify(tmp_path, "rejects", "replay")
    assert rows(loaded, "SELECT COUNT(*) FROM etl_rejects") == [(0,)]
    assert rows(loaded, "SELECT records, loaded, rejected FROM etl_files") == [(2, 2, 0)]


def test_fixed_records_resolve_their_rejects(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), BAD, "bad"])
    loaded = load(tmp_path)
    fixed = write_lines(tmp_path / "fixed.json", [event(itemInSession=1)])
    wrong = _sparkify(tmp_path, "rejects", "replay", "--from", str(fixed), code=2)
    assert "holds 1 records for 2 rejects" in wrong.stderr
    _sparkify(tmp_path, "rejects", "replay", "--from", str(fixed), "1-1")
    assert rows(loaded, "SELECT reject_no, resolved_by FROM etl_rejects ORDER BY 1") == [(1, 1), (2, None)]
    assert rows(loaded, "SELECT records, loaded, rejected, replayed FROM etl_files") == [(3, 1, 2, 1)]
    assert rows(loaded, "SELECT songplay_id FROM songplays ORDER BY 1") == [
        ("1541121934796-1-1-0",),
        ("1541121934796-1-1-1",),
    ]
    again = _sparkify(tmp_path, "rejects", "replay", "--from", str(fixed), "1-1", code=2)
    assert "there is no open reject 1-1" in again.stderr


def test_records_that_are_not_fixed_are_refused(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), BAD])
    loaded = load(tmp_path)
    before = picture(loaded)
    still = write_lines(tmp_path / "still.json", [BAD])
    assert "has a fraction" in _sparkify(tmp_path, "rejects", "replay", "--from", str(still), code=3).stderr
    assert picture(loaded) == before


def test_explain_traces_a_play_to_its_line(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", ["bad", event(page="Home"), event()])
    write_lines(tmp_path / "logs/b.json", [event(), event(song="Unknown", itemInSession=1)])
    write_lines(tmp_path / "songs/x.json", [song()])
    load(tmp_path)
    found = json.loads(_sparkify(tmp_path, "explain", "1541121934796-1-1-0", "--output", "json").stdout)
    assert (found["file"], found["line"]) in [(str(path), 3), (str(tmp_path / "logs/b.json"), 1)]
    assert (found["run"], found["copies_in_staging"], found["song_id"]) == (1, 2, "SO1")
    assert "nearest" in found["song_found"]
    inferred = json.loads(_sparkify(tmp_path, "explain", "1541121934796-1-1-1", "--output", "json").stdout)
    assert "inferred" in inferred["song_found"]
    before = json.loads(_sparkify(tmp_path, "explain", "1-1-0", "--output", "json").stdout)
    assert before == {"id_before_version_4": "1-1-0", "plays": 1, "songplay_ids": "1541121934796-1-1-0"}
    assert "no play has the id 7-7-7" in _sparkify(tmp_path, "explain", "7-7-7", code=2).stderr
    assert (
        "no play has the id 1541121934796-7-7-7" in _sparkify(tmp_path, "explain", "1541121934796-7-7-7", code=2).stderr
    )
    path.unlink()
    (tmp_path / "logs/b.json").unlink()
    gone = json.loads(_sparkify(tmp_path, "explain", "1541121934796-1-1-0", "--output", "json").stdout)
    assert (gone["line"], gone["byte"]) == (None, None)
    assert gone["line_unknown"]


def test_explain_names_the_replay_of_a_play(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    load(tmp_path)
    fixed = write_lines(tmp_path / "fixed.json", [event(itemInSession=1), event(itemInSession=2)])
    _sparkify(tmp_path, "rejects", "replay", "--from", str(fixed), "1-1")
    for item in (1, 2):
        found = json.loads(_sparkify(tmp_path, "explain", f"1541121934796-1-1-{item}", "--output", "json").stdout)
        assert (found["replay"], found["replaces_reject"], found["replay_run"]) == (1, "1-1", 2)
        assert (found["file"], found["line"], found["byte"]) == (str(path), 2, len(json.dumps(event())) + 1)
    of_file = json.loads(_sparkify(tmp_path, "explain", "1541121934796-1-1-0", "--output", "json").stdout)
    assert "replay" not in of_file and of_file["line"] == 1


def test_analyze_counts_duplicates_and_names_one(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), event(), event(itemInSession=1), event(itemInSession=2)])
    write_lines(tmp_path / "logs/b.json", [event(), event(itemInSession=1)])
    load(tmp_path)
    found = json.loads(_sparkify(tmp_path, "analyze", "--output", "json").stdout)
    assert found["duplicates"] == {"plays": 3, "example": "1541121934796-1-1-0"}
    said = "3 plays are duplicates of one in songplays, such as those of 1541121934796-1-1-0"
    assert said in _sparkify(tmp_path, "analyze").stderr


def test_a_refused_run_writes_every_reject_and_holds_a_page_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lines(tmp_path / "logs/b.json", [event(), *[event(ts="x")] * 25])
    write_lines(tmp_path / "logs/a.json", [event(itemInSession=1), *[event(ts="y")] * 7])
    monkeypatch.setattr(rejects, "PAGE", 10)
    output = OutputFile(tmp_path / "rejects.json", "the rejects")
    chosen = load_settings({"warehouse": url_of(warehouse(tmp_path)), "logs": str(tmp_path / "logs")}).settings
    with (
        closing(connect(chosen.warehouse, chosen.access(read_only=False))) as engine,
        pytest.raises(TooManyRejects) as refused,
    ):
        Run(engine, chosen, Options(rejects_file=output)).run()
    assert "32 of 34 records were rejected" in str(refused.value) and "and 27 more" in str(refused.value)
    found = [json.loads(line) for line in (tmp_path / "rejects.json").read_text().splitlines()]
    assert [(Path(row["file"]).name, row["line"]) for row in found] == [
        *(("a.json", line) for line in range(2, 9)),
        *(("b.json", line) for line in range(2, 27)),
    ]
