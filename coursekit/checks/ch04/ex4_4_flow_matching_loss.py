"""Exercise 4.4: the flow-matching loss of any scheduler, for points and images."""

from collections.abc import Iterator

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.regression_loss import LossTask, Sample, measure, mistakes
from ..shared.schedulers import bent, straight

TASK = LossTask(
    target=lambda s: s.alpha_dot * s.z + s.beta_dot * s.eps,
    path=lambda scheduler: scheduler,
    given=lambda batch, rows: ((bent, bent, straight)[batch],),
    batches=((8, (1, 8, 8), 24), (96, (16,), 16), (200, (1,), 1)),
)
_WORDS = {
    "target of the straight line": (
        "Your target is data point minus noise: the velocity of the straight line. Another scheduler gives "
        "another speed. Differentiate the state with respect to time: which two of the scheduler's numbers "
        "take the place of the weights?"
    ),
    "eps minus z": (
        "Your target is right but for its sign: it points from the data back to the noise. In this course "
        "time 1 is data, and the state moves towards it; papers with the other clock have the other sign."
    ),
    "t = 0 is data": (
        "Your loss has the weights of data and noise the wrong way round, in the state and in its velocity. "
        "A scheduler returns the weight of the data first, then that of the noise, then their derivatives "
        "in the same order."
    ),
}


def _swapped(s: Sample) -> Sample:
    return Sample(s.z, s.eps, s.t, s.last, s.beta, s.alpha, s.beta_dot, s.alpha_dot)


def _mistakes() -> dict[str, Mistake]:
    """Those of any loss with a scheduler, less what is right here or is there twice, and its own."""
    known = mistakes(TASK, "times", "velocity", "scheduler")
    for name in ("velocity for target", "path runs backwards", "regression on the state"):
        del known[name]
    own = {
        "target of the straight line": TASK.loss(target=lambda s: s.z - s.eps),
        "eps minus z": TASK.loss(target=lambda s: -TASK.target(s)),
        "t = 0 is data": TASK.loss(state=lambda s: _swapped(s).x, target=lambda s: TASK.target(_swapped(s))),
    }
    known |= {name: (rule, _WORDS[name]) for name, rule in own.items()}
    axis = "time along the wrong axis"
    known[axis] = (
        known[axis][0],
        "Your times run along an axis of the data in place of the rows. Torch lines axes up from the right: "
        "(batch,) meets the last axis, and (batch, 1) meets the rows of *pixels* of an image, without an "
        "error if there are as many. Which shape do times need for points, and which for images?",
    )
    known["slopes swapped"] = (
        TASK.loss(target=lambda s: TASK.target(_swapped(s))),
        "The two derivatives have changed places in your target. A scheduler returns the weights of data and "
        "noise first and then their derivatives, in the same order.",
    )
    known["sign of the noise part"] = (
        TASK.loss(target=lambda s: s.alpha_dot * s.z - s.beta_dot * s.eps),
        "The noise has the wrong sign in your target. The derivative of its weight is negative already, "
        "because the noise fades: no further minus is needed.",
    )
    known["state for velocity"] = (
        TASK.loss(target=lambda s: s.x),
        "Your target is the state itself, which the network is given already. It should answer with the "
        "velocity of that state: how fast do the weights change?",
    )
    return known


MISTAKES = _mistakes()


@exercise(
    "4.4",
    "The flow-matching loss",
    "core",
    "net, z, scheduler",
    TASK.loss(),
    MISTAKES,
    random=True,
    limit=12.0,
)
def flow_matching_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient and target."""
    yield from measure(student, TASK)
