"""Known wrong variances of the way back, and what to tell the student who is seen to return one."""

from collections.abc import Callable

import torch
from torch import Tensor

Rule = Callable[[int, Tensor, Tensor, float], Tensor]
Numbers = dict[str, Tensor]


def _rule(change: Callable[[Numbers], Tensor]) -> Rule:
    """A variance from the paper's numbers, and from the variances of the states about k."""

    def rule(k: int, betas: Tensor, alpha_bar: Tensor, c: float) -> Tensor:
        width, last = torch.tensor(c, dtype=torch.float64), len(betas)

        def state(at: int) -> Tensor:
            return alpha_bar[at] * width**2 + 1 - alpha_bar[at]

        n = {"k": torch.tensor(k), "beta": betas[k - 1], "after": betas[min(k, last - 1)], "c": width}
        n |= {"earlier_beta": betas[k - 2], "bar": alpha_bar[k], "before": alpha_bar[k - 1]}
        n |= {"now": state(k), "then": state(k - 1)}
        return change(n | {"later": state(min(k + 1, last)), "earlier": state(max(k - 2, 0))})

    return rule


def _states(variance: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """Bayes' rule with a wrong variance of the states, of (alpha-bar, c)."""
    return _rule(lambda n: n["beta"] * variance(n["before"], n["c"]) / variance(n["bar"], n["c"]))


reverse_variance = _rule(lambda n: n["beta"] * n["then"] / n["now"])

MISTAKES: dict[str, tuple[Rule, str]] = {
    "beta": (
        _rule(lambda n: n["beta"] + 0 * n["c"]),
        "You return beta whatever the data are. That is the variance of the step *forward*; on the way back "
        "it is right for one width of the data only. For which?",
    ),
    "beta-tilde": (
        _rule(lambda n: n["beta"] * (1 - n["before"]) / (1 - n["bar"]) + 0 * n["c"]),
        "You return beta-tilde whatever the data are. It supposes that the data point is known, so it is "
        "right only where all data are one point.",
    ),
    "width for variance": (
        _rule(
            lambda n: (
                n["beta"] * (n["before"] * n["c"] + 1 - n["before"]) / (n["bar"] * n["c"] + 1 - n["bar"])
            )
        ),
        "You put the width `c` of the data where their variance belongs. A square is missing, which does not "
        "show for a width of one or zero.",
    ),
    "c multiplied by the roots": (
        _rule(
            lambda n: (
                n["beta"]
                * (n["before"].sqrt() * n["c"] ** 2 + 1 - n["before"])
                / (n["bar"].sqrt() * n["c"] ** 2 + 1 - n["bar"])
            )
        ),
        "In the variance of a state the data's variance is multiplied by the square of their weight, which "
        "is alpha-bar itself, without a root.",
    ),
    "data forgotten above": (
        _rule(lambda n: n["beta"] * (1 - n["before"]) / n["now"]),
        "Above the fraction bar you count only the noise of the state at k - 1. Its variance has the data's "
        "part too.",
    ),
    "data forgotten below": (
        _rule(lambda n: n["beta"] * n["then"] / (1 - n["bar"])),
        "Below the fraction bar you count only the noise of the state at k. Its variance has the data's part "
        "too.",
    ),
    "fraction upside down": (
        _rule(lambda n: n["beta"] * n["now"] / n["then"]),
        "Your fraction is upside down. Knowing x_k makes x_{k-1} less uncertain than it was, so the variance "
        "is below that of the state before, and for one data point it vanishes at k = 1.",
    ),
    "standard deviation": (
        _rule(lambda n: (n["beta"] * n["then"] / n["now"]).sqrt()),
        "You return a standard deviation, ready to be multiplied with noise. The exercise asks for the "
        "variance, so that it can be compared with beta.",
    ),
    "read one place too late": (
        _rule(lambda n: n["after"] * n["then"] / n["now"]),
        "You use the variance of the step after this one. The list `betas` begins with step 1 at its place "
        "0.",
    ),
    "variance of the state": (
        _rule(lambda n: n["then"]),
        "You return the variance of x_{k-1} when nothing is known. Here x_k is known, which narrows it.",
    ),
    "variance of the state now": (
        _rule(lambda n: n["now"]),
        "You return the variance of x_k. Asked for is how uncertain x_{k-1} is when x_k is known.",
    ),
    "gain left out": (
        _rule(lambda n: n["then"] - n["then"] ** 2 / n["now"]),
        "Your formula takes away what x_k tells, but without the factor of the step: the covariance of the "
        "two states is the variance of the first times the *root of alpha*, and that is squared.",
    ),
    "root of alpha not squared": (
        _rule(lambda n: n["then"] - (1 - n["beta"]).sqrt() * n["then"] ** 2 / n["now"]),
        "In what x_k takes away from the uncertainty the covariance is squared, and so is the root of alpha "
        "in it.",
    ),
    "precisions added, not turned over": (
        _rule(lambda n: 1 / n["then"] + (1 - n["beta"]) / n["beta"]),
        "You add up the precisions, which is right, and return their sum. A variance is one over it.",
    ),
    "variances added": (
        _rule(lambda n: 1 / (1 / n["then"] + 1 / n["beta"])),
        "You add the precision of the state before and that of the step. But the step also shrank the state: "
        "seen from x_{k-1}, its precision is alpha over beta.",
    ),
    "squared too much": (
        _rule(lambda n: n["beta"] * (n["then"] / n["now"]) ** 2),
        "You square the fraction of the two variances. Bayes' rule for normal laws has it once.",
    ),
    "mean of the two": (
        _rule(lambda n: n["beta"] * (1 + (1 - n["before"]) / (1 - n["bar"])) / 2 + 0 * n["c"]),
        "You return the middle between beta and beta-tilde. The truth does lie between them for narrow data, "
        "but where it lies depends on how wide they are.",
    ),
    "no variance in the last step": (
        _rule(lambda n: n["beta"] * n["then"] / n["now"] * (n["k"] > 1)),
        "At k = 1 you return 0, as DDPM leaves the noise of the last step out. The data are not one point, "
        "so a noisy state still leaves them uncertain.",
    ),
    "quotient alone": (
        _rule(lambda n: n["then"] / n["now"]),
        "You return the quotient of the two states' variances. It is a number near one; with what has it to "
        "be multiplied, so that a small step leaves little uncertainty?",
    ),
    "root of beta": (
        _rule(lambda n: n["beta"].sqrt() * n["then"] / n["now"]),
        "You take the root of beta. Beta is a variance, and so is your result: no root occurs.",
    ),
    "alpha for beta": (
        _rule(lambda n: (1 - n["beta"]) * n["then"] / n["now"]),
        "You multiply by alpha, what the step leaves, where the variance of the noise that it adds should "
        "stand. A one-minus is too much.",
    ),
    "states one index late": (
        _rule(lambda n: n["beta"] * n["now"] / n["later"]),
        "You compare the states at k and k + 1. The step back goes from k to k - 1; the table `alpha_bar` "
        "begins with the index 0.",
    ),
    "states one index early": (
        _rule(lambda n: n["beta"] * n["earlier"] / n["then"]),
        "You compare the states at k - 2 and k - 1. The step back goes from k to k - 1; the table "
        "`alpha_bar` begins with the index 0.",
    ),
    "alpha for alpha-bar": (
        _rule(
            lambda n: (
                n["beta"]
                * ((1 - n["earlier_beta"]) * n["c"] ** 2 + n["earlier_beta"])
                / ((1 - n["beta"]) * n["c"] ** 2 + n["beta"])
            )
        ),
        "You compute the variances of the states as if each were one step away from the data. All steps "
        "before them count: which table knows what they have left?",
    ),
    "alpha-bar for alpha": (
        _rule(lambda n: 1 / (1 / n["then"] + n["bar"] / n["beta"])),
        "In the precision of the measurement you have put alpha-*bar*. From x_{k-1} to x_k it is a single "
        "step, which multiplied the state by the root of its own alpha.",
    ),
    "precision of the state now": (
        _rule(lambda n: 1 / (1 / n["now"] + (1 - n["beta"]) / n["beta"])),
        "You add the precisions of the measurement and of x_k. What was known before the measurement is the "
        "variance of x_{k-1}.",
    ),
    "sum of the variances": (
        _rule(lambda n: n["then"] + n["beta"] / (1 - n["beta"])),
        "You add two variances, so that you know less after the measurement than before. It is the "
        "*precisions*, one over each variance, that add up.",
    ),
    "weights of data and noise swapped": (
        _states(lambda bar, c: bar + (1 - bar) * c**2),
        "In the variances of the states the data's variance has the weight of the noise. How much of the "
        "data is left at k = 0?",
    ),
    "roots of both weights": (
        _states(lambda bar, c: bar.sqrt() * c**2 + (1 - bar).sqrt()),
        "In the variances of the states you take roots of the shares. States are mixed with roots; their "
        "variances are mixed with the squares of these, so no root occurs.",
    ),
    "data not shrunk": (
        _states(lambda bar, c: c**2 + 1 - bar),
        "In the variances of the states the data have their full variance at every index. The chain shrinks "
        "them: which share of their variance is left?",
    ),
    "variance of the data point": (
        _rule(lambda n: n["c"] ** 2 * (1 - n["bar"]) / n["now"]),
        "You return how uncertain the *data point* is when x_k is known. Asked for is the state x_{k-1}, one "
        "step back.",
    ),
    "covariance not squared": (
        _rule(lambda n: n["then"] * (1 - (1 - n["beta"]).sqrt())),
        "You take the covariance of the two states away from the variance. What x_k tells is the *square* of "
        "the covariance, over the variance of x_k.",
    ),
    "covariance not divided": (
        _rule(lambda n: n["then"] - (1 - n["beta"]) * n["then"] ** 2),
        "You take the squared covariance away from the variance, without dividing it by the variance of x_k. "
        "For data of width one that does not show.",
    ),
}
