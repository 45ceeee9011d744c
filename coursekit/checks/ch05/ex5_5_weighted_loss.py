"""Exercise 5.5: find the bug in a friend's weighted score-matching loss."""

from collections.abc import Iterator

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.regression_loss import LossTask, measure, mistakes
from ..shared.schedulers import bent, straight

TASK = LossTask(
    target=lambda s: -s.eps / s.beta.clamp(min=1e-6),
    path=lambda scheduler: scheduler,
    weight=lambda s: s.beta.square(),
    given=lambda batch, rows: (straight if batch == 2 else bent,),
)
GENERAL = {
    name: mistake
    for name, mistake in mistakes(TASK, "times", "scheduler", "noise").items()
    if not name.startswith("weighted") and name != "the last time always"  # there the target is infinite
}
MISTAKES = {
    "one weight for all rows": (
        TASK.loss(reduce=lambda r, s: s.beta.square().mean() * (r / s.beta).square().mean()),
        "Every row has the same weight in your loss. A late row with a huge error is not damped by its own "
        "small `beta`: the whole batch is multiplied by one number, and the late rows rule it as before. "
        "Follow the shape of the weight from line to line.",
    ),
    "one over beta squared for the weight": (
        TASK.loss(reduce=lambda r, s: (r / s.beta.square()).square().mean()),
        "You divide by the weight, so late rows count even more. They have the smallest `beta` and the "
        "largest errors: what should their weight be?",
    ),
    "beta for beta squared": (
        TASK.loss(reduce=lambda r, s: (r.square() / s.beta).mean()),
        "You weigh the squared error by `beta`, not by its square. The target grows like one over `beta`, "
        "and it gets squared: one factor of it is left.",
    ),
    "beta to the fourth": (
        TASK.loss(reduce=lambda r, s: (s.beta * r).square().mean()),
        "Your weight has two factors of `beta` too many. Is something squared that was a square already?",
    ),
    "weights that add up to one": (
        TASK.loss(reduce=lambda r, s: r.square().mean() / s.beta.square().mean()),
        "You divide by the mean of the weights in this batch, so one and the same row counts differently "
        "from call to call. The weight belongs to the time alone.",
    ),
    "minus the noise for the target": (
        TASK.loss(target=lambda s: -s.eps),
        "You have changed the target. The network should still answer with the score, and the friend's "
        "target was right; look at the weight.",
    ),
    "sign of the target": (
        TASK.loss(target=lambda s: s.eps / s.beta),
        "The sign of the target is turned now. It was right as you got it: minus the noise over `beta`, and "
        "two minus signs make a plus. Look at the weight.",
    ),
    **GENERAL,
}


@exercise("5.5", "Find the bug", "core", "net, z, scheduler", TASK.loss(), MISTAKES, random=True, limit=12.0)
def weighted_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient, weight and target."""
    yield from measure(student, TASK)
