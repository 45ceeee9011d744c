"""Drawings of one number against another: paths over time, errors against cost, sweeps."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from torch import Tensor

from .style import COLORS, MARKERS, array, axes

Numbers = Tensor | list[float] | tuple[float, ...]


def _paint(lines: Sequence[Line2D], color: str | None) -> None:
    for line in lines:
        if color is not None:
            line.set_color(color)


def _plain_ticks(axis: Axis) -> None:
    """Label a logarithmic axis in plain numbers at 1, 2 and 5; the usual labels overlap in short ranges."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def paths_1d(
    times: Tensor,
    xs: Tensor,
    ax: Axes | None = None,
    *,
    color: str | None = None,
    label: str | None = None,
) -> Axes:
    """Draw states on the line over time.

    Args:
        times: (times,).
        xs: states, (times, batch) or (times, batch, 1).
        ax: where to draw; None makes one.
        color: colour of all paths; None takes the palette's colours in turn.
        label: name in the legend, once for all paths.
    Returns:
        The axes.
    Raises:
        ValueError: there is not one state of the line for each time.

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
    _paint(drawn, color)
    drawn[0].set_label(label)
    ax.set(xlabel="time $t$", ylabel="state $x$")
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
        orders: for some of the names the slope to draw as a dashed line through the smallest step.
    Returns:
        The axes.

    >>> ax = convergence([0.1, 0.05], {"Euler": [0.2, 0.1]}, orders={"Euler": 1})
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('step size $h$', 'error')
    """
    ax = axes(ax)
    h = array(hs)
    for (name, error), color, marker in zip(errors.items(), COLORS, MARKERS, strict=False):
        ax.loglog(h, array(error), color=color, marker=marker, linestyle="none", label=name)
        order = (orders or {}).get(name)
        if order is not None:
            finest = h.argmin()
            line = array(error)[finest] * (h / h[finest]) ** order
            ax.loglog(h, line, color=color, linestyle="--", linewidth=1, label=f"slope {order}")
    _plain_ticks(ax.xaxis)
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
    _plain_ticks(ax.xaxis)
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
    _paint(ax.plot(array(x), array(y), label=label, marker=marker), color)
    if band is not None:
        ax.axhspan(*band, color="#999999", alpha=0.3, linewidth=0, label=band_label)
    if label or band_label:
        ax.legend(frameon=False)
    return ax
