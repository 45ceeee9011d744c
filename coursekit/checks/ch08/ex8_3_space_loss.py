"""Exercise 8.3: a loss for a network that is asked for one thing, measured in the space of another."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import TEXTS, Function, Mistake
from ..shared.regression_loss import WEIGHTED, LossTask, Part, Sample, measure, mistakes
from .common import CLIPS, LEAST

HINTS = {
    "target": "The check hands over a network that answers with what `given` names, up to a known error, and "
    "in your loss another answer is the best. Put the right answer in by hand: do you take away the same "
    "thing, made in the same way?",
}
HINT_FACTOR = (
    "Asked for the {0}, compared as {1}, an error counts too much at some times or too little. What stands "
    "with the answer on the road from {0} to {1}, and what does it divide by?"
)
HINT_SAME = (
    "Asked for the {0}, compared as {0}: nothing has to be converted, and nothing divides, so all errors "
    "count alike. At some times yours do not. Is anything clipped on a way there and back?"
)
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
LECTURE: dict[Pair, Part] = {
    ("data", "noise"): lambda s: torch.minimum(s.alpha, 1 - s.beta_dot) / _to_go(s),
    ("noise", "data"): lambda s: torch.minimum(s.beta, 1 - s.beta_dot) / _gone(s),
}
"""Factors as the lecture clips them, by their time: what stands above the line stops as well."""


def _task(pair: Pair, factor: Part | None = None) -> LossTask:
    return LossTask(
        target=TARGETS[pair[0]],
        path=_path,
        weight=lambda s: (factor or FACTORS[pair])(s).square(),
        strict=True,
        named=True,
        hints=HINTS | {"own weight": (HINT_SAME if pair[0] == pair[1] else HINT_FACTOR).format(*pair)},
        given=lambda batch, rows: (*pair, LEAST[batch]),
        batches=((24, (24,), 6), (96, (16,), 12), (40, (1, 2, 3), 1)) if pair == MAIN else FEW,
    )


AS_IN_THE_LECTURE = {pair: _task(pair, LECTURE[pair]) for pair in LECTURE}
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


def _drawn_inside(low: float, high: float) -> Function:
    """The loss at times that are cut off `least` away from the ends: from 0 by `low`, from 1 by `high`."""

    def rule(net: Function, z: Tensor, given: str, space: str, least: float) -> Tensor:
        task = TASKS[given, space]

        def times(z: Tensor, last: float) -> Tensor:
            return task.draw(z, last).clamp(low * least, 1 - high * least)

        return task.loss(times=times)(net, z, given, space, least)

    return rule


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
        "Your denominators come as close to zero as they like, or to a small number of your own, and not of "
        "`least`. Whatever you divide by should be at least `least`, which is handed over.",
    ),
    "the clock is clipped": (
        _factors(_at(lambda s: torch.minimum(torch.maximum(s.t, s.beta_dot), 1 - s.beta_dot))),
        "You keep the *time* away from both ends, so that numerators change too, and factors that divide by "
        "nothing. Only the number below the line should be at least `least`.",
    ),
    **{
        name: (
            rule,
            "You keep the *time* itself away from an end, before the state is mixed: many rows are moved to "
            "one moment, and the network never sees states from beyond it. Draw times from the whole of "
            "[0, 1]. Only the number below the line of a factor should be at least `least`.",
        )
        for name, rule in (
            ("times cut off", _drawn_inside(1, 1)),
            ("late times cut off", _drawn_inside(0, 1)),
            ("early times cut off", _drawn_inside(1, 0)),
        )
    },
    "numerators clipped": (
        _part(
            {
                ("data", "noise"): lambda s: _gone(s) / _to_go(s),
                ("noise", "data"): lambda s: _to_go(s) / _gone(s),
                ("velocity", "data"): _to_go,
                ("velocity", "noise"): _gone,
            }
        ),
        "You clip numbers above the line as well. Nothing explodes where they get small: only what you "
        "divide by should be at least `least`.",
    ),
    "the noise's denominators not clipped": (
        _part(
            {
                ("noise", "data"): lambda s: s.beta / s.alpha.clamp(min=1e-6),
                ("noise", "velocity"): lambda s: 1 / s.alpha.clamp(min=1e-6),
            }
        ),
        "Where the data are asked for you clip, and where the noise is asked for you do not. What do you "
        "divide by there, and when does it come close to zero?",
    ),
    "t and 1 - t swapped for the velocity": (
        _part(
            {
                ("velocity", "data"): lambda s: s.alpha,
                ("velocity", "noise"): lambda s: s.beta,
            }
        ),
        "Where the velocity is asked for, t and 1 − t have changed places in your factors. From a state it "
        "is 1 − t to the data and t to the noise: by how much does an error of the velocity grow on the way?",
    ),
    "at most for at least": (
        _part(
            {
                ("data", "noise"): lambda s: s.alpha / torch.minimum(s.beta, s.beta_dot).clamp(min=1e-6),
                ("data", "velocity"): lambda s: 1 / torch.minimum(s.beta, s.beta_dot).clamp(min=1e-6),
                ("noise", "data"): lambda s: s.beta / torch.minimum(s.alpha, s.beta_dot).clamp(min=1e-6),
                ("noise", "velocity"): lambda s: 1 / torch.minimum(s.alpha, s.beta_dot).clamp(min=1e-6),
            }
        ),
        CLIPS["at most for at least"],
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
        CLIPS["least added"],
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


def _of_pair(fact: Fact, given: str, space: str) -> Fact:
    """A fact that says which of the nine losses it is about."""
    label = f"{fact.label}; from {given} to {space}"
    if fact.name in WEIGHTED[:3]:
        name = f"wrong factor from {given} to {space}" if given != space else f"weighted {given} loss"
        return replace(fact, name=name, label=label)
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
        if pair in LECTURE and any(isinstance(each, Fact) and each.name in WEIGHTED for each in found):
            again = list(measure(student, AS_IN_THE_LECTURE[pair]))
            found = again if all(not isinstance(each, Fact) or each.holds() for each in again) else found
        found = [_of_pair(each, *pair) if isinstance(each, Fact) else each for each in found]
        failed = any(isinstance(each, Fact) and not each.holds() for each in found)
        if pair == MAIN or failed:
            yield from found
        if failed:
            return
