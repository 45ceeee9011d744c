"""Exercise 10.9: let the frames of a clip talk to one another, in a budget of seconds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import layer_norm, relu

from ...data import SPEED, WALLS, bounce
from ...data.moving import ANGLES, SIGNS
from ...evaluation import energy_distance
from ...evaluation.clips import fit_motion
from ...training import EMA, fit
from ..core import limits
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

FRAMES, WIDTH, DEPTH, KNOBS = 8, 48, 3, 256
STEPS, BATCH, RATE, EULER, SAMPLES, FRESH = 600, 128, 4e-3, 20, 500, 1000
SEEDS = (0, 1, 2)
ENOUGH = 0.1
"""Largest energy distance that passes."""
LIMIT = 90.0
MIDDLE, HALF = sum(WALLS) / 2, (WALLS[1] - WALLS[0]) / 2
SPREAD = 1.7
"""So that coordinates have a spread of about one."""
LADDER = {
    "every frame by itself": 0.57,
    "the mean of all frames added": 0.44,
    "attention without places": 0.36,
    "enough to pass": ENOUGH,
    "the best of our search": 0.031,
    "real tracks": 0.01,
}
"""Energy distances to compare with, measured by `talked`; how the best was reached is not told."""
Mixer = Callable[[Tensor, Tensor], Tensor]


class Frames(nn.Module):
    """A network of tracks: layers for each frame by itself, and between them what the student writes."""

    def __init__(self, mixer: Mixer) -> None:
        super().__init__()
        self.mixer, self.first, self.last = mixer, nn.Linear(6, WIDTH), nn.Linear(WIDTH, 2)
        self.knobs = nn.ParameterList(nn.Parameter(torch.randn(KNOBS)) for _ in range(DEPTH))
        self.up = nn.ModuleList(nn.Linear(WIDTH, 2 * WIDTH) for _ in range(DEPTH))
        self.down = nn.ModuleList(nn.Linear(2 * WIDTH, WIDTH) for _ in range(DEPTH))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Predict the data of tracks (batch, frames, 2) at times (batch, 1, 1)."""
        time = torch.cat([t, t.square(), (3 * t).sin(), (3 * t).cos()], dim=-1)
        h = self.first(torch.cat([x, time.expand(*x.shape[:2], 4)], dim=-1))
        for knobs, up, down in zip(self.knobs, self.up, self.down, strict=True):
            h = self.mixer(layer_norm(h, (WIDTH,)), knobs)
            h = h + down(relu(up(h)))
        return self.last(layer_norm(h, (WIDTH,)))


@dataclass(frozen=True)
class Talk:
    """What became of one training.

    Args:
        distance: energy distance of tracks and their steps from those of fresh real ones.
        residual: median distance from the nearest straight motion with reflections, in pixels.
        speed: median speed, in pixels a frame; that of real tracks is 1.4.
        tracks: generated tracks, (samples, frames, 2), in pixels.
    """

    distance: float
    residual: float
    speed: float
    tracks: Tensor


def real_tracks(n: int, generator: Generator) -> Tensor:
    """Tracks of moving digits, (n, frames, 2), in pixels."""
    start = WALLS[0] + (WALLS[1] - WALLS[0]) * torch.rand(n, 2, generator=generator)
    angle = ANGLES[0] + (ANGLES[1] - ANGLES[0]) * torch.rand(n, generator=generator)
    signs = SIGNS[torch.randint(len(SIGNS), (n,), generator=generator)]
    velocity = SPEED * signs * torch.stack([angle.sin(), angle.cos()], dim=1)
    return bounce(start, velocity, FRAMES)[0]


def _scaled(tracks: Tensor) -> Tensor:
    return SPREAD * (tracks - MIDDLE) / HALF


def _with_steps(tracks: Tensor) -> Tensor:
    """Places, and steps from frame to frame, as rows of numbers of a like spread."""
    return torch.cat([_scaled(tracks).flatten(1), 0.75 * tracks.diff(dim=1).flatten(1)], dim=1)


def talked(mixer: Mixer, seed: int = 0) -> Talk:
    """Train a network of tracks in which frames talk by `mixer`, and generate tracks with it.

    Args:
        mixer: called as mixer(h, knobs) with features (batch, 8, 48) and 256 free numbers; returns features.
        seed: of the data, the network and all that is drawn.
    Returns:
        How far the tracks are from real ones, and they themselves.
    """
    generator = Generator().manual_seed(seed)
    data = _scaled(real_tracks(20_000, generator))
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    net = Frames(mixer)
    torch.set_rng_state(state)
    smoothed = EMA(net)

    def loss(net: nn.Module, z: Tensor, *, generator: Generator | None = None) -> Tensor:
        t, eps = torch.rand(len(z), 1, 1, generator=generator), torch.randn(z.shape, generator=generator)
        return (net(t * z + (1 - t) * eps, t) - z).square().mean()

    for _ in fit(net, loss, data, STEPS, batch=BATCH, lr=RATE, ema=smoothed, generator=generator):  # type: ignore[arg-type]
        pass
    with torch.no_grad():
        x = torch.randn(SAMPLES, FRAMES, 2, generator=generator)
        for i in range(EULER):
            t = torch.full((SAMPLES, 1, 1), i / EULER)
            x = x + (smoothed.net(x, t) - x) / (EULER - i)
        tracks = (MIDDLE + HALF * x / SPREAD).nan_to_num(1e3, 1e3, -1e3).clamp(-1e3, 1e3)
        away = energy_distance(_with_steps(tracks), _with_steps(real_tracks(FRESH, generator)))
        residual, _ = fit_motion(tracks)
        speed = tracks.diff(dim=1).norm(dim=2).median()
    return Talk(away, float(residual.median()), float(speed), tracks)


HINTS = {
    "frames do not talk": (
        "The features of a frame stay the same whatever the others are: no frame knows of another. Each "
        "frame of your clips is fine, and the clip is not. Along which axis do the frames stand?"
    ),
    "order not known": (
        "Frames talk in your clips, but they do not know which of them is which: put in another order, "
        "they get the same. A motion is an order. Which of the knobs could tell the first frame from the "
        "last?"
    ),
    "clips stand still": (
        "Your tracks hardly move: a clip that stands still is straight too, and the residual praises it. "
        "The distance does not. Can a frame still tell itself from the others after your function, or do "
        "all of them become alike?"
    ),
    "not near enough": (
        "Frames talk, and they know their order, and still the motion is not good enough. What a frame "
        "should hear from the one before it is not what it should hear from the one after. Do different "
        "features hear different frames? And does a frame keep what it was?"
    ),
    "clips know of one another": (
        "The features of a clip change if the other clips of the batch do. Each clip is by itself: along "
        "which axis do you mix?"
    ),
    "training explodes": (
        "The loss became infinite in training: your function makes features larger and larger. How large "
        "are they after it, if they were of size one before?"
    ),
    "nothing to train": (
        "No gradient goes through your function. Did you detach something, or compute it without gradients?"
    ),
}


def _reference(h: Tensor, knobs: Tensor) -> Tensor:
    mixing = knobs.reshape(4, 8, 8)
    return h + 0.3 * torch.einsum("aij,bjad->biad", mixing, h.unflatten(-1, (4, 12))).flatten(2)


MISTAKES: dict[str, Mistake] = {}


def _kind(student: StudentFunction) -> str:
    """What a small batch shows: whether frames talk, whether they know their order, whether clips mix."""
    shape = (3, FRAMES, WIDTH)
    h, knobs = torch.randn(shape), torch.randn(KNOBS)
    came = student(h, knobs, shape=shape)
    changed = h.clone()
    changed[0, 2] += 1.0
    other = student(changed, knobs, shape=shape)
    if not torch.allclose(other[1:], came[1:], atol=1e-5):
        raise Fault("clips know of one another", HINTS["clips know of one another"])
    student(h.clone().requires_grad_(), knobs, shape=shape)
    if not (isinstance(student.last, Tensor) and student.last.requires_grad):
        raise Fault("nothing to train", HINTS["nothing to train"])
    rest = [k for k in range(FRAMES) if k != 2]
    if torch.allclose(other[0, rest], came[0, rest], atol=1e-6):
        return "frames do not talk"
    order = torch.tensor([3, 0, 6, 1, 7, 4, 2, 5])
    moved = student(h[:, order], knobs, shape=shape)
    return "order not known" if torch.allclose(moved, came[:, order], atol=1e-4) else ""


@exercise("10.9", "Let the frames talk", "open", "h, knobs", _reference, MISTAKES, may_draw=True, limit=LIMIT)
def my_mixer(student: StudentFunction) -> Iterator[Fact | str]:
    """The median over three trainings of the energy distance from real tracks."""
    kind = _kind(student)

    def train(seed: int) -> Talk:
        return talked(_by_name(student.answer), seed)

    runs: list[Talk] = []
    for seed in SEEDS:
        left = student.limit - student.spent
        try:
            runs.append(limits.call(train, (seed,), left, student.limit, student.number, None))
        except Fault as fault:
            if "FloatingPointError" in fault.message:
                raise Fault("training explodes", HINTS["training explodes"]) from None
            raise
        if runs[0].distance > 1.5 * ENOUGH:
            break  # one training tells
    away = median(run.distance for run in runs)
    name = kind or ("clips stand still" if runs[0].speed < 0.5 * SPEED else "not near enough")
    trainings = "one training" if len(runs) == 1 else "three trainings, the median"
    what = f"energy distance from real tracks, {trainings}"
    yield Fact(name, what, 0.0, min(away, 1e3), HINTS[name], ENOUGH, 0.05, f"at most {ENOUGH:g}")
    if away <= ENOUGH:
        rungs = ", ".join(f"{rung} {number:g}" for rung, number in LADDER.items() if number != ENOUGH)
        yield (
            f"Your energy distance: {away:.3f}. Residual of the motion {runs[0].residual:.2f} pixels, speed "
            f"{runs[0].speed:.2f} of {SPEED:g}. To compare: {rungs}."
        )


def _by_name(answer: Any) -> Mixer:
    """The student's function, hidden from a network that would take it for a part of itself."""
    return lambda h, knobs: answer(h, knobs)
