"""Exercise 4.6: the continuity equation on a grid of the line."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, slope
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction

OnGrid = Callable[[Tensor, float], Tensor]


def _central(values: Tensor, grid: Tensor) -> Tensor:
    return (values[2:] - values[:-2]) / (grid[2:] - grid[:-2])


def _change(density: OnGrid, grid: Tensor, t: float, dt: float) -> Tensor:
    return ((density(grid, t + dt) - density(grid, t - dt)) / (2 * dt))[1:-1]


def _residual(density: OnGrid, field: OnGrid, grid: Tensor, t: float, dt: float) -> Tensor:
    flux = density(grid, t) * field(grid, t)
    return _change(density, grid, t, dt) + _central(flux, grid)


def _with(
    change: float = 1.0, outflow: Callable[[Tensor, Tensor, Tensor], Tensor] | float = 1.0
) -> Callable[..., Tensor]:
    """The two parts, with another factor before them, or with another outflow made of p, u and the grid."""

    def rule(density: OnGrid, field: OnGrid, grid: Tensor, t: float, dt: float) -> Tensor:
        p, u = density(grid, t), field(grid, t)
        second = outflow(p, u, grid) if callable(outflow) else outflow * _central(p * u, grid)
        return change * _change(density, grid, t, dt) + second

    return rule


def _shifted(first: int) -> Callable[..., Tensor]:
    """Change in time at points that begin with another one than the first inner point."""

    def rule(density: OnGrid, field: OnGrid, grid: Tensor, t: float, dt: float) -> Tensor:
        change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
        flux = density(grid, t) * field(grid, t)
        return change[first : first + len(grid) - 2] + _central(flux, grid)

    return rule


def _on_grid(rule: OnGrid, name: str) -> OnGrid:
    """A density or a field for the answer, which says what is wrong with a call in a student's words."""

    def asked(x: Tensor, t: float) -> Tensor:
        one_time = isinstance(t, int | float) or (isinstance(t, Tensor) and t.numel() == 1)
        if not isinstance(x, Tensor) or not x.dim() or not one_time:
            raise Fault(
                f"{name} misused",
                f"Your function calls `{name}` with {described(x)} first and {described(t)} second. It takes "
                "points of the grid first, and then one time for all of them.",
            )
        return rule(x, t)

    asked.__name__ = asked.__qualname__ = name
    return asked


def _no_spacing(p: Tensor, u: Tensor, grid: Tensor) -> Tensor:
    return (p * u)[2:] - (p * u)[:-2]


MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "sign of the outflow": (
        _with(outflow=-1.0),
        "You subtract the divergence where it has to be added. Where more flows out than in, the "
        "divergence is positive and the density falls: the two parts should cancel in the sum.",
    ),
    "sign of the change": (
        _with(change=-1.0),
        "Change in time and divergence have opposite signs in your line. Where more flows out than in, the "
        "divergence is positive and the density falls: later minus earlier, then *plus* the divergence.",
    ),
    "both signs": (
        _with(change=-1.0, outflow=-1.0),
        "Your residual is right but for its sign: change in time plus divergence, both with a plus.",
    ),
    "change in time missing": (
        _with(change=0.0),
        "You return the divergence of the flux alone. For a density that changes in time the other half of "
        "the equation is missing.",
    ),
    "outflow missing": (
        _with(outflow=0.0),
        "You return the change of the density in time alone. What the field carries away is missing.",
    ),
    "slope of the field missing": (
        _with(outflow=lambda p, u, grid: u[1:-1] * _central(p, grid)),
        "You multiply the field by the slope of the density. Where the field itself has a slope, it thins "
        "the density out or heaps it up: take the derivative of the *product*.",
    ),
    "slope of the density missing": (
        _with(outflow=lambda p, u, grid: p[1:-1] * _central(u, grid)),
        "You multiply the density by the slope of the field. Where the density has a slope, more leaves on "
        "one side than arrives on the other: take the derivative of the *product*.",
    ),
    "density missing in the flux": (
        _with(outflow=lambda p, u, grid: _central(u, grid)),
        "You take the slope of the field alone. What flows is density times velocity: where there is "
        "nothing, nothing is carried.",
    ),
    "one spacing for two": (
        _with(outflow=2.0),
        "Your divergence is twice too large. From the left neighbour to the right one it is two spacings of "
        "the grid, not one.",
    ),
    "dt for two": (
        _with(change=2.0),
        "Your change in time is twice too large. From t - dt to t + dt it is two dt, not one.",
    ),
    "not divided by the spacing": (
        _with(outflow=_no_spacing),
        "You take differences of the flux but do not divide by the distance between the points of the grid.",
    ),
    "one-sided in space": (
        lambda density, field, grid, t, dt: (
            _change(density, grid, t, dt) + (density(grid, t) * field(grid, t)).diff()[1:] / grid.diff()[1:]
        ),
        "You take the difference to one neighbour. It belongs to the middle between the two, so your error "
        "falls only in proportion to the spacing. Take both neighbours.",
    ),
    "one-sided in time": (
        lambda density, field, grid, t, dt: (
            ((density(grid, t + dt) - density(grid, t)) / dt)[1:-1]
            + _central(density(grid, t) * field(grid, t), grid)
        ),
        "You take the difference between now and later. It belongs to the middle of the two, so your error "
        "falls only in proportion to dt. Take one moment before and one after.",
    ),
    "two dt without brackets": (
        lambda density, field, grid, t, dt: (
            _change(density, grid, t, dt) * dt**2 + _central(density(grid, t) * field(grid, t), grid)
        ),
        "Your change in time is divided by two and then *multiplied* by dt: a line is read from left to "
        "right. Put brackets round the two and the dt below the line.",
    ),
    "brackets in time": (
        lambda density, field, grid, t, dt: (
            (density(grid, t + dt) - density(grid, t - dt) / (2 * dt))[1:-1]
            + _central(density(grid, t) * field(grid, t), grid)
        ),
        "Only the earlier density is divided by two dt in your line: division binds more tightly than a "
        "difference. Put brackets round the difference.",
    ),
    "absolute values": (
        lambda *given: _residual(*given).abs(),
        "You return the size of the residual. Its sign is asked for too: it tells whether probability is "
        "missing or left over at a point.",
    ),
    "change at the wrong points": (
        _shifted(0),
        "The change in time and the divergence belong to different points in your sum: one is shifted by a "
        "neighbour. The divergence lives at the inner points; which slice of the change does too?",
    ),
    "change at the wrong points, to the right": (
        _shifted(2),
        "The change in time belongs to the right neighbour of the point at which you take the divergence. "
        "The divergence lives at the inner points; which slice of the change does too?",
    ),
    "edges kept": (
        lambda density, field, grid, t, dt: torch.nn.functional.pad(
            _residual(density, field, grid, t, dt), (1, 1)
        ),
        "You return a number for every point of the grid. The outermost points have only one neighbour: "
        "leave them out, in both parts.",
    ),
}
LOOK_SUM = (
    "For a density and a field whose derivatives are known by hand your residual is another number. Work "
    "out both parts for p = t x and u = x on paper, and compare."
)
LOOK_STEADY = (
    "Here density times velocity is the same everywhere, so what flows in flows out, and nothing changes. "
    "Your residual is not zero: is it the product that you take the derivative of?"
)
LOOK_WAVE = (
    "A hill that a steady wind carries along fulfils the equation, and your residual does not vanish there "
    "but for a small error."
)
LOOK_ORDER = (
    "Your residual goes to zero as the grid becomes finer, but not as fast as it should: with central "
    "differences half the spacing leaves a quarter of the error."
)


def _hill(x: Tensor, t: float) -> Tensor:
    return torch.exp(-((x - 0.7 * t) ** 2) / 2) / math.sqrt(2 * math.pi)


@exercise(
    "4.6",
    "The continuity equation on a grid",
    "stretch",
    "density, field, grid, t, dt",
    _residual,
    MISTAKES,
    double=True,
)
def continuity(student: StudentFunction) -> Iterator[Fact]:
    """A sum known by hand, a steady flow, a hill in the wind, and the order of the error."""
    grid, t = torch.linspace(-1, 1.5, 26, dtype=torch.float64), 0.4
    density, field = _on_grid(lambda x, t: t * x, "density"), _on_grid(lambda x, t: 1.0 * x, "field")
    came = student(density, field, grid, t, 0.05, shape=(24,))
    true = grid[1:-1] * (1 + 2 * t)  # both differences are exact for such low powers
    yield Fact("wrong residual", "residual of p = t x and u = x at t = 0.4", true, came, LOOK_SUM)
    came = student(lambda x, t: 1 + x**2, lambda x, t: 1 / (1 + x**2), grid, t, 0.05, shape=(24,))
    what = "residual of p = 1 + x² and u = 1 / p"
    yield Fact("not zero for a steady flow", what, torch.zeros(24), came, LOOK_STEADY)
    sizes, errors = [], []
    for n in (41, 81, 161):
        grid = torch.linspace(-4, 4, n, dtype=torch.float64)
        came = student(_hill, lambda x, t: 0.7 + 0 * x, grid, t, 0.8 / (n - 1), shape=(n - 2,)).double()
        sizes.append(math.log(8 / (n - 1)))
        errors.append(math.log(max(float(came.abs().max()), 1e-12)))
    what = "largest residual of a hill in the wind"
    yield Fact("not zero for a hill in the wind", what, 0.0, math.exp(errors[-1]), LOOK_WAVE, 0.01, 0.003)
    order = slope(torch.tensor(sizes), torch.tensor(errors))
    yield Fact("wrong order", "power of the spacing with which it falls", 2.0, order, LOOK_ORDER, tol=0.1)
