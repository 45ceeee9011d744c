"""Vector fields: anything that is called as `field(x, t)`, exact or learned."""

from typing import Protocol

from torch import Tensor

from .times import Time


class Field(Protocol):
    """A time-dependent vector field u_t(x): the right-hand side of dx/dt = u_t(x).

    A trained network and an exact field have the same signature, so each can take the other's place.
    A field that is not defined at one end of time is a `SingularField`.

    >>> field = lambda x, t: -x
    >>> field(torch.ones(3, 2), 0.5).shape
    torch.Size([3, 2])
    """

    def __call__(self, x: Tensor, t: Time, /) -> Tensor:
        """Velocity at states `x` (batch, *event) and time `t`: shaped like `x`, data units per unit time."""
        ...


class SingularField(Field, Protocol):
    """A field that declares the time at which it is not defined; solvers then avoid evaluating it there.

    >>> marginal_velocity(Chessboard(), GaussianPath()).singular_at
    1.0
    """

    @property
    def singular_at(self) -> float | None:
        """Time at which the field is not defined; None if it is defined on all of [0, 1]."""
        ...


def singular_at(field: Field) -> float | None:
    """Return the time at which `field` is not defined, or None if it declares none.

    >>> singular_at(lambda x, t: -x) is None
    True
    """
    declared: float | None = getattr(field, "singular_at", None)
    return declared
