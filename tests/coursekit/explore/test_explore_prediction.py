"""The explorer of predictions: the stored runs are complete, and figures, samples and theorem agree."""

import importlib
import itertools
import json
import math
import re
import time
from importlib.resources import files

import pytest
import torch
from panels import assert_every_control_draws, moved
from scipy import stats

from coursekit import Spiral, explore

module = importlib.import_module("coursekit.explore.prediction")  # the package's `prediction` is the function
FOLDER = files("coursekit") / "weights"
CARD = json.loads((FOLDER / "prediction_toy.json").read_text(encoding="utf-8"))
SETTINGS = list(itertools.product(module.DIMENSIONS, module.PREDICTIONS, module.PREDICTIONS, module.CLIPS))
FIGURES = {"share", "off", "off_least", "energy", "loss", "largest", "seconds"}
NEAR = 0.1  # as the card says


def on_the_curve(y):
    """Which points of the plane (n, 2) lie on the spiral."""
    fraction = torch.linspace(0, 1, 4000)
    angle = 2 * math.pi * 1.5 * fraction
    curve = 2 * fraction[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    return torch.cdist(y, curve).amin(1) < NEAR


def test_the_card_holds_every_run_once_with_every_figure():
    runs = [(run["D"], run["prediction"], run["space"], run["clip"]) for run in CARD["runs"]]
    assert sorted(runs) == sorted(SETTINGS)
    assert all(run["seed"] == 0 for run in CARD["runs"])
    bounds = [run for group in CARD["bounds"].values() for run in group]
    assert all(set(run) >= FIGURES for run in [*CARD["runs"], *CARD["again"], *bounds])
    assert all("mute_factor" in run for run in CARD["runs"] if run["D"] == 512)


def test_nine_combinations_and_every_bound_were_run_on_two_seeds():
    nine = itertools.product((16, 512), module.PREDICTIONS, module.PREDICTIONS, (0, 1))
    again = [(run["D"], run["prediction"], run["space"], run["seed"]) for run in CARD["again"]]
    assert sorted(again) == sorted(nine)
    assert set(CARD["bounds"]) == {"width", "late", "noise", "skip", "preconditioning", "bottleneck"}
    kept = {"D", "prediction", "hidden", "steps", "noise", "skip", "sigma_data", "bottleneck"}
    for group in CARD["bounds"].values():
        seeds = {}
        for run in group:
            seeds.setdefault(tuple(run.get(name) for name in kept), []).append(run["seed"])
        assert all(sorted(each) == [0, 1] for each in seeds.values())
    widths = {run["hidden"] for run in CARD["bounds"]["width"] if run["prediction"] == "velocity"}
    assert widths == {16, 32, 48, 64, 128, 256}


def test_the_first_seed_of_the_nine_is_that_of_the_table():
    table = {(run["D"], run["prediction"], run["space"]): run for run in CARD["runs"] if run["clip"] == 0.05}
    for run in CARD["again"]:
        if run["seed"] == 0:
            assert run == table[run["D"], run["prediction"], run["space"]]


def test_figures_agree_with_the_stored_samples():
    """The card counts 2,000 samples, of which 300 are stored; chances are for all 144 runs together."""
    runs = module._runs()
    alpha = 1e-4 / len(runs) / 2
    for setting, run in runs.items():
        n = len(run.plane)
        assert n == 300
        found = int(on_the_curve(run.plane).sum())
        low, high = (stats.binom.ppf(q, n, min(max(run.share, 1e-3), 1 - 1e-3)) for q in (alpha, 1 - alpha))
        assert low - 2 <= found <= high + 2, setting  # a point or two may lie across the line after rounding
        # The median of all lies between order statistics of the few: no assumption about the law.
        inner = run.distance.sort().values
        k = int(stats.binom.ppf(alpha, n, 0.5))
        assert inner[k] * 0.999 - 1e-6 <= run.off <= inner[n - 1 - k] * 1.001 + 1e-6, setting


@pytest.mark.parametrize("space", ["data", "noise", "velocity"])
def test_no_run_breaks_the_theorem(space):
    for clip in module.CLIPS:
        for predicted, factor in (("data", 0.0), ("velocity", 1.0), ("noise", 20.0)):
            run = next(
                run
                for run in CARD["runs"]
                if (run["D"], run["prediction"], run["space"], run["clip"]) == (512, predicted, space, clip)
            )
            assert run["mute_factor"] == pytest.approx(factor, abs=1e-3 * max(factor, 1))
            least = module.bound(512, predicted)
            if least is not None:
                # Chi with 254 degrees of freedom: one sample in 2,000 below 0.72 of the root is impossible.
                assert run["off"] > 0.99 * least
                assert run["off_least"] > 0.72 * least


def test_what_the_chapter_says_of_512_dimensions_holds_on_both_seeds():
    for run in CARD["again"]:
        if run["D"] == 512 and run["space"] == run["prediction"]:
            share = {"data": (0.75, 1), "noise": (0, 0.05), "velocity": (0, 0.35)}[run["prediction"]]
            assert share[0] <= run["share"] <= share[1]


def test_the_data_are_on_the_curve_by_the_same_measure():
    points = Spiral(noise=0.02, turns=1.5).sample(2000, torch.Generator().manual_seed(5))
    assert float(on_the_curve(points).double().mean()) == pytest.approx(CARD["real"]["share"], abs=0.01)


def test_the_files_stay_small():
    assert len((FOLDER / "prediction_toy.npz").read_bytes()) <= 400_000
    assert len((FOLDER / "prediction_toy.json").read_bytes()) <= 100_000


@pytest.mark.parametrize(("predicted", "low"), [("velocity", 15.9), ("noise", 319)])
def test_the_text_tells_the_bound_and_the_median_is_above_it(predicted, low):
    text = moved(explore.prediction(), D=512, predicted=predicted)
    told = float(re.search(r"at least (\d+\.?\d*)\.$", text)[1])
    assert told == low == pytest.approx(module.bound(512, predicted), rel=0.003)
    median = float(re.search(r"Median distance from the plane ([\d.]+);", text)[1])
    assert median > told


def test_it_claims_no_bound_where_there_is_none():
    panel = explore.prediction()
    assert "forgets the noise" in moved(panel, D=512, predicted="data")
    for D in (8, 16):
        assert "says nothing here" in moved(panel, D=D, predicted="velocity")
        assert module.bound(D, "velocity") is None
    assert "no direction off the plane" in moved(panel, D=2)


@pytest.mark.parametrize("D", [2, 8, 16, 512])
def test_every_setting_can_be_drawn_and_tells_its_share(D):
    panel = explore.prediction()
    for predicted, clip in itertools.product(module.PREDICTIONS, module.CLIPS):
        text = moved(panel, D=D, predicted=predicted, space="noise", clip=clip)
        told = int(re.search(r"(\d+) % of the samples", text)[1]) / 100
        assert told == pytest.approx(module._runs()[D, predicted, "noise", clip].share, abs=0.0051)


def test_every_control_gives_another_picture_and_the_same_setting_the_same():
    panel = explore.prediction()
    moved(panel, D=16, predicted="data", space="velocity", clip=0.05)
    assert_every_control_draws(panel, {"D": 512, "predicted": "noise", "space": "data", "clip": 0.0})


def test_it_answers_in_good_time():
    panel = explore.prediction()
    begun = time.process_time()
    moved(panel, predicted="noise")
    # 50 ms are wanted on a free core; this only catches a drawing that went wrong by an order of magnitude.
    assert time.process_time() - begun < 1.5
