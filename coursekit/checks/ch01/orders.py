"""Exercise 1.6: measure the order of a method from its errors."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, slope
from ..core.student_function import StudentFunction


def _measured_order(errors: Tensor, hs: Tensor) -> float:
    """Slope of the least-squares line through (log h, log error)."""
    return slope(torch.as_tensor(hs).log(), torch.as_tensor(errors).log())


def _through_zero(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum() / x.square().sum()


MISTAKES: dict[str, tuple[Callable[..., object], str]] = {
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
    "logarithm of the errors only": (
        lambda errors, hs: slope(hs, errors.log()),
        "Only the errors are in logarithms; the step sizes are not. A power of h becomes a straight line "
        "when both axes are logarithmic.",
    ),
    "logarithm of the steps only": (
        lambda errors, hs: slope(hs.log(), errors),
        "Only the step sizes are in logarithms; the errors are not. A power of h becomes a straight line "
        "when both axes are logarithmic.",
    ),
    "intercept instead of slope": (
        lambda errors, hs: errors.log().mean() - slope(hs.log(), errors.log()) * hs.log().mean(),
        "You return the height of the line, which depends on the constant in front, rather than its slope. "
        "Fitting functions return both: look up the order in which they come.",
    ),
    "two kinds of logarithm": (
        lambda errors, hs: slope(hs.log(), errors.log10()),
        "You take logarithms to different bases for the two axes. Any base will do, but it must be the "
        "same for both, or the slope is stretched.",
    ),
    "two kinds of logarithm, the other way": (
        lambda errors, hs: slope(hs.log10(), errors.log()),
        "You take logarithms to different bases for the two axes. Any base will do, but it must be the "
        "same for both, or the slope is stretched.",
    ),
}
LOOK_POWER = (
    "These errors follow a power of h exactly, and the power is the order. Your number is another one. "
    "Draw the points on logarithmic axes, by hand or with a plot, and read off how far the line rises for "
    "each step to the right."
)
LOOK_FIT = (
    "For exact powers your number is right, but with scattered points it is not the slope of the "
    "least-squares line, which goes by all points alike. How much does each of the points count in yours?"
)


@exercise("1.6", "Measure the order", "stretch", "errors, hs", _measured_order, MISTAKES, double=True)
def measured_order(student: StudentFunction) -> Iterator[Fact]:
    """Exact powers with several constants, and points scattered so that least squares still gives 2."""
    hs = torch.tensor([0.4, 0.2, 0.1, 0.05], dtype=torch.float64)
    for power, factor, steps in ((2.0, 3.0, hs), (1.0, 0.2, hs / 3), (1.5, 7.0, hs[[3, 0, 2, 1]])):
        came = student(factor * steps**power, steps, shape=())
        yield Fact(
            "wrong power", f"order of errors {factor:g} h^{power:g}", power, came, LOOK_POWER, tol=0.01
        )
    # (1, -3, 3, -1) is orthogonal to a constant and to equal steps: it does not move the line.
    scatter = torch.exp(0.15 * torch.tensor([1.0, -3.0, 3.0, -1.0], dtype=torch.float64))
    came = student(3 * hs**2 * scatter, hs, shape=())
    yield Fact("not least squares", "order of scattered errors", 2.0, came, LOOK_FIT, tol=0.01)
