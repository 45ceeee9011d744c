"""Drawings of one number against another: paths over time, errors against cost, sweeps."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from torch import Tensor

from .style import COLORS, MARKERS, array, axes, name_axes, paint, plain_ticks

Numbers = Tensor | list[float] | tuple[float, ...]


def paths_1d(
    times: Tensor,
    xs: Tensor,
    ax: Axes | None = None,
    *,
    color: str | Sequence[str] | None = None,
    label: str | None = None,
) -> Axes:
    """Draw states on the line over time.

    Args:
        times: (times,).
        xs: states, (times, batch) or (times, batch, 1).
        ax: where to draw; None makes one.
        color: colour of all paths, or one for each, for instance one for each start; None takes the
            palette's colours in turn.
        label: name in the legend, once for all paths.
    Returns:
        The axes.
    Raises:
        ValueError: there is not one state of the line for each time, or not one colour for each path.

    >>> ax = paths_1d(torch.linspace(0, 1, 11), torch.randn(11, 3))
    >>> len(ax.lines)
    3
    """
    states = array(xs)
    if states.ndim == 3 and states.shape[-1] == 1:
        states = states[..., 0]
    if states.ndim > 2 or len(states) != len(times):
        raise ValueError(
            f"xs has shape {tuple(xs.shape)} for {len(times)} times; paths on the line need (times, batch)."
        )
    ax = axes(ax)
    drawn = ax.plot(array(times), states, linewidth=1.2)
    paint(drawn, color)
    drawn[0].set_label(label)
    name_axes(ax, "time $t$", "state $x$")
    return ax


def convergence(
    hs: Numbers,
    errors: Mapping[str, Numbers],
    ax: Axes | None = None,
    *,
    orders: Mapping[str, int] | None = None,
) -> Axes:
    """Draw errors against the step size on logarithmic axes, with reference slopes.

    Args:
        hs: step sizes, positive.
        errors: for each solver's name its errors, as many as `hs`.
        ax: where to draw; None makes one.
        orders: for some of the names the slope to draw as a dashed line through the smallest step; each
            slope has one entry in the legend.
    Returns:
        The axes.

    >>> ax = convergence([0.1, 0.05], {"Euler": [0.2, 0.1]}, orders={"Euler": 1})
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('step size $h$', 'error')
    """
    ax = axes(ax)
    h = array(hs)
    named: set[int] = set()
    for (name, error), color, marker in zip(errors.items(), COLORS, MARKERS, strict=False):
        ax.loglog(h, array(error), color=color, marker=marker, linestyle="none", label=name)
        order = (orders or {}).get(name)
        if order is not None:
            finest = h.argmin()
            line = array(error)[finest] * (h / h[finest]) ** order
            label = None if order in named else f"slope {order}"
            ax.loglog(h, line, color=color, linestyle="--", linewidth=1, label=label)
            named.add(order)
    plain_ticks(ax.xaxis)
    ax.set(xlabel="step size $h$", ylabel="error")
    ax.legend(frameon=False)
    return ax


def work_precision(runs: Mapping[str, tuple[Numbers, Numbers]], ax: Axes | None = None) -> Axes:
    """Draw errors against the work they cost, on logarithmic axes.

    Args:
        runs: for each solver's name its numbers of field evaluations and its errors.
        ax: where to draw; None makes one.
    Returns:
        The axes; lower and further left is better.

    >>> ax = work_precision({"Euler": ([10, 20], [0.2, 0.1])})
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('field evaluations', 'error')
    """
    ax = axes(ax)
    for (name, (work, error)), color, marker in zip(runs.items(), COLORS, MARKERS, strict=False):
        ax.loglog(array(work), array(error), color=color, marker=marker, markersize=5, label=name)
    plain_ticks(ax.xaxis)
    ax.set(xlabel="field evaluations", ylabel="error")
    ax.legend(frameon=False)
    return ax


def curve(
    x: Numbers,
    y: Numbers,
    ax: Axes | None = None,
    *,
    label: str | None = None,
    color: str | None = None,
    marker: str | None = None,
    band: tuple[float, float] | None = None,
    band_label: str | None = None,
) -> Axes:
    """Draw one number against another, with an optional band to compare it with.

    Args:
        x: (n,).
        y: (n,).
        ax: where to draw; None makes one.
        label: name in the legend.
        color: colour of the line; None takes the palette's next.
        marker: mark at each point, in Matplotlib's letters.
        band: lower and upper edge of a level grey band, for instance a floor of real against real.
        band_label: name of the band in the legend.
    Returns:
        The axes; name its axes with `ax.set(xlabel=…, ylabel=…)`.

    >>> ax = curve([0, 1, 2], [1.0, 0.5, 0.25], label="loss", band=(0.2, 0.3))
    >>> len(ax.lines)
    1
    """
    ax = axes(ax)
    paint(ax.plot(array(x), array(y), label=label, marker=marker), color)
    if band is not None:
        ax.axhspan(*band, color="#999999", alpha=0.3, linewidth=0, label=band_label)
    if label or band_label:
        ax.legend(frameon=False)
    return ax
