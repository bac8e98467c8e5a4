"""The text of numbers and names."""

import json

import numpy as np
import pytest

from sparkify.generate.catalogue import Song
from sparkify.generate.config import load
from sparkify.generate.job import Job
from sparkify.generate.options import GenerateOptions, resolve
from sparkify.generate.render import Renderer, digits
from sparkify.generate.spool import Bucket


@pytest.mark.parametrize("first", [0, 10**12 - 2, 10**12, 1_541_105_830_796, 10**13 - 1])
def test_digits(first: int) -> None:
    numbers = np.array([first, first + 1, first + 40_000_007])
    assert digits(numbers).tolist() == [str(n).encode() for n in numbers]


def test_a_record_is_json_whatever_the_names_hold() -> None:
    config = load(None)
    settings = resolve(GenerateOptions(users=5), config)
    song = Song('"Weird" \\ Björk\n\u2028', "東京 </script>\x01", 1e-5 + 200)
    job = Job(settings, config, [song], [])
    play = next(n for n, s in enumerate(job.chain.states) if s.page == "NextSong" and s.level == "paid")
    out = next(n for n, s in enumerate(job.chain.states) if s.auth == "Logged Out")
    bucket = Bucket(
        np.array([1_541_105_830_796, 1_541_105_830_797]), np.array([0, 0]), np.array([5000, 5001]),
        np.array([0, -1], np.int32), np.array([play, out], np.uint16), np.array([77]), np.array([3]),
    )  # fmt: skip
    first, second = b"".join(Renderer(job).render(bucket)).split(b"\n")[:2]
    shown = json.loads(first)
    assert (shown["artist"], shown["song"], shown["length"]) == (song.artist, song.title, song.length)
    assert (shown["userId"], shown["sessionId"], shown["itemInSession"]) == ("4", 77, 5000)
    hidden = json.loads(second)
    assert [k for k, v in hidden.items() if v is None] == [
        "artist", "firstName", "gender", "lastName", "length", "location", "registration", "song", "userAgent",
    ]  # fmt: skip
    assert (hidden["userId"], hidden["itemInSession"], hidden["ts"]) == ("", 5001, 1_541_105_830_797)
