"""Write js/test/reference.json, coursekit's own answers for the tests of js/: `python tools/js_reference.py`.

Everything is computed in double precision. `node --test js/test` compares the explorers' mathematics with it.
"""

import json
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Generator, Tensor

from coursekit.base import Field
from coursekit.distributions import Chessboard, Empirical, GaussianMixture
from coursekit.explore.samplers import BUMPS, PATH, Sampler, gap, trajectories
from coursekit.nets import load_pretrained
from coursekit.paths import (
    VP,
    CondOT,
    Cosine,
    GaussianPath,
    SquareRoot,
    TractableDistribution,
    marginal_score,
    marginal_velocity,
    posterior_weights,
)
from coursekit.paths.posterior import make_posterior
from coursekit.solvers import (
    DDIM,
    BrownianMotion,
    Euler,
    EulerMaruyama,
    Heun,
    OrnsteinUhlenbeck,
    SDEExtension,
    simulate,
    solve,
    time_grid,
)
from coursekit.training import guided

OUT = Path(__file__).parents[1] / "js" / "test" / "reference.json"
SCHEDULERS = {"CondOT": CondOT(), "Cosine": Cosine(), "VP": VP(), "SquareRoot": SquareRoot()}
POINTS = [[-2.0, 0.5], [-1.0, -1.5], [-0.4, 1.6], [0.5, 0.2], [1.2, -1.2], [1.5, 1.4], [2.3, 0.1]]
MIXTURE = {
    "weights": [0.5, 0.3, 0.2],
    "means": [[-1.5, 0.0], [1.0, 1.2], [0.8, -1.4]],
    "stds": [[0.3, 0.3], [0.2, 0.5], [0.6, 0.15]],
}
# Near the data, between them, far out; the last ones are where a careless formula underflows.
PLACES = [
    [0.0, 0.0],
    [-1.4, 0.1],
    [0.9, 1.0],
    [2.0, -2.0],
    [-0.5, 0.5],
    [0.31, -1.77],
    [5.0, 4.0],
    [-9.0, 6.0],
]
TIMES = [0.0, 0.003, 0.1, 0.35, 0.6, 0.9, 0.99]
STEPS = (1, 3, 20)
ETA, SIGMA = 0.7, 0.8


def double(rows: Any) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


LAWS: dict[str, TractableDistribution] = {
    "points": Empirical(double(POINTS)),
    "mixture": GaussianMixture(*(double(MIXTURE[name]) for name in ("weights", "means", "stds"))),
    "chessboard": Chessboard(),
}


def at_times(f: Any) -> list[Any]:
    return [f(t).tolist() for t in TIMES]


def scheduler(name: str) -> dict[str, Any]:
    t, each = double(TIMES), SCHEDULERS[name]
    values = {
        f: getattr(each, f)(t).tolist() for f in ("alpha", "beta", "alpha_dot", "beta_dot", "beta_sq_dot")
    }
    return {**values, "boundary_error": each.boundary_error}


def fields(law: TractableDistribution, path: GaussianPath) -> dict[str, Any]:
    x, posterior = double(PLACES), make_posterior(law, path)
    return {
        "log_prob": at_times(lambda t: posterior.log_prob(x, t)),
        "data": at_times(lambda t: posterior.means(x, t)[0]),
        "score": at_times(lambda t: marginal_score(law, path)(x, t)),
        "velocity": at_times(lambda t: marginal_velocity(law, path)(x, t)),
    }


class Given(EulerMaruyama):
    """Euler–Maruyama on noise that is handed over, one row a step."""

    def __init__(self, noise: Tensor) -> None:
        object.__setattr__(self, "rows", iter(noise))

    def step(self, process: Any, x: Tensor, t: float, h: float) -> Tensor:
        return self.advance(process, x, t, h, h**0.5 * next(self.rows))


def ends(law: TractableDistribution, path: GaussianPath, noise: Tensor) -> dict[str, Any]:
    """Last states of each solver from PLACES, for each number of steps; mixtures and others up to t = 1."""
    x, field = double(PLACES[:6]), marginal_velocity(law, path)
    # t = 1 is where coursekit's schedulers of infinite slope have no step of DDIM from the velocity.
    solvers: dict[str, tuple[Field, Any]] = {"euler": (field, Euler()), "heun": (field, Heun())}
    found: dict[str, Any] = {
        name: [simulate(f, x, time_grid(n), solver)[-1].tolist() for n in STEPS]
        for name, (f, solver) in solvers.items()
    }
    found["ddim"] = [simulate(field, x, time_grid(n), DDIM(path))[-1].tolist() for n in STEPS]
    process = SDEExtension(field, marginal_score(law, path), SIGMA)
    found["corrected"] = [simulate(process, x, time_grid(n), Given(noise))[-1].tolist() for n in STEPS]
    return found


def digits(noise: Tensor) -> dict[str, Any]:
    """The network of small digits at some times, and guided images from the same noise (n, 64)."""
    net = load_pretrained("digits").double()
    x, y = noise.reshape(-1, 1, 8, 8), torch.tensor([3, 0, 9, net.null, 5])
    asked = y.clamp(max=9)
    scales, solvers = (0.0, 1.0, 2.5), {"euler": Euler(), "heun": Heun()}
    return {
        "noise": noise.tolist(),
        "labels": y.tolist(),
        "asked": asked.tolist(),
        "times": [0.0, 0.35, 1.0],
        "velocity": [net(x, t, y).flatten(1).tolist() for t in (0.0, 0.35, 1.0)],
        "scales": list(scales),
        "steps": 5,
        "images": {
            name: [solve(guided(net, asked, w), x, time_grid(5), solver).flatten(1).tolist() for w in scales]
            for name, solver in solvers.items()
        },
    }


def noise_of(seed: int, steps: int, like: Tensor) -> list[Any]:
    """The normal numbers that `steps` steps of a solver draw from a generator of this seed."""
    source = Generator().manual_seed(seed)
    return [torch.empty_like(like).normal_(generator=source).flatten().tolist() for _ in range(steps)]


def diffusions() -> list[dict[str, Any]]:
    """Paths of the Ornstein–Uhlenbeck process, its law, and that of the chain, step by step."""
    found = []
    x0, steps = double([[-2.0], [0.0], [0.7], [3.0]]), 8
    for theta, sigma, h in (
        (0.0, 1.3, 0.25),
        (0.7, 0.5, 0.05),
        (1.0, 1.4, 1.0),
        (2.0, 1.0, 1.0),
        (2.5, 0.8, 1.0),
    ):
        process = OrnsteinUhlenbeck(theta, sigma) if theta else BrownianMotion(sigma)
        times = h * torch.arange(steps + 1, dtype=torch.float64)
        paths = simulate(process, x0, times, EulerMaruyama(Generator().manual_seed(5)))
        mean, variance, chain = x0, torch.zeros(1, dtype=torch.float64), []
        for _ in times:
            chain.append([mean.flatten().tolist(), variance.sqrt().item()])
            mean, variance = (1 - theta * h) * mean, (1 - theta * h) ** 2 * variance + sigma**2 * h
        law = [
            process.transition(x0, float(t)) if theta else (x0, sigma * t.sqrt().expand(4, 1)) for t in times
        ]
        found.append(
            {
                "theta": theta,
                "sigma": sigma,
                "h": h,
                "start": x0.flatten().tolist(),
                "noise": noise_of(5, steps, x0),
                "paths": paths[..., 0].tolist(),
                "law": [[m.flatten().tolist(), std.flatten()[0].item()] for m, std in law],
                "chain": chain,
            }
        )
    return found


def samplers() -> dict[str, Any]:
    """The explorer of samplers: its path and field in double precision, and last states of every sampler."""
    path, law, x0 = PATH, BUMPS, double([[-2.0], [-0.3], [0.1], [0.9], [2.4]])
    posterior, places = make_posterior(law, path), double([[-3.0], [-1.5], [0.0], [0.31], [2.0], [7.0]])
    times, counts, etas = [*TIMES, 1.0], (2, 10, 50), (0.0, 0.6, 1.0)
    t = double(times)
    return {
        "law": {name: getattr(law, name).flatten().tolist() for name in ("weights", "means", "stds")},
        "times": times,
        "scheduler": {
            f: getattr(path.scheduler, f)(t[:-1] if f == "beta_dot" else t).tolist()
            for f in ("alpha", "beta", "alpha_dot", "beta_dot", "beta_sq_dot")
        },
        "places": places.flatten().tolist(),
        "log_prob": [posterior.log_prob(places, each).tolist() for each in times],
        "velocity": [marginal_velocity(law, path)(places, each).flatten().tolist() for each in times],
        "score": [marginal_score(law, path)(places, each).flatten().tolist() for each in times],
        "gap": gap(places, law),
        "start": x0.flatten().tolist(),
        "noise": noise_of(6, max(counts), x0),
        "counts": list(counts),
        "etas": list(etas),
        "ends": {
            name: [
                [
                    trajectories(name, n, eta, x0, Generator().manual_seed(6))[-1].flatten().tolist()
                    for eta in etas
                ]
                for n in counts
            ]
            for name in get_args(Sampler)
        },
    }


def reference() -> dict[str, Any]:
    """All of it, as the file holds it."""
    source = Generator().manual_seed(0)
    noise = torch.randn(max(STEPS), 6, 2, dtype=torch.float64, generator=source)
    pixels = torch.randn(5, 64, dtype=torch.float64, generator=source)
    paths = {name: GaussianPath(each) for name, each in SCHEDULERS.items()}
    x = double(PLACES)
    ancestral = DDIM(paths["CondOT"], ETA)
    _, kept, sigma = ancestral._weights(0.3, 0.5)
    return {
        "points": POINTS,
        "mixture": MIXTURE,
        "places": PLACES,
        "times": TIMES,
        "steps": list(STEPS),
        "sigma": SIGMA,
        "noise": noise.tolist(),
        "schedulers": {name: scheduler(name) for name in SCHEDULERS},
        "weights": at_times(lambda t: posterior_weights(x, double(POINTS), paths["CondOT"], t)),
        "fields": {
            name: {kind: fields(law, path) for kind, law in LAWS.items()} for name, path in paths.items()
        },
        "ends": {
            name: {kind: ends(law, path, noise) for kind, law in LAWS.items()} for name, path in paths.items()
        },
        "digits": digits(pixels),
        "diffusions": diffusions(),
        "samplers": samplers(),
        "ddim": {"eta": ETA, "from": 0.3, "to": 0.5, "kept": kept, "sigma": sigma},
    }


def main() -> None:
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(reference()) + "\n", encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
