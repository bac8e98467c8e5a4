"""Fixtures of the simulator's tests: where the samples are, and one run with eventsim's example configuration."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.needs import missing

from sparkify.generate import GenerateOptions, generate

Event = dict[str, Any]


def read_events(out: Path) -> list[Event]:
    files = sorted((out / "log_data").rglob("*.json"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def read_songs(out: Path) -> list[Event]:
    return [json.loads(file.read_text("utf-8")) for file in sorted((out / "song_data").rglob("*.json"))]


def sessions_of(events: list[Event]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(event["sessionId"], []).append(event)
    return {n: sorted(session, key=lambda e: int(e["itemInSession"])) for n, session in found.items()}


@pytest.fixture(scope="session")
def shared() -> Path:
    beside = Path(__file__).resolve().parents[2].parent / "shared"
    folder = Path(os.environ.get("SPARKIFY_SHARED", beside)) / "data"
    if not folder.is_dir():
        missing("shared", f"the samples are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def example_config(shared: Path) -> Path:
    return shared / "eventsim" / "example-config.json"


@pytest.fixture(scope="session")
def example_run(example_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    out = tmp_path_factory.mktemp("example") / "out"
    generate(out, GenerateOptions(users=4000, songs=2000, seed=5, config=example_config))
    yield out


@pytest.fixture(scope="session")
def example_events(example_run: Path) -> list[Event]:
    return read_events(example_run)


@pytest.fixture(scope="session")
def real_events(shared: Path) -> list[Event]:
    return read_events(shared / "udacity")
