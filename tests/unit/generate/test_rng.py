"""Numbers depend on their key and index alone, and look random."""

import numpy as np
import pytest

from sparkify.generate.rng import Purpose, Stream, mix_int


def test_mix_is_splitmix64() -> None:
    """The first outputs for seed 0 of the authors' reference implementation."""
    weyl = 0x9E3779B97F4A7C15
    assert [f"{mix_int(n * weyl):016x}" for n in (1, 2, 3)] == [
        "e220a8397b1dcdaf", "6e789e6aa1b965f4", "06c45d188009454f",
    ]  # fmt: skip


def test_one_user_is_the_same_alone_and_among_others() -> None:
    many = Stream(5, Purpose.GAPS, np.arange(100))
    alone = Stream(5, Purpose.GAPS, np.array([42]))
    assert many.bits(7)[42] == alone.bits(7)[0]
    assert many.grid(3, 9)[4, 42] == alone.grid(7, 1)[0, 0]
    assert many.take(np.array([41, 42])).bits(np.array([0, 7]))[1] == alone.bits(7)[0]


@pytest.mark.parametrize("other", [Stream(6, Purpose.GAPS, np.arange(1000)), Stream(5, Purpose.SONGS, np.arange(1000))])
def test_seeds_and_purposes_differ(other: Stream) -> None:
    assert not set(Stream(5, Purpose.GAPS, np.arange(1000)).bits(0)) & set(other.bits(0))


def test_numbers_are_even_and_independent() -> None:
    stream = Stream(1, Purpose.STATES, np.arange(2000))
    grid = stream.grid(0, 200)
    assert grid.min() >= 0 and grid.max() < 1
    counts = np.histogram(grid, 50, (0, 1))[0]
    assert ((counts - 8000) ** 2 / 8000).sum() < 90  # chi-square with 49 degrees of freedom: p > 0.0003
    assert abs(np.corrcoef(grid[:-1].ravel(), grid[1:].ravel())[0, 1]) < 0.006
    assert abs(np.corrcoef(grid[:, :-1].ravel(), grid[:, 1:].ravel())[0, 1]) < 0.006


def test_exponential_and_lognormal_have_mean_1() -> None:
    stream = Stream(2, Purpose.GAPS, np.arange(400_000))
    assert stream.exponential(0).mean() == pytest.approx(1, abs=0.01)
    assert stream.exponential(0).std() == pytest.approx(1, abs=0.01)
    assert stream.lognormal(1).mean() == pytest.approx(1, abs=0.02)
