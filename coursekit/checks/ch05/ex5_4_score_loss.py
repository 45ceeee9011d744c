"""Exercise 5.4: denoising score matching."""

from collections.abc import Iterator

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import recurring
from ..shared.regression_loss import LossTask, measure, mistakes
from ..shared.schedulers import bent, straight

TASK = LossTask(
    target=lambda s: -s.eps / s.beta,
    path=lambda scheduler, last: scheduler,
    last=lambda scheduler, last: last,
    given=lambda batch, rows: ((bent, 0.9), (bent, 0.9), (straight, 0.6))[batch],
)
MISTAKES = {
    "times up to one": (
        TASK.loss(times=lambda z, last: TASK.draw(z, 1.0)),
        "Your times run up to 1, whatever the last time is. Near 1 the target is as large as one over "
        "`beta`, so a few late rows dominate the whole loss, and its mean over many batches never settles.",
    ),
    "times cut off instead of scaled": (
        TASK.loss(times=lambda z, last: TASK.draw(z, 1.0).clamp(max=last)),
        "You draw times up to 1 and clip the late ones, so they all pile up at the last time, where the "
        "target is largest. Stretch the unit interval onto the right one instead.",
    ),
    "times from one downwards": (
        TASK.loss(times=lambda z, last: 1 - TASK.draw(z, last)),
        "Your times run down from 1 instead of up from 0: the part of the path that should be left out is "
        "in, and its beginning is missing.",
    ),
    "only late times": (
        TASK.loss(times=lambda z, last: last + TASK.draw(z, 1 - last)),
        "Your times lie between the last time and 1: just the part that should be left out. They should run "
        "from 0 to the last time.",
    ),
    "sign of the target": (
        TASK.loss(target=lambda s: s.eps / s.beta),
        "The sign of your target is turned. The score points uphill, back to the centre of the cloud; the "
        "noise is what led away from it.",
    ),
    "one over beta squared": (
        TASK.loss(target=lambda s: -s.eps / s.beta**2),
        "You divide the noise by `beta` squared. In terms of state and data point that is the formula; but "
        "state minus centre is `beta` times the noise already, so one factor cancels.",
    ),
    "minus noise for the score": (
        TASK.loss(target=lambda s: -s.eps),
        "Your target is minus the noise: `beta` times the score. That is close to the next exercise. The "
        "score itself has one factor more.",
    ),
    "noise for the score": (
        TASK.loss(target=lambda s: s.eps),
        "Your target is the noise itself, which is what the next exercise asks for. The score has the other "
        "sign, and one factor more.",
    ),
    "target not centred": (
        TASK.loss(target=lambda s: -s.x / s.beta**2),
        "Your target pulls the state to the origin and knows nothing of the data point. The centre of the "
        "cloud is the data point times its weight.",
    ),
    "alpha forgotten in the target": (
        TASK.loss(target=lambda s: (s.z - s.x) / s.beta**2),
        "Your target pulls the state to the data point itself. The centre of the cloud at time t is the data "
        "point times a weight.",
    ),
    **recurring({"beta multiplied": TASK.loss(target=lambda s: -s.eps * s.beta)}),
    **mistakes(TASK, "times", "scheduler", "noise"),
}


@exercise(
    "5.4",
    "Denoising score matching",
    "core",
    "net, z, scheduler, last",
    TASK.loss(),
    MISTAKES,
    random=True,
    limit=12.0,
)
def score_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient and target."""
    yield from measure(student, TASK)
