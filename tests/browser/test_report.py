"""The report in a real browser: what is drawn, what is not run, and who can read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page
from tests.browser.conftest import HOSTILE, write_report
from tests.support import event, url_of, write_lines

import sparkify
from sparkify.reports.html.csv import harmless

DRAWN = "html[data-ready]"
MARKS = """() => Object.fromEntries([...document.querySelectorAll('[data-chart]')].map(chart => [
    chart.dataset.chart,
    chart.querySelectorAll('.role-mark path, .role-mark rect, .role-mark line').length]))"""


class Seen:
    """What a page said and asked for while it was open."""

    def __init__(self, page: Page, path: Path) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector(DRAWN)

    def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()


@contextmanager
def opened(browser: Browser, path: Path, width: int = 1600, **options: Any) -> Iterator[tuple[Page, Seen]]:
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    try:
        yield page, Seen(page, path)
    finally:
        context.close()


@pytest.fixture(scope="module")
def wide(browser: Browser, report: Path) -> Iterator[tuple[Page, Seen]]:
    with opened(browser, report) as found:
        yield found


def test_every_chart_is_drawn_in_silence_and_without_a_network(wide: tuple[Page, Seen], report: Path) -> None:
    page, seen = wide
    marks = page.evaluate(MARKS)
    assert len(marks) >= 16
    assert [chart for chart, count in marks.items() if not count] == []
    assert seen.complaints == []
    assert seen.requests == [report.as_uri()]
    assert report.stat().st_size < 3_000_000


def test_hostile_names_are_shown_and_not_run(wide: tuple[Page, Seen]) -> None:
    page, seen = wide
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, b, i").count() == 0
    assert page.evaluate("[...document.scripts].filter(script => !script.type).length") == 2
    tables = page.locator("#top-songs table").text_content() or ""
    drawn = page.locator("#top-songs .chart").text_content() or ""
    for name in ("<script>alert(1)</script>", "{{ 7 * 7 }}", "a\\u2028b"):
        assert name in tables
        assert name in drawn
    assert "<i>a.json" in (page.locator("#rejects").text_content() or "")
    assert seen.complaints == []


def test_the_policy_lets_no_other_script_run(wide: tuple[Page, Seen]) -> None:
    """Were a name ever written unescaped, it still would not run."""
    page, seen = wide
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 5';
        document.body.append(script);
        script.remove();
    }""")
    assert page.evaluate("window.hacked") is None
    assert "Content Security Policy" in seen.complaints.pop()


def test_a_chart_tells_its_numbers_when_hovered(wide: tuple[Page, Seen]) -> None:
    page, seen = wide
    page.locator("#top-songs .role-mark path").first.hover()
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    first = page.locator("#top-songs tbody tr").first.locator("td").all_text_contents()
    assert all(value in (tip.text_content() or "") for value in first)
    assert seen.complaints == []


LABELS = (
    "[...document.querySelectorAll('#plays-per-day .role-axis-label text')].map(text => text.textContent).sort().join()"
)


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for something; not by a function in the page, which its policy would not let be made."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to pass within ten seconds")


def test_a_chart_over_time_is_zoomed_and_reset(wide: tuple[Page, Seen]) -> None:
    page, seen = wide
    before = page.evaluate(LABELS)
    chart = page.locator("#plays-per-day .chart")
    chart.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    until(page, lambda: page.evaluate(LABELS) != before)
    chart.dblclick()
    until(page, lambda: page.evaluate(LABELS) == before)
    scrolled = page.evaluate("window.scrollY")
    page.mouse.wheel(0, 60)
    until(page, lambda: page.evaluate("window.scrollY") > scrolled)
    assert page.evaluate(LABELS) == before, "the wheel alone scrolls the page"
    assert seen.complaints == []


def test_the_csv_is_the_answer(wide: tuple[Page, Seen], report: Path) -> None:
    page, _ = wide
    with page.expect_download() as download:
        page.locator("#top-songs a[download]").click()
    assert download.value.suggested_filename == "top_songs.csv"
    text = Path(download.value.path()).read_bytes().decode("utf-8-sig")
    columns, *rows = csv.reader(io.StringIO(text, newline=""))
    with sparkify.connect(url_of(report.parent / "w.duckdb"), read_only=True) as warehouse:
        answer = warehouse.answers("top_songs")["top_songs"]
    assert tuple(columns) == answer.columns
    assert rows == [[str(harmless(value)) for value in row] for row in answer.rows]
    cells = {row[0] for row in rows}
    assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1"} & cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)
    assert set(HOSTILE) & cells


@pytest.mark.parametrize(("width", "scheme"), [(1600, "light"), (360, "dark")])
def test_it_fits_and_everyone_can_read_it(browser: Browser, report: Path, axe: str, width: int, scheme: Any) -> None:
    with opened(browser, report, width, color_scheme=scheme, bypass_csp=True) as (page, seen):
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (fault["id"], fault["nodes"][0]["html"][:200])
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
        assert serious == []
        assert seen.complaints == []
        light = sum(map(int, page.evaluate(BACKGROUND)))
        assert light > 600 if scheme == "light" else light < 150


BACKGROUND = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)"


def test_it_is_read_by_keyboard(wide: tuple[Page, Seen]) -> None:
    page, _ = wide
    page.reload()
    page.wait_for_selector(DRAWN)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answers"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator("#plays-per-day details.data[open] table").is_visible()
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(title => +title.tagName[1])")
    assert levels[0] == 1
    assert set(levels[1:]) == {2}


def test_every_chart_says_what_it_shows(wide: tuple[Page, Seen]) -> None:
    page, _ = wide
    words = page.evaluate("[...document.querySelectorAll('figure > [role=img]')].map(image => image.ariaLabel)")
    assert len(words) == page.locator("[data-chart]").count()
    assert "Column chart: plays in plays per day, 25 values. The most is 23, at day 2018-11-02" in words[0]
    assert len(set(words)) == len(words)
    assert page.locator("svg.erd").get_attribute("role") == "img"
    assert "songplays: 9 columns" in (page.locator("svg.erd desc").text_content() or "")


def test_paper_is_white_and_without_what_paper_cannot_do(wide: tuple[Page, Seen]) -> None:
    page, _ = wide
    page.emulate_media(media="print", color_scheme="dark")
    assert sum(map(int, page.evaluate(BACKGROUND))) == 765
    assert not page.locator("nav").is_visible()
    assert not page.locator("a[download]").first.is_visible()
    assert page.locator("#checks table").first.is_visible()
    page.emulate_media(media="screen", color_scheme="light")


def test_days_are_those_of_utc_wherever_it_is_read(browser: Browser, wide: tuple[Page, Seen], report: Path) -> None:
    with opened(browser, report, timezone_id="America/Los_Angeles") as (page, _):
        assert page.evaluate("new Date().getTimezoneOffset()") > 0
        assert page.evaluate(LABELS) == wide[0].evaluate(LABELS)


@pytest.mark.parametrize("events", [[], [event()]], ids=["an empty warehouse", "a single event"])
def test_little_data_is_a_report_too(browser: Browser, tmp_path: Path, events: list[dict[str, Any]]) -> None:
    if events:
        write_lines(tmp_path / "logs" / "a.json", events)
        path = write_report(tmp_path)
    else:
        path = _empty(tmp_path)
    with opened(browser, path) as (page, seen):
        marks = page.evaluate(MARKS)
        assert all(marks.values())
        assert bool(marks) == bool(events)
        assert seen.complaints == []
        empty = page.locator(".empty").count()
        assert empty > 10 if not events else empty > 0


def _empty(folder: Path) -> Path:
    from sparkify.engines.registry import connect
    from sparkify.warehouse.tables import open_for_writing

    url = url_of(folder / "w.duckdb")
    engine = connect(url)
    open_for_writing(engine)
    engine.close()
    with sparkify.connect(url) as warehouse:
        warehouse.report(folder / "report.html")
    return folder / "report.html"
