"""The report without a browser: its CSV, its charts' data, what it refuses and what it never tells."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, load, song, url_of, write_lines
from tests.unit.command import assert_error, sparkify

import sparkify as package
from sparkify.engines.registry import connect
from sparkify.errors import SparkifyError, UsageError
from sparkify.reports.html.csv import csv_text

WHERE = ("--warehouse", "duckdb:///w.duckdb")


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    plays = [event(itemInSession=n, song="</script><!-- & \u2028", artist=f"A{n % 2}") for n in range(4)]
    write_lines(tmp_path / "logs" / "a.json", plays)
    write_lines(tmp_path / "songs" / "a.json", [song()])
    load(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A", "\tx", "\rx", "\nx", "＝1"])
def test_a_cell_is_no_formula(text: str) -> None:
    read = list(csv.reader(io.StringIO(csv_text(["a"], [[text]]).removeprefix("\ufeff"), newline="")))
    assert read == [["a"], ["'" + text]]


def test_other_cells_are_as_they_are() -> None:
    row = [-1, -0.5, None, 'a "b", c\nd', "1-2"]
    assert csv_text(["a"] * 5, [row]) == '\ufeff"a","a","a","a","a"\r\n-1,-0.5,,"a ""b"", c\nd","1-2"\r\n'
    assert csv_text(["a"], [["x;=1+1;"]]) == '\ufeff"a"\r\n"x;=1+1;"\r\n'


def specs(page: str) -> dict[str, dict[str, Any]]:
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', page)
    return {name: json.loads(spec) for name, spec in found}


def test_two_bars_of_one_name_are_two(loaded: Path) -> None:
    plays = [event(itemInSession=9, song="x – y", artist="z"), event(itemInSession=8, song="x", artist="y – z")]
    write_lines(loaded / "logs" / "b.json", plays)
    load(loaded)
    (values,) = specs(report_of(loaded))["top-songs-1"]["datasets"].values()
    names = [value["bar name"] for value in values]
    assert sorted(name for name in names if name.startswith("x")) == ["x – y – z", "x – y – z (2)"]


def report_of(folder: Path) -> str:
    with package.connect(url_of(folder / "w.duckdb"), read_only=True) as warehouse:
        warehouse.report(folder / "report.html")
    return (folder / "report.html").read_text("utf-8")


def test_names_are_escaped_everywhere(loaded: Path) -> None:
    page = report_of(loaded)
    assert page.count("</script>") == page.count("<script") == len(specs(page)) + 2
    assert "&lt;/script&gt;&lt;!-- &amp;" in page
    assert "<!--" not in page.split("</style>")[1]
    assert "http://" not in re.sub(r"<script>.*?</script>|<svg.*?</svg>", "", page, flags=re.DOTALL).replace(
        "http://www.w3.org", ""
    )


def test_the_command_writes_a_report_and_says_so(loaded: Path) -> None:
    done = sparkify("analyze", "--report", "r.html", *WHERE, cwd=loaded)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"wrote r.html \(\d\.\d MB\)\n", done.stderr)
    assert "Top songs" in done.stdout
    assert (loaded / "r.html").stat().st_size < 3_000_000
    assert os.stat(loaded / "r.html").st_mode & 0o777 == os.stat(loaded / "logs" / "a.json").st_mode & 0o777


@pytest.mark.parametrize("target", ["logs", "nowhere/r.html"])
def test_a_report_that_cannot_be_written(loaded: Path, target: str) -> None:
    with package.connect(url_of(loaded / "w.duckdb"), read_only=True) as warehouse:
        before = sorted(loaded.rglob("*"))
        with pytest.raises(SparkifyError, match=f"cannot write the report to .*{target}"):
            warehouse.report(loaded / target)
        assert sorted(loaded.rglob("*")) == before


def test_a_report_and_some_answers_are_not_asked_for_together(loaded: Path) -> None:
    done = sparkify("analyze", "--report", "r.html", "--only", "top_songs", *WHERE, cwd=loaded)
    assert_error(done, 2, "a report holds every answer")


def test_a_report_has_the_title_that_is_asked_for(loaded: Path) -> None:
    done = sparkify("analyze", "--report", "r.html", "--title", "Plays of <b>November</b>", *WHERE, cwd=loaded)
    assert done.returncode == 0, done.stderr
    page = (loaded / "r.html").read_text("utf-8")
    assert "<title>Plays of &lt;b&gt;November&lt;/b&gt;</title>" in page
    assert "<h1>Plays of &lt;b&gt;November&lt;/b&gt;</h1>" in page
    assert "<title>What users are listening to</title>" in report_of(loaded)


def test_a_title_without_a_report_is_refused(loaded: Path) -> None:
    assert_error(sparkify("analyze", "--title", "x", *WHERE, cwd=loaded), 2, "Add --report FILE")


def test_a_missing_package_names_the_extra(loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparkify.reports.html.PACKAGES", ("altair", "no_such_package"))
    with (
        package.connect(url_of(loaded / "w.duckdb"), read_only=True) as warehouse,
        pytest.raises(UsageError, match=r"no-such-package.*\n.*sparkify\[report\]"),
    ):
        warehouse.report(loaded / "r.html")


def test_a_failed_check_is_in_the_report_and_fails_the_command(loaded: Path) -> None:
    engine = connect(url_of(loaded / "w.duckdb"))
    engine.execute("DELETE FROM users")
    engine.close()
    done = sparkify("analyze", "--report", "r.html", *WHERE, cwd=loaded)
    assert done.returncode == 1
    assert "blocking checks failed: " in done.stderr
    page = (loaded / "r.html").read_text("utf-8")
    assert "✕ failed" in page
    assert "The first bad rows of <code>songplays_user_id_resolved</code>" in page


def test_no_password_is_told(loaded: Path) -> None:
    from sparkify.reports.analyze import analyze
    from sparkify.reports.html.page import page
    from sparkify.text import without_password

    engine = connect(url_of(loaded / "w.duckdb"))
    text = page(engine, without_password("postgresql://me:s3cret@host/db"), analyze(engine))
    engine.close()
    assert "s3cret" not in text
    assert "postgresql://me:***@host/db" in text
