"""Exercise 1.7: the longest step for which Euler's method stays stable in a linear field."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core import Fact, Mistakes, StudentFunction, exercise
from ..shared.mistakes import alike

Rule = Callable[[Tensor], Tensor]


def _from_eigenvalues(limit: Rule, choose: Rule = torch.min) -> Rule:
    """A step from the limits of the single eigenvalues."""
    return lambda matrix: choose(limit(torch.linalg.eigvals(matrix)))


def _limit(lam: Tensor) -> Tensor:
    """|1 + h λ| = 1 at h = -2 Re λ / |λ|²."""
    return -2 * lam.real / lam.abs().square()


_reference = _from_eigenvalues(_limit)
BY_SIZE, BY_REAL_PART = (lambda lam: 2 / lam.abs()), (lambda lam: -2 / lam.real)
MISTAKES: Mistakes = {
    **alike(
        "Your step is half as long as it could be on the line: with it a component is gone after one step, "
        "and does not overshoot at all. A component may change its sign in each step and still die out. Up "
        "to which factor?",
        {
            "half of the limit": _from_eigenvalues(lambda lam: _limit(lam) / 2),
            "one over the size": _from_eigenvalues(lambda lam: BY_SIZE(lam) / 2),
            "one over the real part": _from_eigenvalues(lambda lam: BY_REAL_PART(lam) / 2),
        },
    ),
    **alike(
        "Your step is stable for one component and lets another one grow. All components have to stay "
        "bounded, so which of their limits decides?",
        {
            "slowest eigenvalue": _from_eigenvalues(_limit, torch.max),
            "smallest eigenvalue": _from_eigenvalues(BY_SIZE, torch.max),
            "smallest real part": _from_eigenvalues(BY_REAL_PART, torch.max),
        },
    ),
    **alike(
        "Your step is negative. The eigenvalues have negative real parts, because the states are drawn "
        "inwards; a duration is positive.",
        {
            "negative step": _from_eigenvalues(lambda lam: -_limit(lam), torch.max),
            "most negative step": _from_eigenvalues(lambda lam: -_limit(lam)),
            "minus two over the smallest rate": _from_eigenvalues(lambda lam: -BY_REAL_PART(lam)),
            "minus two over the largest rate": _from_eigenvalues(lambda lam: -BY_REAL_PART(lam), torch.max),
        },
    ),
    "real parts only": (
        _from_eigenvalues(BY_REAL_PART),
        "Your step is right as long as the states do not rotate. A pair of complex eigenvalues turns them, "
        "and each straight step leaves the circle on the outside: the imaginary part costs step size too.",
    ),
    "size of the eigenvalues only": (
        _from_eigenvalues(BY_SIZE),
        "Your step is right as long as the states do not rotate. For a complex eigenvalue it counts how "
        "large it is and also in which direction it points: draw the circle |1 + z| = 1 and the ray "
        "through λ.",
    ),
    "symmetric matrix assumed": (
        lambda matrix: 2 / torch.linalg.eigvalsh(matrix).abs().max(),
        "Your step is right for symmetric matrices only. The function that you take the eigenvalues from "
        "reads one half of the matrix and fills in the other by symmetry; torch has another one "
        "for any matrix.",
    ),
    "norm of the matrix": (
        lambda matrix: 2 / torch.linalg.matrix_norm(matrix, 2),
        "You use the norm of the matrix. In the long run the eigenvalues decide whether a component grows: "
        "the norm can be far larger, and your step is then shorter than it has to be.",
    ),
    "diagonal of the matrix": (
        lambda matrix: (-2 / matrix.diagonal()).min(),
        "You read the eigenvalues off the diagonal. That works only if there is nothing beside it, or "
        "nothing below it. Torch computes the eigenvalues of any square matrix.",
    ),
    "mean of the eigenvalues": (
        lambda matrix: -2 * len(matrix) / matrix.trace(),
        "Your step is that of the mean of the eigenvalues: the fastest component grows. Each component "
        "multiplies by a factor of its own in each step, and none of them may exceed one.",
    ),
}
HINT_ONE = (
    "In the field -4 x one step multiplies a state by 1 - 4h. Write down for which positive h the size of "
    "this number is at most one, and compare with the step that you return."
)
HINT_RADIUS = (
    "At the largest stable step the fastest component neither grows nor shrinks: each step multiplies it by "
    "a number of size one. At your step it is another size. More than one: your walk explodes; less than "
    "one: a longer step would still be stable."
)


def _turned(matrix: Tensor, angle: float) -> Tensor:
    """The same field seen in axes that are turned."""
    a = torch.tensor(angle, dtype=torch.float64)
    turn = torch.stack([torch.stack([a.cos(), -a.sin()]), torch.stack([a.sin(), a.cos()])])
    return turn @ matrix @ turn.T


FIELDS: dict[str, Tensor] = {
    "rates 1 and 20 along slanted axes": _turned(torch.diag(torch.tensor([-1.0, -20.0]).double()), 0.6),
    "a slow spiral": torch.tensor([[-1.0, -3.0], [3.0, -1.0]]).double(),
    "a shear with rates 1 and 2": torch.tensor([[-1.0, 10.0], [0.0, -2.0]]).double(),
    "a spiral and a fast rate in space": torch.block_diag(
        torch.tensor([[-2.0, 1.0], [-1.0, -2.0]]), torch.tensor([[-9.0]])
    ).double(),
    "a fast spiral and a slow rate in space": torch.block_diag(
        torch.tensor([[-1.0, 6.0], [-6.0, -1.0]]), torch.tensor([[-0.5]])
    ).double(),
    "a spiral and a faster rate in space": torch.block_diag(
        torch.tensor([[-1.0, 4.0], [-4.0, -1.0]]), torch.tensor([[-12.0]])
    ).double(),
}


@exercise("1.7", "The longest stable step", "stretch", "matrix", _reference, MISTAKES, double=True)
def largest_step(student: StudentFunction) -> Iterator[Fact]:
    """The limit on the line, and the growth of the fastest component in one step, in six linear fields."""
    one = student(-4 * torch.eye(2).double(), shape=())
    yield Fact("wrong on the line", "longest stable step in the field -4 x", 0.5, one, HINT_ONE)
    for name, matrix in FIELDS.items():
        h = student(matrix, shape=()).double()
        growth = (1 + h * torch.linalg.eigvals(matrix)).abs().max()
        what = f"largest factor in one step: {name}"
        yield Fact("not the limit", what, 1.0, growth, HINT_RADIUS)
