"""Exercise 9.9: the best eight numbers for a small generator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Any

import torch
from torch import Generator, Tensor, nn

from ...data import digits
from ...evaluation import energy_distance
from ...training import fit
from ..core import limits
from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

NUMBERS, PIXELS = 8, 64
STEPS, BATCH, RATE, EULER, SAMPLES, WIDTH = 400, 128, 3e-3, 25, 500, 64
SEEDS = (0, 1, 2)
ENOUGH = 0.12
"""Largest energy distance that passes; eight axes and nothing more miss it by half as much again."""
NEAR = 0.8
"""Least median distance from the nearest training image, over that of real images that were held out."""
TOLD = 0.4
"""Least share of the variance of held-out images that comes back from `encode` and `decode`."""
LIMIT = 60.0
LADDER = {
    "eight principal axes": 0.19,
    "enough to pass": ENOUGH,
    "a nonlinear autoencoder": 0.094,
    "the best of our search": 0.062,
    "real digits": 0.02,
}
"""Energy distances to compare with, measured by `generated`; how the best was reached is not told."""
Space = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]


@cache
def _images() -> tuple[Tensor, Tensor]:
    """Rows of pixels to train on, and others that are held out."""
    loaded = digits()
    return loaded.train.images.flatten(1), loaded.test.images.flatten(1)


class Flow(nn.Module):
    """The generator: three linear layers, whatever the latents are."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.stack = nn.Sequential(
            nn.Linear(numbers + 1, WIDTH),
            nn.SiLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.SiLU(),
            nn.Linear(WIDTH, numbers),
        )

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        """Velocities at latents (batch, numbers) and times (batch, 1)."""
        return self.stack(torch.cat([z, t], dim=1))


@dataclass(frozen=True)
class Generated:
    """What became of one training.

    Args:
        distance: energy distance of the generated images from real ones that were held out.
        near: their median distance from the nearest training image, over that of real images.
        spread: total variance of real images sent through `encode` and `decode`, over their own.
        told: share of their variance that comes back, in the right place.
        size: root mean square of the latents.
        images: the generated images, (samples, 64).
    """

    distance: float
    near: float
    spread: float
    told: float
    size: float
    images: Tensor


def _asked(function: Any, given: Tensor, width: int | None, what: str) -> Tensor:
    with torch.no_grad():
        came = function(given)
    wanted = f"({len(given)}, {width or 'k'})"
    if (
        not isinstance(came, Tensor)
        or came.dim() != 2
        or len(came) != len(given)
        or (width and came.shape[1] != width)
    ):
        got = f"a tensor of shape {tuple(came.shape)}" if isinstance(came, Tensor) else "no tensor"
        raise Fault(
            "wrong shape",
            f"Your `{what}` returns {got} for {tuple(given.shape)}, and {wanted} was expected: one row for "
            f"each row.",
        )
    if not bool(came.isfinite().all()):
        raise Fault(
            "NaN",
            f"What your `{what}` returns contains numbers that are not finite. Look for a division by zero "
            f"or a logarithm of zero.",
        )
    return came.detach().float()


def generated(space: Callable[[Tensor], Space] | Space, seed: int = 0) -> Generated:
    """Train the small generator on the latents of digits, sample it, and decode.

    Args:
        space: your function, or the pair (encode, decode) that it returns.
        seed: of the generator and all that is drawn for it.
    Returns:
        How far the images are from real ones, and what was measured on the way.
    Raises:
        Fault: the pair does not do what it should.
    """
    x, held_out = _images()
    pair = space(x.clone()) if callable(space) else space
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(callable(each) for each in pair):
        raise Fault(
            "wrong type",
            "Your function should return two functions, `encode` and `decode`, in this order, with a comma "
            "between them.",
        )
    encode, decode = pair
    z = _asked(encode, x.clone(), None, "encode")
    if z.shape[1] > NUMBERS:
        raise Fault(
            "too many numbers",
            f"Your latents have {z.shape[1]} numbers, and {NUMBERS} is the most. Which of "
            "them would be missed least?",
        )
    generator = Generator().manual_seed(seed)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        net = Flow(z.shape[1])

        def loss(net: nn.Module, z: Tensor, *, generator: Generator | None = None) -> Tensor:
            t, eps = torch.rand(len(z), 1, generator=generator), torch.randn(z.shape, generator=generator)
            return (net(t * z + (1 - t) * eps, t) - (z - eps)).square().mean()

        for _ in fit(net, loss, z, STEPS, batch=BATCH, lr=RATE, generator=generator):  # type: ignore[arg-type]
            pass
        with torch.no_grad():
            now = torch.randn(SAMPLES, z.shape[1], generator=generator)
            for k in range(EULER):
                now = now + net(now, torch.full((SAMPLES, 1), k / EULER)) / EULER
        images = _asked(decode, now, PIXELS, "decode").clamp(-1, 1)
    nearest = [float(torch.cdist(each, x).min(dim=1).values.median()) for each in (images, held_out)]
    again = _asked(decode, _asked(encode, held_out.clone(), z.shape[1], "encode"), PIXELS, "decode").clamp(
        -1, 1
    )
    spread = float(again.var(dim=0).sum() / held_out.var(dim=0).sum())
    pixels = [part - part.mean(dim=0) for part in (again, held_out)]
    told = float((pixels[0] * pixels[1]).sum() / pixels[1].square().sum())
    size = float(z.square().mean().sqrt())
    return Generated(energy_distance(images, held_out), nearest[0] / nearest[1], spread, told, size, images)


HINTS = {
    "latents without the right size": (
        "Your latents have the root mean square {0}. The flow begins with noise of size one: with latents "
        "far larger or smaller, all that makes them different happens in a moment. What would suit it better?"
    ),
    "little comes back": (
        "Of the variance of real digits, {2:.0%} comes back from `encode` and `decode`. Your images may look "
        "right as a crowd, but the latents hardly say which image is meant, so that a generator has nothing "
        "to learn. Which eight numbers tell most?"
    ),
    "decoder too sure": (
        "Real digits, encoded and decoded, keep {1:.0%} of their variance. A latent of eight numbers does "
        "not "
        "determine an image, and your decoder answers with one that is too smooth. What did chapter 09's "
        "decoder "
        "say about an image: a picture, or a distribution?"
    ),
    "too much noise": (
        "Real digits, encoded and decoded, have {1:.0%} of their variance: more than there should be. Is "
        "noise added that "
        "the latent has put in already, or are latents stretched on the way back?"
    ),
    "copies": (
        "Your images lie much closer to the training images than real digits do: the decoder hands out what "
        "it "
        "has seen. A generator that copies is no generator. What should it do with latents between those?"
    ),
    "not near enough": (
        "The size of the latents is right, and so is the variance of decoded images; still your images are "
        "far from real "
        "ones. Do the latents look like a distribution that a small network learns in 400 steps? Draw two of "
        "their axes. And do codes that are near to each other decode to similar images?"
    ),
}


def _reason(run: Generated) -> str:
    signs = (
        ("copies", run.near < NEAR),
        ("latents without the right size", not 0.4 < run.size < 2.5),
        ("too much noise", run.spread > 1.15),
        ("little comes back", run.told < TOLD),
        ("decoder too sure", run.spread < 0.65),
    )
    return next((name for name, seen in signs if seen), "not near enough")


def _reference(x: Tensor) -> Space:
    middle = x.mean(dim=0)
    _, sizes, axes = torch.linalg.svd(x - middle, full_matrices=False)
    deviations = sizes / len(x) ** 0.5
    scale = deviations[:NUMBERS]

    def decode(z: Tensor) -> Tensor:
        lost = torch.randn(len(z), PIXELS - NUMBERS) * deviations[NUMBERS:]
        return (middle + torch.cat([scale * z, lost], dim=1) @ axes).clamp(-1, 1)

    return lambda x: (x - middle) @ axes[:NUMBERS].T / scale, decode


MISTAKES: dict[str, Mistake] = {}


@exercise("9.9", "Eight numbers", "open", "x", _reference, MISTAKES, may_draw=True, limit=LIMIT)
def my_space(student: StudentFunction) -> Iterator[Fact | str]:
    """The median over three trainings of the energy distance from real digits; and copies."""

    def run(rule: Any, seed: int) -> Generated | Fault:
        try:
            return generated(rule, seed)
        except Fault as fault:  # ours, not one of the answer's own errors
            return fault

    def guarded(function: Any, *given: Any) -> Any:
        left = student.limit - student.spent
        return limits.call(function, given, left, student.limit, student.number, None)

    torch.manual_seed(0)
    pair = guarded(student.answer, _images()[0].clone())
    if pair is None:
        raise Fault(
            "returns nothing",
            "Your function returns nothing. It should return two functions, first `encode` and then "
            "`decode`: what does its last line do?",
        )
    runs: list[Generated] = []
    for seed in SEEDS:
        one = guarded(run, pair, seed)
        if isinstance(one, Fault):
            raise one
        runs.append(one)
    away, near = median(each.distance for each in runs), median(each.near for each in runs)
    name = _reason(runs[0])
    hint = HINTS[name].format(number(runs[0].size), runs[0].spread, max(runs[0].told, 0.0))
    if near < NEAR:
        yield Fact(
            "copies",
            "distance from the nearest training image, over that of real digits",
            1.0,
            near,
            hint,
            1 - NEAR,
            expected_text=f"at least {NEAR:g}",
        )
        return
    if runs[0].told < TOLD:
        what = "share of the variance that comes back"
        yield Fact(name, what, 1.0, runs[0].told, hint, 1 - TOLD, expected_text=f"at least {TOLD:g}")
        return
    what = "energy distance from real digits, three trainings, the median"
    yield Fact(name, what, 0.0, min(away, 1e3), hint, ENOUGH, 0.02, f"at most {ENOUGH:g}")
    if away <= ENOUGH:
        rungs = ", ".join(f"{rung} {value:g}" for rung, value in LADDER.items() if value != ENOUGH)
        low, high = min(each.distance for each in runs), max(each.distance for each in runs)
        yield f"Your energy distance: {away:.3f} (from {number(low)} to {number(high)}). To compare: {rungs}."
