"""The picture of the star: drawn from the definitions, and the one in the README is up to date."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from tests.support import ROOT
from tests.unit.command import sparkify

from sparkify.reports import erd
from sparkify.sql import definitions

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_in_the_readme_is_up_to_date() -> None:
    assert (ROOT / "docs" / "star.svg").read_text("utf-8") == erd.svg(), (
        "stale: sparkify erd --format svg > docs/star.svg"
    )
    assert "(docs/star.svg)" in (ROOT / "README.md").read_text("utf-8")


def test_the_svg_names_every_table_and_column() -> None:
    tree = ElementTree.fromstring(erd.svg())
    texts = [element.text for element in tree.iter(f"{SVG}text")]
    for table in erd.star():
        assert texts.count(table.name) >= 1
        for column in table.columns:
            assert column.name in texts
    edges = [path for path in tree.iter(f"{SVG}path") if (path.get("class") or "").startswith("erd-edge")]
    assert len(edges) == sum(len(table.references) for table in erd.star())


def test_an_optional_relation_has_dashes_and_a_ring() -> None:
    tree = ElementTree.fromstring(erd.svg())
    dashed = [path for path in tree.iter(f"{SVG}path") if path.get("class") == "erd-edge erd-optional"]
    optional = [
        reference for table in erd.star() for reference in table.references if erd.is_optional(table, reference.column)
    ]
    assert {reference.column for reference in optional} >= {"song_id", "artist_id"}
    assert len(dashed) == len(list(tree.iter(f"{SVG}circle"))) == len(optional)


def test_the_fact_stands_out() -> None:
    tree = ElementTree.fromstring(erd.svg())
    names = [text.text for text in tree.iter(f"{SVG}text") if "erd-fact" in (text.get("class") or "")]
    assert names == ["songplays"]
    assert '  songplays["songplays (fact)"] {' in erd.mermaid()


def test_nothing_in_the_svg_lies_outside_it_or_on_another_table() -> None:
    tree = ElementTree.fromstring(erd.svg())
    width, height = map(float, (tree.get("viewBox") or "").split()[2:])
    boxes = [
        tuple(float(box.get(side) or 0) for side in ("x", "y", "width", "height"))
        for box in tree.iter(f"{SVG}rect")
        if (box.get("class") or "").startswith("erd-box")
    ]
    assert len(boxes) == len(definitions.STAR)
    for x, y, w, h in boxes:
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
    for place, (x, y, w, h) in enumerate(boxes):
        for other_x, other_y, other_w, other_h in boxes[:place]:
            assert x >= other_x + other_w or other_x >= x + w or y >= other_y + other_h or other_y >= y + h


def test_mermaid_has_every_reference_and_key() -> None:
    text = erd.mermaid()
    assert text.startswith("erDiagram\n")
    assert "  songplays }o--|| users : user_id\n" in text
    assert "  songplays }o..o| songs : song_id\n" in text, "the song may be unknown"
    assert re.search(
        r"  songplays\[\S+ \(fact\)\"\] \{\n    VARCHAR songplay_id PK\n    TIMESTAMP start_time FK\n", text
    )
    assert text.count("{\n") == len(definitions.STAR)


def test_the_command_prints_both(tmp_path: Path) -> None:
    assert sparkify("erd", cwd=tmp_path).stdout == erd.mermaid()
    assert sparkify("erd", "--format", "svg", cwd=tmp_path).stdout == erd.svg()
    assert sparkify("erd", "--format", "png", cwd=tmp_path).returncode == 2
