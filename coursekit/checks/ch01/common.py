"""Measurements that several exercises of this chapter share."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ...base import Field
from ..core import Fact, slope
from ..shared.dependence import uses
from ..shared.fields import RecordingField, rms, steady, whirl, whirl_flow

Step = Callable[..., Tensor]

TIMES = (0.1, 0.2, 0.5, 0.6, 1.0)
"""Not equally spaced, and not from 0: a grid that is counted instead of read shows."""


def midpoint_step(field: Field, x: Tensor, t: float, h: float) -> Tensor:
    """Midpoint method: a second-order step that is not Heun's."""
    return x + h * field(x + h / 2 * field(x, t), t + h / 2)


def states(batch: int = 16, dim: int = 2) -> Tensor:
    """Starting states (batch, dim) from torch's own generator, which the engine has seeded."""
    return torch.randn(batch, dim, dtype=torch.float64)


def row(values: Any) -> Tensor:
    """A row of numbers in float64."""
    return torch.as_tensor(values, dtype=torch.float64)


def whole_batch(spy: RecordingField, batch: int) -> Fact:
    """Every call of the field must be about the whole batch."""
    rows = min((call.rows for call in spy.calls), default=batch)
    name, hint = (
        "looping over the batch axis",
        "You go through the batch state by state. The result may be right, but Python's loop makes it "
        "hundreds of times slower for a batch of thousands. Hand the whole tensor to the field: it treats "
        "all rows at once.",
    )
    if sum(call.rows for call in spy.calls) < batch:
        name, hint = (
            "part of the batch",
            "You evaluate the field at some of the states only. Every state needs the velocity at its own "
            "place: what do you hand to the field?",
        )
    return Fact(name, "states in one call", batch, rows, hint)


def evaluation_times(name: str, spy: RecordingField, times: list[float], hint: str) -> Fact:
    """The times at which the field was evaluated, each counted once, however often it was."""
    seen = torch.unique((spy.times() * 1e4).round() / 1e4)
    return Fact(name, "times at which the field was evaluated", row(times), seen, hint)


def arguments(student: Step, spy: RecordingField, x: Tensor, **others: Tensor) -> tuple[Tensor, Fact]:
    """A step of length 0.1 at t = 0.3 in the field `whirl`, and whether `t`, `h` and others change it.

    Args:
        student: the answer, called with field, states, time, step size and the shape of the result.
        spy: records the calls of this step.
        x: states.
        others: results of the same step when another argument, named so, has another value.
    """
    after, late, long = (
        student(field, x, t, h, shape=tuple(x.shape))
        for field, t, h in (
            (spy, 0.3, 0.1),
            (RecordingField(whirl), 0.8, 0.1),
            (RecordingField(whirl), 0.3, 0.2),
        )
    )
    return after, uses(after, {"t": late, "h": long, **others})


def moves(student: Step, hint: str) -> Iterator[Fact]:
    """Moves in a constant field, forwards and backwards, of as many states as coordinates."""
    start, c = states(3, 3), row([1.0, -2.0, 0.5])
    for h in (0.1, -0.25):
        move = (student(RecordingField(steady(c), 3), start, 0.3, h, shape=(3, 3)) - start).mean(dim=0)
        yield Fact("wrong move", f"move in a constant field (1, -2, 0.5), h = {h}", h * c, move, hint)


def long_step(student: Step, name: str, factor: float, hint: str) -> Fact:
    """End of a step of length 0.5 in the field 30 x, which multiplies the states by `factor`."""
    x = states()
    end = student(RecordingField(lambda x, t: 30 * x), x, 0.0, 0.5, shape=tuple(x.shape))
    return Fact(name, "end of a long step in the field 30 x", factor * x, end, hint)


def convergence(student: Step, order: int, hint: str) -> Fact:
    """Order of the global error on a nonlinear, time-dependent field whose flow is known.

    Times and step sizes are tensors without axes, as the labs' own loop hands them over.
    """
    # A ring of states, not random ones: the measured slope is then a constant of the method.
    angle = torch.linspace(0, 6, 16).double()
    x0 = torch.linspace(1.3, 3, 16).double()[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    counts, errors = (6, 12, 24), []
    for steps in counts:
        x, h = x0, torch.tensor(1 / steps)
        for k in range(steps):
            x = student(RecordingField(whirl), x, k * h, h, shape=(16, 2))
        errors.append(rms(x - whirl_flow(x0, 1.0)) + 1e-12)
    measured = slope(-torch.tensor(counts).double().log(), torch.tensor(errors).log())
    what = f"slope of log error against log h, {counts[0]} to {counts[-1]} steps"
    return Fact("wrong order", what, float(order), measured, hint, tol=0.25)


class RecordingStep:
    """A step that notes when it starts and how long it lasts."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.starts: list[float] = []
        self.lengths: list[float] = []

    def __call__(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        """State after the step."""
        self.starts.append(float(t))
        self.lengths.append(float(h))
        return self.step(field, x, float(t), float(h))

    def calls(self, expected: int) -> Fact:
        """How often the step was called."""
        name, hint = (
            "wrong number of steps",
            "The check hands a `step` to your function and counts its calls: one for each gap between two "
            "neighbouring times. Yours makes another number. How often does your loop turn, and is the "
            "number of times read from `times`?",
        )
        if not self.starts:
            name, hint = (
                "ignores `step`",
                "Your function never calls the `step` it is handed. If it makes steps of its own: with that "
                "one in the loop, the same lines serve Euler, Heun and whatever comes later.",
            )
        return Fact(name, "calls of `step`", float(expected), float(len(self.starts)), hint)


RecordingStep.__name__ = RecordingStep.__call__.__qualname__ = "step"  # the name in Python's own messages


def walk(step: Step, field: Any, x: Tensor, starts: Sequence[float], lengths: Sequence[float]) -> Tensor:
    """States of a walk by steps that begin at `starts` and last `lengths`, whatever these are."""
    rows = [x]
    for t, h in zip(starts, lengths, strict=True):
        rows.append(step(field, rows[-1], t, h))
    return torch.stack(rows)


def right_walk(step: Step, field: Any, x: Tensor, times: Tensor) -> Tensor:
    """States of the walk along `times`, which may run backwards."""
    return walk(step, field, x, times[:-1].tolist(), times.diff().tolist())


def one_more(step: Step, field: Any, x: Tensor, times: Tensor) -> Tensor:
    """The walk along `times`, and one step beyond its end, as long as the last one."""
    ends = torch.cat([times, times[-1:] + times[-1:] - times[-2:-1]])
    return right_walk(step, field, x, ends)


def from_the_start(step: Step, field: Any, x: Tensor, times: Tensor) -> Tensor:
    """The wrong walk of which every step begins at the first states."""
    steps = zip(times[:-1].tolist(), times.diff().tolist(), strict=True)
    return torch.stack([x, *(step(field, x, t, h) for t, h in steps)])
