"""Exercise 7.3: the ancestral step, from k to k - 1."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance, variance_tolerance
from ..core.student_function import StudentFunction
from ..shared.noise import correlation, different, normal, within
from .common import TWICE, Predictor, heard, of_point, shares, uneven, watched
from .reverse_parts import rule
from .reverse_rivals import MISTAKES

N, FEW, DIM, STEPS = 6000, 600, 2, 9
FAR = 1e4
"""Size of states that shows the mean: beside it the noise, of size one at most, is nothing."""
LATER = (2, 4, 8)
"""Indices at which the noise is measured; beta-tilde is well below beta at the first two."""
TESTS = 14
"""Statistical numbers in the facts below; they share the family's level."""
LOOK_STATE = (
    "Where the network predicts no noise at all, the mean of your step is not the state over the root of "
    "what the last step left of it. Which factor did the step from k - 1 to k put in front of the state?"
)
LOOK_NOISE = (
    "The predicted noise does not move the mean as far as Bayes' rule says: know where the state is, and "
    "from which data point it came, and see where it must have been one step before. Compare the factor of "
    "the noise in the paper with yours."
)
LOOK_LAST = (
    "The step from k = 1 ends at the data. The network of the check knows the noise exactly, so the mean "
    "should land on the data point. Work out your formula by hand for k = 1."
)
LOOK_LAST_NOISE = (
    "In the step from k = 1 to the data your result is still random. After it no step follows that could use "
    "the noise: a finished sample gets none."
)
LOOK_SPREAD = (
    "The variance of your noise is neither beta nor beta-tilde. Does it have a root, where noise is "
    "multiplied? Does it belong to this step?"
)
LOOK_MEAN = (
    "Your noise pushes in one direction: its mean is not zero. Look at the function that draws it, and at "
    "what else is added."
)
LOOK_TOGETHER = (
    "The noises of the two coordinates go together. Each coordinate of each state needs a draw of its own: "
    "look at the shape in which you draw."
)
LOOK_NORMAL = (
    "Your noise has the right variance but is not normal. Is it drawn by another function, or is a random "
    "number multiplied by another one?"
)
LOOK_AGAIN = (
    "Two calls of your step add the same noise. Every step needs fresh noise: is a seed set inside your "
    "function?"
)
TILDE = "Your noise has variance beta-tilde, not beta. The paper uses either."

Step = Callable[..., Tensor]


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
    "7.3",
    "The reverse step",
    "core",
    "net, x, k, betas, alpha_bar",
    rule(),
    MISTAKES,
    random=True,
    double=True,
)
def reverse_step(student: StudentFunction) -> Iterator[Fact | str]:
    """What the network is asked, the mean by Bayes' rule, landing at the end, and the law of the noise."""
    betas = 2.5 * uneven(STEPS)
    alpha_bar = shares(betas)

    def step(net: Predictor, x: Tensor, k: int) -> Tensor:
        return student(net, x, k, betas, alpha_bar, shape=x.shape).double()

    if not (yield from watched(_means(step, betas, alpha_bar))):
        return
    yield from _landing(step, alpha_bar)
    net = _silent()
    kicks = torch.stack([step(net, torch.zeros(N, DIM).double(), k) for k in LATER])
    wide = torch.stack([betas[k - 1] for k in LATER])
    narrow = torch.stack([betas[k - 1] * (1 - alpha_bar[k - 1]) / (1 - alpha_bar[k]) for k in LATER])
    came = within(kicks)
    tilde = bool(((came - narrow).abs() < (came - wide).abs())[:2].all())
    yield from _noise(kicks / (narrow if tilde else wide).sqrt().reshape(-1, 1, 1))
    yield from _again(kicks[1], step(_silent(), torch.zeros(N, DIM).double(), LATER[1]))
    if tilde:
        yield TILDE
    if net.evaluations(N) > 1.5 * len(LATER):
        yield TWICE


def _silent() -> Predictor:
    return Predictor(lambda x, k: torch.zeros_like(x), DIM)


def _means(step: Step, betas: Tensor, alpha_bar: Tensor) -> Iterator[Fact]:
    """How far the mean follows state and predicted noise, both so large that fresh noise is nothing."""
    x = FAR * torch.randn(50, DIM, dtype=torch.float64)
    of_state, of_noise = [], []
    for k in (4, 7):
        net = _silent()
        of_state.append((step(net, x, k) * x).mean() / x.square().mean())
        loud = Predictor(lambda y, k: x if y.shape == x.shape else x[:1], DIM)
        of_noise.append((step(loud, 0 * x, k) * x).mean() / x.square().mean())
    yield heard(net, x, 7)
    if not net.calls:
        return
    expected = torch.tensor([bayes(betas, alpha_bar, k) for k in (4, 7)]).T
    what = "weight of the state, k = 4 and 7"
    yield Fact("wrong mean", what, expected[0], torch.stack(of_state), LOOK_STATE)
    what = "weight of the predicted noise there"
    yield Fact("wrong mean", what, expected[1], torch.stack(of_noise), LOOK_NOISE)


def _landing(step: Step, alpha_bar: Tensor) -> Iterator[Fact]:
    """The last step: no chance, and it lands on the data point."""
    z = FAR * torch.tensor([1.0, -2.0], dtype=torch.float64)
    x = alpha_bar[1].sqrt() * z + (1 - alpha_bar[1]).sqrt() * torch.randn(FEW, DIM, dtype=torch.float64)
    end = step(of_point(alpha_bar, z), x, 1)
    what = "mean from k = 1, over the data"
    yield Fact("does not land", what, torch.ones(DIM), end.mean(0) / z, LOOK_LAST, match_tol=5e-3)
    noise = step(_silent(), torch.zeros(FEW, DIM).double(), 1)
    what = "variance of its noise"
    # A draw for the whole batch has no spread within it.
    came = float(noise.square().mean())
    yield Fact("random at the last step", what, 0.0, came, LOOK_LAST_NOISE, 1e-6, 0.02 + 0.5 * came)


def _noise(z: Tensor) -> Iterator[Fact]:
    """Facts about noise (indices, batch, dim) that should be standard normal."""
    what = "variance of the noise, relative, k = " + ", ".join(map(str, LATER))
    tol = variance_tolerance(2 * N, 1.0, TESTS)
    came = within(z)
    near = 1.5 * tol * float(came.max()) + 1e-3
    yield Fact("wrong spread", what, torch.ones(len(z)), came, LOOK_SPREAD, tol, near)
    still = float(within(z).max()) < 1e-9
    if still:
        some = different(z, LOOK_SPREAD)
        yield some
        if some.measured != 1.0:
            return
    tol = mean_tolerance(2 * N, 1.0, TESTS)
    mean = z.mean(dim=(1, 2))
    what = "its mean, relative"
    near = 1.5 * tol * max(1.0, float(z.std()))
    yield Fact("wrong mean of the noise", what, torch.zeros(len(z)), mean, LOOK_MEAN, tol, near)
    if still or float(within(z).min()) < 1e-9:
        return
    z = (z - z.mean(dim=(1, 2), keepdim=True)) / z.std(dim=(1, 2), keepdim=True)
    together = correlation(z[..., 0], z[..., 1])
    yield Fact("coordinates tied", "correlation of coordinates", 0.0, together, LOOK_TOGETHER, tol)
    yield normal("not normal", "excess kurtosis", z, LOOK_NORMAL, TESTS)


def _again(one: Tensor, other: Tensor) -> Iterator[Fact]:
    """Whether two calls add different noises."""
    if float(within(other)) > 1e-9:
        same, tol = correlation(other, one), mean_tolerance(2 * N, 1.0, TESTS)
        yield Fact("same noise in every step", "correlation of two calls", 0.0, same, LOOK_AGAIN, tol)
