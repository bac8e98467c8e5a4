"""Which texts are repaired, to what, and which are left alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import REAL, needs_real_sample

from sparkify.star.repair import repaired


def encoded_again(text: str, times: int = 1) -> str:
    """A text as it comes out of a reader that takes UTF-8 for Latin-1."""
    for _ in range(times):
        text = text.encode("utf-8").decode("latin-1")
    return text


def test_the_sample_of_the_issue() -> None:
    assert repaired("Bj\u00c3\u0083\u00c2\u00b6rk") == "Björk"


@pytest.mark.parametrize(
    "text",
    ["Björk", "à la carte", "ÀÉÎ", "Łódź", "あいう", "Ünïcödé — “quoted” ©", "🎵 Ünd", "a\u00a0ß", "naïve\u0085"],
)
@pytest.mark.parametrize("times", [2, 3])
def test_what_was_encoded_too_often_comes_back(text: str, times: int) -> None:
    assert repaired(encoded_again(text, times)) == text


@pytest.mark.parametrize("text", ["Björk", "Ça ira", "ÀÉÎ", "¿Dónde?"])
def test_what_was_encoded_once_too_often_comes_back(text: str) -> None:
    assert repaired(encoded_again(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Elena",
        "Björk",
        "SÃO PAULO",
        "São Tomé",
        "CAFÉ®",
        "IRMÃ\u00a0DULCE",  # a no-break space after Ã: this might be à, and it might not
        "Â\u00a0",
        "«MAÇû",
        "Montserrat Caballé;Placido Domingo",
        "Ã©té",  # half of it only: é by itself is no UTF-8
        "Ã\u0083Â",  # cut off within a character
        "Ã© …",  # holds a character that is no byte
        "Ãƒ",  # Windows-1252: what it was cannot be told for certain
        "Å\u0082",
        "\u00c0\u0080",
    ],
)
def test_what_may_be_right_is_left_alone(text: str) -> None:
    assert repaired(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_repair_can_be_undone_by_encoding_again(text: str) -> None:
    again = repaired(text)
    while again != text:
        again = encoded_again(again)
        assert len(again) <= len(text)


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_ascii_is_left_alone(text: str) -> None:
    assert repaired(text) == text


@needs_real_sample
def test_every_misencoded_text_of_the_sample_was_encoded_twice() -> None:
    misencoded = set()
    for path in (REAL / "log_data").rglob("*.json"):
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            misencoded |= {record[name] for name in ("artist", "song") if not (record[name] or "").isascii()}
    changed = {text for text in misencoded if repaired(text) != text}
    assert len(changed) == 195
    assert {encoded_again(repaired(text), 2) for text in changed} == changed
    assert not any("Ã" in repaired(text) or "Â" in repaired(text) for text in misencoded)
