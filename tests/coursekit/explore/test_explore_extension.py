"""The explorer of the SDE extension: corrected it keeps the law for every sigma, uncorrected it does not."""

import importlib
import math
import re
import time

import pytest
import torch
from panels import assert_every_control_draws, moved
from scipy import stats

from coursekit import GaussianPath, SDEExtension, explore, marginal_law, marginal_score, marginal_velocity

module = importlib.import_module("coursekit.explore.extension")  # the package's `extension` is the function
# Kolmogorov's statistic stays below this in all but one of a million samples.
CHANCE = stats.kstwo.isf(1e-6, module.PATHS)


@pytest.fixture(autouse=True)
def fresh():
    module._trajectories.cache_clear()


def distances(text):
    """Distance of the flow and of the SDE from the exact law, as the text states them."""
    flow, sde, chance = map(
        float, re.findall(r"(?:flow|corrected|was|below) (\d\.\d+)", text.replace("left as it was", "was"))
    )
    assert chance == pytest.approx(stats.kstwo.isf(0.05, module.PATHS), abs=0.001)
    return flow, sde


@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("t", [0.0, 0.3, 0.7, 1.0])
def test_the_corrected_sde_keeps_the_marginals_for_every_sigma(sigma, t):
    flow, sde = distances(moved(explore.extension(), sigma=sigma, t=t, steps=50))
    assert flow < CHANCE
    # The step's own bias: the variance of a bump is off by a share of about sigma^2 h / (4 v).
    assert sde < CHANCE + 0.25 * sigma**2 * 0.02 / 4 / 0.3**2


@pytest.mark.parametrize("t", [0.3, 0.7, 1.0])
def test_the_drift_left_alone_loses_them(t):
    panel = explore.extension()
    _, kept = distances(moved(panel, sigma=2.0, t=t, drift=module.CORRECTED))
    _, lost = distances(moved(panel, drift=module.ALONE))
    assert lost > CHANCE > kept


def test_its_process_is_that_of_the_theorem():
    x = torch.linspace(-3, 3, 31)[:, None]
    u, s = marginal_velocity(module.BUMPS, GaussianPath()), marginal_score(module.BUMPS, GaussianPath())
    for t in (0.0, 0.5, 0.99):
        wanted = SDEExtension(u, s, 1.3).drift(x, t)
        assert module._Extended(1.3, corrected=True).drift(x, t) == pytest.approx(wanted, rel=1e-3, abs=1e-3)
        assert torch.equal(module._Extended(1.3, corrected=False).drift(x, t), u(x, t))


def test_without_noise_both_sides_are_the_flow():
    for drift in (module.CORRECTED, module.ALONE):
        flow, sde = distances(moved(explore.extension(), sigma=0.0, drift=drift))
        assert flow == sde


def test_few_steps_cost_strong_noise_the_law():
    panel = explore.extension()
    _, coarse = distances(moved(panel, sigma=2.0, steps=10))
    _, fine = distances(moved(panel, steps=50))
    assert coarse > CHANCE > fine


def test_both_bundles_begin_in_the_same_points_and_every_time_lies_on_every_grid():
    starts = [
        module._trajectories(sigma, module.CORRECTED, steps)[0] for sigma in (0.0, 1.0) for steps in (10, 50)
    ]
    assert all(torch.equal(start, starts[0]) for start in starts)
    for steps in module.STEPS:
        for k in range(11):
            assert round(k / 10 * steps) / steps == pytest.approx(k / 10, abs=1e-12)


def test_the_distance_is_that_of_kolmogorov_and_smirnov():
    law = marginal_law(module.BUMPS, GaussianPath(), 0.7)
    x = 1.2 * torch.randn(500, generator=torch.Generator().manual_seed(1))

    def below(places):
        parts = zip(law.weights.tolist(), law.means[:, 0].tolist(), law.stds[:, 0].tolist(), strict=True)
        return sum(w * stats.norm.cdf(places, m, s) for w, m, s in parts)

    assert module.gap(x, law) == pytest.approx(stats.kstest(x.double().numpy(), below).statistic, abs=1e-6)


def test_histogram_and_density_share_one_scale(monkeypatch):
    bars, lines = [], []
    axes = importlib.import_module("matplotlib.axes").Axes
    stairs, plot = axes.stairs, axes.plot
    monkeypatch.setattr(
        axes, "stairs", lambda ax, v, e, **k: bars.append((v - k["baseline"], e)) or stairs(ax, v, e, **k)
    )
    monkeypatch.setattr(axes, "plot", lambda ax, *a, **k: lines.append(a) or plot(ax, *a, **k))
    explore.extension()
    heights, edges = bars[0]
    base, (curve, places) = 1.02, lines[0][:2]
    area = float((heights * edges.diff()).sum())
    assert math.isclose(area, float(torch.trapezoid(curve - base, places)), rel_tol=2e-3)


def test_the_same_settings_give_the_same_picture_and_every_control_another():
    panel = explore.extension()
    assert_every_control_draws(panel, {"sigma": 2.0, "drift": module.ALONE, "t": 0.5, "steps": 20})


def test_it_answers_in_good_time_with_the_most_steps():
    panel = explore.extension()
    moved(panel, steps=50)
    begun = time.perf_counter()
    moved(panel, sigma=0.7)
    # 150 ms are wanted on a free core; this only catches a drawing that went wrong by an order of magnitude.
    assert time.perf_counter() - begun < 3
