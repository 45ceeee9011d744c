"""Explorers of paths: both panels follow the formulas, and a drawing becomes data."""

import importlib
import time

import pytest
import torch

from coursekit import Chessboard, Empirical, explore

module = importlib.import_module("coursekit.explore.paths")  # the package's `paths` is the function
NAMES = list(module.SCHEDULERS)


@pytest.fixture
def seen(monkeypatch):
    """The clouds of every picture, in the plane's own coordinates: conditional and marginal in turn."""
    clouds = []
    original = module.points_of

    def spy(x, ax, **look):
        shift = -module.APART if len(clouds) % 2 == 0 else 0.0
        clouds.append(x - torch.tensor([shift, 0.0]))
        return original(x, ax, **look)

    monkeypatch.setattr(module, "points_of", spy)
    return clouds


def control(panel, label):
    return next(c for c in panel.children if getattr(c, "description", "").startswith(label))


@pytest.mark.parametrize("name", NAMES)
def test_paths_ends_in_its_point_and_in_its_data(seen, name):
    board = Chessboard()
    panel = explore.paths({"board": board})
    control(panel, "scheduler").value = name
    control(panel, "time").value = 1.0
    given, mixed = seen[-2:]
    assert len(mixed) == module.MANY
    assert board.contains(mixed).all()
    assert (given - given[0]).abs().max() < 1e-6
    assert "ratio without bound" in panel.picture.alt
    where = f"z = ({given[0, 0]:.2f}, {given[0, 1]:.2f})"
    assert where in panel.picture.alt
    control(panel, "Another").click()
    assert where not in panel.picture.alt
    assert (seen[-2] - seen[-2][0]).abs().max() < 1e-6
    assert (seen[-2][0] - given[0]).abs().max() > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_paths_has_the_means_and_spreads_of_the_scheduler(seen, name):
    z, t = torch.tensor([[1.0, -0.5]]), 0.6
    panel = explore.paths({"one point": Empirical(z)})
    control(panel, "scheduler").value = name
    control(panel, "time").value = t
    scheduler, now = module.SCHEDULERS[name], torch.tensor(t)
    alpha, beta = float(scheduler.alpha(now)), float(scheduler.beta(now))
    assert f"alpha {alpha:.3f}, beta {beta:.3f}" in panel.picture.alt
    for cloud in seen[-2:]:  # with a single data point the marginal path is the conditional one
        # Five standard errors; the share outside the frame is below 0.1 % and moves the spread by less.
        assert cloud.mean(0) == pytest.approx(alpha * z[0], abs=5 * beta / len(cloud) ** 0.5)
        assert cloud.std(0) == pytest.approx([beta, beta], rel=5 / (2 * len(cloud)) ** 0.5)


def test_paths_says_what_is_left_of_the_data_at_the_start():
    panel = explore.paths()
    control(panel, "time").value = 0.0
    assert "alpha 0.000, beta 1.000" in panel.picture.alt
    control(panel, "scheduler").value = "DDPM's linear beta"
    assert "alpha 0.007, beta 1.000" in panel.picture.alt


@pytest.mark.parametrize("data", ["chessboard", "moons", "circles", "spiral"])
def test_every_law_of_paths_answers_in_good_time(data):
    panel = explore.paths()
    control(panel, "data").value = data
    begun = time.perf_counter()
    control(panel, "time").value = 0.3
    # 150 ms are wanted on a free core; this only catches a drawing that went wrong by an order of magnitude.
    assert time.perf_counter() - begun < 3
    assert f"end in the {data}." in panel.picture.alt


def test_a_board_keeps_what_is_pressed_in_the_order_of_reading():
    board = module.Board(3, ((1, 2),))
    heard = []
    board.observe(lambda change: heard.append(change["new"]), names="value")
    board._press(0, 1)
    board._press(1, 2)
    assert heard == [((0, 1), (1, 2)), ((0, 1),)]
    assert [c.description for c in board.children] == ["", "●", "", "", "", "", "", "", ""]
    assert [c.tooltip for c in board.children[:4]] == [
        "row 1, column 1",
        "row 1, column 2",
        "row 1, column 3",
        "row 2, column 1",
    ]


def test_a_drawing_becomes_data_on_the_pressed_squares_and_nowhere_else(seen):
    panel = explore.drawing(((0, 0),))
    control(panel, "time").value = 1.0
    corner = seen[-1]
    # Upper left square of [-2, 2]^2, half a unit wide, filled to its edges.
    assert corner.amin(0) == pytest.approx([-2.0, 1.5], abs=0.01)
    assert corner.amax(0) == pytest.approx([-1.5, 2.0], abs=0.01)
    panel.children[0]._press(7, 4)
    both = seen[-1]
    right = both[:, 0] > 0
    assert right.float().mean() == pytest.approx(0.5, abs=5 * 0.5 / module.MANY**0.5)
    assert both[right].amin(0) == pytest.approx([0.0, -2.0], abs=0.01)
    assert both[right].amax(0) == pytest.approx([0.5, -1.5], abs=0.01)
    assert "a drawing of 2 squares" in panel.picture.alt


def test_an_empty_drawing_says_so_and_a_press_brings_the_path_back():
    panel = explore.drawing(((3, 3),))
    panel.children[0]._press(3, 3)
    assert "No square is pressed" in panel.picture.alt
    panel.children[0]._press(2, 2)
    assert "a drawing of 1 square." in panel.picture.alt
