"""Exercise 3.9: the time at which a scheduler has a given signal-to-noise ratio."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ...paths import VP
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.quiet import failing
from ..shared.schedulers import Numbers, bent, straight
from .common import Scheduler, cosine_scheduler

Ratio = Callable[[Tensor, Tensor], Tensor]


def _signal_to_noise(alpha: Tensor, beta: Tensor) -> Tensor:
    return (alpha / beta).square()


def _bisection(
    ratio: Ratio = _signal_to_noise, upwards: bool = True
) -> Callable[[Tensor, Scheduler], Tensor]:
    """Keep the half of [0, 1] in which the ratio passes the wanted one."""

    def rule(snr: Tensor, scheduler: Scheduler) -> Tensor:
        low, high = torch.zeros_like(snr), torch.ones_like(snr)
        for _ in range(40):
            middle = (low + high) / 2
            alpha, beta, _, _ = scheduler(middle)
            late = (ratio(alpha, beta) > snr) == upwards
            low, high = torch.where(late, low, middle), torch.where(late, middle, high)
        return (low + high) / 2

    return rule


_reference = _bisection()


def _ddpm(t: Tensor) -> Numbers:
    rule = VP()
    return rule.alpha(t), rule.beta(t), rule.alpha_dot(t), rule.beta_dot(t)


_ddpm.__name__ = _ddpm.__qualname__ = "scheduler"

MISTAKES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "ratio not squared": (
        _bisection(lambda alpha, beta: alpha / beta),
        "You look for the time at which the ratio of the weights has the given value. The signal-to-noise "
        "ratio compares variances: what happens to a variance when a weight doubles?",
    ),
    "noise to signal": (
        _bisection(lambda alpha, beta: (beta / alpha).square(), upwards=False),
        "You look for the ratio of noise to signal: your times are early where they should be late. Which of "
        "the two variances stands above the line?",
    ),
    "ratio upside down": (
        _bisection(lambda alpha, beta: (beta / alpha).square()),
        "Your search compares the given ratio with that of noise to signal, which falls as time goes on, so "
        "it ends at an end of time. Which of the two variances stands above the line?",
    ),
    "ratios sorted": (
        lambda snr, scheduler: _reference(snr.sort().values, scheduler),
        "Your times are right but stand in another order: the first should belong to the first ratio that "
        "was given, and so on. Do you sort anything on the way?",
    ),
    "ratio of signal to everything": (
        _bisection(lambda alpha, beta: alpha**2 / (alpha**2 + beta**2)),
        "You compare the signal with signal and noise together. The signal-to-noise ratio compares it with "
        "the noise alone, and grows beyond every bound as time goes to 1.",
    ),
    "wrong half kept": (
        _bisection(upwards=False),
        "Your search always ends at an end of time: it keeps the half that does not contain the answer. If "
        "the ratio in the middle is still too small, does the time that you look for lie before or after it?",
    ),
    "cosine assumed": (
        lambda snr, scheduler: snr.sqrt().atan() / (math.pi / 2),
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
HINT_TIME = (
    "At the times that you return the scheduler has another signal-to-noise ratio. Put one of your times "
    "into the scheduler, compute the ratio of the two variances by hand, and compare it with what was given."
)
HINT_ONE = (
    "All your times are the same, although the ratios differ: one search serves all of them, and its "
    "decisions are made by a single ratio, or by all together. Each entry needs an earlier and a later bound "
    "of its own, and a decision of its own in every round."
)
HINT_CLOSE = (
    "Your times are near the right ones, but not near enough: they should be right within a thousandth. "
    "More halvings, or a finer grid, cost next to nothing here."
)
HINT_EXTREME = (
    "In the middle of the path your times are right, close to its ends they are not. Ratios may be tiny or "
    "huge: does your search begin at the times 0 and 1 themselves, and can it get near enough to them?"
)
RULES: dict[str, Scheduler] = {
    "weights t² and 1 - t³": bent,
    "the straight line": straight,
    "the cosine": cosine_scheduler,
    "DDPM's scheduler": _ddpm,
}


@exercise("3.9", "Equal signal-to-noise ratio", "stretch", "snr, scheduler", _reference, MISTAKES)
def time_of_snr(student: StudentFunction) -> Iterator[Fact]:
    """Known times of four schedulers, from their ratios, and times close to the ends."""
    known = torch.tensor([0.55, 0.12, 0.88, 0.3, 0.71], dtype=torch.float64)

    def found(times: Tensor, scheduler: Scheduler) -> Tensor:
        alpha, beta, _, _ = scheduler(times)
        return student(_signal_to_noise(alpha, beta), scheduler, shape=tuple(times.shape)).double()

    for left_out, (name, scheduler) in enumerate(RULES.items()):
        times = (1 - 0.05 * left_out) * known[left_out:]  # others each time, or equal answers look constant
        got = found(times, scheduler)
        distinct = float(len(got.unique()))
        kinds = f"different times for {len(times)} ratios with {name}"
        spare = len(times) - 1.5
        one = Fact("one search for all ratios", kinds, float(len(times)), distinct, HINT_ONE, spare)
        yield from failing([one])
        close = float((got - times).abs().max()) < 0.07
        what = f"times of {len(times)} ratios with {name}"
        hint = HINT_CLOSE if close else HINT_TIME
        yield Fact("not accurate" if close else "wrong time", what, times, got, hint, 0.0011)
    times = torch.tensor([0.9985, 0.012, 0.0025, 0.97], dtype=torch.float64)
    what = "times of tiny and huge ratios on the straight line"
    yield Fact("wrong near the ends", what, times, found(times, straight), HINT_EXTREME, 0.0011)
    alone = found(times[3:], straight)
    yield Fact("wrong near the ends", "time of a single ratio", times[3:], alone, HINT_EXTREME, 0.0011)
