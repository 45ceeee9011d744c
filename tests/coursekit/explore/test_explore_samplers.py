"""The explorer of samplers: all reach the same law with many steps, and tell their distance with few."""

import re
from typing import get_args

import pytest
import torch
from scipy import stats
from torch import Generator

from coursekit import explore
from coursekit.explore.samplers import BUMPS, Sampler, gap, trajectories

KINDS = get_args(Sampler)
PATHS = 1000
# Kolmogorov's statistic stays below this in all but one of a million samples.
CHANCE = stats.kstwo.isf(1e-6, PATHS)


def run(kind, evaluations, eta):
    generator = Generator().manual_seed(0)
    x0 = torch.randn(PATHS, 1, dtype=torch.float64, generator=generator)
    return trajectories(kind, evaluations, eta, x0, generator)


def distances(made):
    return [float(each) for each in re.findall(r": (\d\.\d{3})", made.picture.alt)]


@pytest.mark.parametrize("kind", KINDS)
def test_with_many_evaluations_every_sampler_reaches_the_law(kind):
    for eta in (0.0, 1.0):
        # First order samplers keep a bias; it is that of 600 steps, and halves with the next 600.
        assert gap(run(kind, 600, eta)[-1], BUMPS) < CHANCE + 0.03


def test_few_evaluations_cost_ancestral_sampling_most():
    smooth, rough = distances(explore.samplers(evaluations=10))
    assert rough > smooth
    assert distances(explore.samplers(evaluations=50))[1] < rough


def test_without_noise_euler_maruyama_is_euler():
    torch.testing.assert_close(run("maruyama", 20, 0.0), run("euler", 20, 0.0))


def test_every_sampler_keeps_to_its_evaluations_and_begins_in_the_same_points():
    runs = {kind: run(kind, 20, 0.0) for kind in KINDS}
    assert {len(xs) - 1 for kind, xs in runs.items() if kind != "heun"} == {20}
    assert len(runs["heun"]) - 1 == 10
    assert all(torch.equal(xs[0], runs["ddim"][0]) for xs in runs.values())


def test_the_gap_is_the_one_of_scipy():
    x = torch.randn(400, 1, generator=Generator().manual_seed(3))
    weights, means, stds = BUMPS.weights.numpy(), BUMPS.means[:, 0].numpy(), BUMPS.stds[:, 0].numpy()

    def below(at):
        return (weights * stats.norm.cdf((at[:, None] - means) / stds)).sum(1)

    assert gap(x, BUMPS) == pytest.approx(stats.kstest(x[:, 0].double().numpy(), below).statistic)


def test_settings_begin_where_asked():
    made = explore.samplers(["ancestral", "heun", "maruyama"], evaluations=20, eta=[0, 0, 0.3], paths=2000)
    assert made.settings == {
        "view": "samplers",
        "samplers": [
            {"kind": "ancestral", "eta": 0.0},
            {"kind": "heun", "eta": 0.0},
            {"kind": "maruyama", "eta": 0.3},
        ],
        "evaluations": 20,
        "paths": 2000,
    }
    assert len(distances(made)) == 3
    assert "ancestral, variance β: " in made.picture.alt
    assert 'data-coursekit="processes"' in made._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"samplers": ["ddim"]}, "choose two to four of ddim, ancestral"),
        ({"samplers": ["ddim", "leap"]}, "'leap'"),
        ({"eta": [0.0]}, "eta has 1 values for 2 samplers"),
        ({"eta": 2}, "eta = 2"),
        ({"evaluations": 60}, "evaluations = 60; give a number from 2 to 50"),
        ({"evaluations": 5}, "give an even number"),
        ({"paths": 10}, "paths = 10"),
    ],
)
def test_what_the_page_cannot_show_is_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        explore.samplers(**arguments)
