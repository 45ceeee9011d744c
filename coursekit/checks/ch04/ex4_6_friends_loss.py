"""Exercise 4.6, find the bug: a loss whose training goes below the floor."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.regression_loss import LossTask, column, measure, mistakes, probe
from ..shared.schedulers import straight

TASK = LossTask(target=lambda s: s.z - s.eps, path=lambda: straight)
MAIN = 1
"""The batch on which two calls are compared."""


def seeded(times: bool, noise: bool) -> Callable[..., Tensor]:
    """The loss with a generator that begins anew in each call, for times, noise or both."""

    def rule(net: Any, z: Tensor) -> Tensor:
        draws = torch.Generator().manual_seed(7)
        t = torch.rand(len(z), generator=draws if times else None)
        eps = torch.randn(z.shape, generator=draws if noise else None)
        return TASK.loss(times=lambda z, last: column(t, z).to(z), noise=lambda z: eps.to(z))(net, z)

    return rule


_NOT_HERE = (
    "the same draw each time",  # these three are draws that come again
    "the same times always",
    "the last time always",
    "time along the wrong axis",  # an error on the batch that comes first
)
MISTAKES: dict[str, Mistake] = {
    "the bug is still there": (
        seeded(True, True),
        "The bug is still there: in every call row k gets the same time and the same noise as before, so the "
        "network can learn the noise of each row by heart. What does a generator do when it is made anew, "
        "with the same seed, or with none? Where, and how often, should one be made?",
    ),
    "times still from the seed": (
        seeded(True, False),
        "The noise is fresh now, but row k still gets the same time in every call. Which of the two draws "
        "still uses a generator that begins anew?",
    ),
    "noise still from the seed": (
        seeded(False, True),
        "The times are fresh now, but row k still gets the same noise in every call, and that is the part "
        "that can be learnt by heart. Which of the two draws still uses a generator that begins anew?",
    ),
    **{name: known for name, known in mistakes(TASK, "times", "velocity").items() if name not in _NOT_HERE},
}
HINT = (
    "Two calls of the loss, with different data, use the same draws again. Training needs fresh times and "
    "fresh noise in each step. Which line decides what is drawn, and how often does it run?"
)


@exercise(
    "4.6",
    "Find the bug: better than the best",
    "core",
    "net, z",
    TASK.loss(),
    MISTAKES,
    random=True,
    limit=12.0,
)
def friends_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Draws of two calls; then all that a flow-matching loss has to do."""
    one, two = (probe(student, TASK, MAIN).s for _ in range(2))
    same_times = ((one.t - two.t).abs() < 1e-6).double().mean()
    wide = torch.minimum(one.beta, two.beta)[:, 0] > 0.1
    gap = (one.eps - two.eps).abs()[wide]
    same_noise = (gap < 1e-3).double().mean().nan_to_num(0.0)
    came = torch.stack([same_times, same_noise])
    fresh = Fact(
        "draws come again",
        "share of times, and of noise, that come again in the next call",
        torch.zeros(2),
        came,
        HINT,
        0.1,
        0.3,
    )
    yield fresh
    if fresh.holds():
        yield from measure(student, TASK)
