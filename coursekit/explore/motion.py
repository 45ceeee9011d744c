"""Explorers of points that follow a vector field of the plane."""

from collections.abc import Mapping
from functools import cache

import torch
from matplotlib.axes import Axes
from torch import Tensor

from ..base import Field, Time, as_time
from ..distributions import GaussianMixture
from ..paths import CondOT, GaussianPath, marginal_velocity
from ..plots import COLORS, quiver, trajectories
from ..solvers import find_solver, simulate, time_grid
from .panel import Explorer, choice, explorer, slider

OFFERED = ["Euler", "Heun"]


def _turn(x: Tensor) -> Tensor:
    """Turn vectors of the plane by a quarter to the left."""
    return torch.stack([-x[:, 1], x[:, 0]], 1)


def _swirl(x: Tensor, t: Time) -> Tensor:
    return 8 * as_time(t, x) * torch.exp(-x.square().sum(1, keepdim=True) / 2) * _turn(x)


def _rotation(x: Tensor, t: Time) -> Tensor:
    return torch.pi * _turn(x)


def _stiff(x: Tensor, t: Time) -> Tensor:
    return x * x.new_tensor([-1.0, -20.0])


def _three_hills() -> Field:
    angles = torch.tensor([0.25, 0.583, 0.917], dtype=torch.float64) * 2 * torch.pi
    means = 2 * torch.stack([angles.cos(), angles.sin()], 1)
    hills = GaussianMixture(torch.full((3,), 1 / 3, dtype=torch.float64), means, torch.full((3,), 0.3))
    return marginal_velocity(hills, GaussianPath(CondOT()))


def _ready_made() -> dict[str, Field]:
    return {
        "swirl, faster with time": _swirl,
        "rotation by half a turn": _rotation,
        "stiff: slow along x₁, fast along x₂": _stiff,
        "noise to three hills": _three_hills(),
    }


def _reference(field: Field, start: tuple[float, float]) -> Tensor:
    """Path from `start` by an adaptive solver of order 8, right to about five digits: (101, 1, 2)."""
    from scipy.integrate import solve_ivp

    def slope(t: float, x: list[float]) -> list[float]:
        return field(torch.as_tensor(x, dtype=torch.float64)[None], t)[0].tolist()

    # Short of the end by a hair, where some exact fields are singular.
    ticks = torch.linspace(0, 1 - 1e-9, 101, dtype=torch.float64).tolist()
    path = solve_ivp(slope, (0, ticks[-1]), start, method="DOP853", t_eval=ticks, rtol=1e-6, atol=1e-8)
    if not path.success:
        raise ArithmeticError(f"the reference path from {start} breaks off: {path.message}")
    return torch.as_tensor(path.y.T)[:, None]


def _draw_paths(ax: Axes, field: Field, exact: Tensor, found: Tensor, lim: float, name: str) -> None:
    """Arrows at half time, the reference path, and over it the simulated one under its name."""
    quiver(lambda x, t: field(x.double(), t), 0.5, ax, lim=lim, color="#BBBBBB")
    trajectories(exact, ax, lim=lim, color="black", label="reference")
    trajectories(found, ax, lim=lim, color=COLORS[1], label=name, steps=True)
    ax.legend(loc="upper left", fontsize="small")


def flows(fields: Mapping[str, Field] | None = None, lim: float = 3.0) -> Explorer:
    """Explore how well Euler and Heun follow a field of the plane from a start of one's choice.

    The picture shows the field's arrows at half time, the path of a reference solver, the simulated path
    with all its steps, and how far apart the two end.

    Args:
        fields: for each name a field on [0, 1]; None offers a swirl, a rotation, a stiff field and the exact
            field from noise to three hills.
        lim: half the side of the square shown, data units.
    Returns:
        The explorer.
    """
    offered = fields or _ready_made()
    reference = cache(lambda name, start: _reference(offered[name], start))

    def draw(ax: Axes, field: str, solver: str, steps: int, x1: float, x2: float) -> str:
        exact = reference(field, (x1, x2))
        found = simulate(offered[field], exact[0], time_grid(steps), solver)
        error = float((found[-1] - exact[-1]).norm())
        _draw_paths(ax, offered[field], exact, found, lim, f"{solver}, {steps} steps")
        ax.set_title(f"distance at the end: {error:.2g}", fontsize="medium", y=1.01)
        calls = steps * find_solver(solver).evaluations
        return (
            f"Field: {field}. From ({x1:.1f}, {x2:.1f}), {solver} with {steps} steps "
            f"({calls} field evaluations) ends {error:.2g} away from the end of the reference path."
        )

    return explorer(
        draw,
        field=choice("field", list(offered)),
        solver=choice("solver", OFFERED),
        steps=slider("number of steps", 1, 50, 8),
        x1=slider("start x₁ (data units)", -2.5, 2.5, 1.0, 0.1),
        x2=slider("start x₂ (data units)", -2.5, 2.5, 0.5, 0.1),
    )
