"""Explorer of the marginalization trick: what each data point says at a place, and what they add up to."""

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import Tensor

from ..base import Field
from ..distributions import Empirical
from ..paths import GaussianPath, TractableDistribution, marginal_law, marginal_velocity, posterior_weights
from ..plots import COLORS
from .panel import Explorer, explorer, slider

LIM = 3.0
SIDE = 31  # picture cells along one side of the shaded error
SHOWN = 160  # points that stand for a law which is not a data set
NAMED = 12  # up to so many points have their weight written at them
LAST = 0.98  # the exact field of a data set is not defined at t = 1
STARS = (
    (-2.0, 0.5),
    (-1.0, -1.5),
    (-0.4, 1.6),
    (0.5, 0.2),
    (1.2, -1.2),
    (1.5, 1.4),
    (2.3, 0.1),
)


def evaluate_own(field: Field, x: Tensor, t: float) -> Tensor:
    """Answers of the reader's field at states `x` (batch, 2), in double precision.

    Raises:
        ValueError: it raised an error, or its answers are not one finite velocity for each state; in words
            for the reader.
    """
    try:
        with torch.no_grad():
            u = field(x.float(), torch.full((len(x), 1), t))
    except Exception as error:
        message = " ".join(str(error).split())[:160]
        raise ValueError(
            f"Your field raised {type(error).__name__}: {message or 'without a message'}."
        ) from None
    if not isinstance(u, Tensor):
        raise ValueError(f"Your field returned {type(u).__name__}; it should return a tensor like x.")
    if u.shape != x.shape:
        expected = tuple(x.shape)
        raise ValueError(
            f"Your field returned shape {tuple(u.shape)} for states {expected}; it should return that shape."
        )
    if not bool(u.isfinite().all()):
        raise ValueError(f"Your field returned numbers that are infinite or not a number at t = {t:.2f}.")
    return u.detach().cpu().double()


def _shade(
    ax: Axes, field: Field, law: TractableDistribution, path: GaussianPath, t: float
) -> tuple[float, float]:
    """Shade how far `field` is from the exact one over the square; return mean (over p_t) and largest."""
    side = torch.linspace(-LIM, LIM, 2 * SIDE + 1, dtype=torch.float64)[1::2]  # middles of the cells
    x = torch.cartesian_prod(side, side).flip(-1)
    error = (evaluate_own(field, x, t) - marginal_velocity(law, path)(x, t)).norm(dim=1)
    frequent = marginal_law(law, path, t).log_prob(x).softmax(0)
    image, square = error.reshape(SIDE, SIDE).numpy(), (-LIM, LIM, -LIM, LIM)
    ax.imshow(image, cmap="Oranges", alpha=0.8, vmin=0.0, origin="lower", extent=square, zorder=0)
    return float((frequent * error).sum()), float(error.max())


def _fan(ax: Axes, x: Tensor, tips: Tensor, points: Tensor, weights: Tensor) -> None:
    """Conditional arrows from `x` (2,) to their tips, as strong as their weights, and the data points."""
    share, few = (weights / weights.max()).numpy(), len(points) <= NAMED
    size = 1.0 if few else 0.25  # many lines at full strength would hide one another
    colors = [(0.0, 0.447, 0.698, (0.1 + 0.75 * float(s)) * size**0.5) for s in share]
    lines = [torch.stack([x, tip]).numpy() for tip in tips]
    ax.add_collection(LineCollection(lines, colors=colors, linewidths=size * (0.6 + 2 * share), zorder=1))
    ax.scatter(
        points[:, 0], points[:, 1], s=size * (10 + 110 * share), color=COLORS[0], linewidths=0, zorder=2
    )
    for (a, b), w in zip(points.tolist(), weights.tolist(), strict=True) if few else ():
        ax.text(a, b + 0.17, f"{w:.2f}", ha="center", color=COLORS[0], fontsize="small")


def _arrow(ax: Axes, x: Tensor, tip: Tensor, color: str, name: str) -> None:
    look = {
        "arrowstyle": "-|>",
        "color": color,
        "linewidth": 2.4,
        "mutation_scale": 16,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    ax.annotate("", xy=tuple(tip.tolist()), xytext=tuple(x.tolist()), arrowprops=look, zorder=4)
    ax.plot([], [], color=color, linewidth=2.4, label=name)


def _points(data: Tensor | TractableDistribution) -> tuple[TractableDistribution, Tensor]:
    """The law of the data, and the points that stand for it in the picture, (n, 2)."""
    law = Empirical(data.detach().cpu().double()) if isinstance(data, Tensor) else data
    if isinstance(law, Empirical):
        points = law.points.double()
    else:
        points = law.sample(SHOWN, torch.Generator().manual_seed(0)).double()
    if points.dim() != 2 or points.shape[1] != 2:
        raise ValueError(f"data points have shape {tuple(points.shape)}; the probe looks at a plane, (n, 2)")
    return law, points


def _caption(x: Tensor, weights: Tensor, t: float, u: Tensor) -> str:
    """What the picture shows without a field of the reader's."""
    heaviest, left = float(weights.max()), float(1 / weights.square().sum())
    here, speed = (", ".join(f"{c:.2f}" for c in v.tolist()) for v in (x, u))
    return (
        f"State ({here}) at t = {t:.2f}. Blue lines lead to the {len(weights)} data points shown, stronger "
        f"for a greater posterior weight: the greatest is {heaviest:.3f}, the effective number of candidates "
        f"{left:.1f}. The black arrow is the marginal field ({speed}) times the time left."
    )


def _compare(
    ax: Axes, field: Field, law: TractableDistribution, path: GaussianPath, x: Tensor, t: float
) -> str:
    """Draw the reader's field beside the exact one; tell how far apart they are, or what is wrong."""
    try:
        u = evaluate_own(field, x, t)
        mean, largest = _shade(ax, field, law, path, t)
    except ValueError as fault:
        ax.text(0, 0.9 * LIM, "Your field gave no picture: read below.", ha="center", color=COLORS[1])
        return str(fault)
    _arrow(ax, x[0], x[0] + (1 - t) * u[0], COLORS[1], "your field")
    here = float((u - marginal_velocity(law, path)(x, t)).norm())
    return (
        f"The orange arrow is your field; here it is {here:.2f} away from the exact one. Orange shading: "
        f"this distance over the plane, from none (white) to {largest:.2f} (darkest), data units per time. "
        f"On average over the states at this time it is {mean:.3f}."
    )


def probe(field: Field | None = None, data: Tensor | TractableDistribution | None = None) -> Explorer:
    """Probe the marginal field at a place: conditional arrows, posterior weights and what they add up to.

        u_t(x) = sum_i p_t(z_i | x) u_t(x | z_i)

    Marginalization trick, Holderrieth & Erives. Arrows are drawn times the time left, (1 - t) u: on the
    straight-line path those of the data points then end in the points, and the marginal one in their
    weighted mean. A field of the reader's own takes the place of the exact one: its arrow is drawn beside,
    and its distance from the exact field is shaded over the plane. What is wrong with it is said in words.

    Args:
        field: the reader's own, called as field(x, t) with x (batch, 2) and t (batch, 1), float32; a
            trained network for instance. None shows the exact field alone.
        data: data points (n, 2), or a law of the plane whose exact field is known, for which 160 of its
            points are shown; None takes seven points.
    Returns:
        The explorer: sliders for both coordinates of the state and for the time.
    Raises:
        ValueError: the data do not lie in a plane.
        TypeError: no exact field is known for the law `data`.
    """
    law, points = _points(torch.tensor(STARS) if data is None else data)
    path = GaussianPath()
    exact = marginal_velocity(law, path)

    def draw(ax: Axes, x1: float, x2: float, t: float) -> str:
        x = torch.tensor([[x1, x2]], dtype=torch.float64)
        weights = posterior_weights(x, points, path, t)[0]
        tips = x + (1 - t) * path.velocity(x.expand_as(points), points, t)
        u = exact(x, t)[0]
        _fan(ax, x[0], tips, points, weights)
        _arrow(ax, x[0], x[0] + (1 - t) * u, "black", "exact marginal field")
        text = _caption(x[0], weights, t, u)
        if field is not None:
            text += " " + _compare(ax, field, law, path, x, t)
        ax.plot(*x[0].tolist(), "o", color="white", markeredgecolor="black", markersize=8, zorder=5)
        ax.set(xlim=(-LIM, LIM), ylim=(-LIM, LIM), xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False, fontsize="small")
        return text

    return explorer(
        draw,
        (5.2, 5.4),
        x1=slider("state x₁ (data units)", -2.8, 2.8, -1.6, 0.1),
        x2=slider("state x₂ (data units)", -2.8, 2.8, 1.4, 0.1),
        t=slider("time t (0 noise, 1 data)", 0.0, LAST, 0.4, 0.02),
    )
