"""Exercise 4.4: the flow-matching loss."""

from collections.abc import Iterator

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.regression_loss import LossTask, measure, mistakes
from ..shared.schedulers import straight

TASK = LossTask(target=lambda s: s.z - s.eps, path=lambda: straight)
MISTAKES = mistakes(TASK, "times", "velocity")


@exercise("4.4", "The flow-matching loss", "core", "net, z", TASK.loss(), MISTAKES, random=True, limit=12.0)
def flow_matching_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient and target."""
    yield from measure(student, TASK)
