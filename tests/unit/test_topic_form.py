"""The topic form of events in files: how it is read, and which topics are refused together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support import event, load, rows, write_lines
from tests.unit.command import assert_error, sparkify

from sparkify.contract import EVENTS
from sparkify.errors import UsageError
from sparkify.etl.event_topics import refuse_repeated_events, topic_of
from sparkify.generate import GenerateOptions, generate
from sparkify.generate.topic_form import messages
from sparkify.reader.examine import Grammar


def _topic(**values: Any) -> dict[str, Any]:
    record = {name: value for name, value in event().items() if name not in ("length", "location", "userId")}
    return {**record, "userId": 7, "duration": 200.5, "city": "Reno", "state": "NV", "zip": "89501", **values}


@pytest.mark.parametrize(
    ("values", "location"),
    [
        ({}, "Reno, NV"),
        ({"state": None}, "Reno"),
        ({"city": None}, None),
        ({"city": None, "state": None}, None),
        ({"state": 5}, "Reno, 5"),
    ],
)
def test_fields_of_the_topic_form(tmp_path: Path, values: dict[str, Any], location: str | None) -> None:
    write_lines(tmp_path / "logs/a.json", [_topic(**values)])
    found = rows(load(tmp_path), 'SELECT location, length, "userId", page FROM staging_events')
    assert found == [(location, 200.5, 7, "NextSong")]


def test_a_listen_has_no_page(tmp_path: Path) -> None:
    record = _topic()
    del record["page"]
    write_lines(tmp_path / "logs/a.json", [record])
    assert rows(load(tmp_path), "SELECT page FROM staging_events") == [("NextSong",)]


@pytest.mark.parametrize("name", ["artist", "song", "duration"])
def test_without_page_and_without_a_song_it_is_a_reject(tmp_path: Path, name: str) -> None:
    record = _topic(**{name: None}, itemInSession=5)
    del record["page"]
    write_lines(tmp_path / "logs/a.json", [_topic(), record])
    warehouse = load(tmp_path, max_rejects="100%")
    assert rows(warehouse, "SELECT field FROM etl_rejects") == [("page",)]


def test_a_record_with_length_or_location_is_of_the_file_form(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(city="Reno", state="NV", duration=3)])
    found = rows(load(tmp_path), "SELECT location, length FROM staging_events")
    assert found == [(event().get("location"), event()["length"])]


def test_both_forms_of_the_same_events_give_the_same_rows(tmp_path: Path) -> None:
    generate(tmp_path / "made", GenerateOptions(users=15, songs=20))
    made = sorted((tmp_path / "made/log_data").rglob("*.json"))
    lines = [line for path in made for line in path.read_bytes().splitlines()]
    views = [value for line in lines for name, value in messages(line) if name == "page_view_events"]
    for name, form in (("file", b"\n".join(lines)), ("topic", b"".join(views))):
        (tmp_path / name / "logs").mkdir(parents=True)
        (tmp_path / name / "logs/a.json").write_bytes(form)
    columns = 'ts, "sessionId", "itemInSession", "userId", page, level, location, artist, song, length, registration'
    query = f"SELECT {columns} FROM staging_events ORDER BY ALL"
    assert rows(load(tmp_path / "topic"), query) == rows(load(tmp_path / "file"), query) != []


@pytest.mark.parametrize(
    ("uri", "topic"),
    [
        ("file:///d/listen_events.json", "listen_events"),
        ("file:///d/listen_events/2018/11/a.json", "listen_events"),
        ("s3://b/raw/prod_page_view_events-0001.json.gz", "page_view_events"),
        ("file:///d/Auth_Events.jsonl", "auth_events"),
        ("file:///d/my-status_change_events.json", "status_change_events"),
        ("file:///d/unlisten_eventsx.json", ""),
        ("file:///d/2018-11-01-events.json", ""),
    ],
)
def test_a_topic_is_known_by_the_name_of_a_file_or_a_folder(uri: str, topic: str) -> None:
    assert topic_of(uri) == topic


@pytest.mark.parametrize("topic", ["auth_events", "status_change_events"])
def test_topics_that_only_repeat_are_refused(topic: str) -> None:
    with pytest.raises(UsageError, match=topic):
        refuse_repeated_events([f"file:///d/{topic}.json"], [])


def test_listens_beside_page_views_are_refused_in_one_run_and_in_two(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/page_view_events.json", [_topic()])
    warehouse = load(tmp_path)
    write_lines(tmp_path / "logs/listen_events.json", [_topic()])
    arguments = ("etl", "--logs", "logs", "--songs", "songs", "--warehouse", f"duckdb:///{warehouse}")
    (tmp_path / "songs").mkdir(exist_ok=True)
    (tmp_path / "songs/s.json").write_text("")
    assert_error(sparkify(*arguments, cwd=tmp_path), 2, "every play would be there twice", "listen_events.json")
    (tmp_path / "logs/page_view_events.json").unlink()
    assert_error(sparkify(*arguments, cwd=tmp_path), 2, "every play would be there twice", "page_view_events.json")
    assert rows(warehouse, "SELECT COUNT(*) FROM staging_events") == [(1,)]


NEEDED = ("ts", "sessionId", "itemInSession", "page", "level")
SHAPES: list[dict[str, Any]] = [
    _topic(),
    _topic(lat=39.5, lon=-119.8, duration=1e2),
    _topic(state=None, auth=None, status=None),
    _topic(city=None),
    _topic(city="", state='é\u2028"\\'),
    _topic(duration=None, artist=None, song=None, page="Home"),
    {name: value for name, value in _topic(page="Home").items() if name in NEEDED},
    {name: value for name, value in _topic().items() if name not in ("page", "state")},
]


def _shapes() -> list[dict[str, Any]]:
    return [{**shape, "itemInSession": number} for number, shape in enumerate(SHAPES * 3)]


def test_canonical_lines_of_the_topic_form_are_not_read_one_by_one(tmp_path: Path) -> None:
    """DESIGN section 3: at the speed of the other form where lines are canonical, and with the same rows."""
    tables = []
    longer = {**_topic(), "itemInSession": 100, "tab\t": 1}
    for name, more in (("canonical", []), ("careful", [longer])):
        write_lines(tmp_path / name / "logs/a.json", [*_shapes(), *more])
        place = load(tmp_path / name)
        tables.append(rows(place, 'SELECT * FROM staging_events WHERE "itemInSession" < 100 ORDER BY "itemInSession"'))
    assert tables[0] == tables[1]
    for name, is_canonical in (("canonical", True), ("careful", False)):
        grammar, lines = Grammar(EVENTS), (tmp_path / name / "logs/a.json").read_bytes()
        assert (grammar.accepts(lines, len(lines)), grammar.has_topic_form) == (is_canonical, is_canonical)


def test_a_large_file_in_which_the_forms_follow_each_other_is_canonical_too(tmp_path: Path) -> None:
    """Blocks of one form each; the lines of both are in one file."""
    parts = [event(itemInSession=number) for number in range(6000)]
    parts += [{**shape, "sessionId": number} for number in range(800) for shape in SHAPES]
    for name, records in (("mixed", parts), ("careful", [*parts, {**event(sessionId=-1), "tab\t": 1}])):
        write_lines(tmp_path / name / "logs/a.json", records)
    columns = 'SELECT * FROM staging_events WHERE "sessionId" >= 0 ORDER BY ALL'
    assert rows(load(tmp_path / "mixed"), columns) == rows(load(tmp_path / "careful"), columns)
