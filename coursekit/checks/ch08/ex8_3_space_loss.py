"""Exercise 8.3: a loss for a network that is asked for one thing, measured in the space of another."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, Function, Mistake
from ..shared.regression_loss import LossTask, Part, Sample, measure, mistakes

LEAST = (0.25, 0.3, 0.2)
"""Clips of the three batches: so large that what is clipped is seen in many rows."""
Pair = tuple[str, str]
MAIN = ("data", "velocity")
FEW = (24, (24,), 3), (96, (16,), 6), (40, (1, 2, 3), 1)


def _path(given: str, space: str, least: float) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Weights of data and noise; the clip stands in the place of the last derivative."""
    return lambda t: (t, 1 - t, torch.ones_like(t), torch.full_like(t, least))


def _to_go(s: Sample) -> Tensor:
    return torch.maximum(s.beta, s.beta_dot)


def _gone(s: Sample) -> Tensor:
    return torch.maximum(s.alpha, s.beta_dot)


TARGETS: dict[str, Part] = {
    "data": lambda s: s.z,
    "noise": lambda s: s.eps,
    "velocity": lambda s: s.z - s.eps,
}
FACTORS: dict[Pair, Part] = {
    ("data", "data"): lambda s: torch.ones_like(s.t),
    ("data", "noise"): lambda s: s.alpha / _to_go(s),
    ("data", "velocity"): lambda s: 1 / _to_go(s),
    ("noise", "data"): lambda s: s.beta / _gone(s),
    ("noise", "noise"): lambda s: torch.ones_like(s.t),
    ("noise", "velocity"): lambda s: 1 / _gone(s),
    ("velocity", "data"): lambda s: s.beta,
    ("velocity", "noise"): lambda s: s.alpha,
    ("velocity", "velocity"): lambda s: torch.ones_like(s.t),
}
"""By what an error of the prediction is multiplied in the space of the loss."""


def _task(pair: Pair) -> LossTask:
    return LossTask(
        target=TARGETS[pair[0]],
        path=_path,
        weight=lambda s: FACTORS[pair](s).square(),
        given=lambda batch, rows: (*pair, LEAST[batch]),
        batches=((24, (24,), 6), (96, (16,), 12), (40, (1, 2, 3), 1)) if pair == MAIN else FEW,
    )


TASKS = {pair: _task(pair) for pair in (MAIN, *(pair for pair in FACTORS if pair != MAIN))}


def _by_pair(rules: dict[Pair, Function]) -> Function:
    """One loss from one for each pair of prediction and space."""
    return lambda net, z, given, space, least: rules[given, space](net, z, given, space, least)


def _factors(factor: Callable[[Pair], Part], target: Callable[[Pair], Part] | None = None) -> Function:
    """A loss with other factors, or other targets, for all pairs."""

    def weight(pair: Pair) -> Part:
        return lambda s: factor(pair)(s).square()

    return _by_pair(
        {
            pair: replace(task, weight=weight(pair), target=target(pair) if target else task.target).loss()
            for pair, task in TASKS.items()
        }
    )


def _right(pair: Pair) -> Part:
    return FACTORS[pair]


def _at(clock: Callable[[Sample], Tensor]) -> Callable[[Pair], Part]:
    """The right factors at another time."""

    def factor(pair: Pair) -> Part:
        def at(s: Sample) -> Tensor:
            t = clock(s)
            return FACTORS[pair](replace(s, t=t, alpha=t, beta=1 - t))

        return at

    return factor


def _part(changed: dict[Pair, Part]) -> Function:
    return _factors(lambda pair: changed.get(pair, FACTORS[pair]))


def _with_mean(factor: Part) -> Callable[[Tensor, Sample], Tensor]:
    """Mean square, with the mean of the squared factors for a factor of all rows."""
    return lambda r, s: factor(s).square().mean() * r.square().mean()


def _general(name: str) -> Function:
    return _by_pair({pair: ALL[pair][name][0] for pair in TASKS})


def _unclipped(s: Sample) -> Sample:
    return replace(s, beta_dot=torch.full_like(s.t, 1e-6))


ALL: dict[Pair, dict[str, Mistake]] = {pair: mistakes(task, "times") for pair, task in TASKS.items()}
SKIPPED = {"the last time always", "the same draw each time"}
MISTAKES: dict[str, Mistake] = {
    "always in the prediction's own space": (
        _factors(lambda pair: lambda s: torch.ones_like(s.t)),
        "You compare every answer with a target of its own kind, and `space` makes no difference. The same "
        "error of the data point is a large error of the velocity late in time, and a small one early. By "
        "which factor?",
    ),
    "factor not squared": (
        _factors(lambda pair: lambda s: FACTORS[pair](s).sqrt()),
        "You multiply the squared error by the factor. It is the error that is multiplied, and the product "
        "that is squared afterwards.",
    ),
    "factor squared twice": (
        _factors(lambda pair: lambda s: FACTORS[pair](s).square()),
        "Your factor enters with its fourth power: it is squared once where it is made, and once more with "
        "the error. Is something squared that was a square already?",
    ),
    "factor upside down": (
        _factors(lambda pair: lambda s: 1 / FACTORS[pair](s).clamp(min=1e-3)),
        "You divide by the factor where you should multiply. Late in time a small error of the data point is "
        "a large one of the velocity: should late rows count more then, or less?",
    ),
    "given and space swapped": (
        _factors(lambda pair: FACTORS[pair[1], pair[0]]),
        "Your factor is the one from `space` to `given`. The error is one of the prediction first, and "
        "becomes one of the space: read the names in that order.",
    ),
    "target of the space": (
        _factors(lambda pair: lambda s: torch.ones_like(s.t), lambda pair: TARGETS[pair[1]]),
        "You compare the answer, as it is, with a target of the loss's space: a data point with a velocity, "
        "for instance. First both have to be of one kind. Convert the answer, or turn its error into one of "
        "the space.",
    ),
    "nothing is clipped": (
        _factors(lambda pair: lambda s: FACTORS[pair](_unclipped(s))),
        "Your denominators come as close to zero as they like, so the loss has no finite mean. Whatever you "
        "divide by should be at least `least`.",
    ),
    "the clock is clipped": (
        _factors(_at(lambda s: torch.minimum(torch.maximum(s.t, s.beta_dot), 1 - s.beta_dot))),
        "You keep the *time* away from both ends, so that numerators change too, and factors that divide by "
        "nothing. Only the number below the line should be at least `least`.",
    ),
    "the factor is clipped": (
        _factors(lambda pair: lambda s: torch.minimum(FACTORS[pair](_unclipped(s)), 1 / s.beta_dot)),
        "You put a bound on the factor as a whole. That is not the same where something stands above the "
        "line: only what you divide by should be at least `least`.",
    ),
    "least added": (
        _part(
            {
                ("data", "noise"): lambda s: s.alpha / (s.beta + s.beta_dot),
                ("data", "velocity"): lambda s: 1 / (s.beta + s.beta_dot),
                ("noise", "data"): lambda s: s.beta / (s.alpha + s.beta_dot),
                ("noise", "velocity"): lambda s: 1 / (s.alpha + s.beta_dot),
            }
        ),
        "You add `least` to what you divide by, which changes it at all times. Only where it would be "
        "smaller than `least` should it be something else.",
    ),
    "t and 1 - t swapped": (
        _factors(_at(lambda s: 1 - s.t)),
        "In your factors t and 1 − t have changed places. When is an error of the data point a large error "
        "of the velocity: early, or late, when little time is left?",
    ),
    "the target is not clipped": (
        _by_pair(
            {pair: task.loss() for pair, task in TASKS.items()}
            | {
                ("data", "velocity"): replace(
                    TASKS["data", "velocity"],
                    target=lambda s: s.z + (_to_go(s) - s.beta) * (s.z - s.eps),
                ).loss(),
                ("data", "noise"): replace(
                    TASKS["data", "noise"],
                    target=lambda s: (s.x - _to_go(s) * s.eps) / s.alpha.clamp(min=1e-6),
                ).loss(),
            }
        ),
        "That is the friend's mistake: the answer is divided by the clipped number, and the target is not, "
        "so that even the perfect answer costs something in the last stretch.",
    ),
    "noise counts in full in the data": (
        _part({("noise", "data"): lambda s: 1 / _gone(s)}),
        "From noise to data your factor lacks its numerator. The noise is in the state with a weight: an "
        "error of it makes a smaller error of the data point late in time. Read off your row of the table.",
    ),
    "data count in full in the noise": (
        _part({("data", "noise"): lambda s: 1 / _to_go(s)}),
        "From data to noise your factor lacks its numerator. The data point is in the state with a weight: "
        "early in time an error of it hardly changes the noise. Read off your row of the table.",
    ),
    "one factor for the whole batch": (
        _by_pair(
            {
                pair: replace(task, weight=None).loss(reduce=_with_mean(FACTORS[pair]))
                for pair, task in TASKS.items()
            }
        ),
        "All rows of a batch get the same factor, an average. Each row has a time of its own, and so a "
        "factor of its own: multiply before any mean is taken.",
    ),
    "eps minus z": (
        _factors(_right, lambda pair: (lambda s: s.eps - s.z) if pair[0] == "velocity" else TARGETS[pair[0]]),
        "Where the network is asked for the velocity your target points from the data to the noise. In this "
        "course time 1 is data, and the states move there.",
    ),
    "the way for the velocity": (
        _factors(_right, lambda pair: (lambda s: s.z - s.x) if pair[0] == "velocity" else TARGETS[pair[0]]),
        TEXTS["z minus x_t"],
    ),
    "path runs backwards": (
        _by_pair(
            {pair: task.loss(state=lambda s: s.beta * s.z + s.alpha * s.eps) for pair, task in TASKS.items()}
        ),
        TEXTS["path runs backwards"],
    ),
    "clipped at the data's end only": (
        _factors(_at(lambda s: torch.minimum(s.t, 1 - s.beta_dot))),
        "You keep the time itself away from 1. That changes numbers above the line as well, and leaves the "
        "other end alone. Only what you divide by should be at least `least`.",
    ),
    "velocities compared always": (
        _factors(lambda pair: FACTORS[pair[0], "velocity"]),
        "You turn every error into one of the velocity, whatever `space` is. Which of your factors belongs "
        "to which column of the table?",
    ),
    "data asked for always": (
        _factors(lambda pair: FACTORS["data", pair[1]]),
        "Your factors are those of a network that is asked for the data, whatever `given` is. Which of them "
        "belongs to which row of the table?",
    ),
    **{name: (_general(name), found[1]) for name, found in ALL[MAIN].items() if name not in SKIPPED},
}


HINT_FACTOR = (
    "Asked for the {0}, compared as {1}: at some times an error counts with another weight than it should. "
    "Look up the road from {0} to {1} in your table of exercise 8.1. With what does it multiply the answer, "
    "and is what it divides by, and nothing else, at least `least`?"
)


def _of_pair(fact: Fact, given: str, space: str) -> Fact:
    """A fact that says which of the nine losses it is about."""
    label = f"{fact.label}; {given} asked for, {space} compared"
    if fact.name == "weighted":
        name = f"wrong factor from {given} to {space}" if given != space else f"weighted {given} loss"
        return replace(fact, name=name, label=label, hint=HINT_FACTOR.format(given, space))
    return replace(fact, label=label)


@exercise(
    "8.3",
    "A loss in any space",
    "core",
    "net, z, given, space, least",
    _by_pair({pair: task.loss() for pair, task in TASKS.items()}),
    MISTAKES,
    random=True,
    limit=30.0,
)
def space_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """Times, states and noise that the network is shown; cost, gradient, weight and target; for all nine."""
    for pair, task in TASKS.items():
        found = list(measure(student, task))
        found = [_of_pair(each, *pair) if isinstance(each, Fact) else each for each in found]
        failed = any(isinstance(each, Fact) and not each.holds() for each in found)
        if pair == MAIN or failed:
            yield from found
        if failed:
            return
