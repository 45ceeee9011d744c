"""Exercise 9.2: the loss of a variational autoencoder whose decoder's variance is learnt too."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from .common import first_failing

CASES = (
    ((6, 1, 4, 4), (6, 2, 2, 2), -1.0, 1.0),
    ((5, 2, 3, 4), (5, 3), 0.8, 0.3),
    ((8, 10), (8, 3), 0.0, 2.0),
    ((3, 1, 4, 4), (3, 2, 2, 2), -0.5, 1.0),
)
"""Shapes of images and of codes, log of the decoder's variance, and beta."""
MANY = (4000, 4), (4000, 10)
"""Images and codes with which the law of the draws is measured."""
TESTS = 12


class RecordingVAE:
    """An autoencoder whose codes and images are given beforehand, and which keeps a record.

    Args:
        x: the batch.
        code: shape of the codes.
        spread: of the log-variances.
    """

    def __init__(self, x: Tensor, code: tuple[int, ...], spread: float = 1.0) -> None:
        self.x = x
        self.mean = torch.randn(code).requires_grad_()
        self.log_var = (spread * torch.randn(code) - 0.5).requires_grad_()
        self.answer = (x + 0.7 * torch.randn(x.shape)).requires_grad_()
        self.codes: list[Tensor] = []
        self.encoded = 0

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances."""
        if not isinstance(x, Tensor) or x.shape != self.x.shape:
            raise Fault("net misused", HINTS["encode"])
        self.encoded += 1
        return self.mean.clone(), self.log_var.clone()

    def decode(self, z: Tensor) -> Tensor:
        """Images, whatever the codes are."""
        if not isinstance(z, Tensor) or z.shape != self.mean.shape:
            raise Fault("net misused", HINTS["decode"].format(tuple(self.mean.shape)))
        self.codes.append(z)
        return self.answer.clone()


HINTS = {
    "no gradient": "No gradient leads from your loss back to the decoder and the encoder, so nothing is "
    "learnt. Look for `.item()`, `.detach()`, `torch.no_grad` or `float(…)`.",
    "encode": "Your loss calls `vae.encode` with something else than the batch of images. It takes `x` as it "
    "is, and returns two tensors: means and log-variances.",
    "decode": "Your loss calls `vae.decode` with something that has not the shape of the codes, {0} here. It "
    "takes one code for each image.",
    "not asked": "Your loss never decodes a code. It has to compare each image with what the decoder makes "
    "of "
    "its code.",
    "draw": "The code that you decode should be a draw from N(mean, variance): take the mean away, divide by "
    "the standard deviation, and standard normal numbers should be left. {0}",
    "fresh": "Two calls of your loss use the same noise. Training needs a fresh draw in each step, without a "
    "seed inside.",
    "through": "No gradient leads from the code that you decode back to {0}, so the encoder would never hear "
    "what its code is good for. Write the draw as a function of mean, variance and a noise that depends on "
    "neither; `torch.normal` and `Normal(…).sample()` do not do that.",
    "pixels": "A change of one pixel of the decoded image should change your loss by its error, over the "
    "variance and the size of the batch. Yours is {0} times that. Are squares summed over pixels, averaged "
    "over images, and what is in front of them?",
    "variance": "How your loss changes with `log_s2` is wrong. Your squares are right; and `log_s2` itself, "
    "the "
    "logarithm of the variance, counts {0} times for an image of {1} pixels.{2} Which factor stands in "
    "front of the exponential in the density of all of them?",
    "variance not trained": "Your loss does not change with `log_s2`, as far as torch can tell, so the "
    "variance "
    "would never be learnt. Look for `float`, `.item()`, `math.exp`, or a number in its place.",
    "code": "With the decoder's answer held fixed, your loss should depend on the encoder only through β "
    "times the KL divergence, averaged over the batch. Its slope by the means is {0}, that by the "
    "log-variances {1}. What multiplies the divergence, and over what is it averaged?",
    "value": "All slopes are right, but the values are not the loss up to a constant: {0}",
}


def _draw(mean: Tensor, log_var: Tensor) -> Tensor:
    return mean + (log_var / 2).exp() * torch.randn_like(mean)


def _kl(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).flatten(1).sum(dim=1)


def _squares(error: Tensor) -> Tensor:
    return error.square().flatten(1).sum(dim=1)


Parts = dict[str, Any]


def _rule(
    draw: Callable[[Tensor, Tensor], Tensor] = _draw,
    kl: Callable[[Tensor, Tensor], Tensor] = _kl,
    squares: Callable[[Tensor], Tensor] = _squares,
    below: Callable[[Tensor], Tensor] = lambda log_s2: 2 * log_s2.exp(),
    count: Callable[[Tensor, Tensor], float] = lambda x, z: x[0].numel() / 2,
    weigh: Callable[[Tensor, Tensor, float], Tensor] = lambda image, code, beta: image + beta * code,
    reduce: Callable[[Tensor], Tensor] = torch.mean,
) -> Callable[..., Tensor]:
    """The loss from its parts, any of which may be wrong."""

    def rule(vae: Any, x: Tensor, log_s2: Tensor, beta: float) -> Tensor:
        mean, log_var = vae.encode(x)
        z = draw(mean, log_var)
        image = squares(x - vae.decode(z)) / below(log_s2) + count(x, z) * log_s2
        return reduce(weigh(image, kl(mean, log_var), beta))

    return rule


def _whole_mean(error: Tensor) -> Tensor:
    return error.square().flatten(1).mean(dim=1)


MISTAKES: dict[str, Mistake] = {
    "the mean is decoded": (
        _rule(draw=lambda m, s: m + 0 * s),
        "You decode the mean of the code, and nothing is drawn. Then the encoder may make its codes as "
        "narrow "
        "or wide as the divergence likes, and the decoder never meets one beside the mean.",
    ),
    "variance for the deviation": (
        _rule(draw=lambda m, s: m + s.exp() * torch.randn_like(m)),
        "You multiply the noise by the variance. A draw is the mean plus the standard *deviation* times the "
        "noise: what is that, if the logarithm of its square is given?",
    ),
    "log-variance taken for the deviation": (
        _rule(draw=lambda m, s: m + s * torch.randn_like(m)),
        "You multiply the noise by the log-variance itself. What turns a log-variance into a standard "
        "deviation?",
    ),
    "log-variance taken for the variance": (
        _rule(draw=lambda m, s: m + s.abs().sqrt() * torch.randn_like(m)),
        "You take the root of the log-variance, which may be negative. A log-variance has to be "
        "exponentiated first.",
    ),
    "noise not scaled": (
        _rule(draw=lambda m, s: m + torch.randn_like(m) + 0 * s),
        "Your noise has the size one, whatever variance the encoder gives. What should it be multiplied by?",
    ),
    "code from the prior": (
        _rule(draw=lambda m, s: torch.randn_like(m) + 0 * (m + s)),
        "You decode noise that has nothing to do with the image: a draw from the prior. A code of *this* "
        "image is wanted.",
    ),
    "one noise for the whole batch": (
        _rule(draw=lambda m, s: m + (s / 2).exp() * torch.randn_like(m[:1])),
        "All codes of a batch share one noise. Each needs a draw of its own.",
    ),
    "rand for randn": (
        _rule(draw=lambda m, s: m + (s / 2).exp() * torch.rand_like(m)),
        "Your noise is uniform between 0 and 1. A normal draw is wanted: two functions of torch have names "
        "that differ by one letter.",
    ),
    "mean over the pixels": (
        _rule(squares=_whole_mean),
        "Squares are averaged over the pixels, while the divergence is summed over the code. That makes β "
        "larger by as many times as there are pixels, and the code is not worth its price any more. "
        "Log-densities of pixels add up.",
    ),
    "mean over the pixels, and no count of them": (
        _rule(squares=_whole_mean, count=lambda x, z: 0.5),
        "Your loss is a mean over the pixels, while the divergence is summed over the code. That makes β "
        "larger by as many times as there are pixels, and the code is not worth its price any more. "
        "Log-densities of pixels add up.",
    ),
    "mean over the code": (
        _rule(kl=lambda m, s: 2 * _kl(m, s) / (2 * m[0].numel())),
        "Your divergence is a mean over the numbers of a code, so a code is cheaper than it should be. "
        "Divergences of independent coordinates add up.",
    ),
    "count of the latents for that of the pixels": (
        _rule(count=lambda x, z: z[0].numel() / 2),
        "The term with the logarithm of the decoder's variance counts the numbers of a code. It is the "
        "density of an *image*: how many numbers does that have?",
    ),
    "the logarithm counts once": (
        _rule(count=lambda x, z: 0.5),
        "The logarithm of the decoder's variance counts once, as if an image had one pixel. Each pixel has a "
        "normal density of its own, and brings one along.",
    ),
    "no logarithm of the variance": (
        _rule(count=lambda x, z: 0.0),
        "Without the logarithm of the decoder's variance your loss has no minimum: the larger the variance, "
        "the cheaper. Which factor stands in front of the exponential in a normal density?",
    ),
    "the logarithm counts twice": (
        _rule(count=lambda x, z: float(x[0].numel())),
        "The logarithm of the decoder's variance counts twice too much. The factor in front of a normal "
        "density is one over a standard deviation: what is its logarithm, in terms of the variance?",
    ),
    "sign of the logarithm": (
        _rule(count=lambda x, z: -x[0].numel() / 2),
        "The logarithm of the decoder's variance has the wrong sign. A wide density is low, so its negative "
        "logarithm is large.",
    ),
    "the half of the squares is missing": (
        _rule(below=lambda log_s2: log_s2.exp()),
        "Your squares are divided by the variance alone. The exponent of a normal density has a ½ too, and "
        "without it the best variance would be twice the mean squared error.",
    ),
    "log-variance below the squares": (
        _rule(below=lambda log_s2: 2 * log_s2),
        "You divide by the logarithm of the decoder's variance. What turns `log_s2` into a variance?",
    ),
    "squares over a deviation": (
        _rule(below=lambda log_s2: 2 * (log_s2 / 2).exp()),
        "You divide the squares by twice the standard deviation. A normal density has the variance there.",
    ),
    "variance squared": (
        _rule(below=lambda log_s2: 2 * (2 * log_s2).exp()),
        "You divide the squares by the square of the variance. `log_s2` is the logarithm of σ², which is a "
        "square already.",
    ),
    "log of the variance taken for that of the deviation": (
        _rule(below=lambda log_s2: 2 * (2 * log_s2).exp(), count=lambda x, z: float(x[0].numel())),
        "You read `log_s2` as the logarithm of σ. It is the logarithm of σ², so its exponential is the "
        "variance; what is the deviation, then?",
    ),
    "variance not used": (
        _rule(below=lambda log_s2: 2 + 0 * log_s2, count=lambda x, z: 0.0),
        "`log_s2` does not come in: your squares count the same whatever the decoder's variance is.",
    ),
    "beta on the squares": (
        _rule(weigh=lambda image, code, beta: beta * image + code),
        "Your β multiplies the squares. It is the price of a *code*, so it belongs to the divergence.",
    ),
    "beta on everything": (
        _rule(weigh=lambda image, code, beta: beta * (image + code)),
        "Your β multiplies the whole loss, so it changes nothing about the minimum. It is the price of a "
        "code.",
    ),
    "beta left out": (
        _rule(weigh=lambda image, code, beta: image + code),
        "Your loss is the same whatever β is. It is the price of a code: what does it multiply?",
    ),
    "no divergence": (
        _rule(weigh=lambda image, code, beta: image + 0 * code),
        "The divergence does not enter your loss. Codes would be free, and drift as far apart as they like.",
    ),
    "sign of the divergence": (
        _rule(weigh=lambda image, code, beta: image - beta * code),
        "The divergence has the wrong sign: your loss pays for codes that say much. In the ELBO it is "
        "subtracted, and the loss is *minus* the ELBO.",
    ),
    "the ELBO itself": (
        _rule(reduce=lambda loss: -loss.mean()),
        "You return the ELBO, which is to be made large. A loss is made small: where is the minus?",
    ),
    "half of the divergence is missing": (
        _rule(kl=lambda m, s: 2 * _kl(m, s)),
        "Your divergence is twice the right one. Where does it have its ½? Or call the function of exercise "
        "9.1.",
    ),
    "sum over the batch": (
        _rule(reduce=torch.sum),
        "You sum over the batch, so the step of training grows with the batch. Sum over pixels and over the "
        "numbers of a code, and average over images.",
    ),
    "divergence summed over the batch": (
        _rule(weigh=lambda image, code, beta: image + beta * code.sum()),
        "Squares are averaged over the batch, and the divergence is summed over it. So β grows with the "
        "batch. Average both.",
    ),
    "squares summed over the batch": (
        _rule(squares=lambda e: _squares(e) * len(e)),
        "Your divergence is averaged over the batch, and the squares are summed over it. Average both.",
    ),
    "absolute errors": (
        _rule(squares=lambda e: e.abs().flatten(1).sum(dim=1)),
        "You sum absolute errors. The logarithm of a normal density is a square, so large errors cost more "
        "than their share.",
    ),
}


def _ask(
    student: StudentFunction, case: tuple[Any, ...], spread: float = 1.0, finite: bool = False
) -> dict[str, Any]:
    """One call: codes decoded, slopes of the loss by all that enters it, and its value."""
    shape, code, log_s2, beta = case
    x = torch.randn(shape)
    vae, log_s2 = RecordingVAE(x, code, spread), torch.tensor(log_s2).requires_grad_()
    value = student(vae, x, log_s2, beta, shape=(), finite=finite)
    if not vae.codes:
        raise Fault("net not asked", HINTS["not asked"])
    loss, leaves = student.last, (vae.mean, vae.log_var, vae.answer, log_s2)
    slopes: list[Tensor] = [torch.zeros_like(leaf) for leaf in leaves]
    if isinstance(loss, Tensor) and loss.requires_grad:
        found = torch.autograd.grad(loss.sum(), leaves, allow_unused=True, retain_graph=True)
        slopes = [zero if g is None else g.nan_to_num(9e3) for g, zero in zip(found, slopes, strict=True)]
    names = ("mean", "log_var", "answer", "log_s2")
    return {"vae": vae, "x": x, "value": value, "beta": beta, "s2": log_s2.detach().exp()} | dict(
        zip(names, slopes, strict=True)
    )


def _noise(vae: RecordingVAE) -> Tensor:
    return ((vae.codes[-1] - vae.mean) / (vae.log_var / 2).exp()).detach().double()


def _draws(student: StudentFunction) -> Iterator[Fact]:
    """Law of the noise in the codes, for narrow and for wide ones, and whether gradients pass."""
    asked = [_ask(student, (*MANY, 0.0, 1.0), 1.5) for _ in range(2)]
    vae, eps = asked[0]["vae"], _noise(asked[0]["vae"])
    log_var = vae.log_var.detach()
    parts = [eps[log_var < -1.2], eps[(log_var > -1) & (log_var < 0)], eps[log_var > 0.3]]
    size = torch.stack([part.square().mean().sqrt() for part in parts]).clamp(max=9)
    tied = eps.mean(dim=0).square().mean()
    said = f"Yours have the size {', '.join(number(s) for s in size)} for narrow, middling and wide codes."
    hint = HINTS["draw"].format(said)
    tol = margin(TESTS) / math.sqrt(2 * min(len(part) for part in parts))
    yield Fact(
        "wrong draw", "size of the noise: narrow, middling, wide codes", torch.ones(3), size, hint, tol, 0.05
    )
    surplus = (eps.abs() < 1).double().mean() - math.erf(0.5**0.5)
    with_mean = (eps * vae.mean.detach()).mean()
    within = eps.flatten(1).mean(dim=1).square().mean() - 1 / eps[0].numel()
    law = torch.stack([eps.mean(), surplus, tied, with_mean, within]).clamp(-9, 9)
    tol = 7 / eps.numel() ** 0.5
    what = "noise: mean, surplus within 1, ties in a batch, product with the code's mean, ties in a code"
    yield Fact("wrong draw", what, torch.zeros(5), law, hint, tol, 0.05)
    same = float((eps - _noise(asked[1]["vae"])).abs().lt(1e-4).double().mean())
    moved = float(eps.abs().mean() > 1e-3)
    yield Fact("the same draw each time", "noise that comes again", 0.0, same * moved, HINTS["fresh"], 0.1)
    z, arrived = vae.codes[-1], torch.zeros(2)
    if z.requires_grad:
        found = torch.autograd.grad(z.sum(), (vae.mean, vae.log_var), allow_unused=True, retain_graph=True)
        arrived = torch.tensor([float(g is not None and bool(g.any())) for g in found])
    missing = " or ".join(
        name for name, there in zip(("the mean", "the log-variance"), arrived, strict=True) if not there
    )
    hint = HINTS["through"].format(missing)
    yield Fact("no gradient through the draw", "gradient to mean, log-variance", torch.ones(2), arrived, hint)


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """How many times b there is in a, and the share of a that is something else."""
    a, b = a.double().flatten(), b.double().flatten()
    factor = (a @ b) / (b @ b)
    rest = (a - factor * b).norm() / b.norm()
    return torch.stack([factor, rest]).clamp(-999, 999)


def _sizes(call: dict[str, Any]) -> tuple[int, int, int, int]:
    """Size of the batch, of an image, of a code and of an image's last axis."""
    return len(call["x"]), call["x"][0].numel(), call["vae"].mean[0].numel(), call["x"].shape[-1]


def _known(ratios: Tensor, powers: dict[str, Tensor], otherwise: str) -> str:
    """What ratios are in all cases, in words, if it is one of these."""
    for words, values in powers.items():
        for factor in (1.0, 0.5, 2.0):
            if torch.allclose(ratios, factor * values, rtol=1e-3, atol=0):
                return f"{number(factor)} times {words}," if factor != 1 else f"{words},"
    return otherwise


def _slope(shown: Tensor, powers: dict[str, Tensor]) -> str:
    """How slopes compare with the right ones, in words, from the ratios and what is left over."""
    if float(shown[:, 1].max()) > 1e-2:
        return "no multiple of what it should be"
    worst = shown[(shown[:, 0] - 1).abs().argmax(), 0]
    if abs(float(worst) - 1) < 1e-3:
        return "right"
    return f"{_known(shown[:, 0], powers, number(worst)).rstrip(',')} times what it should be"


@exercise("9.2", "The loss of an autoencoder", "core", "vae, x, log_s2, beta", _rule(), MISTAKES, random=True)
def vae_loss(student: StudentFunction) -> Iterator[Fact | str]:
    """The draw; then slopes by image, variance, mean and log-variance, in four cases; then values."""
    draws = list(_draws(student))
    calls = [_ask(student, case) for case in CASES]
    if not any(bool(call["value"].isfinite()) for call in calls):
        _ask(student, CASES[0], finite=True)  # it raises the fault of a result that is no number
    pixels, codes, variances, values = [], [], [], []
    for call in calls:
        vae, n, dims = call["vae"], len(call["x"]), call["x"][0].numel()
        error = (vae.answer - call["x"]).detach()
        pixels.append(_ratio(call["answer"], error / call["s2"] / n))
        mean, log_var = vae.mean.detach(), vae.log_var.detach()
        codes.append(_ratio(call["mean"], call["beta"] * mean / n))
        codes.append(_ratio(call["log_var"], call["beta"] * (log_var.exp() - 1) / 2 / n))
        squares = error.square().sum().double() / call["s2"] / n / dims
        variances.append(torch.stack([call["log_s2"].double() / dims, squares]))
        right = (squares + call["s2"].log()) * dims / 2 + call["beta"] * _kl(mean, log_var).mean()
        values.append((call["value"].double() - right) / dims)
    learns = float(any(bool(call[name].any()) for call in calls for name in ("answer", "mean")))
    facts = [Fact("no gradient", "gradient that arrives", 1.0, learns, HINTS["no gradient"])]
    shown = torch.stack(pixels)
    worst = number(shown[(shown[:, 0] - 1).abs().argmax(), 0])
    batch, dims, code, last = (
        torch.tensor(sizes).double() for sizes in zip(*map(_sizes, calls), strict=True)
    )
    s2, beta = (torch.tensor([float(call[name]) for call in calls]).double() for name in ("s2", "beta"))
    powers = {
        "one over the number of pixels": 1 / dims,
        "the size of the batch": batch,
        "the size of the batch over the number of pixels": batch / dims,
        "the variance": s2,
        "one over the variance": 1 / s2,
        "the length of the last axis over the number of pixels": last / dims,
        "β": beta,
        "one over β": 1 / beta,
        "one over the size of a code": 1 / code,
        "the size of the batch over that of a code": batch / code,
    }
    hint = HINTS["pixels"].format(_known(shown[:, 0], powers, worst))
    what = "slope by the decoded pixels over the right one, and the rest, four cases"
    wanted = torch.tensor([[1.0, 0.0]])
    facts.append(Fact("wrong squares", what, wanted.expand(4, 2), shown, hint, 1e-3, 0.02))
    shown = torch.stack(codes)
    parts = [_slope(part, powers) for part in (shown[::2], shown[1::2])]
    hint = HINTS["code"].format(*parts)
    what = "slope by mean and log-variance over the right one, and the rest"
    facts.append(Fact("wrong price of a code", what, wanted.expand(8, 2), shown, hint, 1e-3, 0.02))
    slopes, squares = torch.stack(variances).unbind(dim=1)
    counts = (slopes + squares / 2) * dims
    factor = _known(2 * counts / dims, powers, "")
    said = f" It is off by a factor, {factor} which does not belong there." if factor else ""
    hint = HINTS["variance"].format(number(counts[0]), int(dims[0]), said)
    hint = HINTS["variance not trained"] if not bool(slopes.any()) else hint
    what = "slope by log_s2 per pixel, four cases"
    facts.append(
        Fact("wrong slope by the variance", what, 0.5 - squares / 2, slopes.clamp(-99, 99), hint, 1e-3, 0.02)
    )
    gaps = torch.stack(values) - torch.stack(values)[0]
    hint = HINTS["value"].format(
        "from case to case they are off by another number for each pixel. Is a term counted with a wrong "
        "size?"
    )
    facts.append(
        Fact(
            "wrong value",
            "values less the right ones, per pixel, beside the first case",
            torch.zeros(4),
            gaps.clamp(-99, 99),
            hint,
            1e-3,
            0.02,
        )
    )
    found = first_failing([*draws, *facts])
    if found[-1].holds():
        yield from (found[0], *facts[1:4])
        if any(call["vae"].encoded > 1 for call in calls):
            yield "Your loss encodes every batch twice. Keep what the encoder returns under two names."
    else:
        yield from (*draws, *facts)
