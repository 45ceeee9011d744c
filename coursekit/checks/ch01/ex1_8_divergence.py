"""Exercise 1.8: the divergence of a field, by automatic differentiation."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Field
from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.dependence import uses
from ..shared.fields import RecordingField
from ..shared.mistakes import alike
from ..shared.quiet import failing
from .common import row

Rule = Callable[[Tensor], Tensor]
"""Numbers (batch,) from the Jacobians (batch, dim, dim), with the derivative of u_i by x_j at (i, j)."""


def _jacobian(field: Field, x: Tensor, t: Any) -> Tensor:
    """Jacobian of the field at each state, (batch, dim, dim)."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        u = field(x, t)
        rows = [torch.autograd.grad(part.sum(), x, retain_graph=True)[0] for part in u.unbind(1)]
    return torch.stack(rows, dim=1)


def _of(rule: Rule) -> Callable[..., Tensor]:
    return lambda field, x, t: rule(_jacobian(field, x, t))


def _trace(jacobian: Tensor) -> Tensor:
    return jacobian.diagonal(dim1=1, dim2=2).sum(1)


_reference = _of(_trace)
WHOLE = (
    "You add up all derivatives of all components, also those of one component by *another* coordinate. The "
    "gradient of a sum is the sum of the gradients: by which coordinate may each component be differentiated?"
)
MISTAKES: Mistakes = {
    "sum of the whole Jacobian": (_of(lambda j: j.sum((1, 2))), WHOLE),
    "gradient of the sum": (_of(lambda j: j.sum(1)), WHOLE),
    "gradients piled up": (
        _of(lambda j: j.triu().sum((1, 2))),
        "Your gradients pile up: `backward` *adds* to what `.grad` holds already, so the second component's "
        "derivatives are mixed with those of the first. Start each component with a fresh copy of the "
        "states, or use a function that returns gradients and keeps none.",
    ),
    "plane only": (
        _of(lambda j: _trace(j[:, :2, :2])),
        "In the plane your numbers are right, in space they are not: you stop at the second coordinate. How "
        "many there are is written in the shape of `x`.",
    ),
    "not summed": (
        _of(lambda j: j.diagonal(dim1=1, dim2=2)),
        "You return one number for each coordinate. They are the right ones: the divergence is their sum, a "
        "single number for each state.",
    ),
    "mean over the coordinates": (
        _of(lambda j: _trace(j) / j.shape[1]),
        "You average over the coordinates. The rates at which a small box grows in its directions add up: a "
        "cube that grows by a per cent in each direction gains three per cent.",
    ),
    "sign": (
        _of(lambda j: -_trace(j)),
        "Your numbers have the wrong sign: a field that points outwards has a positive divergence, because a "
        "cloud of states that follows it spreads.",
    ),
    **alike(
        "You count one coordinate only. A small box changes its volume if it grows in any direction: each "
        "component contributes its derivative by its own coordinate.",
        {
            "first coordinate only": _of(lambda j: j[:, 0, 0]),
            "last coordinate only": _of(lambda j: j[:, -1, -1]),
        },
    ),
    "sum of the velocities": (
        lambda field, x, t: field(x, t).sum(1),
        "You add up the components of the velocity itself. A constant wind moves a cloud without changing "
        "its volume: what counts is how the velocity *differs* from place to place.",
    ),
    "total of the batch": (
        lambda field, x, t: _trace(_jacobian(field, x, t)).sum().expand(len(x)),
        "All your states get the same number, the sum over the batch. Each state has a divergence of "
        "its own, at its own place.",
    ),
    "mean of the batch": (
        lambda field, x, t: _trace(_jacobian(field, x, t)).mean().expand(len(x)),
        "All your states get the same number, the mean over the batch. Each state has a divergence of its "
        "own, at its own place.",
    ),
    "mean over the batch differentiated": (
        _of(lambda j: _trace(j) / len(j)),
        "Your numbers are too small by the number of states, and shrink when the batch grows. You "
        "differentiate a mean over the batch, of which each state is only a share. By what can the states "
        "be put together so that each counts whole?",
    ),
    "product of the diagonal": (
        _of(lambda j: j.diagonal(dim1=1, dim2=2).prod(1)),
        "You multiply the derivatives. Volumes multiply, but here are *rates* of growth, and rates of the "
        "directions add up.",
    ),
    "determinant": (
        _of(torch.linalg.det),
        "You take the determinant of the Jacobian. For the flow's map that is the factor of volume; for the "
        "*field*, which is a rate, it is the trace that counts.",
    ),
}
HINT_LINEAR = (
    "In a linear field the Jacobian is the matrix, everywhere, and the divergence is its trace. Yours is "
    "another number. Work out the derivative of each component by its own coordinate, and add them up."
)
HINT_CURVED = (
    "In linear fields your numbers are right; here the divergence differs from state to state. Does each "
    "state get its own derivatives, at its own place and time?"
)


def _linear(matrix: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Field matrix · x."""
    return lambda x, t: x @ matrix.T


def _saddle(x: Tensor, t: Tensor) -> Tensor:
    """Field (x₁² x₂, sin x₂ + t x₁ x₂), whose divergence is 2 x₁ x₂ + cos x₂ + t x₁."""
    first, second = x.unbind(1)
    return torch.stack([first**2 * second, second.sin() + t[:, 0] * first * second], dim=1)


def _cubes(x: Tensor, t: Tensor) -> Tensor:
    """Field (1 + t) x³ by coordinates, plus the coordinates in another order."""
    return (1 + t) * x**3 + 2 * x.flip(1)


# Differences of neighbouring states are welcome, and need the digits.
@exercise("1.8", "How fast volume grows", "stretch", "field, x, t", _reference, MISTAKES, double=True)
def divergence(student: StudentFunction) -> Iterator[Fact]:
    """Traces of linear fields in several dimensions, then fields whose divergence differs between states."""
    for entries in (
        ((-1.0, 4.0), (0.5, 3.0)),
        ((1.0, 2.0, -3.0), (0.0, -0.5, 4.0), (7.0, 1.0, 2.0)),
        ((-2.5,),),
    ):
        matrix = row(entries)
        dim = len(matrix)
        field = RecordingField(_linear(matrix), dim)
        x = torch.randn(4, dim, dtype=torch.float64)
        got = student(field, x, 0.3, shape=(4,))
        what = f"divergence of a linear field with {dim} coordinate{'s' * (dim > 1)}"
        yield Fact("wrong trace", what, matrix.trace().expand(4), got, HINT_LINEAR)
    x = torch.randn(5, 2, dtype=torch.float64)
    early, late = (student(RecordingField(_saddle), x, t, shape=(5,)) for t in (0.2, 0.9))
    yield from failing([uses(early, {"t": late})])
    right = 2 * x[:, 0] * x[:, 1] + x[:, 1].cos() + 0.9 * x[:, 0]
    yield Fact("wrong in a curved field", "divergence at five states in the plane", right, late, HINT_CURVED)
    alone = student(RecordingField(_saddle), x[:1], 0.9, shape=(1,))
    hint = (
        "The same state gets another divergence when it comes alone, in a batch of one. What in your "
        "function depends on how many rows there are?"
    )
    yield Fact("wrong alone", "divergence at one state in the plane", right[:1], alone, hint)
    x = torch.randn(3, 3, dtype=torch.float64)
    got = student(RecordingField(_cubes, 3), x, 0.5, shape=(3,))
    right = 4.5 * x.square().sum(1)
    right = right + 2  # the middle coordinate is its own neighbour in the other order
    yield Fact(
        "wrong in a curved field", "divergence at three states in space", right, got, HINT_CURVED, 2e-3
    )
