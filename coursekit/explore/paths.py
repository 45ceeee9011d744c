"""Explorers of probability paths: conditional beside marginal, and a data set of the reader's own."""

from functools import cache
from math import nan

import ipywidgets as widgets
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from ..distributions import Chessboard, Circles, Moons, Samplable, Spiral
from ..paths import VP, CondOT, Cosine, GaussianPath, Scheduler, SquareRoot
from ..plots import COLORS
from ..plots import samples as points_of
from .panel import Explorer, button, choice, explorer, slider

SCHEDULERS: dict[str, Scheduler] = {
    "straight line": CondOT(),
    "cosine": Cosine(),
    "DDPM's linear beta": VP(),
    "beta = √(1 − t)": SquareRoot(),
}
MANY, FEW = 1500, 300
LIM = 3.2
APART = 7.4
CELLS = 8
SIDE = 0.5
# A little face: row 0 is the top one, column 0 the left one.
FACE = ((1, 2), (2, 2), (1, 5), (2, 5), (5, 1), (6, 2), (6, 3), (6, 4), (6, 5), (5, 6))


class Board(widgets.GridBox):
    """Squares to press and release: the drawing surface of an explorer.

    Args:
        cells: squares along a side.
        pressed: those pressed in the beginning, as (row, column) from the upper left.
    """

    value = traitlets.Tuple()
    """Pressed squares as (row, column), in the order of reading."""

    def __init__(self, cells: int, pressed: tuple[tuple[int, int], ...]) -> None:
        look = {"width": "26px", "height": "26px", "margin": "1px", "padding": "0"}
        places = [(r, c) for r in range(cells) for c in range(cells)]
        self._squares = {
            place: widgets.ToggleButton(
                value=place in pressed, tooltip=f"row {place[0] + 1}, column {place[1] + 1}", layout=look
            )
            for place in places
        }
        super().__init__(
            list(self._squares.values()), layout={"grid_template_columns": f"repeat({cells}, 28px)"}
        )
        for place, square in self._squares.items():
            self._paint(place)
            square.observe(lambda _, place=place: self._paint(place), names="value")

    def _paint(self, place: tuple[int, int]) -> None:
        square = self._squares[place]
        # Dark when pressed, in every theme, and a letter for those who do not see the colour.
        square.button_style = "primary" if square.value else ""
        square.description = "●" if square.value else ""
        self.value = tuple(at for at, one in self._squares.items() if one.value)

    def _press(self, row: int, column: int) -> None:
        """Press a square, or release it if it is pressed, as a click would."""
        square = self._squares[row, column]
        square.value = not square.value


def _noise(n: int, seed: int) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


def _panel(ax: Axes, shift: float, title: str, ticks: tuple[tuple[float, str], ...]) -> None:
    """A framed square of half-width LIM around (shift, 0), with numbers at places along both sides."""
    ax.add_patch(Rectangle((shift - LIM, -LIM), 2 * LIM, 2 * LIM, fill=False, linewidth=0.8))
    ax.text(shift, LIM + 0.25, title, ha="center")
    for place, number in ticks:
        ax.text(shift + place, -LIM - 0.15, number, ha="center", va="top", fontsize="small")
        ax.text(shift - LIM - 0.15, place, number, ha="right", va="center", fontsize="small")


def _cloud(ax: Axes, shift: float, x: Tensor, color: str, title: str) -> None:
    """A panel with those points of the plane that lie in it; grey lines are the axes."""
    _panel(ax, shift, title, ((-2.0, "−2"), (0.0, "0"), (2.0, "2")))
    ax.plot([shift - LIM, shift + LIM, nan, shift, shift], [0, 0, nan, -LIM, LIM], color="#DDDDDD", zorder=0)
    inside = x[x.abs().amax(1) <= LIM]
    points_of(inside + torch.tensor([shift, 0.0]), ax, color=color, size=5)


def _weights(ax: Axes, shift: float, scheduler: Scheduler, t: float) -> tuple[float, float]:
    """The panel of alpha and beta over time, with a mark at `t`; returns both at `t`."""
    times, now = torch.linspace(0, 1, 101), torch.tensor(t)
    size, left, low = 1.88 * LIM, shift - 0.94 * LIM, -0.94 * LIM
    places = ((low, "0"), (0.0, "0.5"), (low + size, "1"))
    _panel(ax, shift, "weights of data α, noise β over time", places)
    ax.plot([left + size * t] * 2, [-LIM, LIM], color="#999999", linewidth=0.8)
    for values, color, name in ((scheduler.alpha, COLORS[0], "α"), (scheduler.beta, COLORS[1], "β")):
        ax.plot(left + size * times, low + size * values(times), color=color)
        ax.plot([left + size * t], [low + size * float(values(now))], "o", color=color)
        ax.text(shift + LIM + 0.15, low + size * float(values(times[-1])), name, color=color, va="center")
    return float(scheduler.alpha(now)), float(scheduler.beta(now))


def _draw(ax: Axes, data: Tensor, z: Tensor, scheduler: str, t: float, name: str) -> str:
    """Conditional path to `z`, marginal path to `data`, and the weights; returns the text."""
    path = GaussianPath(SCHEDULERS[scheduler])
    given = path.sample(z.expand(FEW, 2), _noise(FEW, 1), t)
    mixed = path.sample(data, _noise(len(data), 2), t)
    # All three panels share one axes: making axes anew would take most of the time of an answer.
    _cloud(ax, -APART, given, COLORS[1], "conditional, one z")
    ax.plot(float(z[0]) - APART, float(z[1]), "x", color="black", markersize=8, markeredgewidth=2)
    _cloud(ax, 0.0, mixed, COLORS[0], "marginal, every z")
    alpha, beta = _weights(ax, APART, SCHEDULERS[scheduler], t)
    ax.set(xlim=(-APART - LIM - 0.7, APART + LIM + 0.6), ylim=(-LIM - 0.8, LIM + 0.9))
    ax.set_axis_off()
    ratio = "without bound" if beta == 0 else f"{(alpha / beta) ** 2:.3g}"
    where = ", ".join(f"{c:.2f}" for c in z.tolist())
    return (
        f"{scheduler.capitalize()} at t = {t:.2f}: alpha {alpha:.3f}, beta {beta:.3f}, signal-to-noise ratio "
        f"{ratio}. Left: {FEW} states that end in z = ({where}), marked by a cross. Middle: {len(data)} "
        f"states that end in {name}. Both frames are {2 * LIM:g} wide around the origin. "
        "Right: alpha and beta over time."
    )


def paths(distributions: dict[str, Samplable] | None = None) -> Explorer:
    """Explore a Gaussian path: the conditional one to a single point beside the marginal one to all data.

    Args:
        distributions: for each name what can be sampled in the plane; None offers a chessboard, moons,
            circles and a spiral.
    Returns:
        The explorer: a slider for the time, menus for the scheduler and the data, a button for another z.
    """
    offered = distributions or {
        "chessboard": Chessboard(),
        "moons": Moons(),
        "circles": Circles(),
        "spiral": Spiral(),
    }

    @cache
    def data_of(name: str) -> Tensor:
        return offered[name].sample(MANY, torch.Generator().manual_seed(0)).float()

    def draw(ax: Axes, t: float, scheduler: str, data: str, another: int) -> str:
        found = data_of(data)
        return _draw(ax, found, found[another % MANY], scheduler, t, f"the {data}")

    return explorer(
        draw,
        (9.0, 3.3),
        t=slider("time t (0 noise, 1 data)", 0.0, 1.0, 0.5, 0.02),
        scheduler=choice("scheduler", list(SCHEDULERS)),
        data=choice("data", list(offered)),
        another=button("Another data point z"),
    )


def _spread(cells: tuple[tuple[int, int], ...]) -> Tensor:
    """Points spread evenly over the pressed squares of a board around the origin, (MANY, 2)."""
    source = torch.Generator().manual_seed(0)
    rows = torch.tensor(cells, dtype=torch.float32)[torch.randint(len(cells), (MANY,), generator=source)]
    place = rows + torch.rand(MANY, 2, generator=source)
    return (place.flip(1) - CELLS / 2) * SIDE * torch.tensor([1.0, -1.0])


def drawing(pressed: tuple[tuple[int, int], ...] = FACE) -> Explorer:
    """Draw data by pressing squares, and see them carried along a Gaussian path.

    The data are uniform on the pressed squares of [-2, 2]^2, as many points on each.

    Args:
        pressed: the drawing to begin with, squares as (row, column) from 0 to 7, upper left first.
    Returns:
        The explorer: the drawing surface, a slider for the time, a menu for the scheduler, a button for
        another z.
    """

    def draw(ax: Axes, cells: tuple[tuple[int, int], ...], t: float, scheduler: str, another: int) -> str:
        if not cells:
            ax.set_axis_off()
            ax.text(0.5, 0.5, "Press a square: no data, no path.", ha="center")
            return "No square is pressed. A path needs data to end in."
        found = _spread(cells)
        name = f"a drawing of {len(cells)} square{'' if len(cells) == 1 else 's'}"
        return _draw(ax, found, found[another % MANY], scheduler, t, name)

    return explorer(
        draw,
        (9.0, 3.3),
        cells=Board(CELLS, pressed),
        t=slider("time t (0 noise, 1 data)", 0.0, 1.0, 0.8, 0.02),
        scheduler=choice("scheduler", list(SCHEDULERS)),
        another=button("Another data point z"),
    )
