"""The explorer of samplers: all reach the same law with many steps, and tell their distance with few."""

import importlib
import re
import time

import pytest
import torch
from panels import assert_every_control_draws, moved
from scipy import stats

from coursekit import explore
from coursekit.explore.samplers import gap

module = importlib.import_module("coursekit.explore.samplers")  # the package's `samplers` is the function
# Kolmogorov's statistic stays below this in all but one of a million samples.
CHANCE = stats.kstwo.isf(1e-6, module.PATHS)


@pytest.fixture(autouse=True)
def fresh():
    module._trajectories.cache_clear()


def distance(text):
    return float(re.search(r"law of the data (\d\.\d+)", text)[1])


@pytest.mark.parametrize("kind", module.KINDS)
def test_with_many_evaluations_every_sampler_reaches_the_law(kind):
    for eta in (0.0, 1.0):
        xs = module._trajectories(kind, 600, eta)
        # First order samplers keep a bias; it is that of 600 steps, and halves with the next 600.
        assert gap(xs[-1], module.BUMPS) < CHANCE + 0.03


def test_few_evaluations_cost_ancestral_sampling_most():
    panel = explore.samplers()
    smooth = distance(moved(panel, sampler="DDIM", evaluations=10, eta=0.0))
    rough = distance(moved(panel, eta=1.0))
    assert rough > smooth
    assert distance(moved(panel, evaluations=50)) < rough


@pytest.mark.parametrize("kind", ["Euler", "Heun", module.LARGE])
def test_eta_says_nothing_where_there_is_none(kind):
    panel = explore.samplers()
    one = moved(panel, sampler=kind, evaluations=10, eta=0.0)
    picture = panel.picture.png
    assert moved(panel, eta=1.0) == one
    assert panel.picture.png == picture
    assert "has no η" in one


def test_without_noise_euler_maruyama_is_euler():
    euler = module._trajectories("Euler", 20, 0.0)
    torch.testing.assert_close(module._trajectories(module.RANDOM, 20, 0.0), euler, rtol=1e-3, atol=1e-3)


def test_every_sampler_keeps_to_its_evaluations_and_begins_in_the_same_points():
    runs = {kind: module._trajectories(kind, 20, 0.0) for kind in module.KINDS}
    assert {len(xs) - 1 for kind, xs in runs.items() if kind != "Heun"} == {20}
    assert len(runs["Heun"]) - 1 == 10
    assert all(torch.equal(xs[0], runs["DDIM"][0]) for xs in runs.values())


def test_every_control_gives_another_picture_and_the_same_setting_the_same():
    panel = explore.samplers()
    assert_every_control_draws(panel, {"sampler": "Euler", "evaluations": 20, "eta": 0.5})


def test_it_answers_in_good_time():
    panel = explore.samplers()
    moved(panel, sampler=module.RANDOM, evaluations=50)
    begun = time.process_time()
    moved(panel, eta=0.7)
    # 150 ms are wanted on a free core; this only catches a drawing that went wrong by an order of magnitude.
    assert time.process_time() - begun < 1.5
