"""Exercise 3.7: the time at which a scheduler has a given signal-to-noise ratio."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.schedulers import bent, straight
from .conditional import Scheduler
from .cosine import HALF_PI, _cosine_scheduler

Ratio = Callable[[Tensor, Tensor], Tensor]


def _signal_to_noise(alpha: Tensor, beta: Tensor) -> Tensor:
    return (alpha / beta).square()


def _solved(ratio: Ratio, halvings: int = 40, upwards: bool = True) -> Callable[[Tensor, Scheduler], Tensor]:
    """Bisection: keep the half of [0, 1] in which the ratio passes the wanted one."""

    def rule(snr: Tensor, scheduler: Scheduler) -> Tensor:
        low, high = torch.zeros_like(snr), torch.ones_like(snr)
        for _ in range(halvings):
            middle = (low + high) / 2
            alpha, beta, _, _ = scheduler(middle)
            late = (ratio(alpha, beta) > snr) == upwards
            low, high = torch.where(late, low, middle), torch.where(late, middle, high)
        return (low + high) / 2

    return rule


def _in_order(snr: Tensor, scheduler: Scheduler) -> Tensor:
    return _time_of_snr(snr.sort().values, scheduler)


_time_of_snr = _solved(_signal_to_noise)

MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "ratio not squared": (
        _solved(lambda alpha, beta: alpha / beta),
        "You look for the time at which the ratio of the weights has the given value. The signal-to-noise "
        "ratio compares variances: what happens to a variance when a weight doubles?",
    ),
    "noise to signal": (
        _solved(lambda alpha, beta: (beta / alpha).square(), upwards=False),
        "You look for the ratio of noise to signal: your times are early where they should be late. Which of "
        "the two variances stands above the line?",
    ),
    "ratio upside down": (
        _solved(lambda alpha, beta: (beta / alpha).square()),
        "Your search compares the given ratio with that of noise to signal, which falls as time goes on, so "
        "it ends at an end of time. Which of the two variances stands above the line?",
    ),
    "ratios sorted": (
        _in_order,
        "Your times are right but stand in another order: the first should belong to the first ratio that "
        "was given, and so on. Do you sort anything on the way?",
    ),
    "ratio of signal to everything": (
        _solved(lambda alpha, beta: alpha**2 / (alpha**2 + beta**2)),
        "You compare the signal with signal and noise together. The ratio asked for compares it with the "
        "noise alone, and grows beyond every bound as time goes to 1.",
    ),
    "wrong half kept": (
        _solved(_signal_to_noise, upwards=False),
        "Your search always ends at an end of time: it keeps the half that does not contain the answer. If "
        "the ratio in the middle is still too small, does the time asked for lie before or after it?",
    ),
    "cosine assumed": (
        lambda snr, scheduler: snr.sqrt().atan() / HALF_PI,
        "Your formula is right for the cosine scheduler, and does not ask the scheduler it is given. The "
        "function should find the time for any of them: search for it.",
    ),
    "straight line assumed": (
        lambda snr, scheduler: snr.sqrt() / (1 + snr.sqrt()),
        "Your formula is right for the straight line, and does not ask the scheduler it is given. The "
        "function should find the time for any of them: search for it.",
    ),
    "ratio instead of time": (
        lambda snr, scheduler: _signal_to_noise(*scheduler(snr.clamp(0, 1))[:2]).nan_to_num(0.0, 1e9),
        "You put the ratio into the scheduler, where a time belongs. The question goes the other way round: "
        "the ratio is known, and the time is to be found.",
    ),
}
LOOK_TIME = (
    "At the times that you return the scheduler has another signal-to-noise ratio. Put one of your times "
    "into the scheduler, compute the ratio of the two variances by hand, and compare it with what was given."
)
LOOK_ONE = (
    "All your times are the same, although the ratios differ: one search serves all of them, and its "
    "decisions are made by a single ratio, or by all together. Each entry needs an earlier and a later bound "
    "of its own, and a decision of its own in every round."
)
LOOK_CLOSE = (
    "Your times are near the right ones, but not near enough: they should be right within a thousandth. "
    "More halvings, or a finer grid, cost next to nothing here."
)


@exercise(
    "3.7", "Equal signal-to-noise ratio", "stretch", "snr, scheduler", _time_of_snr, MISTAKES, double=True
)
def time_of_snr(student: StudentFunction) -> Iterator[Fact]:
    """Known times of three schedulers, from their ratios."""
    known = torch.tensor([0.55, 0.12, 0.88, 0.3, 0.71], dtype=torch.float64)
    rules = {"weights t² and 1 - t³": bent, "the straight line": straight, "the cosine": _cosine_scheduler}
    for left_out, (name, scheduler) in enumerate(rules.items()):
        times = (1 - 0.05 * left_out) * known[left_out:]  # others each time, or equal answers look constant
        alpha, beta, _, _ = scheduler(times)
        came = student((alpha / beta).square(), scheduler, shape=tuple(times.shape))
        what = f"times of {len(times)} ratios with {name}"
        distinct = float(len(came.unique()))
        kinds = f"different times for {len(times)} ratios with {name}"
        yield Fact(
            "one search for all ratios", kinds, float(len(times)), distinct, LOOK_ONE, len(times) - 1.5
        )
        close = float((came - times).abs().max()) < 0.07
        look = LOOK_CLOSE if close else LOOK_TIME
        yield Fact("not accurate" if close else "wrong time", what, times, came, look)
