"""The explorer of the Ornstein–Uhlenbeck process: what Python hands to the page, and the still picture."""

import math
import re

import pytest

from coursekit import explore
from coursekit.explore.browser import STATIC


def numbers(text):
    """Found mean and std, exact mean and std, as the still states them."""
    found = re.search(r"Mean (-?[\d.]+), standard deviation ([\d.]+); exact (-?[\d.]+) and ([\d.]+)\.", text)
    return [float(each) for each in found.groups()]


@pytest.mark.parametrize(
    ("theta", "sigma", "start"), [(1.0, 1.4, 3.0), (0.1, 0.5, -2.0), (4.0, 3.0, 4.0), (0.0, 2.0, 0.0)]
)
def test_simulation_and_closed_form_agree_in_the_still(theta, sigma, start):
    made = explore.diffusions(theta=theta, sigma=sigma, start=start, h=0.025)
    mean, std, exact_mean, exact_std = numbers(made.picture.alt)
    age = (1 - math.exp(-10 * theta)) / (2 * theta) if theta else 5
    assert exact_mean == pytest.approx(start * math.exp(-5 * theta), abs=0.006)
    assert exact_std == pytest.approx(sigma * age**0.5, abs=0.006)
    # Four standard errors, the rounding of the text, and the step's own error: theta h / 4 of the width.
    error, bias = exact_std / 2000**0.5, theta * 0.025 / 4 * exact_std
    assert abs(mean - exact_mean) < 4 * error + 0.01 + abs(start) * 0.01
    assert abs(std - exact_std) < 4 * error / 2**0.5 + 0.01 + bias


def test_settings_begin_where_asked():
    made = explore.diffusions(theta=3.0, sigma=2.0, h=0.5, paths=500, start=-1.0, t=2.5, chain=True)
    assert made.settings == {
        "view": "diffusion",
        "theta": 3.0,
        "sigma": 2.0,
        "h": 0.5,
        "paths": 500,
        "start": -1.0,
        "t": 2.5,
        "chain": True,
    }
    assert 'data-coursekit="processes"' in made._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"theta": -1}, "theta = -1; give a number from 0 to 4"),
        ({"sigma": 5}, "sigma = 5"),
        ({"h": 0.3}, "h = 0.3; choose one of 0.025, 0.05"),
        ({"paths": 10}, "paths = 10; give a number from 100 to 5000"),
        ({"start": 9}, "start = 9"),
        ({"t": 6}, "t = 6"),
    ],
)
def test_what_the_page_cannot_show_is_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        explore.diffusions(**arguments)


def test_there_is_a_still_without_noise_and_of_unstable_steps():
    assert numbers(explore.diffusions(sigma=0).picture.alt)[1::2] == [0, 0]
    assert numbers(explore.diffusions(theta=4.0, h=1.0).picture.alt)[1] > 100


def test_the_bundle_is_small():
    assert (STATIC / "processes.js").stat().st_size <= 40_000
