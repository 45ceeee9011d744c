"""Exercise 7.4: find the bug in a friend's ancestral step, from k to k - 1."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace as Numbers
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance, variance_tolerance
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, recurring
from ..shared.noise import correlation, different, normal, within
from .common import TWICE, Predictor, facts_hold, of_point, posterior_variance, questions, shares, uneven

Rule = Callable[..., Tensor]
Mean = Callable[[Tensor, Tensor, Numbers], Tensor]
"""The mean of a step, of x, eps and the numbers beta, alpha, bar, before (alpha-bar at k, at k - 1)."""
Number = Callable[[Numbers], Tensor]


def _paper(
    factor: Number = lambda n: n.beta / (1 - n.bar).sqrt(), divisor: Number = lambda n: n.alpha.sqrt()
) -> Mean:
    """The paper's mean, by the factor of the predicted noise and what all is divided by."""
    return lambda x, eps, n: (x - factor(n) * eps) / divisor(n)


def _guess(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
    """The data point behind a state, by the noise in it."""
    return (x - (1 - n.bar).sqrt() * eps) / n.bar.sqrt()


def _posterior(z: Mean, state: Mean = lambda x, eps, n: x) -> Mean:
    """Mean of the posterior with a guess at the data point put in."""

    def mean(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
        of_data, of_state = n.before.sqrt() * n.beta, n.alpha.sqrt() * (1 - n.before)
        return (of_data * z(x, eps, n) + of_state * state(x, eps, n)) / (1 - n.bar)

    return mean


def rule(
    mean: Mean = _paper(),  # noqa: B008
    spread: Number = lambda n: n.beta.sqrt(),
    noise: Callable[[Tensor, Tensor], Tensor] = lambda x, eps: torch.randn_like(x),
    silent: Callable[[int, int], bool] = lambda k, steps: k == 1,
    told: Callable[[int, int], float] = lambda k, steps: k,
    places: tuple[int, int] = (0, 0),
) -> Rule:
    """An ancestral step from its parts; `places` are those by which the two tables are read too late."""

    def step(net: Any, x: Tensor, k: int, betas: Tensor, alpha_bar: Tensor) -> Tensor:
        beta, at = betas[k - 1 + places[0]], k + places[1]
        n = Numbers(beta=beta, bar=alpha_bar[at], before=alpha_bar[at - 1], alpha=1 - beta)
        eps = net(x, told(k, len(betas)))
        after = mean(x, eps, n)
        return after if silent(k, len(betas)) else after + spread(n) * noise(x, eps)

    return step


N, FEW, DIM, STEPS = 4000, 600, 3, 9
FAR = 1e4
"""Size of states that shows the mean: beside it the noise, of size one at most, is nothing."""
LATER = (2, 4, 9)
"""Indices at which the noise is measured; beta-tilde is well below beta at the first two."""
TESTS = 14
"""Statistical numbers in the facts below; they share the family's level."""
TILDE = "Your noise has variance beta-tilde, not beta. The paper uses either."
Step = Callable[[Predictor, Tensor, int], Tensor]

HINT_STATE = (
    "Where the network predicts no noise at all, the mean of your step is not the state over the root of "
    "what the last step left of it. The forward step multiplied the state by the root of its own alpha "
    "before it added noise: just this is undone, for the whole bracket."
)
HINT_NOISE = (
    "The predicted noise does not move the mean as far as Bayes' rule says. Above the fraction bar stands "
    "how much noise *this* step put in, a variance; below it the standard deviation of *all* the noise in "
    "the state at k."
)
HINT_LAST = (
    "The step from k = 1 ends at the data. The network of the check knows the noise exactly, so the mean "
    "should land on the data point. Work out your formula by hand for k = 1."
)
HINT_SILENT = (
    "Fresh noise is left out in one step only, the one from k = 1 to the data, because no step follows that "
    "could use it. Work your condition out for k = 1, 2 and K."
)
HINT_SPREAD = (
    "The square of what you multiply the fresh noise by should be the variance of one step back, beta or "
    "beta-tilde: about what one step forward put in. Is yours a standard deviation, does it belong to this "
    "step, and is the noise added after the mean is finished?"
)
HINT_DRAW = (
    "Fresh noise is standard normal: mean zero, a draw of its own for each coordinate of each state, and a "
    "new one in each call. By which function do you draw, in which shape, and is a seed set inside?"
)


MISTAKES: dict[str, Mistake] = {
    "the bug is still there": (
        rule(_paper(lambda n: n.beta / (1 - n.alpha).sqrt())),
        "The bug is still there: the predicted noise is taken out as if it had come in with the last step, "
        "and too much of it goes. How much noise is in a state at k, and what does your own posterior make "
        "of it? Compare the two means at a single state.",
    ),
    "made up for elsewhere": (
        rule(_paper(lambda n: n.beta / (1 - n.alpha).sqrt()), spread=lambda n: (1 - n.bar).sqrt()),
        "The bug is still there, and now there is a second one beside it: more fresh noise makes up for "
        "nothing. The noise that is added was right; look at what is taken out.",
    ),
}
MISTAKES |= recurring(
    {
        "data not divided by the root of alpha-bar": rule(
            _posterior(lambda x, e, n: x - (1 - n.bar).sqrt() * e)
        ),
        "guess cut off": rule(_posterior(lambda x, eps, n: _guess(x, eps, n).clamp(-1, 1))),
        "network told the index before": rule(told=lambda k, steps: k - 1),
        "network told our time": rule(told=lambda k, steps: 1 - k / steps),
        "network told the other direction": rule(told=lambda k, steps: steps - k),
        "no noise": rule(silent=lambda k, steps: True),
        "noise not scaled": rule(spread=lambda n: torch.ones_like(n.beta)),
        "noise multiplied twice": rule(noise=lambda x, eps: torch.randn_like(x) * torch.randn_like(x)),
        "one noise for the whole batch": rule(noise=lambda x, eps: torch.randn_like(x[:1])),
        "one noise for all": rule(noise=lambda x, eps: torch.randn_like(x[:1, :1])),
        "one noise for all coordinates": rule(noise=lambda x, eps: torch.randn_like(x[:, :1])),
        "same noise in every step": rule(
            noise=lambda x, eps: torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
        ),
        "rand for randn": rule(noise=lambda x, eps: torch.rand_like(x)),
    }
)
for table, place in (("betas", 0), ("alpha_bar", 1)):
    MISTAKES |= alike(
        f"Your `{table}` is read at another place than it should be. `betas` begins with step 1 at "
        "its place 0, `alpha_bar` with the index 0, the data. Where does the number that belongs to k "
        "stand?",
        {
            f"{table} one place too late": rule(places=(1 - place, place)),
            "both tables one place too late": rule(places=(1, 1)),
            f"{table} one place too early": rule(places=(place - 1, -place)),
        },
    )
MISTAKES |= alike(
    HINT_STATE,
    {
        "alpha-bar for alpha in the divisor": rule(_paper(divisor=lambda n: n.bar.sqrt())),
        "root missing in the divisor": rule(_paper(divisor=lambda n: n.alpha)),
        "not divided by the root of alpha": rule(_paper(divisor=lambda n: torch.ones_like(n.bar))),
        "multiplied by the root of alpha": rule(_paper(divisor=lambda n: 1 / n.alpha.sqrt())),
        "only the first part divided": rule(_paper(lambda n: (n.alpha / (1 - n.bar)).sqrt() * n.beta)),
    },
)
MISTAKES |= alike(
    HINT_NOISE,
    {
        "root missing under the noise": rule(_paper(lambda n: n.beta / (1 - n.bar))),
        "sign of the predicted noise": rule(_paper(lambda n: -n.beta / (1 - n.bar).sqrt())),
        "mean of the predicted noise": rule(lambda x, eps, n: _paper()(x, eps.mean(0, keepdim=True), n)),
        "network's answer not used": rule(_paper(lambda n: 0 * n.beta)),
        "predicted noise not scaled": rule(_paper(lambda n: torch.ones_like(n.beta))),
        "beta alone on the predicted noise": rule(_paper(lambda n: n.beta)),
        "root of beta on the predicted noise": rule(_paper(lambda n: (n.beta / (1 - n.bar)).sqrt())),
        "alpha for beta on the predicted noise": rule(_paper(lambda n: n.alpha / (1 - n.bar).sqrt())),
        "alpha-bar for one minus alpha-bar": rule(_paper(lambda n: n.beta / n.bar.sqrt())),
    },
)
MISTAKES |= alike(
    HINT_SPREAD,
    {
        "beta for its root": rule(spread=lambda n: n.beta),
        "beta-tilde for its root": rule(spread=posterior_variance),
        "noise of all steps": rule(spread=lambda n: (1 - n.bar).sqrt()),
        "beta-tilde upside down": rule(spread=lambda n: n.beta / posterior_variance(n).sqrt()),
        "alpha for beta in the noise": rule(spread=lambda n: n.alpha.sqrt()),
        "noise divided by the root of alpha": rule(spread=lambda n: (n.beta / n.alpha).sqrt()),
    },
)
MISTAKES |= alike(
    "Your mean makes too much of the guess at the data point. The guess divides by the data's weight at k, "
    "and one step back the new state still lies close to the old one: which of the two counts more?",
    {
        "all of the noise taken out": rule(_paper(lambda n: (1 - n.bar).sqrt())),
        "straight to the guess": rule(_guess),
        "data divided by alpha-bar itself": rule(_posterior(lambda x, e, n: _guess(x, e, n) / n.bar.sqrt())),
        "weights of state and guess swapped": rule(_posterior(lambda x, eps, n: x, _guess)),
    },
)
MISTAKES |= alike(
    HINT_SILENT,
    {
        "noise at the last step": rule(silent=lambda k, steps: False),
        "noise left out at K": rule(silent=lambda k, steps: k == steps),
        "no noise in the last two steps": rule(silent=lambda k, steps: k <= 2),
    },
)
MISTAKES |= {
    "state hardly in the result": (
        rule(lambda x, eps, n: _paper()(x, eps, n).clamp(-1, 1)),
        "However far out the state is, your result stays near zero. Is the new state cut off, at -1 and 1 "
        "say, as if it were a finished image, or does `x` not enter it at all? The formula of the paper "
        "knows no bounds.",
    ),
    "DDIM step": (
        rule(
            lambda x, e, n: n.before.sqrt() * _guess(x, e, n) + (1 - n.before).sqrt() * e,
            silent=lambda k, _: True,
        ),
        "Your step puts the predicted noise back and draws none. That is DDIM, of exercise 7.5. The "
        "ancestral step goes to a mean that lies nearer to the data, and adds fresh noise.",
    ),
    "predicted noise for fresh noise": (
        rule(noise=lambda x, eps: eps),
        "The noise that you add is the one that the network predicted. It was just taken out; what comes in "
        "is a new draw.",
    ),
}


def bayes(betas: Tensor, alpha_bar: Tensor, k: int) -> tuple[float, float]:
    """Weights of state and predicted noise in the mean of x_{k-1}, given x_k and z, by precisions.

    What is known of x_{k-1}: it is sqrt(abar_{k-1}) z up to 1 - abar_{k-1}, and the state over sqrt(alpha_k)
    up to beta_k / alpha_k. Put z = (x - sqrt(1 - abar_k) eps) / sqrt(abar_k) in.
    """
    alpha, before, bar = 1 - betas[k - 1], alpha_bar[k - 1], alpha_bar[k]
    forward, backward = 1 / (1 - before), alpha / betas[k - 1]
    of_data = forward * before.sqrt() / (forward + backward)
    of_state = backward / alpha.sqrt() / (forward + backward)
    return float(of_state + of_data / bar.sqrt()), float(-of_data * ((1 - bar) / bar).sqrt())


@exercise(
    "7.4", "Find the bug: too clean", "core", "net, x, k, betas, alpha_bar", rule(), MISTAKES, random=True
)
def reverse_step(student: StudentFunction) -> Iterator[Fact | str]:
    """What the network is asked, the mean by Bayes' rule, landing at the end, and the law of the noise."""
    betas = 2.5 * uneven(STEPS)
    alpha_bar = shares(betas)

    def step(net: Predictor, x: Tensor, k: int) -> Tensor:
        return student(net, x, k, betas, alpha_bar, shape=x.shape).double()

    if not (yield from facts_hold(_means(step, betas, alpha_bar))):
        return
    yield from _landing(step, alpha_bar)
    net = _silent()
    kicks = torch.stack([step(net, torch.zeros(N, DIM), k) for k in LATER])
    wide = torch.stack([betas[k - 1] for k in LATER])
    narrow = torch.stack([betas[k - 1] * (1 - alpha_bar[k - 1]) / (1 - alpha_bar[k]) for k in LATER])
    measured = within(kicks)
    tilde = bool(((measured - narrow).abs() < (measured - wide).abs())[:2].all())
    yield from _noise(kicks / (narrow if tilde else wide).sqrt().reshape(-1, 1, 1))
    again = step(_silent(), torch.zeros(N, DIM), LATER[1])
    if float(within(again)) > 1e-9:
        same, tol = correlation(again, kicks[1]), mean_tolerance(DIM * N, 1.0, TESTS)
        yield Fact("same noise in every step", "correlation of two calls", 0.0, same, HINT_DRAW, tol)
    if tilde:
        yield TILDE
    if net.evaluations(N) > 1.5 * len(LATER):
        yield TWICE


def _silent(dim: int = DIM) -> Predictor:
    return Predictor(lambda x, k: torch.zeros_like(x), dim)


def _means(step: Step, betas: Tensor, alpha_bar: Tensor) -> Iterator[Fact]:
    """How far the mean follows state and predicted noise, both so large that fresh noise is nothing."""
    x = torch.randn(50, DIM)
    eps = FAR * (3 * x).cos()
    weights, expected = torch.zeros(2, 0), torch.zeros(2, 0)
    for k in (4, 7, STEPS):
        net, loud = _silent(), Predictor(lambda y, k: FAR * (3 * y).cos(), DIM)
        of_state = (step(net, FAR * x, k) * x).sum() / x.square().sum() / FAR
        of_noise = (step(loud, x, k) * eps).sum() / eps.square().sum()
        if k == 7:
            yield from questions(net, FAR * x, k)
            if not net.calls:
                return
        weights = torch.cat([weights, torch.stack([of_state, of_noise])[:, None]], dim=1)
        expected = torch.cat([expected, torch.tensor(bayes(betas, alpha_bar, k))[:, None]], dim=1)
        if k == 7 and not torch.allclose(weights, expected.double(), rtol=0, atol=1e-3):
            break  # who reads the tables at the wrong place may not be able to ask for K
    what = "weight of the state at k = 4, 7, 9"
    yield Fact("wrong mean", what, expected[0], weights[0], HINT_STATE)
    yield Fact("wrong mean", "that of the predicted noise", expected[1], weights[1], HINT_NOISE)


def _landing(step: Step, alpha_bar: Tensor) -> Iterator[Fact]:
    """The last step: no chance, and it lands on the data point."""
    z = FAR * torch.tensor([1.0, -2.0])
    share = alpha_bar[1].float()
    x = share.sqrt() * z + (1 - share).sqrt() * torch.randn(FEW, 2)
    end = step(of_point(alpha_bar, z), x, 1)
    yield Fact("does not land", "mean from k = 1 over data", torch.ones(2), end.mean(0) / z, HINT_LAST)
    noise = step(_silent(2), torch.zeros(FEW, 2), 1)
    # A draw for the whole batch has no spread within it.
    size = float(noise.square().mean())
    what = "its noise, squared"
    yield Fact("random at the last step", what, 0.0, size, HINT_SILENT, 1e-6, 0.02 + 0.5 * size)


def _noise(z: Tensor) -> Iterator[Fact]:
    """Facts about noise (indices, batch, dim) that should be standard normal."""
    what = "relative variance of noise at k = " + ", ".join(map(str, LATER))
    tol = variance_tolerance(DIM * N, 1.0, TESTS)
    spread = within(z)
    near = 1.5 * tol * float(spread.max()) + 1e-3
    yield Fact("wrong spread", what, torch.ones(len(z)), spread, HINT_SPREAD, tol, near)
    still = float(spread.max()) < 1e-9
    if still:
        some = different(z, HINT_SPREAD)
        yield some
        if some.measured != 1.0:
            return
    tol = mean_tolerance(DIM * N, 1.0, TESTS)
    near = 1.5 * tol * max(1.0, float(z.std()))
    mean = z.mean(dim=(1, 2))
    what = "its mean"
    yield Fact("wrong mean of the noise", what, torch.zeros(len(z)), mean, HINT_DRAW, tol, near)
    if still or float(spread.min()) < 1e-9:
        return
    z = (z - z.mean(dim=(1, 2), keepdim=True)) / z.std(dim=(1, 2), keepdim=True)
    together, tol = correlation(z[..., 0], z[..., 1]), mean_tolerance(3 * N, 1.0, TESTS)
    yield Fact("coordinates tied", "correlation of coordinates", 0.0, together, HINT_DRAW, tol)
    yield normal("not normal", "excess kurtosis", z, HINT_DRAW, TESTS)
