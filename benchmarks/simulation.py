"""Simulating: `simulate` beside the same steps written by hand, and beside the peers' solvers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

import coursekit
from coursekit import Euler, EulerMaruyama, Field, Heun, simulate, time_grid
from coursekit.nets import MLP

from . import peers
from .rounds import Seconds, interleaved, ratios, spread, table

STEPS, BATCHES = 64, (1_000, 10_000)  # a power of two: at others torchsde has a trouble of its own
Solver = Callable[[Field, Tensor, int], Tensor]


def euler_by_hand(field: Field, x: Tensor, steps: int) -> Tensor:
    """Euler's method in one loop, all states recorded."""
    states, h = torch.empty(steps + 1, *x.shape), 1 / steps
    states[0] = x
    for k in range(steps):
        x = x + h * field(x, k * h)
        states[k + 1] = x
    return states


def heun_by_hand(field: Field, x: Tensor, steps: int) -> Tensor:
    """Heun's method in one loop, all states recorded."""
    states, h = torch.empty(steps + 1, *x.shape), 1 / steps
    states[0] = x
    for k in range(steps):
        slope = field(x, k * h)
        x = x + h / 2 * (slope + field(x + h * slope, (k + 1) * h))
        states[k + 1] = x
    return states


def euler_maruyama_by_hand(field: Field, x: Tensor, steps: int) -> Tensor:
    """The Euler-Maruyama method in one loop, with the field as drift and a noise of strength 1."""
    states, h = torch.empty(steps + 1, *x.shape), 1 / steps
    states[0] = x
    for k in range(steps):
        x = x + h * field(x, k * h) + h**0.5 * torch.randn_like(x)
        states[k + 1] = x
    return states


@dataclass(frozen=True)
class Noisy:
    """A process: a field as drift, and a noise of strength 1."""

    drift: Field

    def diffusion(self, x: Tensor, t: float) -> float:
        """Strength of the noise."""
        return 1.0


def ours(solver: Euler | Heun | EulerMaruyama) -> Solver:
    """`simulate` with one of our solvers."""

    def run(field: Field, x: Tensor, steps: int) -> Tensor:
        if isinstance(solver, EulerMaruyama):
            return simulate(Noisy(field), x, time_grid(steps), solver)
        return simulate(field, x, time_grid(steps), solver)

    return run


def fields() -> dict[str, Field]:
    """The exact field of a mixture, and an MLP with 3 layers of 64 units."""
    angles = torch.arange(8) * torch.pi / 4
    means = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
    ring = coursekit.GaussianMixture(torch.full((8,), 1 / 8), means, torch.full((8, 2), 0.3))
    torch.manual_seed(0)
    return {
        "mixture": coursekit.marginal_velocity(ring, coursekit.GaussianPath()),
        "MLP 3 × 64": MLP(2).requires_grad_(False),
    }


def solvers() -> dict[str, dict[str, Solver]]:
    """For each method those who know it: ours, the loop by hand, and the peers that are here."""
    found = {
        "Euler": {"ours": ours(Euler()), "by hand": euler_by_hand},
        "Heun": {"ours": ours(Heun()), "by hand": heun_by_hand},
        "Euler–Maruyama": {"ours": ours(EulerMaruyama()), "by hand": euler_maruyama_by_hand},
    }
    for name, make in (("torchdiffeq", peers.torchdiffeq), ("flow_matching", peers.flow_matching)):
        if peers.present(name):
            found["Euler"][name] = make("euler")
            found["Heun"][name] = make("heun2")
    if peers.present("diffusers"):
        found["Euler"]["diffusers"] = peers.diffusers_euler
    if peers.present("torchsde"):
        found["Euler–Maruyama"]["torchsde"] = peers.torchsde()
    return found


def timed(field: Field, batch: int, known: dict[str, Solver], rounds: int, steps: int = STEPS) -> Seconds:
    """Seconds of each solver; those without chance must have reached the same states."""
    x = torch.randn(batch, 2, generator=torch.Generator().manual_seed(0))
    return interleaved({name: partial(run, field, x, steps) for name, run in known.items()}, rounds)


def agree(field: Field, known: dict[str, Solver]) -> None:
    """Stop with an error unless all solvers make the same steps."""
    x = torch.randn(50, 2)
    ends = {name: run(field, x, 20)[-1] for name, run in known.items()}
    for name, end in ends.items():
        torch.testing.assert_close(end, ends["by hand"], atol=1e-3, rtol=1e-3, msg=f"{name} steps otherwise")


def section(rounds: int = 9) -> str:
    """The part of the report about simulation."""
    columns = ["by hand", "torchdiffeq", "flow_matching", "diffusers", "torchsde"]
    rows = []
    for kind, field in fields().items():
        for method, known in solvers().items():
            if method != "Euler–Maruyama":
                agree(field, known)
            for batch in BATCHES:
                seconds = timed(field, batch, known, rounds)
                beside = [
                    spread(ratios(seconds, "ours", name)) if name in seconds else "" for name in columns
                ]
                rows.append([kind, method, f"{batch:,}", f"{1e3 * min(seconds['ours']):.0f}", *beside])
    head = ["field", "method", "batch", "ours, ms", *(f"ours / {name}" for name in columns)]
    return f"{table(head, rows)}\n\n{hundred_steps(rounds)}"


def hundred_steps(rounds: int) -> str:
    """One sentence about torchsde at 100 steps, with and without its hint."""
    if not peers.present("torchsde"):
        return ""
    known = {"ours": ours(EulerMaruyama()), "torchsde": peers.torchsde(), "hinted": peers.torchsde(hint=True)}
    seconds = timed(fields()["MLP 3 × 64"], 1_000, known, min(rounds, 7), steps=100)
    plain, hinted = (spread(ratios(seconds, "ours", name), 3) for name in ("torchsde", "hinted"))
    return (
        "At exactly 100 steps (MLP, batch 1,000) torchsde cuts its tree of Brownian increments at numbers "
        f"that do not fit its steps: ours / torchsde is then {plain}, and {hinted} where torchsde is told "
        "`dt`. The first is no merit of ours."
    )
