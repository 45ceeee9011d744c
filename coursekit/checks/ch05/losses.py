"""Exercises 5.4 and 5.5: the losses of denoising score matching and of noise prediction."""

from collections.abc import Iterator

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .loss_parts import loss
from .loss_rivals import NOISE, SCORE
from .matching import Task, facts

TASK_SCORE = Task(lambda eps, beta: -eps / beta, last=0.9, close=0.01, told=True)
TASK_NOISE = Task(lambda eps, beta: eps, last=1.0, close=0.1, told=False)
_score = loss(lambda x, z, eps, numbers: -eps / numbers[1])
_noise_prediction = loss(lambda x, z, eps, numbers: eps)


@exercise(
    "5.4",
    "Denoising score matching",
    "core",
    "net, z, scheduler, last",
    _score,
    SCORE,
    random=True,
    double=True,
)
def score_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """States and times that the network is shown, the target, the square, the weight, the gradient."""
    yield from facts(student, TASK_SCORE)


@exercise(
    "5.5", "The noise loss", "core", "net, z, scheduler", _noise_prediction, NOISE, random=True, double=True
)
def noise_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """States and times that the network is shown, the target, the square, the weight, the gradient."""
    yield from facts(student, TASK_NOISE)
