"""Exercise 9.7: what the ELBO misses, exactly, where the decoder is linear."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from .common import exact, first_failing

NAMES = ("log_likelihood", "gap")
SIZES = ((3, 5, 2, 0.7), (2, 3, 3, 1.6), (4, 4, 1, 0.3))
"""Images, pixels, latents, and the decoder's variance."""


def _covariance(w: Tensor, s2: Tensor) -> Tensor:
    return w @ w.T + s2 * torch.eye(len(w), dtype=w.dtype)


def _log_likelihood(
    x: Tensor,
    w: Tensor,
    b: Tensor,
    s2: Tensor,
    constant: float = 1.0,
    determinant: float = 1.0,
    squares: float = 1.0,
    covariance: Callable[[Tensor, Tensor], Tensor] = _covariance,
) -> Tensor:
    c, e = covariance(w, s2), x - b
    away = (e @ torch.linalg.inv(c) * e).sum(dim=1)
    return -0.5 * (squares * away + determinant * torch.logdet(c) + constant * len(b) * math.log(2 * math.pi))


Posterior = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def _posterior(x: Tensor, w: Tensor, b: Tensor, s2: Tensor) -> tuple[Tensor, Tensor]:
    """Means (batch, latents) and precision (latents, latents) of the posterior."""
    precision = torch.eye(w.shape[1], dtype=w.dtype) + w.T @ w / s2
    return (x - b) @ w @ torch.linalg.inv(precision) / s2, precision


def _gap(mean: Tensor, log_var: Tensor, centre: Tensor, precision: Tensor) -> Tensor:
    away = mean - centre
    spread = (log_var.exp() * precision.diagonal()).sum(dim=1) - mean.shape[1]
    squares = (away @ precision * away).sum(dim=1)
    return 0.5 * (spread + squares - torch.logdet(precision) - log_var.sum(dim=1))


def _reverse(mean: Tensor, log_var: Tensor, centre: Tensor, precision: Tensor) -> Tensor:
    covariance, away = torch.linalg.inv(precision), mean - centre
    spread = ((covariance.diagonal() + away.square()) / log_var.exp()).sum(dim=1) - mean.shape[1]
    return 0.5 * (spread + log_var.sum(dim=1) + torch.logdet(precision))


def _rule(
    posterior: Posterior = _posterior,
    gap: Callable[..., Tensor] = _gap,
    half: float = 1.0,
    **likelihood: object,
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Both numbers from their parts, any of which may be wrong."""

    def rule(
        x: Tensor, w: Tensor, b: Tensor, s2: Tensor, mean: Tensor, log_var: Tensor
    ) -> tuple[Tensor, Tensor]:
        missing = half * gap(mean, log_var, *posterior(x, w, b, s2))
        return _log_likelihood(x, w, b, s2, **likelihood), missing  # type: ignore[arg-type]

    return rule


def _changed(
    change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
) -> Callable[..., tuple[Tensor, Tensor]]:
    return _rule(lambda *given: change(*_posterior(*given)))


MISTAKES: dict[str, Mistake] = {
    "the ELBO for the gap": (
        lambda *given: (_rule()(*given)[0], _rule()(*given)[0] - _rule()(*given)[1]),
        "Your second number is the ELBO itself. What it misses of the log-likelihood is wanted.",
    ),
    "gap with the other sign": (
        _rule(half=-1.0),
        "Your gap is negative. The ELBO is a lower bound: what is missing to the log-likelihood is never "
        "below "
        "zero.",
    ),
    "the two swapped": (
        lambda *given: _rule()(*given)[::-1],
        "The two numbers have changed places in what you return: the log-likelihood comes first, then the "
        "gap.",
    ),
    "negative log-likelihood": (
        lambda *given: (-_rule()(*given)[0], _rule()(*given)[1]),
        "Your log-likelihood has the wrong sign. A loss is its negative; here the logarithm of the density "
        "itself is wanted.",
    ),
    "code's deviations for variances": (
        _rule(gap=lambda m, s, c, p: _gap(m, s / 2, c, p)),
        "The code's covariance holds standard deviations on its diagonal. A covariance holds variances; it "
        "is the `Normal` of one number that takes the other.",
    ),
    "code's variances squared": (
        _rule(gap=lambda m, s, c, p: _gap(m, 2 * s, c, p)),
        "The code's covariance holds squares of variances on its diagonal. Where is a scale expected, and "
        "where a covariance?",
    ),
    "b not used": (
        lambda x, w, b, s2, mean, log_var: _rule()(x, w, 0 * b, s2, mean, log_var),
        "`b` never enters. The decoder adds it to every image: what is the mean of x, and what has to be "
        "taken "
        "away before you ask about the latent?",
    ),
    "constant left out": (
        _rule(constant=0.0),
        "Your log-likelihood lacks the constant with 2π, once for each pixel. It changes no training, but "
        "likelihoods are compared.",
    ),
    "constant of the latents": (
        _rule(
            covariance=lambda w, s2: _covariance(w, s2) * (2 * math.pi) ** (w.shape[1] / len(w)), constant=0.0
        ),
        "Your constant counts latents. The density is that of an *image*: how many numbers does that have?",
    ),
    "determinant left out": (
        _rule(determinant=0.0),
        "The determinant of the covariance is missing in your log-likelihood: a wide density would be as "
        "high "
        "as a narrow one.",
    ),
    "determinant in full": (
        _rule(determinant=2.0),
        "Your log-likelihood has the logarithm of the determinant in full. The density has the *root* of the "
        "determinant below the line.",
    ),
    "sign of the determinant": (
        _rule(determinant=-1.0),
        "The determinant has the wrong sign in your log-likelihood. It stands below the line in the density.",
    ),
    "half of the squares missing": (
        _rule(squares=2.0),
        "The exponent of a normal density has a ½, and it is missing before the squares of your "
        "log-likelihood.",
    ),
    "image's variance without the latents": (
        _rule(covariance=lambda w, s2: s2 * torch.eye(len(w), dtype=w.dtype)),
        "You use the variance of an image *given* its latent. The latent is drawn too, and what it does to "
        "the "
        "image adds to the covariance.",
    ),
    "image's variance without the noise": (
        _rule(covariance=lambda w, s2: w @ w.T + 1e-6 * torch.eye(len(w), dtype=w.dtype)),
        "Only the latents make your images vary. Each pixel also has noise of its own, of variance `s2`.",
    ),
    "deviation for the variance": (
        lambda x, w, b, s2, mean, log_var: _rule()(x, w, b, s2**2, mean, log_var),
        "You square `s2`, in the covariance of an image or of its latent. It is the variance of a pixel's "
        "noise already.",
    ),
    "gap in the other direction": (
        _rule(gap=_reverse),
        "Your gap is the divergence of the posterior from the code. In the ELBO the average is over draws of "
        "the *code*: which of the two comes first?",
    ),
    "gap twice": (
        _rule(half=2.0),
        "Your gap is twice the right one everywhere: the ½ in front of the divergence is missing, or half "
        "of it.",
    ),
    "gap from the prior": (
        _rule(
            lambda x, w, b, s2: (
                torch.zeros(len(x), w.shape[1], dtype=w.dtype),
                torch.eye(w.shape[1], dtype=w.dtype),
            )
        ),
        "Your gap is the divergence from the prior. That is the rate, a part of the ELBO. What it misses is "
        "the "
        "divergence from the posterior of the latent, *given the image*.",
    ),
    "posterior taken for independent": (
        _changed(lambda m, p: (m, torch.diag(1 / torch.linalg.inv(p).diagonal()))),
        "You treat the posterior's coordinates as independent, with its variances. They go together if the "
        "columns of W are not orthogonal, and that is a part of the gap.",
    ),
    "posterior's precision cut to its diagonal": (
        _changed(lambda m, p: (m, torch.diag(p.diagonal()))),
        "You keep the diagonal of the posterior's precision alone. Its coordinates go together if the "
        "columns "
        "of W are not orthogonal, and that is a part of the gap.",
    ),
    "precision taken for the covariance": (
        _changed(lambda m, p: (m, torch.linalg.inv(p))),
        "You use the posterior's precision as its covariance. A posterior gets *narrower* with every pixel "
        "that "
        "speaks of the latent.",
    ),
    "noise forgotten in the posterior's covariance": (
        lambda x, w, b, s2, mean, log_var: (
            _log_likelihood(x, w, b, s2),
            _gap(mean, log_var, _posterior(x, w, b, s2)[0], _posterior(x, w, b, s2)[1] * s2),
        ),
        "Your posterior's covariance lacks the factor `s2`. The inverse of WᵀW + σ² I alone has not the "
        "right "
        "size: what is it for a decoder that ignores its latent?",
    ),
    "prior forgotten in the posterior": (
        _rule(
            lambda x, w, b, s2: (
                (x - b) @ w @ torch.linalg.inv(w.T @ w + 1e-9 * torch.eye(w.shape[1], dtype=w.dtype)),
                w.T @ w / s2,
            )
        ),
        "Your posterior is what the image alone says. The prior speaks as well: its precision, one, adds to "
        "that of the image.",
    ),
    "posterior of an image that is not centred": (
        _rule(lambda x, w, b, s2: _posterior(x, w, 0 * b, s2)),
        "The mean of your posterior forgets `b`. The decoder adds it to every image, so it has to be taken "
        "away before you ask about the latent.",
    ),
    "posterior's mean not divided by the noise": (
        _rule(lambda x, w, b, s2: (_posterior(x, w, b, s2)[0] * s2, _posterior(x, w, b, s2)[1])),
        "Your posterior's mean lacks a factor: with little noise, an image says where its latent is, "
        "whatever "
        "the size of the noise. Check with one pixel and W = 1.",
    ),
    "log-variance taken for the variance": (
        _rule(gap=lambda m, s, c, p: _gap(m, s.abs().clamp(min=1e-9).log(), c, p)),
        "You use the code's log-variance as a variance, which it cannot be where it is negative. What turns "
        "one into the other?",
    ),
    "code's entropy left out": (
        _rule(gap=lambda m, s, c, p: _gap(m, s, c, p) + 0.5 * s.sum(dim=1)),
        "The logarithms of the code's variances are missing in your gap. An infinitely narrow code is "
        "infinitely far from any posterior.",
    ),
    "count of the latents left out": (
        _rule(gap=lambda m, s, c, p: _gap(m, s, c, p) + 0.5 * m.shape[1]),
        "Your gap is half a unit too large for each latent: a code that is the posterior has no gap.",
    ),
}
HINT_LIKELY = (
    "The image is W z + b plus noise, all of it normal, so it is normal itself: with which mean, and with "
    "which "
    "covariance? Your log-likelihood is not its log-density. {0}"
)
HINT_CODE = (
    "Your log-likelihood changes with the mean of the code. The density of an image under the model does not "
    "know what an encoder says about it: all latents are averaged over. With which mean and covariance is x "
    "normal then?"
)
HINT_NONE = (
    "Here the code *is* the posterior: the columns of W are orthogonal, so that its coordinates are "
    "independent. Then nothing is missing, and the gap is zero. Yours is not. {0}"
)
HINT_GAP = (
    "Where code and posterior are equal your gap is zero, and otherwise it is not the divergence between "
    "them. "
    "Check its direction, and that the posterior's coordinates may go together."
)
HINT_SIZE = (
    "With {0} pixels and {1} latents your answer is not right, though it was before. Is a size written into "
    "your function?"
)


def _flat(x: Tensor, b: Tensor, s2: Tensor, came: Tensor, off: Tensor) -> str:
    """What the log-likelihood is where the decoder hardly uses its latent, and how far it is off."""
    if float(off.abs().max()) < 1e-3:
        return "With W near 0 it is right: look at what W does to the mean and covariance of x."
    if float((off - off.mean()).abs().max()) < 1e-3:
        return (
            f"With W near 0 it is off by {number(off.mean())} for every image, so the squares count as they "
            f"should: look at what does not depend on x."
        )
    ratio = came / (came - off)
    if float((ratio - ratio.mean()).abs().max()) < 1e-3:
        return (
            f"With W near 0 it is {number(ratio.mean())} times what it should be, for every image, and an "
            f"image has {len(b)} pixels. Are their logarithms added up?"
        )
    away = (x - b).square().sum(dim=1)
    away, rest = away - away.mean(), came - came.mean()
    slope = float(rest @ away / away.square().sum())
    if abs(slope) < 1e-6 or float((rest - slope * away).abs().max()) > 1e-2:
        return "With W near 0 it does not fall in step with the squared distance of x from b."
    return (
        f"With W near 0 it changes with the squared distance from b as if each pixel had the variance "
        f"{number(-0.5 / slope)}; `s2` is {number(s2)}."
    )


def _apart(gaps: Tensor, bends: Tensor, right: Tensor) -> str:
    """What is wrong with gaps that should be zero, by how they bend as the code's mean moves."""
    if not bool(gaps.isfinite().all()):
        return "It is not a number."
    if float((bends - right).abs().max()) > 1e-3 * float(right.max()):
        numbers = ", ".join(number(bend) for bend in bends)
        return (
            f"As the code's mean moves along each latent, it grows as if the posterior's precisions were "
            f"{numbers}. What are mean and covariance of z given x?"
        )
    if float((gaps - gaps.mean()).abs().max()) < 1e-3:
        return (
            "It is off by the same amount for every image, and it grows as it should as the code's mean "
            "moves: look at what does not depend on means. Which sign has each logarithm, and is the number "
            "of latents counted?"
        )
    return "It is off by another amount for each image: look at the mean of z given x."


@exercise(
    "9.7", "What the ELBO misses", "stretch", "x, W, b, s2, mean, log_var", _rule(), MISTAKES, double=True
)
def elbo_gap(student: StudentFunction) -> Iterator[Fact]:
    """Likelihood without and with latents; no gap, a gap; other sizes."""
    n, pixels, latents, noise = SIZES[0]
    b, s2 = exact(pixels), torch.tensor(noise).double()

    def ask(*given: Tensor, finite: bool = False) -> tuple[Tensor, Tensor]:
        x = given[0]
        got = student.parts(*given, shape=(len(x),), names=NAMES, finite=finite).double()
        return got, torch.stack(_rule()(*given))

    x, w = 2 * exact(n, pixels), exact(pixels, latents)
    mean, log_var = exact(n, latents), exact(n, latents)
    flat, right_flat = ask(x, 1e-4 * w, b, s2, mean, log_var, finite=True)
    likely, right = ask(x, w, b, s2, mean, log_var)
    q = torch.linalg.qr(w)[0] * torch.tensor([2.0, 0.5]).double()
    centre, precision = _posterior(x, q, b, s2)
    narrow = -precision.diagonal().log().expand(n, -1)
    closed, _ = ask(x, q, b, s2, centre, narrow)
    moves = torch.eye(latents).double()
    moved = [[ask(x, q, b, s2, centre + sign * move, narrow)[0][1] for sign in (1, -1)] for move in moves]
    bends = torch.stack([(plus + minus - 2 * closed[1]).mean() for plus, minus in moved])
    none = HINT_NONE.format(_apart(closed[1], bends, precision.diagonal()))
    hint = HINT_LIKELY.format(_flat(x, b, s2, flat[0], flat[0] - right_flat[0]))
    if float((ask(x, w, b, s2, mean + 1, log_var)[0][0] - likely[0]).abs().max()) > 1e-3:
        hint = HINT_CODE
    facts = [
        Fact("wrong likelihood", "log-likelihood, W near 0", right_flat[0], flat[0], hint),
        Fact("wrong likelihood", "log-likelihood", right[0], likely[0], hint),
        Fact(
            "a gap where there is none",
            "gap where the code is the posterior",
            torch.zeros(n),
            closed[1],
            none,
        ),
        Fact("wrong gap", "gap of other codes", right[1], likely[1], HINT_GAP),
    ]
    yield from facts
    if not all(fact.holds() for fact in facts):
        return
    for n, pixels, latents, noise in SIZES[1:]:
        given = (
            exact(n, pixels),
            exact(pixels, latents),
            exact(pixels),
            torch.tensor(noise).double(),
            exact(n, latents),
            exact(n, latents),
        )
        got, wanted = ask(*given)
        hint, what = HINT_SIZE.format(pixels, latents), f"{pixels} pixels, {latents} latents"
        yield from first_failing(
            [Fact("wrong in another size", f"likelihoods, then gaps, {what}", wanted, got, hint)]
        )
    given = (
        exact(2, 3),
        exact(3, 2).requires_grad_(),
        exact(3),
        s2,
        exact(2, 2),
        exact(2, 2).requires_grad_(),
    )
    student.parts(*given, shape=(2,), names=NAMES)
    learns = torch.tensor([float(isinstance(part, Tensor) and part.requires_grad) for part in student.last])
    hint = (
        "Your numbers are right, but no gradient leads from them back to W and the code, and a linear "
        "autoencoder below is trained through this function. Look for `.detach()`, `.item()` or NumPy."
    )
    yield from failing([Fact("no gradient", "gradient that arrives, two parts", torch.ones(2), learns, hint)])
