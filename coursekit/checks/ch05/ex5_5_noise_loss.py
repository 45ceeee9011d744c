"""Exercise 5.5: the loss of noise prediction."""

from collections.abc import Iterator

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import recurring
from ..shared.regression_loss import LossTask, measure, mistakes
from ..shared.schedulers import bent, straight

TASK = LossTask(
    target=lambda s: s.eps,
    path=lambda scheduler: scheduler,
    given=lambda batch, rows: (straight if batch == 2 else bent,),
)
MISTAKES = {
    "noise over beta": (
        TASK.loss(target=lambda s: s.eps / s.beta),
        "You divide the noise by `beta`. The noise as it was drawn is asked for: it has the same size at all "
        "times, and that is the point of this loss.",
    ),
    "noise times beta": (
        TASK.loss(target=lambda s: s.beta * s.eps),
        "Your target is the noise after it was scaled down by `beta`. The draw itself is asked for, before "
        "it is scaled; late in time nothing would be left to learn.",
    ),
    **recurring(
        {
            "sign of the noise": TASK.loss(target=lambda s: -s.eps),
            "score for target": TASK.loss(target=lambda s: -s.eps / s.beta),
        }
    ),
    **mistakes(TASK, "times", "scheduler", "noise"),
}


@exercise(
    "5.5", "The noise loss", "core", "net, z, scheduler", TASK.loss(), MISTAKES, random=True, limit=12.0
)
def noise_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient and target."""
    yield from measure(student, TASK)
