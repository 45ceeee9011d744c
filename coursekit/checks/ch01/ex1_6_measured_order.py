"""Exercise 1.6: measure the order of a method from its errors."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise, slope


def _measured_order(errors: Tensor, hs: Tensor) -> float:
    """Slope of the least-squares line through (log h, log error)."""
    return slope(torch.as_tensor(hs).log(), torch.as_tensor(errors).log())


def _through_zero(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum() / x.square().sum()


BASES = (
    "You take logarithms to different bases for the two axes. Any base will do, but it must be the "
    "same for both, or the slope is stretched."
)
ONE_AXIS = (
    "Only one of your axes is in logarithms. A power of h becomes a straight line, with the power as its "
    "slope, when both axes are logarithmic: which of the two is missing?"
)
MISTAKES: Mistakes = {
    "no logarithms": (
        lambda errors, hs: slope(hs, errors),
        "You fit a line to the errors themselves. A power of h is a curve; it becomes a straight line, "
        "with the power as its slope, only when both axes are logarithmic.",
    ),
    "axes swapped": (
        lambda errors, hs: slope(errors.log(), hs.log()),
        "Your axes are swapped: you measure how h grows with the error. For second order the error falls "
        "twice as fast as h on logarithmic axes. Which of the two goes to the right, and which one up?",
    ),
    "sign": (
        lambda errors, hs: -slope(hs.log(), errors.log()),
        "Your slope has the right size and the wrong sign. Larger steps make larger errors, so the line "
        "rises with h. Does one of your axes show the number of steps instead of their size?",
    ),
    "line through the origin": (
        lambda errors, hs: _through_zero(hs.log(), errors.log()),
        "Your line is forced through the point where h = 1 and the error = 1. Methods have a constant in "
        "front of the power of h, which shifts the line up or down: let the fit find the height too.",
    ),
    "end points only": (
        lambda errors, hs: (errors[-1] / errors[0]).log() / (hs[-1] / hs[0]).log(),
        "You use the first and the last point only, or the mean of the slopes between neighbours, which is "
        "the same. A least-squares line goes by all points, so that one bad measurement does not decide.",
    ),
    "halving assumed": (
        lambda errors, hs: -slope(torch.arange(len(errors)), errors.log2()),
        "Your number fits step sizes that are halved from one to the next, whatever `hs` holds. Here the "
        "steps shrink in another way. Where do the step sizes come into your line?",
    ),
    "logarithm of the errors only": (lambda errors, hs: slope(hs, errors.log()), ONE_AXIS),
    "logarithm of the steps only": (lambda errors, hs: slope(hs.log(), errors), ONE_AXIS),
    "intercept instead of slope": (
        lambda errors, hs: errors.log().mean() - slope(hs.log(), errors.log()) * hs.log().mean(),
        "You return the height of the line, which depends on the constant in front, rather than its slope. "
        "Fitting functions return both: look up the order in which they come.",
    ),
    "two kinds of logarithm": (lambda errors, hs: slope(hs.log(), errors.log10()), BASES),
    "two kinds of logarithm, the other way": (lambda errors, hs: slope(hs.log10(), errors.log()), BASES),
}


# The lab measures in double precision.
@exercise("1.6", "Measure the order", "stretch", "errors, hs", _measured_order, MISTAKES, double=True)
def measured_order(student: StudentFunction) -> Iterator[Fact]:
    """Exact powers with several constants, and points scattered so that least squares still gives 2."""
    hs = torch.tensor([0.4, 0.2, 0.1, 0.05], dtype=torch.float64)
    hint = (
        "These errors follow a power of h exactly, and the power is the order. Your number is another one. "
        "Draw the points on logarithmic axes, by hand or with a plot, and read off how far the line rises "
        "for each step to the right."
    )
    cases = ((2.0, 3.0, hs), (1.0, 0.2, hs[:2] / 3), (1.5, 7.0, hs[[3, 0, 2, 1]]))
    for power, factor, steps in (*cases, (3.0, 5.0, torch.tensor([0.9, 0.3, 0.1, 0.02, 0.01]).double())):
        measured = student(factor * steps**power, steps, shape=())
        yield Fact("wrong power", f"order of {factor:g} h^{power:g}", power, measured, hint, tol=0.01)
    # (1, -3, 3, -1) is orthogonal to a constant and to equal steps: it does not move the line.
    scatter = torch.exp(0.15 * torch.tensor([1.0, -3.0, 3.0, -1.0], dtype=torch.float64))
    hint = (
        "For exact powers your number is right, but with scattered points it is not the slope of the "
        "least-squares line, which goes by all points alike. How much does each of the points count in yours?"
    )
    measured = student(3 * hs**2 * scatter, hs, shape=())
    yield Fact("not least squares", "order of scattered errors", 2.0, measured, hint, tol=0.01)
