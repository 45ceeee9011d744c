"""Exercise 4.7: the continuity equation on a grid of the line."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, slope
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, Mistake, alike

OnGrid = Callable[[Tensor, float], Tensor]
Rule = Callable[[OnGrid, OnGrid, Tensor, float, float], Tensor]


def _central(values: Tensor, grid: Tensor) -> Tensor:
    return (values[2:] - values[:-2]) / (grid[2:] - grid[:-2])


def _in_time(density: OnGrid, grid: Tensor, t: float, dt: float) -> Tensor:
    return (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)


def _residual(change: Callable[..., Tensor] = _in_time, first: int = 1) -> Rule:
    """The residual with another change in time, or with that of the points from number `first` on."""

    def rule(density: OnGrid, field: OnGrid, grid: Tensor, t: float, dt: float) -> Tensor:
        outflow = _central(density(grid, t) * field(grid, t), grid)
        return change(density, grid, t, dt)[first : first + len(grid) - 2] + outflow

    return rule


def _outflow(outflow: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Rule:
    """The residual with another outflow, made of density, field and grid."""

    def rule(density: OnGrid, field: OnGrid, grid: Tensor, t: float, dt: float) -> Tensor:
        return _in_time(density, grid, t, dt)[1:-1] + outflow(density(grid, t), field(grid, t), grid)

    return rule


_right = _residual()

MISTAKES: dict[str, Mistake] = {
    **alike(
        TEXTS["one-sided in time"],
        {
            "one-sided in time": _residual(lambda p, x, t, dt: (p(x, t + dt) - p(x, t)) / dt),
            "one-sided in time, before": _residual(lambda p, x, t, dt: (p(x, t) - p(x, t - dt)) / dt),
        },
    ),
    **alike(
        "Change in time and divergence have opposite signs in your line. Where more flows out than in, the "
        "divergence is positive and the density falls: later minus earlier, then *plus* the divergence.",
        {
            "sign of the outflow": _outflow(lambda p, u, grid: -_central(p * u, grid)),
            "sign of the change": _residual(lambda *given: -_in_time(*given)),
        },
    ),
    "both signs": (
        lambda *given: -_right(*given),
        "Your residual is right but for its sign: change in time plus divergence, both with a plus.",
    ),
    **alike(
        "You take the derivative of density or field alone. What flows is density *times* velocity, and "
        "where one of the two has a slope, more leaves on one side than arrives on the other: of what is "
        "the derivative to be taken?",
        {
            "slope of the field missing": _outflow(lambda p, u, grid: u[1:-1] * _central(p, grid)),
            "slope of the density missing": _outflow(lambda p, u, grid: p[1:-1] * _central(u, grid)),
            "density missing in the flux": _outflow(lambda p, u, grid: _central(u, grid)),
            "field missing in the flux": _outflow(lambda p, u, grid: _central(p, grid)),
        },
    ),
    "one spacing for two": (
        _outflow(lambda p, u, grid: 2 * _central(p * u, grid)),
        "Your divergence is twice too large. From the left neighbour to the right one it is two spacings of "
        "the grid, not one.",
    ),
    "dt for two": (
        _residual(lambda *given: 2 * _in_time(*given)),
        "Your change in time is twice too large. From t - dt to t + dt it is two dt, not one.",
    ),
    **alike(
        "You take the difference to one neighbour. It belongs to the middle between the two, so your error "
        "falls only in proportion to the spacing. Take both neighbours.",
        {
            "one-sided in space": _outflow(lambda p, u, grid: (p * u).diff()[1:] / grid.diff()[1:]),
            "one-sided in space, to the left": _outflow(
                lambda p, u, grid: (p * u).diff()[:-1] / grid.diff()[1:]
            ),
        },
    ),
    **alike(
        "Brackets are missing in your change in time: a division binds more tightly than a difference, and "
        "`/ 2 * dt` divides by two and then *multiplies* by dt. What is divided by what?",
        {
            "two dt without brackets": _residual(lambda *given: given[-1] ** 2 * _in_time(*given)),
            "brackets in time": _residual(
                lambda p, grid, t, dt: p(grid, t + dt) - p(grid, t - dt) / (2 * dt)
            ),
        },
    ),
    "dt not used": (
        _residual(lambda p, grid, t, dt: _in_time(p, grid, t, 1e-3)),
        "Your step in time is not the `dt` that was handed over. Whoever calls the function wants to choose "
        "how far apart the two moments are: where does `dt` come in?",
    ),
    "absolute values": (
        lambda *given: _right(*given).abs(),
        "You return the size of the residual. Its sign is asked for too: it tells whether probability is "
        "missing or left over at a point.",
    ),
    **alike(
        "Change in time and divergence belong to different points in your sum: one of them is shifted by a "
        "neighbour. The divergence lives at the inner points; which slice of the change does too?",
        {
            "change at the wrong points": _residual(first=0),
            "change at the wrong points, to the right": _residual(first=2),
        },
    ),
    "edges kept": (
        lambda *given: torch.nn.functional.pad(_right(*given), (1, 1)),
        "You return a number for every point of the grid. The outermost points have only one neighbour: "
        "leave them out, in both parts.",
    ),
}
HINT_CHANGE = (
    "Here nothing flows, because the field is zero, so only the change of the density in time is left, and "
    "yours is another number. Which two times do you ask about, later minus earlier? By what do you divide, "
    "and at which points is the result taken?"
)
HINT_OUTFLOW = (
    "Here the density does not change in time, so only what the field carries away is left, and yours is "
    "another number. What is multiplied before the difference is taken, between which two points is it, and "
    "by what do you divide?"
)
HINT_SUM = (
    "Change in time and divergence are right, each on its own, but not together. Are density and field "
    "taken at the same time `t` in the flux, and do both parts belong to the same points?"
)
HINT_STEADY = (
    "Here density times velocity is the same everywhere, so what flows in flows out, and nothing changes. "
    "Your residual is not zero: is it the product that you take the derivative of?"
)
HINT_WAVE = (
    "A hill that a steady wind carries along fulfils the equation, and your residual does not vanish there "
    "but for a small error."
)
HINT_ORDER = (
    "Your residual goes to zero as the grid becomes finer, but not as fast as it should: with central "
    "differences half the spacing leaves a quarter of the error."
)


def _on_grid(rule: OnGrid, name: str) -> OnGrid:
    """A density or a field for the answer, which says what is wrong with a call in a student's words."""

    def values(x: Tensor, t: float) -> Tensor:
        one_time = isinstance(t, int | float) or (isinstance(t, Tensor) and t.numel() == 1)
        if not isinstance(x, Tensor) or not x.dim() or not one_time:
            raise Fault(
                f"{name} misused",
                f"Your function calls `{name}` with {described(x)} first and {described(t)} second. It takes "
                "points of the grid first, and then one time for all of them.",
            )
        return rule(x, t)

    values.__name__ = values.__qualname__ = name
    return values


RULES: dict[str, OnGrid] = {
    "t x + t³": lambda x, t: t * x + t**3,
    "2 + x": lambda x, t: 2 + x,
    "0": lambda x, t: 0 * x,
    "(1 + t) x": lambda x, t: (1 + t) * x,
}


def _hill(x: Tensor, t: float) -> Tensor:
    return torch.exp(-((x - 0.7 * t) ** 2) / 2) / math.sqrt(2 * math.pi)


@exercise(
    "4.7",
    "The continuity equation on a grid",
    "stretch",
    "density, field, grid, t, dt",
    _right,
    MISTAKES,
    double=True,  # the lab's own grid is, and the order of the error shows at 1e-5
)
def continuity(student: StudentFunction) -> Iterator[Fact]:
    """A sum known by hand, a steady flow, a hill in the wind, and the order of the error."""
    grid, t, dt = torch.linspace(-1, 1.5, 26, dtype=torch.float64), 0.4, 0.2
    inner = grid[1:-1]  # differences in space are exact for such low powers; the one in time adds dt²
    change, outflow = inner + 3 * t**2 + dt**2, (1 + t) * (2 * t * inner + t**3)
    ask = partial(student, shape=(24,))
    for name, p, u, true, hint in (
        ("wrong change in time", "t x + t³", "0", change, HINT_CHANGE),
        ("wrong outflow", "2 + x", "(1 + t) x", (1 + t) * (2 + 2 * inner), HINT_OUTFLOW),
        ("wrong residual", "t x + t³", "(1 + t) x", change + outflow, HINT_SUM),
    ):
        came = ask(_on_grid(RULES[p], "density"), _on_grid(RULES[u], "field"), grid, t, dt)
        yield Fact(name, f"residual of p = {p} and u = {u}", true, came, hint)
    came = ask(lambda x, t: 1 + x**2, lambda x, t: 1 / (1 + x**2), grid, t, 0.05)
    what = "residual of p = 1 + x² and u = 1 / p"
    yield Fact("not zero for a steady flow", what, torch.zeros(24), came, HINT_STEADY)
    sizes, errors = [], []
    for n in (41, 81, 161):
        grid = torch.linspace(-4, 4, n, dtype=torch.float64)
        came = student(_hill, lambda x, t: 0.7 + 0 * x, grid, t, 0.8 / (n - 1), shape=(n - 2,)).double()
        sizes.append(math.log(8 / (n - 1)))
        errors.append(math.log(max(float(came.abs().max()), 1e-12)))
    what = "largest residual of a hill in the wind"
    yield Fact("not zero for a hill in the wind", what, 0.0, math.exp(errors[-1]), HINT_WAVE, 0.01, 0.003)
    order = slope(torch.tensor(sizes), torch.tensor(errors))
    yield Fact("wrong order", "power of the spacing with which it falls", 2.0, order, HINT_ORDER, tol=0.1)
