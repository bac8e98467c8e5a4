"""What the simulator writes is loaded whole by the real etl, and the warehouse agrees with the summary."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support import rows

import sparkify
from sparkify.generate import GenerateOptions, Summary, generate


@dataclass(frozen=True)
class Loaded:
    """What the simulator says that it wrote, and the warehouse that it was loaded into."""

    said: Summary
    warehouse: Path

    def count(self, sql: str) -> int:
        return int(rows(self.warehouse, sql)[0][0])


def loaded(folder: Path, options: GenerateOptions) -> Loaded:
    said = generate(folder / "out", options)
    warehouse = folder / "w.duckdb"
    with sparkify.connect(f"duckdb:///{warehouse}") as connection:
        connection.etl(logs=str(folder / "out/log_data"), songs=str(folder / "out/song_data"))
    return Loaded(said, warehouse)


def assert_whole(run: Loaded) -> None:
    """No reject, no duplicate; every record and every play is there."""
    said = run.said
    assert run.count("SELECT count(*) FROM etl_rejects") == 0
    assert run.count("SELECT sum(records) FROM etl_files WHERE kind = 'events'") == said.events
    assert run.count("SELECT count(*) FROM staging_events") == said.events
    assert run.count("SELECT count(*) FROM staging_songs") == said.songs
    assert run.count("SELECT count(*) FROM songplays") == said.plays > 5_000
    assert run.count("SELECT count(DISTINCT sessionId) FROM staging_events") == said.sessions
    with sparkify.connect(f"duckdb:///{run.warehouse}", read_only=True) as connection:
        assert [check.name for check in connection.check() if check.state == "failed"] == []


PLAYS_OF_KNOWN_SONGS = "SELECT count(*) FROM songplays JOIN songs USING (song_id) WHERE NOT songs.inferred"


@pytest.mark.parametrize("packed", [False, True])
def test_every_play_finds_its_song(packed: bool, tmp_path: Path) -> None:
    options = GenerateOptions(users=120, songs=300, growth_rate=2.0, attrition_rate=1.0, gzip=packed, seed=21)
    run = loaded(tmp_path, options)
    assert_whole(run)
    assert run.count("SELECT count(*) FROM songs WHERE inferred") == 0
    assert run.count("SELECT count(*) FROM artists WHERE inferred") == 0
    assert run.count(PLAYS_OF_KNOWN_SONGS) == run.said.plays == run.said.matched_plays


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_the_stated_share_of_plays_finds_its_song(rate: float, tmp_path: Path) -> None:
    run = loaded(tmp_path, GenerateOptions(users=150, songs=300, match_rate=rate, seed=22))
    assert_whole(run)
    known = run.count(PLAYS_OF_KNOWN_SONGS)
    assert known == run.said.matched_plays
    assert known / run.said.plays == pytest.approx(rate, abs=0.01)
    assert run.count("SELECT count(*) FROM songs WHERE NOT inferred") == 300
    assert run.count("SELECT count(*) FROM songs WHERE inferred") > 100


@pytest.mark.parametrize("name", ["example-config.json", "alt-example-config.json", "Guitar-config.json"])
def test_each_configuration_loads_as_it_is(name: str, shared: Path, tmp_path: Path) -> None:
    run = loaded(tmp_path, GenerateOptions(users=150, songs=300, config=shared / "eventsim" / name))
    assert_whole(run)
    assert run.count("SELECT count(*) FROM songs WHERE inferred") == 0


def test_plays_of_the_real_songs_find_them(shared: Path, tmp_path: Path) -> None:
    run = loaded(tmp_path, GenerateOptions(users=60, catalogue=str(shared / "udacity" / "song_data")))
    assert_whole(run)
    assert run.count(PLAYS_OF_KNOWN_SONGS) == run.said.plays
    assert run.count("SELECT count(*) FROM songs") == run.said.songs == 71
