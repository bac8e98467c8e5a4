"""The etl into PostgreSQL against bare COPY and a star in hand-written SQL, on one server.

usage: python benchmarks/postgres.py DATA [--rounds N] [--server URL]

DATA holds `log_data` and `song_data`. The yardstick gets the rows as CSV, made before the clock starts, copies them and
fills the star with the statements below, keys and references declared at the end. It promises nothing: no manifest, no
rejects, no checks. The two take turns, each in a schema of its own; ratios and medians are printed. Without a server,
one is started by pgserver.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import psycopg
from benchmarks.etl import etl, show, timed

from sparkify.contract import EVENTS, SONGS, RecordType

TYPES = {"VARCHAR": "text", "DOUBLE": "double precision"}

STAR = """
CREATE TABLE plays AS
SELECT DISTINCT ON ("userId", "sessionId", "itemInSession") *, rtrim(artist, ' ') AS a, rtrim(song, ' ') AS s
FROM staging_events WHERE page = 'NextSong'
ORDER BY "userId", "sessionId", "itemInSession", ts;
CREATE TABLE matches AS
SELECT DISTINCT ON (p.a, p.s, p.length) p.a, p.s, p.length,
  coalesce(g.song_id, 'SOX' || upper(substr(md5(p.a || chr(31) || p.s), 1, 15))) AS song_id,
  coalesce(g.artist_id, n.artist_id, 'ARX' || upper(substr(md5(p.a), 1, 15))) AS artist_id,
  g.song_id IS NULL AS inferred, g.song_id IS NULL AND n.artist_id IS NULL AS artist_inferred
FROM (SELECT DISTINCT a, s, length FROM plays) AS p
LEFT JOIN staging_songs AS g ON rtrim(g.title, ' ') = p.s AND rtrim(g.artist_name, ' ') = p.a
LEFT JOIN (SELECT rtrim(artist_name, ' ') AS a, min(artist_id) AS artist_id FROM staging_songs GROUP BY 1) AS n
  ON n.a = p.a
ORDER BY p.a, p.s, p.length, abs(g.duration - p.length), g.song_id;
ANALYZE plays, matches;
INSERT INTO artists
SELECT DISTINCT ON (artist_id) artist_id, artist_name, nullif(artist_location, ''), artist_latitude, artist_longitude,
  false
FROM staging_songs ORDER BY artist_id, length(artist_name), artist_name;
INSERT INTO artists SELECT artist_id, min(a), null, null, null, true FROM matches WHERE artist_inferred GROUP BY 1;
INSERT INTO songs
SELECT DISTINCT ON (song_id) song_id, title, artist_id, nullif(year, 0), duration, false
FROM staging_songs ORDER BY song_id, title;
INSERT INTO songs SELECT song_id, min(s), min(artist_id), null, min(length), true
FROM matches WHERE inferred GROUP BY 1;
INSERT INTO users
SELECT DISTINCT ON ("userId") "userId", "firstName", "lastName", gender, level,
  timestamp '1970-01-01' + ts * interval '1 millisecond'
FROM staging_events WHERE "userId" IS NOT NULL ORDER BY "userId", ts DESC, "sessionId" DESC, "itemInSession" DESC;
INSERT INTO users_history
SELECT user_id, level, t, lead(t) OVER w, lead(t) OVER w IS NULL
FROM (
  SELECT "userId" AS user_id, level, timestamp '1970-01-01' + ts * interval '1 millisecond' AS t,
    lag(level) OVER (PARTITION BY "userId" ORDER BY ts, "sessionId", "itemInSession") AS before
  FROM staging_events WHERE "userId" IS NOT NULL
) AS e
WHERE before IS DISTINCT FROM level
WINDOW w AS (PARTITION BY user_id ORDER BY t);
INSERT INTO songplays
SELECT "userId" || '-' || "sessionId" || '-' || "itemInSession", timestamp '1970-01-01' + ts * interval '1 millisecond',
  "userId", level, song_id, artist_id, "sessionId", nullif(location, ''), "userAgent"
FROM plays AS p JOIN matches AS m ON m.a = p.a AND m.s = p.s AND m.length = p.length;
INSERT INTO time
SELECT t, extract(hour FROM t), extract(day FROM t), extract(week FROM t), extract(month FROM t), extract(year FROM t),
  extract(dow FROM t)
FROM (SELECT DISTINCT start_time AS t FROM songplays) AS d;
"""

TABLES = """
CREATE TABLE artists (artist_id text NOT NULL, name text NOT NULL, location text, latitude double precision,
  longitude double precision, inferred boolean NOT NULL);
CREATE TABLE songs (song_id text NOT NULL, title text NOT NULL, artist_id text NOT NULL, year int,
  duration double precision, inferred boolean NOT NULL);
CREATE TABLE users (user_id bigint NOT NULL, first_name text, last_name text, gender text, level text NOT NULL,
  last_seen_at timestamp NOT NULL);
CREATE TABLE users_history (user_id bigint NOT NULL, level text NOT NULL, valid_from timestamp NOT NULL,
  valid_to timestamp, current boolean NOT NULL);
CREATE TABLE time (start_time timestamp NOT NULL, hour int NOT NULL, day int NOT NULL, week int NOT NULL,
  month int NOT NULL, year int NOT NULL, weekday int NOT NULL);
CREATE TABLE songplays (songplay_id text NOT NULL, start_time timestamp NOT NULL, user_id bigint NOT NULL,
  level text NOT NULL, song_id text, artist_id text, session_id bigint NOT NULL, location text, user_agent text);
"""

KEYS = """
ALTER TABLE artists ADD PRIMARY KEY (artist_id);
ALTER TABLE songs ADD PRIMARY KEY (song_id), ADD FOREIGN KEY (artist_id) REFERENCES artists;
ALTER TABLE users ADD PRIMARY KEY (user_id);
ALTER TABLE users_history ADD PRIMARY KEY (user_id, valid_from), ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE time ADD PRIMARY KEY (start_time);
ALTER TABLE songplays ADD PRIMARY KEY (songplay_id), ADD FOREIGN KEY (start_time) REFERENCES time,
  ADD FOREIGN KEY (user_id) REFERENCES users, ADD FOREIGN KEY (song_id) REFERENCES songs,
  ADD FOREIGN KEY (artist_id) REFERENCES artists;
"""


def write_csv(data: Path, folder: Path) -> None:
    """The rows of both record types as CSV; what is no number there is written as JSON has it."""
    for record_type, name in ((EVENTS, "log_data"), (SONGS, "song_data")):
        texts = {field.name: "VARCHAR" if field.often_text else field.type.value for field in record_type.fields}
        # What has a fraction of zero in JSON, such as registration, is a whole number.
        values = ", ".join(
            f"CAST(NULLIF(\"{field.name}\", '') AS BIGINT)" if field.often_text else f'"{field.name}"'
            for field in record_type.fields
        )
        reader = duckdb.connect()
        files = [str(path) for path in sorted((data / name).rglob("*.json"))]
        reader.execute(
            f"COPY (SELECT {values} FROM read_json(?, format = 'newline_delimited', columns = ?)) "
            f"TO '{folder / record_type.table}.csv' (FORMAT csv, HEADER false)",
            [files, texts],
        )


def create_staging(record_type: RecordType) -> str:
    """The CREATE TABLE of a staging table, without constraints."""
    columns = ", ".join(f'"{f.name}" {TYPES.get(f.type.value, f.type.value)}' for f in record_type.fields)
    return f"CREATE TABLE {record_type.table} ({columns})"


def yardstick(server: str, folder: Path, schema: str) -> None:
    """COPY and the star, in one transaction; run as a process of its own by `main`."""
    with psycopg.connect(server) as connection:
        connection.execute(
            f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; SET search_path TO {schema}"
        )
        connection.execute("SET work_mem = '64MB'; SET maintenance_work_mem = '256MB'; SET jit = off")
        connection.execute(TABLES)
        for record_type in (EVENTS, SONGS):
            connection.execute(create_staging(record_type))
            path = folder / f"{record_type.table}.csv"
            with (
                path.open("rb") as rows,
                connection.cursor().copy(f"COPY {record_type.table} FROM STDIN (FORMAT csv)") as copy,
            ):
                while block := rows.read(1 << 18):
                    copy.write(block)
        start = time.perf_counter()
        connection.execute(f"ANALYZE staging_events, staging_songs; {STAR}")
        print(f"star {time.perf_counter() - start:.2f} s", end=", ")
        start = time.perf_counter()
        connection.execute(KEYS)
        print(f"keys {time.perf_counter() - start:.2f} s")


def main() -> None:
    """Run the rounds, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", default="")
    parser.add_argument("--yardstick", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.yardstick:
        yardstick(arguments.server, arguments.yardstick, "yardstick")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_csv(arguments.data, folder)
        if arguments.server:
            measure(arguments.server, arguments.data, folder, arguments.rounds)
            return
        from pgserver.postgres_server import get_server

        with get_server(folder / "server", cleanup_mode="delete") as server:
            measure(server.get_uri().replace("postgres:@", "postgres@"), arguments.data, folder, arguments.rounds)


def measure(server: str, data: Path, folder: Path, rounds: int) -> None:
    """Take turns."""
    first, bare, nothing = [], [], []
    warehouse = f"{server}{'&' if '?' in server else '?'}schema=benchmark"
    script = [sys.executable, "-m", "benchmarks.postgres", str(data), "--server", server, "--yardstick", str(folder)]
    for _ in range(rounds):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS benchmark CASCADE")
            connection.execute("CHECKPOINT")
        first.append(timed(etl(data, warehouse)))
        nothing.append(timed(etl(data, warehouse)))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        bare.append(timed(script))
    print(subprocess.run(script, capture_output=True, text=True, check=True).stdout.strip())
    show("first load", first)
    show("yardstick", bare)
    show("nothing new", nothing)
    ratios = sorted(one[0] / other[0] for one, other in zip(first, bare, strict=True))
    print(f"first load / yardstick: {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
