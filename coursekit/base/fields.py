"""Vector fields: anything that is called as `field(x, t)`, exact or learned."""

from typing import Protocol

from torch import Tensor

from .times import Time


class Field(Protocol):
    """A time-dependent vector field u_t(x): the right-hand side of dx/dt = u_t(x).

    A trained network and an exact field have the same signature, so each can take the other's place.
    A field that is not defined at one end of time says so in an attribute `singular_at` (a float);
    simulators then take care not to ask for it there.
    """

    def __call__(self, x: Tensor, t: Time, /) -> Tensor:
        """Velocity at states `x` (batch, *event) and time `t`: shaped like `x`, data units per unit time."""
        ...


def singular_at(field: Field) -> float | None:
    """Tell the time at which `field` is not defined, or None if it is defined on all of [0, 1]."""
    return getattr(field, "singular_at", None)
