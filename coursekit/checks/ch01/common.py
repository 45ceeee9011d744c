"""Measurements that several exercises of this chapter share."""

import torch
from torch import Tensor

from ...base import Field
from ..core.facts import Fact, slope
from ..core.student_function import StudentFunction
from ..shared.test_fields import RecordingField, rms, whirl, whirl_flow


def midpoint_step(field: Field, x: Tensor, t: float, h: float) -> Tensor:
    """Midpoint method: a second-order step that is not Heun's."""
    return x + h * field(x + h / 2 * field(x, t), t + h / 2)


def states(batch: int = 16) -> Tensor:
    """Starting states (batch, 2) in float64 from torch's own generator, which the engine has seeded."""
    return torch.randn(batch, 2, dtype=torch.float64)


def whole_batch(spy: RecordingField, batch: int) -> Fact:
    """Every call of the field must be about the whole batch."""
    rows = min((call.rows for call in spy.calls), default=batch)
    look = (
        "You go through the batch state by state. The result may be right, but Python's loop makes it "
        "hundreds of times slower for a batch of thousands. Hand the whole tensor to the field: it treats "
        "all rows at once."
    )
    return Fact("looping over the batch axis", "states in one call of the field", batch, rows, look)


def asked(name: str, spy: RecordingField, times: list[float], look: str) -> Fact:
    """The times at which the field was asked, each counted once, however often the slope was computed."""
    seen = torch.unique((spy.times() * 1e6).round() / 1e6)
    return Fact(name, "times at which the field was asked", torch.tensor(times).double(), seen, look)


def convergence(student: StudentFunction, order: int, look: str) -> Fact:
    """Order of the global error on a nonlinear, time-dependent field whose flow is known."""
    # A ring of states, not random ones: the measured slope is then a constant of the method.
    angle = torch.linspace(0, 6, 16, dtype=torch.float64)
    x0 = torch.linspace(1.3, 3, 16, dtype=torch.float64)[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    counts = (6, 12, 24)
    errors = []
    for steps in counts:
        x, h = x0, 1 / steps
        for k in range(steps):
            x = student(RecordingField(whirl), x, k * h, h, shape=(16, 2))
        errors.append(rms(x - whirl_flow(x0, 1.0)) + 1e-12)
    measured = slope(-torch.tensor(counts).double().log(), torch.tensor(errors).log())
    what = f"slope of log error against log h, from {counts[0]} to {counts[-1]} steps"
    return Fact("wrong order", what, float(order), measured, look, tol=0.25)
