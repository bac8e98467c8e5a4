"""Users join and leave at the stated rates (eventsim's attrition removed everyone at once)."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sparkify.generate.config import load
from sparkify.generate.job import Job
from sparkify.generate.options import GenerateOptions, resolve
from sparkify.generate.simulate import Simulator

YEAR = 365.25 * 86_400


def a_job(**options: object) -> Job:
    config = load(None)
    base = GenerateOptions(users=20_000, begin="2018-01-01", end="2019-01-01", songs=1)
    from sparkify.generate.catalogue import Song

    return Job(resolve(replace(base, **options), config), config, [Song("a", "b", 200.0)], [])  # type: ignore[arg-type]


def test_growth_is_continuous() -> None:
    job = a_job(growth_rate=0.5)
    users = job.population
    assert users.total / users.initial == pytest.approx(math.exp(0.5 * 365 / 365.25), rel=1e-3)
    joined = users.tempo(np.arange(users.initial, users.total)).first_start
    assert joined.min() >= job.settings.begin
    half = users.initial + np.count_nonzero(joined < job.settings.begin + YEAR / 2)
    assert half / users.initial == pytest.approx(math.exp(0.25), rel=0.01)


def test_attrition_takes_its_share_of_a_year() -> None:
    job = a_job(attrition_rate=0.7)
    leave = job.population.tempo(np.arange(20_000)).leave
    assert np.mean(leave < job.settings.begin + YEAR) == pytest.approx(1 - math.exp(-0.7), abs=0.01)
    assert np.mean(leave < job.settings.begin + YEAR / 10) == pytest.approx(1 - math.exp(-0.07), abs=0.01)


def test_no_session_starts_after_its_user_has_left() -> None:
    job = a_job(users=200, attrition_rate=5.0)
    simulator = Simulator(0, job.settings.end, job.chain, job.clock, job.population, job.charts)
    block = simulator.block(0, 200)
    leave = job.population.tempo(np.arange(200)).leave
    assert len(block.session_start) > 200
    assert (block.session_start < leave[block.session_user]).all()


def test_without_attrition_nobody_leaves() -> None:
    assert (a_job().population.tempo(np.arange(1000)).leave > 1 << 40).all()


def test_tempo_is_lognormal_with_mean_1() -> None:
    job = a_job()
    tempo = job.population.tempo(np.arange(200_000))
    for factor in (tempo.beta / job.config.beta, tempo.alpha / job.config.alpha):
        assert factor.mean() == pytest.approx(1.0, rel=0.03)
        assert np.log(factor).std() == pytest.approx(1.0, rel=0.03)
    assert abs(np.corrcoef(np.log(tempo.alpha), np.log(tempo.beta))[0, 1]) < 0.01


def test_first_sessions_come_at_the_steady_rate() -> None:
    """As many start on the first day as on any other: the run does not begin with everyone at once, or nobody."""
    job = a_job(users=20_000, begin="2018-01-08", end="2018-01-12")
    block = Simulator(0, job.settings.end, job.chain, job.clock, job.population, job.charts).block(0, 20_000)
    days = np.bincount((block.session_start - job.settings.begin) // 86_400)
    assert days[0] == pytest.approx(days[2], rel=0.12)
