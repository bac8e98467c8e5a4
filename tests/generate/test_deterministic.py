"""The same options give the same bytes, whatever the workers, blocks and rounds."""

import gzip
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.generate.conftest import read_events

from sparkify.generate import GenerateOptions, generate, job, run, simulate

OPTIONS = GenerateOptions(users=300, songs=100, seed=3, end="2018-11-11", growth_rate=2.0, match_rate=0.7)


def digest(folder: Path) -> dict[str, str]:
    return {
        f.relative_to(folder).as_posix(): sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("once") / "out"
    generate(out, OPTIONS)
    return digest(out)


def test_once_more_the_same(expected: dict[str, str], tmp_path: Path) -> None:
    generate(tmp_path / "out", OPTIONS)
    assert digest(tmp_path / "out") == expected


def test_any_number_of_workers_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SMALL", 0)
    monkeypatch.setattr(job, "BLOCK_EVENTS", 3_000)  # several blocks
    results = []
    for workers in (1, 2, 3):
        generate(tmp_path / str(workers), replace(OPTIONS, workers=workers))
        results.append(digest(tmp_path / str(workers)))
    assert results[0] == results[1] == results[2]


def test_the_next_seed_other_data(expected: dict[str, str], tmp_path: Path) -> None:
    generate(tmp_path / "out", replace(OPTIONS, seed=4))
    other = digest(tmp_path / "out")
    assert not set(other.values()) & set(expected.values())


def test_buckets_and_rounds_change_nothing(
    expected: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BUCKET_EVENTS", 100)
    monkeypatch.setattr(simulate, "ROUNDS", (7, 3, 41))
    generate(tmp_path / "out", OPTIONS)
    assert digest(tmp_path / "out") == expected


def test_blocks_change_session_numbers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lives(out: Path) -> list[tuple[object, ...]]:
        return sorted((e["ts"], e["itemInSession"], e["userId"], e["page"], str(e["song"])) for e in read_events(out))

    generate(tmp_path / "one", OPTIONS)
    monkeypatch.setattr(job, "BLOCK_EVENTS", 500)
    generate(tmp_path / "many", OPTIONS)
    assert lives(tmp_path / "one") == lives(tmp_path / "many")


def test_a_user_does_the_same_whoever_else_is_there(tmp_path: Path) -> None:
    """The first users of a larger run are the users of the smaller one."""
    few = replace(OPTIONS, users=50, growth_rate=0.0)
    generate(tmp_path / "few", few)
    generate(tmp_path / "more", replace(few, users=120))

    def of(out: Path, user: str) -> list[tuple[object, ...]]:
        return [(e["ts"], e["page"], e["song"], e["lastName"]) for e in read_events(out) if e["userId"] == user]

    for user in ("1", "17", "50"):
        assert of(tmp_path / "few", user) == of(tmp_path / "more", user)


def test_compressed_logs_hold_the_same_and_are_the_same_each_time(tmp_path: Path) -> None:
    for name, packed in (("plain", False), ("a", True), ("b", True)):
        generate(tmp_path / name, replace(OPTIONS, gzip=packed))
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    for file in (tmp_path / "plain" / "log_data").rglob("*.json"):
        twin = tmp_path / "a" / file.relative_to(tmp_path / "plain").with_name(file.name + ".gz")
        assert gzip.decompress(twin.read_bytes()) == file.read_bytes()
