"""Exercise 5.1: the score of the marginal path to normal data."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.schedulers import bent, straight
from .common import (
    SHAPES,
    Scheduler,
    factor_text,
    gradient,
    ignored,
    misread_scheduler,
    misread_times,
    spaced_times,
)

Rule = Callable[[Tensor, Tensor, Tensor, Tensor, Scheduler], Tensor]
STD = 0.7
"""Width of the data in the check's first questions: neither its square nor its half is close to it."""


def _rule(change: Callable[..., Tensor]) -> Rule:
    """An answer made by `change` from x, mean, std, alpha, beta, alpha_dot and beta_dot."""
    return lambda x, mean, std, t, scheduler: change(x, mean, std, *scheduler(t))


def _over(variance: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Rule:
    """The way to the centre over something else than the variance, made from std, alpha and beta."""
    return _rule(lambda x, m, d, a, b, *_: (a * m - x) / variance(d, a, b))


def _variance(d: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return (a * d) ** 2 + b**2


_right = _over(_variance)


def _log_probs(x: Tensor, m: Tensor, d: Tensor, a: Tensor, b: Tensor, *_: Tensor) -> Tensor:
    return torch.distributions.Normal(a * m, _variance(d, a, b).sqrt()).log_prob(x)


def _of_the_density(x: Tensor, m: Tensor, d: Tensor, a: Tensor, b: Tensor, *_: Tensor) -> Tensor:
    return _log_probs(x, m, d, a, b).sum(1, keepdim=True).exp() * (a * m - x) / _variance(d, a, b)


MEAN_TAKEN = (
    "Your score is smaller the more states there are. Each state has a score of its own: is the derivative "
    "taken of a mean over the batch or over everything, where a sum would leave every row alone?"
)
WIDTHS_ADDED = (
    "You add the two widths, that of the scaled data and that of the noise, as if they were lengths laid "
    "end to end. They are random and independent, and partly cancel. Which quantity of two independent "
    "parts adds up?"
)
MISTAKES: dict[str, Mistake] = {
    **misread_times(_right, 3),
    **misread_scheduler(_right, 4),
    **recurring(
        {
            "sign of the score": _rule(lambda x, m, d, a, b, *_: (x - a * m) / _variance(d, a, b)),
            "log-density, not its slope": _rule(_log_probs),
        }
    ),
    "width of the data forgotten": (
        _over(lambda d, a, b: b**2 + 0 * d),
        "Your score is that of a single data point, and the width of the data has no say in it. Here the "
        "data point is unknown too: how far apart do states lie even without any noise?",
    ),
    "width of the noise forgotten": (
        _over(lambda d, a, b: (a * d) ** 2),
        "Only the width of the data enters your score. At the beginning of time there is hardly any data in "
        "a state, and still it is spread: by what?",
    ),
    "data's width not scaled": (
        _over(lambda d, a, b: d**2 + b**2),
        "The data enter a state multiplied by `alpha`, and so does their spread. In your variance they "
        "stand unscaled.",
    ),
    "alpha not squared": (
        _over(lambda d, a, b: a * d**2 + b**2),
        "You multiply the variance of the data by `alpha`. If a quantity is multiplied by a number, what is "
        "its *variance* multiplied by?",
    ),
    "widths added": (_over(lambda d, a, b: (a * d + b) ** 2), WIDTHS_ADDED),
    "widths added, not squared": (_over(lambda d, a, b: a * d + b), WIDTHS_ADDED),
    "variance for width": (
        _over(lambda d, a, b: a**2 * d + b**2),
        "You use `std` as if it were a variance. It is a standard deviation, as its name says. What has to "
        "happen to it before variances are added?",
    ),
    "one over the width": (
        _over(lambda d, a, b: _variance(d, a, b).sqrt()),
        "You divide by the width of the cloud, one factor too few. In the exponent of a normal density the "
        "squared distance stands over the variance: take the derivative of that step by step.",
    ),
    "one over beta": (
        _over(lambda d, a, b: b + 0 * d),
        "You divide by `beta`, which is the width of the noise alone, and a width where a variance belongs. "
        "What is the variance of a state, over all data points and all noise?",
    ),
    "variance squared": (
        _over(lambda d, a, b: _variance(d, a, b) ** 2),
        "You divide by the variance twice, so your score has two factors too many. Does the sum of your two "
        "squares get squared again?",
    ),
    "variance multiplied": (
        _rule(lambda x, m, d, a, b, *_: (a * m - x) * _variance(d, a, b)),
        "You multiply by the variance. The narrower a cloud is, the steeper is its density: so what has "
        "to become of the score where the variance is small?",
    ),
    "alpha forgotten": (
        _rule(lambda x, m, d, a, b, *_: (m - x) / _variance(d, a, b)),
        "Your arrows point to the mean of the data. At time t the cloud is not there yet: the data have the "
        "weight `alpha` in a state. Where is the cloud's centre?",
    ),
    "velocity for score": (
        _rule(
            lambda x, m, d, a, b, ad, bd: ad * m + (a * ad * d**2 + b * bd) / _variance(d, a, b) * (x - a * m)
        ),
        "What you return is the velocity of the path. A score needs no derivative of the scheduler: only the "
        "form of the density at this one time.",
    ),
    "brackets missing": (
        _rule(lambda x, m, d, a, b, *_: a * m - x / _variance(d, a, b)),
        "Only one part of the difference is divided by the variance in your line. A division binds more "
        "tightly than a difference: where do brackets belong?",
    ),
    "second part not divided": (
        _rule(lambda x, m, d, a, b, *_: (a * m - x) / (a * d) ** 2 + b**2),
        "A division binds more tightly than a sum, so only the first part of your variance divides. Where do "
        "brackets belong?",
    ),
    "width left out": (
        _rule(lambda x, m, d, a, b, *_: a * m - x + 0 * d),
        "Your score is the way to the centre, whatever the width of the cloud. The narrower the cloud, the "
        "steeper its density. Where does the variance stand in the exponent?",
    ),
    "one width for all coordinates": (
        _rule(lambda x, m, d, a, b, *_: (a * m - x) / _variance(d, a, b).mean(-1, keepdim=True)),
        "You divide all coordinates by one and the same number. Each coordinate has a width of its own: what "
        "is the variance of a single one?",
    ),
    "gradient of the density": (
        _rule(_of_the_density),
        "Your arrows point the right way, but they are the gradient of the density itself: they vanish where "
        "it is small. The score is the gradient of its *logarithm*.",
    ),
    "mean over the coordinates": (
        _rule(lambda x, m, d, a, b, *_: (a * m - x) / _variance(d, a, b) / x.shape[1]),
        "Your score gets smaller the more coordinates a state has. A gradient has one number for each "
        "coordinate, and no mean is taken over them.",
    ),
    "mean over everything": (
        _rule(lambda x, m, d, a, b, *_: (a * m - x) / _variance(d, a, b) / x.numel()),
        MEAN_TAKEN,
    ),
    "mean over the batch": (
        _rule(lambda x, m, d, a, b, *_: (a * m - x) / _variance(d, a, b) / len(x)),
        MEAN_TAKEN,
    ),
}
HINT_CENTRE = (
    "In the centre of the cloud its density is largest, so the score is zero there. Yours is not. What is "
    "the mean of a state at time t, and is it what you subtract? Do you divide by something that is zero "
    "there?"
)
HINT_POINT = (
    "For data with a width your score is right. With `std` zero the data are a single point, and all of the "
    "spread comes from the noise. The check stands one `beta` away from the centre, where the length of the "
    "score is one over `beta`.{} Which variance does your formula leave if `std` is zero?"
)
HINT_WIDTH = (
    "For data with a width the weight of the distance is not "
    "one over the variance of a state.{} A state is the sum of two independent parts: what is the variance "
    "of each, and of the sum?"
)
HINT_SLOPE = (
    "Your score is not the slope of the log-density there, though it is right in the centre, and along one "
    "axis. Does each row use its own time, and each coordinate its own mean and width? Is anything cut off, "
    "or scaled to a length?"
)
HINT_LATE = (
    "Late in time and for narrow data your score is too far from the slope of the log-density. Earlier it "
    "is right. Is a number added to what you divide by, or kept from getting small?"
)
HINT_FAR = (
    "Far out, forty widths from the centre, your score is not finite or not the right one; near the centre "
    "it is. Does your way lead through the density itself, which is too small for a float out there? Is "
    "anything cut off?"
)


def _extremes(student: StudentFunction) -> Iterator[Fact]:
    """The score over the right one where the cloud is narrow, and far from its centre."""
    mean, std = torch.rand(2, dtype=torch.float64), torch.tensor([0.0, 0.02], dtype=torch.float64)
    for when, t, widths, hint in (
        ("late in time", spaced_times(4, 0.985, 0.99), 1.0, HINT_LATE),
        ("far out", spaced_times(4), 40.0, HINT_FAR),
    ):
        alpha, beta, _, _ = bent(t)
        width = _variance(std, alpha, beta).sqrt()
        eps = widths * torch.randn(4, 2, dtype=torch.float64).sign()
        came = student(alpha * mean + width * eps, mean, std, t, bent, shape=(4, 2), finite=False)
        came = came * width / -eps
        yield Fact(f"wrong {when}", f"score over the right one, {when}", torch.ones(4, 2), came, hint, 0.05)


@exercise("5.1", "The score of a cloud", "core", "x, mean, std, t, scheduler", _right, MISTAKES)
def normal_score(student: StudentFunction) -> Iterator[Fact]:
    """No argument ignored; the centre, the weight of the distance, many shapes, late and far out."""
    for n, dim in SHAPES:
        t, each = spaced_times(n), (dim,) if n == dim else (n, dim)
        mean = 1 + torch.rand(each, dtype=torch.float64)
        std = 0.3 + 0.6 * torch.rand(each, dtype=torch.float64)
        alpha, beta, _, _ = bent(t)
        width = _variance(std, alpha, beta).sqrt()
        x = alpha * mean + width * torch.randn(n, dim, dtype=torch.float64)
        if n == dim:
            others = {"x": x + 1, "mean": mean + 1, "std": 2 * std, "t": t + 0.1, "scheduler": straight}
            yield from ignored(student, (x, mean, std, t, bent), others, (n, dim))
            centre = student(alpha * mean, mean, std, t, bent, shape=(n, dim), finite=False)
            yield Fact("not zero at the centre", "score at the centre", 0.0, centre.abs().max(), HINT_CENTRE)
            away = torch.eye(n, dtype=torch.float64)
            for name, d, hint in (
                ("wrong variance", STD, HINT_WIDTH),
                ("wrong for a point", 0.0, HINT_POINT),
            ):
                same = torch.full((dim,), d, dtype=torch.float64)
                spread = _variance(same, alpha, beta).sqrt()
                came = student(
                    alpha * mean + spread * away, mean, same, t, bent, shape=(n, dim), finite=False
                )
                came = (came * spread).nan_to_num(0.0, 99.0, -99.0)
                right, came = -torch.ones(n), came.diagonal()
                what = f"score one width from the centre, times the width, std = {d:g}"
                yield Fact(name, what, right, came, hint.format(factor_text(right, came)), 0.01)
        slope = gradient(torch.distributions.Normal(alpha * mean, width).log_prob, x) * width
        score = student(x, mean, std, t, bent, shape=(n, dim)) * width
        what = f"slope of the log-density times the width, {n} of {dim} numbers"
        fact = Fact("not the slope", what, slope, score, HINT_SLOPE, 0.02)
        if n == dim or not fact.holds():
            yield fact
        if n == dim:
            yield from _extremes(student)
