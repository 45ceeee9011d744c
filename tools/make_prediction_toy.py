"""Train the toy of chapter 08, a spiral in D dimensions: `python tools/make_prediction_toy.py`.

In a quarter of an hour it writes `coursekit/weights/prediction_toy.json`, what was measured, and
`prediction_toy.npz`, samples of the runs that the JSON calls "runs", in their order. Lecture 08 and
`explore.prediction` show them. Every run is kept in build/prediction_toy: killed, or stopped by `--seconds`,
it goes on where it was; `--write` writes what is there. The toy is Li & He's (2025, Fig. 2), on a spiral.
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from make_checkpoint import processor
from torch import Generator, Tensor, nn

from coursekit import (
    CondOT,
    ConvertedField,
    Euler,
    GaussianPath,
    Spiral,
    as_time,
    energy_distance,
    limit_threads,
    solve,
    time_grid,
)
from coursekit.training import RegressionLoss, fit, prediction_loss

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "prediction_toy"
OUT = ROOT / "coursekit" / "weights"
DATA = Spiral(noise=0.02, turns=1.5)
POINTS, SAMPLES, STORED = 20_000, 2_000, 300
BATCH, RATE, EULER, FIRST = 128, 3e-3, 50, 0.05
LAST = 80  # steps whose mean loss is told
NEAR = 0.1  # so far from the curve a point still lies on it: five times the blur of the data
DIMENSIONS, CLIPS = (2, 8, 16, 512), (0.0, 0.01, 0.05, 0.2)
PREDICTIONS = ("data", "noise", "velocity")
RECIPE = {
    "data": f"Spiral(noise=0.02, turns=1.5), {POINTS:,} points, embedded in D dimensions by P with P'P = I",
    "network": "five linear layers, 256 hidden units, ReLU; state and time as they are",
    "training": f"fit(batch={BATCH}, lr={RATE}), 800 steps unless a run says otherwise; t uniform on [0, 1]",
    "clip": "that of coursekit.training.prediction_loss; only while training",
    "sampler": f"Euler, {EULER} steps from t = 0 to 1, nothing clipped: asked for the data, the last step "
    f"lands on the answer; asked for the noise, it begins at t = {FIRST} and takes the noise for that state",
    "measured": f"{SAMPLES:,} samples. share: nearer than {NEAR} to the curve, once projected to the plane; "
    "off: median distance from the plane; off_least: the smallest; energy: energy_distance in the plane to "
    f"as many data; loss: mean of the last {LAST} steps; mute_factor: what the sampler multiplies the noise "
    "by in directions that the last layer cannot reach; seconds: of one thread",
}


@dataclass(frozen=True)
class Run:
    """One training: what is asked for, where the loss is measured, and what a bound of the claim changes.

    Args:
        D: dimensions of the space.
        prediction: "data", "noise" or "velocity".
        space: where the error is measured, a name of the same three.
        clip: least denominator of the loss weight.
        seed: of network, training and samples.
        hidden: units of each hidden layer.
        steps: of training.
        noise: scale of the noise, x = t z + (1 - t) noise eps.
        skip: "constant" adds a x to the answer, "time" a(t) x, with a learnt; "sigma_data" is Karras et al.'s
            preconditioning, whose output is the data point.
        sigma_data: of that preconditioning.
        bottleneck: rank of a first linear layer without bias; 0 for none.
    """

    D: int
    prediction: str
    space: str = "velocity"
    clip: float = 0.05
    seed: int = 0
    hidden: int = 256
    steps: int = 800
    noise: float = 1.0
    skip: str = ""
    sigma_data: float = 1.0
    bottleneck: int = 0

    @property
    def name(self) -> str:
        """Name of its file: what differs from the defaults."""
        usual = Run(self.D, self.prediction)
        other = [
            f"{k}{v:g}" if not isinstance(v, str) else v
            for k, v in vars(self).items()
            if v != getattr(usual, k)
        ]
        return "-".join([f"D{self.D}", self.prediction, *other])

    @property
    def path(self) -> GaussianPath:
        """From noise of the run's scale to the data."""
        return GaussianPath(CondOT() if self.noise == 1 else Scaled(self.noise))


@dataclass(frozen=True)
class Scaled(CondOT):
    """The straight path from noise of another scale: alpha = t, beta = scale (1 - t)."""

    scale: float = 1.0

    def beta(self, t: Tensor) -> Tensor:
        return self.scale * (1 - t)

    def beta_dot(self, t: Tensor) -> Tensor:
        return -self.scale * torch.ones_like(t)

    def beta_sq_dot(self, t: Tensor) -> Tensor:
        return -2 * self.scale**2 * (1 - t)


class Toy(nn.Module):
    """Five linear layers of state and time, ReLU between them; a bottleneck or a skip if the run has one."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        widths = [(run.bottleneck or run.D) + 1] + [run.hidden] * 4
        self.body = nn.Sequential(*[m for a, b in pairwise(widths) for m in (nn.Linear(a, b), nn.ReLU())])
        self.last = nn.Linear(run.hidden, run.D)
        if run.bottleneck:
            self.first = nn.Linear(run.D, run.bottleneck, bias=False)
        if run.skip == "constant":
            self.knob = nn.Parameter(torch.zeros(()))
        if run.skip == "time":
            self.at = nn.Sequential(
                nn.Linear(1, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1)
            )

    @property
    def a(self) -> Tensor:
        """The constant skip; five times its parameter, which 800 small steps would not bring far enough."""
        return 5 * self.knob

    def forward(self, x: Tensor, t: Any) -> Tensor:
        t = as_time(t, x)
        inner = self.first(x) if self.run.bottleneck else x
        answer = self.last(self.body(torch.cat([inner, t], 1)))
        if self.run.skip == "constant":
            return answer + self.a * x
        if self.run.skip == "time":
            return answer + self.at(t) * x
        if self.run.skip == "sigma_data":
            skip, out = preconditioning(t, self.run.sigma_data)
            return skip * x + out * answer
        return answer


def preconditioning(t: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """c_skip and c_out for data of deviation `s` on the straight path; Karras et al. 2022, Table 1."""
    variance = (t * s) ** 2 + (1 - t) ** 2
    return t * s**2 / variance, s * (1 - t) / variance.sqrt()


def loss_of(run: Run) -> RegressionLoss:
    """What the run minimises; with preconditioning the raw output has an error of size 1 at every time."""
    if run.skip == "sigma_data":
        return RegressionLoss(
            run.path,
            lambda answer, z, eps, t: (answer - z) / preconditioning(t, run.sigma_data)[1].clamp_min(1e-6),
        )
    return prediction_loss(run.path, run.prediction, run.space, run.clip)


@lru_cache(maxsize=2)
def embedded(D: int) -> tuple[Tensor, Tensor]:
    """The embedding P (D, 2), and the data in D dimensions."""
    P = torch.linalg.qr(torch.randn(D, 2, generator=Generator().manual_seed(1000 + D)))[0]
    return P, DATA.sample(POINTS, Generator().manual_seed(77)) @ P.T


def curve() -> Tensor:
    """Points of the spiral without blur, near to one another."""
    fraction = torch.linspace(0, 1, 4000)
    angle = 2 * math.pi * DATA.turns * fraction
    return DATA.radius * fraction[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def sampled(net: Toy, run: Run) -> tuple[Tensor, Tensor]:
    """Where the sampler begins, and where it ends."""
    noise = run.noise * torch.randn(SAMPLES, run.D, generator=Generator().manual_seed(5 + run.seed))
    field = ConvertedField(net, run.path, run.prediction, "velocity")
    times = time_grid(EULER, FIRST if run.prediction == "noise" else 0.0)
    with torch.no_grad():
        return noise, solve(field, noise, times, Euler())


def rounded(value: float) -> float | None:
    """Four digits; None for what is not finite, which JSON does not know."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def measure(y: Tensor, off: Tensor) -> dict[str, float | None]:
    """Figures of samples, from their coordinates in the plane (n, 2) and distances from it (n,)."""
    truth = DATA.sample(SAMPLES, Generator().manual_seed(99))
    near = torch.cdist(y, curve()).amin(1) < NEAR
    found = {
        "share": near.double().mean(),
        "off": off.median(),
        "off_least": off.min(),
        "energy": energy_distance(y, truth),
    }
    return {name: rounded(float(value)) for name, value in found.items()}


def mute_factor(net: Toy, start: Tensor, end: Tensor) -> float:
    """By what the initial noise is multiplied in directions that no weight of the last layer reaches."""
    basis = torch.linalg.qr(net.last.weight.detach().double(), mode="complete")[0]
    before, after = (x.double() @ basis[:, net.run.hidden :] for x in (start, end))
    before = before - before.mean(0)  # a constant that is added is no factor
    return float((after * before).sum() / before.square().sum())


def trained(run: Run) -> tuple[dict[str, Any], Tensor]:
    """Train and measure: figures, and the first samples (STORED, 3), in the plane and off it."""
    began = time.process_time()
    P, data = embedded(run.D)
    torch.manual_seed(run.seed)
    net, losses, told = Toy(run), [], {}
    generator = Generator().manual_seed(10 + run.seed)
    try:
        for step in fit(net, loss_of(run), data, run.steps, batch=BATCH, lr=RATE, generator=generator):
            losses.append(step.loss)
    except FloatingPointError:
        told["failed"] = len(losses)
    start, end = sampled(net, run)
    y = end @ P
    off = (end - y @ P.T).norm(dim=1)
    told |= measure(y, off)
    told |= {"loss": rounded(sum(losses[-LAST:]) / len(losses[-LAST:])), "largest": rounded(max(losses))}
    if run.skip == "constant":
        told["a"] = rounded(net.a.item())
    if run.hidden < run.D:
        told["mute_factor"] = rounded(mute_factor(net, start, end))
    told["seconds"] = round(time.process_time() - began, 2)
    return told, torch.cat([y, off[:, None]], 1)[:STORED]


def kept(run: Run, until: float) -> tuple[dict[str, Any], np.ndarray] | None:
    """A run's figures and samples: read, or made if there is time left, or nothing."""
    # Only data and noise prediction have a denominator to clip, and only in another space than their own.
    clipped = run.prediction != "velocity" and run.space != run.prediction
    made = run if clipped or run.skip else replace(run, clip=0.05)
    file = FOLDER / f"{made.name}.json"
    if not file.exists():
        if time.monotonic() > until:
            return None
        told, samples = trained(made)
        np.save(
            file.with_suffix(".npy"), samples.clamp(-6e4, 6e4).half().numpy()
        )  # before the file that is looked for
        file.write_text(json.dumps(told), encoding="utf-8")
        print(f"{made.name:44}", told, flush=True)
    return json.loads(file.read_text(encoding="utf-8")), np.load(file.with_suffix(".npy"))


def plan() -> dict[str, list[tuple[Run, dict[str, Any]]]]:
    """All runs by group, each with what its group tells of it beside D, prediction and seed."""

    def grid(seeds: Sequence[int], *axes: Sequence[Any]) -> list[tuple[Run, dict[str, Any]]]:
        runs = [Run(*setting, seed) for seed in seeds for setting in product(*axes)]
        return [(run, {"space": run.space, "clip": run.clip}) for run in runs]

    def bound(*runs: Run, tell: Sequence[str]) -> list[tuple[Run, dict[str, Any]]]:
        return [
            (replace(run, seed=seed), {name: getattr(run, name) for name in tell})
            for run in runs
            for seed in (0, 1)
        ]

    widths = (16, 32, 48, 64, 128, 256)
    velocity, data = Run(512, "velocity"), Run(512, "data")
    return {
        "again": grid((0, 1), (16, 512), PREDICTIONS, PREDICTIONS, (0.05,)),
        "runs": grid((0,), DIMENSIONS, PREDICTIONS, PREDICTIONS, CLIPS),
        "width": bound(
            *(Run(64, "velocity", hidden=hidden, steps=4000) for hidden in widths),
            Run(64, "data", hidden=16, steps=4000),
            tell=("hidden", "steps"),
        ),
        "late": bound(Run(16, "velocity"), Run(16, "velocity", steps=8000), tell=("steps",)),
        "noise": bound(
            *(replace(run, noise=s) for s in (1.0, 1 / 4, 1 / 16) for run in (data, velocity)),
            tell=("noise",),
        ),
        "skip": bound(*(replace(velocity, skip=skip) for skip in ("", "constant", "time")), tell=("skip",)),
        "preconditioning": bound(
            *(replace(data, clip=0.0, skip="sigma_data", sigma_data=s) for s in (1.0, 1 / 16)),
            tell=("sigma_data",),
        ),
        "bottleneck": bound(
            *(replace(data, bottleneck=rank) for rank in (1, 2, 4, 16, 0)), tell=("bottleneck",)
        ),
    }


def written(found: dict[str, list[dict[str, Any]]], samples: list[np.ndarray]) -> None:
    """Write the card and the samples."""
    truth = DATA.sample(SAMPLES, Generator().manual_seed(98))
    of_data = measure(truth, torch.zeros(SAMPLES))
    told = {
        "command": "python tools/make_prediction_toy.py",
        "machine": f"one thread of {processor()}, torch {torch.__version__}",
        "recipe": RECIPE,
        "real": {name: of_data[name] for name in ("share", "energy")},
        "runs": found.pop("runs"),
        "again": found.pop("again"),
        "bounds": found,
    }
    # One run a line: a table that can be read, and compared line by line.
    text = json.dumps(told, indent=1)
    for runs in (told["runs"], told["again"], *found.values()):
        for run in runs:
            indented = json.dumps(run, indent=1)
            for depth in (2, 3):
                text = text.replace(indented.replace("\n", "\n" + " " * depth), json.dumps(run))
    (OUT / "prediction_toy.json").write_text(text + "\n", encoding="utf-8")
    np.savez_compressed(OUT / "prediction_toy.npz", samples=np.stack(samples))


def main() -> None:
    limit_threads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no further run after so long")
    parser.add_argument("--write", action="store_true", help="write what is there, even if runs are missing")
    chosen = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    until, missing = time.monotonic() + chosen.seconds, 0
    found: dict[str, list[dict[str, Any]]] = {}
    samples = []
    for group, runs in plan().items():
        found[group] = []
        for run, tell in runs:
            if (one := kept(run, until)) is None:
                missing += 1
                continue
            what = {"D": run.D, "prediction": run.prediction, **tell, "seed": run.seed}
            found[group].append(what | one[0])
            if group == "runs":
                samples.append(one[1])
    if samples and (chosen.write or not missing):
        written(found, samples)
    print(f"{missing} runs are missing")
    raise SystemExit(3 if missing else 0)


if __name__ == "__main__":
    main()
