"""Exercise 8.9: rescue a narrow network that is asked for the velocity in 512 dimensions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from torch import Generator, Tensor, nn

from ...distributions import Spiral
from ...evaluation import energy_distance
from ...training import fit
from ..core import limits
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

DIM, WIDTH, KNOBS = 512, 64, 32
STEPS, BATCH, RATE, EULER, SAMPLES, FRESH = 400, 128, 3e-3, 50, 400, 1000
SEEDS = (0, 1, 2)
ENOUGH = 0.3
"""Largest energy distance that passes; a constant skip misses it fivefold."""
LIMIT = 120.0
TURNS, LATEST = 1.5, 0.9999
LADDER = {
    "the plain network, 0 knobs": 11.3,
    "a constant skip, 1 knob": 1.6,
    "a skip that is linear in t": 0.59,
    "enough to pass": ENOUGH,
    "the best of our search": 0.018,
    "real data": 0.004,
}
"""Energy distances to compare with, measured by `rescued`; how the best was reached is not told."""
Velocity = Callable[[Any, Tensor, Tensor, Tensor], Tensor]


class Narrow(nn.Module):
    """Five linear layers with ReLU between them; the free numbers are trained with them."""

    def __init__(self, dim: int = DIM, width: int = WIDTH) -> None:
        super().__init__()
        sizes = [dim + 1] + [width] * 4
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.stack = nn.Sequential(*layers, nn.Linear(width, dim))
        self.raw = nn.Parameter(torch.zeros(KNOBS))

    def forward(self, x: Tensor, t: Any) -> Tensor:
        """Answer to states (batch, dim) and times (batch, 1)."""
        if not isinstance(t, Tensor):
            t = torch.full((len(x), 1), float(t))
        return self.stack(torch.cat([x, t.reshape(-1, 1).expand(len(x), 1)], dim=1))

    @property
    def knobs(self) -> Tensor:
        """The free numbers; they learn ten times as fast as a weight."""
        return 10 * self.raw


@dataclass(frozen=True)
class Rescue:
    """What became of one training.

    Args:
        distance: energy distance of the samples from as good as fresh data, in all 512 dimensions.
        off: median distance from the plane.
        spread: standard deviation of the samples in the plane, relative to that of the data.
        plane: coordinates of the samples in the plane, (samples, 2).
        above: distance of each sample from the plane, (samples,).
        times, skip: by how much of the state itself the velocity changes, at some times.
        last: the same at a time next to 1, where no sampler gets to and training does.
        knobs: how many of the free numbers were used.
    """

    distance: float
    off: float
    spread: float
    plane: Tensor
    above: Tensor
    times: Tensor
    skip: Tensor
    last: float
    knobs: int


def rescued(rule: Velocity, seed: int = 0) -> Rescue:
    """Train a narrow network inside `rule` on a spiral in 512 dimensions, by the velocity, and sample.

    Args:
        rule: called as rule(net, x, t, knobs), returns velocities shaped like `x`.
        seed: of the plane, the data, the network and all that is drawn.
    Returns:
        How far the samples are from the data, and what was learnt.
    """
    generator = Generator().manual_seed(seed)
    plane = torch.linalg.qr(torch.randn(DIM, 2, generator=generator))[0]
    data = Spiral(noise=0.02, turns=TURNS).sample(10_000, generator)
    torch.manual_seed(seed)
    net = Narrow()

    def loss(net: nn.Module, z: Tensor, *, generator: Generator | None = None) -> Tensor:
        z = z @ plane.T
        t, eps = torch.rand(len(z), 1, generator=generator), torch.randn(z.shape, generator=generator)
        u = rule(net, t * z + (1 - t) * eps, t, net.knobs)  # type: ignore[arg-type]
        return (u - (z - eps)).square().mean()

    for _ in fit(net, loss, data, STEPS, batch=BATCH, lr=RATE, generator=generator):  # type: ignore[arg-type]
        pass
    with torch.no_grad():
        knobs = net.knobs
        x = torch.randn(SAMPLES, DIM, generator=generator)
        for i in range(EULER):
            x = x + rule(net, x, torch.full((SAMPLES, 1), i / EULER), knobs) / EULER
        x = x.nan_to_num(1e3, 1e3, -1e3).clamp(-1e3, 1e3)
        inside = x @ plane
        above = (x - inside @ plane.T).norm(dim=1)
        fresh = Spiral(noise=0.02, turns=TURNS).sample(FRESH, generator)
        times, probes = torch.linspace(0, 0.98, 50), torch.randn(51, 1, DIM, generator=generator)
        probes = (probes - probes @ plane @ plane.T).squeeze(1)
        # Without the network's answer: what is left is what the rule itself does with the state.
        at = torch.cat([times, torch.tensor([LATEST])])[:, None]
        u, constant = (
            rule(lambda x, t: torch.zeros_like(x), state, at, knobs) for state in (probes, 0 * probes)
        )
        skip = ((u - constant) * probes).sum(dim=1) / probes.square().sum(dim=1)
    used = int((knobs != 0).sum())
    return Rescue(
        energy_distance(x, fresh @ plane.T),
        float(above.median()),
        float((inside.var(dim=0).sum() / fresh.var(dim=0).sum()).sqrt()),
        inside,
        above,
        times,
        skip[:-1].nan_to_num(0.0),
        float(skip[-1].nan_to_num(0.0)),
        used,
    )


HINTS = {
    "no skip": (
        "The state itself does not enter your velocity, only the network's answer does. In most of the 512 "
        "directions the network is mute, and there the noise stays for ever. Who else knows the state?"
    ),
    "a constant skip": (
        "Your skip is the same at all times. That helps, as exercise 8.8 tells you by how much, and it "
        "cannot do more. In a mute direction the state is (1 − t) ε and the velocity −ε: what is their ratio?"
    ),
    "a skip that feeds the noise": (
        "The state enters your velocity with a positive weight, so that what is far from the plane goes "
        "farther away. Which sign takes a state home? If you convert the network's answer, which road of "
        "exercise 8.1 leads to a velocity?"
    ),
    "a skip that fades": (
        "Your skip gets weaker with time. Noise has to be gone when time is up: what is still left near the "
        "end has to vanish in little time. Which way should the weight go?"
    ),
    "a skip without a bound": (
        "Your skip grows on and on as the time comes near to 1, and your samples are far away. In training, "
        "times come as near to 1 as they like: what does one such row do to the loss of a whole batch?"
    ),
    "network not asked": (
        "Your velocity is the same whatever the network answers. All it knows about the spiral is then lost: "
        "call `net(x, t)` and use what it says."
    ),
    "not near enough": (
        "Your skip changes with time in the right direction, and your samples are not near enough. Compare "
        "it with the one that would be best at each time by itself, draw both, and look where they part. Is "
        "a bound on it too tight, or are its free numbers not enough for its form?"
    ),
    "samples in one place": (
        "Your samples lie on the plane, but they are not spread as the data are: most of the spiral gets "
        "none. A point that is right for one sample is no sample of a distribution. What do you hide from "
        "the network?"
    ),
    "nothing to train": (
        "No gradient reaches the network: what you return does not depend on its weights, as far as torch "
        "can tell. Did you detach its answer, or compute it without gradients?"
    ),
    "training explodes": (
        "Your velocities, or the loss, became infinite in training. Times as close to 1 as you like occur "
        "there. What do you divide by?"
    ),
}


def _reason(run: Rescue) -> str:
    skip, early, late = run.skip, float(run.skip[5]), float(run.skip[-6])
    signs = (
        ("samples in one place", run.off < 0.5 and run.spread < 0.5),
        ("no skip", float(skip.abs().max()) < 0.05),
        ("a skip without a bound", abs(run.last) > 500),
        ("a skip that feeds the noise", float(skip[:-5].mean()) > 0.05),
        ("a constant skip", float(skip[:-5].max() - skip[:-5].min()) < 0.1),
        ("a skip that fades", late > early + 0.1),
    )
    return next((name for name, seen in signs if seen), "not near enough")


def _plain(net: Any, x: Tensor, t: Tensor, knobs: Tensor) -> Tensor:
    return net(x, t)


def _reference(net: Any, x: Tensor, t: Tensor, knobs: Tensor) -> Tensor:
    return (net(x, t) - x) / (1 - t).clamp(min=0.02)


MISTAKES: dict[str, Mistake] = {}


def _small(student: StudentFunction) -> bool:
    """Shape of the answer for a small batch; and whether it depends on the network."""
    x, t, knobs = torch.randn(5, 8), torch.linspace(0.1, 0.8, 5)[:, None], torch.linspace(0.1, 0.5, KNOBS)
    one, other = (
        student(lambda x, t, k=k: k * torch.ones_like(x), x, t, knobs, shape=(5, 8)) for k in (0.0, 1.0)
    )
    return not torch.equal(one, other)


@exercise(
    "8.9", "Rescue the velocity", "open", "net, x, t, knobs", _reference, MISTAKES, may_draw=True, limit=LIMIT
)
def my_velocity(student: StudentFunction) -> Iterator[Fact | str]:
    """The median over three trainings of the energy distance from the data."""
    if not _small(student):
        raise Fault("network not asked", HINTS["network not asked"])

    def train(seed: int) -> Rescue:
        return rescued(student.answer, seed)

    runs: list[Rescue] = []
    for seed in SEEDS:
        left = student.limit - student.spent
        try:
            runs.append(limits.call(train, (seed,), left, student.limit, student.number, None))
        except Fault as fault:
            for sign, name in (
                ("FloatingPointError", "training explodes"),
                ("does not require grad", "nothing to train"),
            ):
                if sign in fault.message:
                    raise Fault(name, HINTS[name]) from None
            raise
        if runs[0].distance > 3 * ENOUGH:
            break  # one training tells
    away = median(run.distance for run in runs)
    name = _reason(runs[0])
    trainings = "one training" if len(runs) == 1 else "three trainings, the median"
    what = f"energy distance from the data, {trainings}"
    yield Fact(name, what, 0.0, min(away, 1e3), HINTS[name], ENOUGH, 0.05, f"at most {ENOUGH:g}")
    if away <= ENOUGH:
        rungs = ", ".join(f"{rung} {number:g}" for rung, number in LADDER.items() if number != ENOUGH)
        low, high = min(run.distance for run in runs), max(run.distance for run in runs)
        yield (
            f"Your energy distance: {away:.3f} (from {low:.3f} to {high:.3f} in three trainings), with "
            f"{runs[0].knobs} knobs. To compare: {rungs}."
        )
