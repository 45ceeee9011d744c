"""Exercise 9.1: the KL divergence of two normal distributions whose coordinates are independent."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.trained import trained_through
from .common import exact, first_failing

SHAPES = ((4, 3), (3, 3), (2, 2, 3, 2), (1, 5), (3, 1))
"""Batches of codes (batch, …)."""
Term = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
ZERO = torch.zeros(())


def _distance(m: Tensor, s: Tensor, mp: Tensor, sp: Tensor) -> Tensor:
    return (m - mp).square() / sp.exp()


def _ratio(m: Tensor, s: Tensor, mp: Tensor, sp: Tensor) -> Tensor:
    return (s - sp).exp()


def _logs(m: Tensor, s: Tensor, mp: Tensor, sp: Tensor) -> Tensor:
    return sp - s


def _sum(terms: Tensor) -> Tensor:
    return terms.flatten(1).sum(dim=1)


def _rule(
    distance: Term = _distance,
    ratio: Term = _ratio,
    logs: Term = _logs,
    one: float = 1.0,
    half: float = 0.5,
    reduce: Callable[[Tensor], Tensor] = _sum,
) -> Callable[..., Tensor]:
    """The divergence from its parts, any of which may be wrong."""

    def rule(
        mean: Tensor, log_var: Tensor, prior_mean: Tensor = ZERO, prior_log_var: Tensor = ZERO
    ) -> Tensor:
        given = (mean, log_var, prior_mean, prior_log_var)
        return reduce(half * (distance(*given) + ratio(*given) - one + logs(*given)))

    return rule


def _read(var: Callable[[Tensor], Tensor], log: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The divergence where what is handed over is read as something else than a log-variance."""
    return _rule(
        lambda m, s, mp, sp: (m - mp).square() / var(sp),
        lambda m, s, mp, sp: var(s) / var(sp),
        lambda m, s, mp, sp: log(sp) - log(s),
    )


REFERENCE = _rule()
MISTAKES: dict[str, Mistake] = {
    "the half is missing": (
        _rule(half=1.0),
        "Your divergence is twice the right one everywhere. Where does the density of a normal distribution "
        "have its ½, and is each of your terms multiplied by it?",
    ),
    "log-variance taken for the variance": (
        _read(lambda s: s, torch.log),
        "You use the log-variances as variances. They may be negative, and a variance may not: what turns "
        "one "
        "into the other?",
    ),
    "log-variances taken for variances": (
        _rule(
            lambda m, s, mp, sp: (m - mp).square() / sp,
            lambda m, s, mp, sp: s / sp,
            lambda m, s, mp, sp: (sp / s).log(),
        ),
        "You use the log-variances as variances. They may be negative or zero, and a variance may not: what "
        "turns one into the other?",
    ),
    "log-variance taken for the log of the deviation": (
        _read(lambda s: (2 * s).exp(), lambda s: 2 * s),
        "You read the numbers as logarithms of standard deviations. They are logarithms of *variances*: a "
        "square more, and so a factor of two less in front of the logarithm.",
    ),
    "deviations for variances": (
        _read(lambda s: (s / 2).exp(), lambda s: s),
        "Where a variance belongs you have a standard deviation, the exponential of *half* the log-variance. "
        "The density of a normal distribution divides a squared distance by what?",
    ),
    "the other direction": (
        lambda m, s, mp=ZERO, sp=ZERO: REFERENCE(mp.expand_as(m), sp.expand_as(s), m, s),
        "This is the divergence of the prior from the code: the average is taken over the wrong one of the "
        "two. Draws come from the code, N(mean, var), so its variance stands above the line.",
    ),
    "the one is missing": (
        _rule(one=0.0),
        "Each coordinate costs half a unit too much: a code that equals its prior would not be free. The "
        "mean "
        "of (z − mean)² over its own variance is a plain number. Which one, and with which sign?",
    ),
    "sign of the logarithms": (
        _rule(logs=lambda m, s, mp, sp: s - sp),
        "The logarithms have the wrong sign. A narrow code says much about its image, so it has to be "
        "expensive: as the code's variance goes to zero, the divergence has to grow.",
    ),
    "logarithms left out": (
        _rule(logs=lambda m, s, mp, sp: 0 * s),
        "The logarithms of the variances are missing. They come from the factors in front of the two "
        "exponentials: without them, an infinitely narrow code would be cheap.",
    ),
    "mean not divided by the prior's variance": (
        _rule(distance=lambda m, s, mp, sp: (m - mp).square() + 0 * sp),
        "The distance of the means counts the same whatever the prior's width is. Being one away is nothing "
        "for a wide prior and much for a narrow one: what is the squared distance divided by?",
    ),
    "mean divided by the code's variance": (
        _rule(distance=lambda m, s, mp, sp: (m - mp).square() / s.exp()),
        "You divide the squared distance of the means by the variance of the code. It is the prior's density "
        "in which the distance is measured.",
    ),
    "mean divided by the prior's deviation": (
        _rule(distance=lambda m, s, mp, sp: (m - mp).square() / (sp / 2).exp()),
        "You divide the squared distance of the means by the prior's standard deviation. A square over a "
        "deviation has units; a divergence has none.",
    ),
    "prior's deviation below both": (
        _rule(
            lambda m, s, mp, sp: (m - mp).square() / (sp / 2).exp(),
            lambda m, s, mp, sp: (s - sp / 2).exp(),
        ),
        "Your squares and variances are divided by the prior's standard deviation. A square over a "
        "deviation has units; a divergence has none.",
    ),
    "logarithm of the variances in full": (
        _rule(logs=lambda m, s, mp, sp: 2 * (sp - s)),
        "Your logarithm of the ratio of variances counts in full. The factor in front of the exponential is "
        "one over a *deviation*: how many logarithms of a variance is that?",
    ),
    "code's variance not divided by the prior's": (
        _rule(ratio=lambda m, s, mp, sp: s.exp() + 0 * sp),
        "The code's variance counts the same whatever the prior's width is. What is its spread measured "
        "with, in the prior's density?",
    ),
    "ratio of the variances turned over": (
        _rule(ratio=lambda m, s, mp, sp: (sp - s).exp()),
        "Your ratio of the variances is upside down. The spread of the draws, which come from the code, is "
        "measured with the prior's width.",
    ),
    "prior's mean not used": (
        _rule(distance=lambda m, s, mp, sp: m.square() / sp.exp()),
        "The prior's mean never enters, so you measure from zero. What counts is how far apart the two "
        "means are.",
    ),
    "prior's variance not used": (
        _rule(lambda m, s, mp, sp: (m - mp).square(), lambda m, s, mp, sp: s.exp(), lambda m, s, mp, sp: -s),
        "The prior's variance never enters. Your formula is the one for a prior of variance one; derive "
        "it anew, with both variances kept.",
    ),
    "prior not used": (
        _rule(lambda m, s, mp, sp: m.square(), lambda m, s, mp, sp: s.exp(), lambda m, s, mp, sp: -s),
        "The prior never enters: your formula is the one for the standard normal distribution. This prior "
        "has a mean and a variance of its own.",
    ),
    "distance not squared": (
        _rule(distance=lambda m, s, mp, sp: (m - mp).abs() / sp.exp()),
        "The distance of the means is not squared. The logarithm of a normal density is a square.",
    ),
    "mean over the coordinates": (
        _rule(reduce=lambda terms: terms.flatten(1).mean(dim=1)),
        "You average over the coordinates of a code. Densities of independent coordinates multiply, so their "
        "logarithms add up: longer codes cost more.",
    ),
    "sum over the last axis only": (
        _rule(reduce=lambda terms: terms.sum(dim=-1)),
        "You sum over the last axis alone. A code may have several axes, such as channels, rows and columns, "
        "and each of its numbers counts.",
    ),
    "one number for the whole batch": (
        _rule(reduce=lambda terms: terms.flatten(1).sum(dim=1).mean()),
        "You return one number for all codes. Each of them has a divergence of its own; the mean over the "
        "batch is left to the loss.",
    ),
    "coordinates not summed": (
        _rule(reduce=lambda terms: terms),
        "You return one number for each coordinate. Independent coordinates add up: one number for each code "
        "is wanted.",
    ),
    "the sign": (
        _rule(half=-0.5),
        "Your divergence has the wrong sign. It is never negative, and zero only for two equal "
        "distributions.",
    ),
    "cross-entropy for the divergence": (
        _rule(logs=lambda m, s, mp, sp: sp + 1.8378770664),
        "You average the logarithm of the prior's density alone. The divergence compares two densities: what "
        "does the code's own density contribute?",
    ),
}
HINT_ALIKE = (
    "Here code and prior are the same distribution, and a distribution does not differ from itself: the "
    "divergence is zero. Yours is not. Put equal means and variances into your formula, and see what is "
    "left. {0}"
)
HINT_MEANS = (
    "Here both variances are one, and only the means differ. Then the divergence is half the squared "
    "distance of the means. Which of your terms is left in this case, and with which factor?"
)
HINT_WIDTHS = (
    "Here the means are zero and the prior is standard normal: only the code's variance is another. {0} "
    "Is `log_var` turned into a variance wherever one is needed?"
)
HINT_PRIOR = (
    "With a standard normal prior your divergence was right; with a prior of another mean and variance it is "
    "not. Draw the average of log q − log p anew, and keep both variances: which of them stands below the "
    "line?"
)
HINT_SUM = (
    "Each coordinate by itself is right, but for codes of shape {0} the total is not. One number for each "
    "code is wanted: over which axes do you sum, and is a size written into your function?"
)
HINT_ONCE = (
    "Each coordinate by itself is right, but with {0} numbers in a code every divergence is off by {1}, "
    "whatever the code is. Which number of your formula is added once for a code, and belongs to each of "
    "its numbers?"
)
RANDOM = (
    "Your function draws: two calls with the same arguments give two results, and both are only right on "
    "average. The average over all draws is wanted, which the formula has without drawing."
)


def _seen(log_var: Tensor, came: Tensor) -> str:
    """Which weights of var, log_var and 1 give divergences like these, in a sentence."""
    if not bool(came.isfinite().all()):
        return "Yours is not a number there."
    inverse = came * log_var.exp()
    if float((inverse - inverse.mean()).abs().max()) < 1e-2:
        return f"Yours is {number(inverse.mean())} over the variance."
    table = torch.stack([log_var.exp(), log_var, torch.ones_like(log_var)], dim=1)
    weights = torch.linalg.lstsq(table, came[:, None]).solution[:, 0]
    if float((table @ weights - came).abs().max()) > 1e-2:
        return "Yours is not made of the variance, its logarithm and a number."
    terms = zip(weights, (" times the variance", " times its logarithm", ""), strict=True)
    said = " plus ".join(f"{number(weight)}{word}" for weight, word in terms if abs(float(weight)) > 1e-3)
    return f"Yours is {said or 'zero'}."


HINT_OWN = (
    "Each coordinate by itself is right, and so are codes of shape {0} whose numbers share one prior; with a "
    "prior of its own for each number the total is not. Where do numbers of the prior get mixed?"
)


def _off(shape: tuple[int, ...], wanted: Tensor, got: Tensor) -> str:
    """What to say of wrong sums: whether all codes are off by the same number."""
    gap = got - wanted
    if len(gap) > 1 and float((gap - gap.mean()).abs().max()) < 1e-2:
        return HINT_ONCE.format(math.prod(shape[1:]), number(gap.mean()))
    return HINT_SUM.format(shape)


@exercise(
    "9.1",
    "What a code costs",
    "core",
    "mean, log_var, prior_mean, prior_log_var",
    REFERENCE,
    MISTAKES,
    words={"random result": RANDOM},
)
def gaussian_kl(student: StudentFunction) -> Iterator[Fact]:
    """Alike, means alone, widths alone, any prior; then sums over all kinds of axes."""
    rows, zero = 6, torch.zeros(1).double()

    def ask(mean: Tensor, log_var: Tensor, prior_mean: Tensor, prior_log_var: Tensor) -> Tensor:
        return student(mean, log_var, prior_mean, prior_log_var, shape=(len(mean),), finite=False).double()

    def right(*given: Tensor) -> Tensor:
        return REFERENCE(*given)

    means = (exact(rows, 1), torch.zeros(rows, 1).double(), torch.ones(1).double() * 0.4, zero)
    log_var = torch.linspace(-2, 1.5, rows).double()[:, None]
    widths = (torch.zeros(rows, 1).double(), log_var, zero, zero)
    any_prior = (exact(rows, 1), exact(rows, 1), exact(1), zero + 0.8)
    mean = torch.full((1, 1), 0.7).double()
    came = torch.cat([ask(mean, s[None], mean[0], s) for s in log_var])
    hint = HINT_ALIKE.format(_seen(log_var[:, 0], came))
    cases = [
        ("not zero for equals", "divergence of equals", came, torch.zeros(rows), hint),
        ("wrong distance", "divergence, means alone differ", ask(*means), right(*means), HINT_MEANS),
    ]
    came = ask(*widths)
    cases += [
        (
            "wrong widths",
            "divergence, one width differs",
            came,
            right(*widths),
            HINT_WIDTHS.format(_seen(log_var[:, 0], came)),
        ),
        (
            "wrong for another prior",
            "divergence from another prior",
            ask(*any_prior),
            right(*any_prior),
            HINT_PRIOR,
        ),
    ]
    if not any(bool(came.isfinite().any()) for _, _, came, *_ in cases):
        student(*any_prior, shape=(rows,))  # it raises the fault of a result without any number
    facts = [Fact(name, what, wanted, got, hint) for name, what, got, wanted, hint in cases]
    yield from facts
    if not all(fact.holds() for fact in facts):
        return
    sums = []
    for shape in SHAPES:
        given = (exact(*shape), exact(*shape), exact(*shape[1:]), exact(*shape[1:]))
        got = ask(*given)
        hint = _off(shape, right(*given), got)
        alike = (*given[:2], *(0 * part + value for part, value in zip(given[2:], (0.4, 0.8), strict=True)))
        if bool(torch.isclose(ask(*alike), right(*alike), atol=2e-3).all()):
            hint = HINT_OWN.format(shape)
        sums.append(Fact("wrong sum", f"divergences of codes {shape}", right(*given), got, hint, 2e-3))
    yield from first_failing(sums)
    shape = (3, 4)
    mean, log_var = exact(*shape).requires_grad_(), exact(*shape).requires_grad_()
    yield from trained_through(student, mean, log_var, exact(4), exact(4), shape=(3,))
