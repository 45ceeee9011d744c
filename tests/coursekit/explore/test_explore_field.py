"""The explorer of the plane: what Python hands to the page, and what it says of a reader's own function."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from coursekit import Chessboard, Empirical, Gaussian, GaussianMixture, GaussianPath, explore
from coursekit.distributions import Moons
from coursekit.explore.browser import STATIC
from coursekit.explore.field import OWN_PARTICLES, SIDE, TIMES, VIEWS, _grid
from coursekit.paths import VP, Cosine, marginal_velocity
from coursekit.solvers import EulerMaruyama, Heun, SDEExtension, simulate, time_grid

JS = Path(__file__).resolve().parents[3] / "js" / "src"
TWO = torch.tensor([[-1.0, 0.0], [1.0, 0.5]])


def numbers(data, shape):
    return torch.from_numpy(np.frombuffer(data, np.float32).reshape(shape).copy())


def states(answer):
    return numbers(answer["states"], (answer["steps"] + 1, answer["count"], 2))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_few_controls_and_keeps_the_others_behind_a_fold(view):
    settings = explore.field(view=view).settings
    assert len(settings["controls"]) <= 3
    assert set(settings["controls"]).isdisjoint(settings["more"])
    panel = (JS / "field" / "panel.js").read_text(encoding="utf-8")
    for name in settings["controls"] + settings["more"]:
        assert re.search(rf"^    {name}: \(\) =>", panel, re.M), name
    json.dumps(settings)


@pytest.mark.parametrize(
    ("law", "told"),
    [
        (TWO, {"points": [[-1.0, 0.0], [1.0, 0.5]]}),
        (Empirical(TWO), {"points": [[-1.0, 0.0], [1.0, 0.5]]}),
        (Chessboard(6, 1.5), {"squares": 6, "halfWidth": 1.5}),
        (Gaussian(torch.ones(2), 0.5), {"means": [[1.0, 1.0]], "stds": [[0.5, 0.5]], "weights": [1.0]}),
        (
            GaussianMixture(torch.tensor([0.25, 0.75]), TWO, torch.tensor([0.5, 1.0])),
            {"means": TWO.tolist(), "stds": [[0.5, 0.5], [1.0, 1.0]], "weights": [0.25, 0.75]},
        ),
    ],
)
def test_the_page_is_told_the_law(law, told):
    assert explore.field(data=law).settings["data"] == told


def test_the_page_is_told_the_path_and_where_to_begin():
    told = explore.field(path=GaussianPath(Cosine()), t=0.3, steps=7, method="ddim", sigma=0.5).settings
    assert {name: told[name] for name in ("scheduler", "t", "steps", "method", "sigma")} == {
        "scheduler": "Cosine",
        "t": 0.3,
        "steps": 7,
        "method": "ddim",
        "sigma": 0.5,
    }
    assert explore.field(path=GaussianPath(VP())).settings["scheduler"] == "VP"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"view": "side"}, "choose one of flow"),
        ({"t": 1.5}, "t = 1.5"),
        ({"steps": 0}, "steps = 0"),
        ({"sigma": -1}, "sigma = -1"),
        ({"method": "leap"}, "'leap'"),
        ({"particles": 100}, "particles = 100"),
        ({"data": torch.zeros(3, 5)}, "shows a plane"),
        ({"data": torch.zeros(300, 2)}, "up to 200 points"),
        ({"data": Gaussian(torch.zeros(3))}, "3 axes"),
        ({"path": GaussianPath(VP(0.2, 10.0))}, "no scheduler"),
    ],
)
def test_what_the_page_cannot_show_is_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        explore.field(**arguments)
    with pytest.raises(TypeError, match="no exact field is known for Moons"):
        explore.field(data=Moons())


def test_a_field_of_the_reader_s_is_asked_on_the_grid_and_followed():
    exact = marginal_velocity(Chessboard(), GaussianPath())
    made = explore.field(lambda x, t: exact(x.double(), t.double()), Chessboard(), steps=8)
    assert made.settings["follow"] == "own"
    assert "gap" in made.settings["show"]
    grid = numbers(made.answer["grid"], (len(TIMES), SIDE * SIDE, 2))
    assert made.answer["times"] == list(TIMES)
    for k in (0, 7, len(TIMES) - 1):
        # its states are single precision, and a time as well
        torch.testing.assert_close(grid[k].double(), exact(_grid(), TIMES[k]), atol=2e-3, rtol=1e-4)
    x = states(made.answer)
    wanted = simulate(exact, x[0].double(), time_grid(8), Heun())
    assert x.shape == (9, OWN_PARTICLES, 2)
    torch.testing.assert_close(x.double(), wanted, atol=5e-3, rtol=1e-3)


def test_the_page_s_questions_are_answered():
    made = explore.field(lambda x, t: -x, TWO)
    made.question = {"steps": 3, "method": "euler"}
    x = states(made.answer)
    torch.testing.assert_close(x[-1], x[0] * (2 / 3) ** 3)
    assert made.answer["solver"] == "Euler, 3 steps"
    made.question = {"steps": 4, "sigma": 1.0, "corrected": False, "fading": True, "seed": 2}
    assert made.answer["solver"] == "Euler–Maruyama, 4 steps, σ = 1.0, drift without the score’s part"
    generator = torch.Generator().manual_seed(2)
    start = torch.randn(OWN_PARTICLES, 2, dtype=torch.float64, generator=generator)
    process = SDEExtension(lambda x, t: -x, lambda x, t: 0 * x, lambda t: 1 - t)
    wanted = simulate(process, start, time_grid(4), EulerMaruyama(generator))
    torch.testing.assert_close(states(made.answer).double(), wanted, atol=1e-5, rtol=1e-5)


def test_every_question_is_answered_even_the_same_and_the_impossible():
    made = explore.field(lambda x, t: -x, TWO)
    for k in (1, 2):
        made.question = {"steps": 3, "id": k}
        assert (made.answer["id"], made.answer["steps"]) == (k, 3)
    made.question = {"steps": "many", "id": 3}
    assert "invalid" in made.answer["fault"]
    made.question = {"method": "leap", "id": 4}
    assert made.answer["fault"].startswith("KeyError")
    made.question = {"id": 5}
    assert "fault" not in made.answer


def test_noise_with_the_correction_keeps_the_law_of_the_reader_s_field():
    """The field of N(0, 1) data, whose states are N(0, (t^2 + (1 - t)^2)): the score follows from it."""
    field = marginal_velocity(Gaussian(torch.zeros(2)), GaussianPath())
    made = explore.field(field, Gaussian(torch.zeros(2)))
    made.question = {"steps": 100, "sigma": 1.0}
    squares = states(made.answer)[-1].square()
    assert abs(float(squares.mean()) - 1) < 4.5 * (2 / squares.numel()) ** 0.5 + 0.02


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (lambda x, t: x[:, 0], "returned shape"),
        (lambda x, t: x / 0, "infinite"),
        (lambda x, t: [1, 2], "returned list"),
        (lambda x, t: x @ torch.ones(3), "raised RuntimeError"),
    ],
)
def test_what_is_wrong_with_a_reader_s_field_is_said_in_the_page(field, words):
    assert words in explore.field(field).answer["fault"]


def test_a_page_without_widgets_gets_the_still_and_what_makes_it_move():
    made = explore.field(lambda x, t: -x, TWO, steps=4)
    data, metadata = made._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/html", "text/plain"} <= set(data)
    assert data["text/plain"] == metadata["image/png"]["alt"] == made.picture.alt
    assert "400 particles at t = 0" in made.picture.alt
    kept = re.search(r'<figure [^>]*data-coursekit="field" data-settings="([^"]*)"', data["text/html"])
    settings = json.loads(html.unescape(kept[1]))
    assert settings["answer"]["count"] == OWN_PARTICLES
    assert set(settings["answer"]["states"]) == {"base64"}
    assert len(data["text/html"]) < 700_000


def test_a_still_of_a_fault_is_the_exact_field():
    made = explore.field(lambda x, t: x[:, 0])
    assert "the exact field" in made.picture.alt


def test_the_bundles_are_small_and_there():
    for name in ("field.js", "site.js", "explorers.css"):
        assert 0 < (STATIC / name).stat().st_size <= 40_000
