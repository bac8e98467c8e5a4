"""What is wrong with a configuration is said with its place."""

import copy
import json
from typing import Any

import pytest

from sparkify.generate.chain import Chain, Kind
from sparkify.generate.config import State, load, parse
from sparkify.generate.errors import OptionsError


def state(page: str, auth: str = "In", level: str = "free", status: int = 200) -> dict[str, Any]:
    return {"page": page, "auth": auth, "method": "GET", "status": status, "level": level}


def move(source: dict[str, Any], dest: dict[str, Any], p: float) -> dict[str, Any]:
    return {"source": source, "dest": dest, "p": p}


GOOD: dict[str, Any] = {
    "show-user-details": [{"auth": "In", "show": True}, {"auth": "Gone", "show": False}],
    "levels": [{"level": "free", "weight": 1}],
    "auths": [{"auth": "In", "weight": 1}],
    "churned-state": "Gone",
    "new-session": [{**state("Home"), "weight": 3}],
    "transitions": [
        move(state("Home"), state("NextSong"), 0.9),
        move(state("NextSong"), state("NextSong"), 0.5),
        move(state("NextSong"), state("Home", status=307), 0.25),
        move(state("Home", status=307), state("Bye", "Gone"), 1.0),
    ],
}


def broken(path: str, value: object) -> str:
    raw = copy.deepcopy(GOOD)
    spot: Any = raw
    *keys, last = path.split("/")
    for key in keys:
        spot = spot[int(key) if key.isdigit() else key]
    spot[int(last) if last.isdigit() else last] = value
    return json.dumps(raw)


def test_good_one_is_read() -> None:
    config = parse(json.dumps(GOOD), "x")
    assert len(config.states) == 4
    assert config.transitions[State("NextSong", "In", "GET", 200, "free")] == {
        State("NextSong", "In", "GET", 200, "free"): 0.5,
        State("Home", "In", "GET", 307, "free"): 0.25,
    }


def test_built_in_one_is_good() -> None:
    assert len(load(None).states) > 40


@pytest.mark.parametrize(
    ("path", "value", "place", "problem"),
    [
        ("transitions/2/p", 0.6, "transitions[2].p", "more than 1"),
        ("transitions/1/p", 1.5, "transitions[1].p", "not between 0 and 1"),
        ("transitions/1/p", "often", "transitions[1].p", "a number is needed"),
        ("transitions/1/p", float("nan"), "transitions[1].p", "not between"),
        ("transitions/1/dest", None, "transitions[1].dest", "a state is needed"),
        ("transitions/1/dest/page", 7, "transitions[1].dest.page", "a text is needed"),
        ("transitions/3/source", state("Nowhere"), "transitions[3].source", "nowhere reachable"),
        ("new-session/0/page", "Hone", "new-session[0]", "unknown"),
        ("new-session/0/weight", -1, "new-session[0].weight", "not between"),
        ("transitions", [], "transitions", "at least one"),
        ("show-user-details", [{"auth": "In", "show": True}], "show-user-details", "'Gone'"),
        ("show-user-details/0/show", "yes", "show-user-details[0].show", "true or false"),
        ("churned-state", "Other", "new-session", "no session can begin after"),
        ("levels", [{"level": "paid", "weight": 1}], "new-session", "level 'paid'"),
        ("auths", [{"auth": "In", "weight": 0}], "auths", "all weights are 0"),
        ("alpha", -1, "alpha", "not between"),
        ("n-users", 0, "n-users", "not between"),
        ("start-date", 2018, "start-date", "a text is needed"),
    ],
)
def test_mistake_is_named_with_its_place(path: str, value: object, place: str, problem: str) -> None:
    with pytest.raises(OptionsError) as caught:
        parse(broken(path, value), "site.json")
    assert str(caught.value).startswith("site.json: ")
    assert place in str(caught.value)
    assert problem in str(caught.value)
    assert caught.value.exit_code == 2


def test_syntax_error_is_named_with_its_line() -> None:
    with pytest.raises(OptionsError, match=r"site.json: line 2, column 1: not JSON"):
        parse('{"alpha": 1,\n}', "site.json")


def test_sums_may_miss_1_by_a_rounding() -> None:
    raw = copy.deepcopy(GOOD)
    raw["transitions"][0]["p"] = 0.1
    raw["transitions"] += [move(state("Home"), state("NextSong"), 0.1)] * 9
    parse(json.dumps(raw), "x")


def test_chain_ends_in_start_or_gone() -> None:
    chain = Chain(parse(json.dumps(GOOD), "x"))
    kinds = [Kind(k).name for k in chain.kind]
    assert kinds == ["PAGE", "PLAY", "REDIRECT", "PAGE", "START", "GONE"]
    # Home (0.9), play (0.9 / 0.5), redirect and farewell (a quarter of the plays' ways each)
    expected = 1 + 0.9 / 0.5 * (1 + 0.25 + 0.25)
    assert chain.session_length({chain.starts["In", "free"]: 1.0}) == pytest.approx(expected)
