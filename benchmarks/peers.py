"""The peers, each used as its own documentation shows, behind the signatures of this benchmark.

Every import is local: what is not installed is left out, and named.
"""

from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from coursekit import DiscretePath, Field, Sequences

NAMES = ("torchcfm", "flow_matching", "torchdiffeq", "torchsde", "diffusers")


def present(name: str) -> bool:
    """Whether a package is installed here."""
    return find_spec(name) is not None


def versions() -> dict[str, str]:
    """Versions of the peers that are installed here."""
    return {name: metadata.version(name) for name in NAMES if present(name)}


def torchdiffeq(method: str) -> Callable[[Field, Tensor, int], Tensor]:
    """Fixed steps of `odeint`, all states recorded."""
    from torchdiffeq import odeint

    def run(field: Field, x: Tensor, steps: int) -> Tensor:
        times = torch.linspace(0, 1, steps + 1)
        return odeint(lambda t, state: field(state, float(t)), x, times, method=method)

    return run


def flow_matching(method: str) -> Callable[[Field, Tensor, int], Tensor]:
    """`ODESolver.sample` with the intermediate states."""
    from flow_matching.solver import ODESolver
    from flow_matching.utils import ModelWrapper

    class Wrapped(ModelWrapper):
        def forward(self, x: Tensor, t: Tensor, **_: object) -> Tensor:
            return self.model(x, float(t))

    def run(field: Field, x: Tensor, steps: int) -> Tensor:
        times = torch.linspace(0, 1, steps + 1)
        solver = ODESolver(velocity_model=Wrapped(field))
        return solver.sample(x, step_size=None, method=method, time_grid=times, return_intermediates=True)

    return run


def flow_matching_jumps(law: Sequences, path: DiscretePath) -> Callable[[Tensor, int], Tensor]:
    """`MixtureDiscreteEulerSolver` with the exact posterior, called with states at t = 0 and steps."""
    from flow_matching.path import MixtureDiscreteProbPath
    from flow_matching.path.scheduler import PolynomialConvexScheduler
    from flow_matching.solver import MixtureDiscreteEulerSolver
    from flow_matching.utils import ModelWrapper

    class Posterior(ModelWrapper):
        def forward(self, x: Tensor, t: Tensor, **_: object) -> Tensor:
            p = path.posterior(law, x, float(t[0]))
            return torch.nn.functional.pad(p, (0, path.states - path.tokens))  # the mark is never clean

    mixture = MixtureDiscreteProbPath(PolynomialConvexScheduler(n=1.0))
    solver = MixtureDiscreteEulerSolver(Posterior(nn.Identity()), mixture, path.states)

    def run(x: Tensor, steps: int) -> Tensor:
        return solver.sample(x, step_size=None, time_grid=torch.linspace(0, 1, steps + 1))

    return run


def diffusers_euler(field: Field, x: Tensor, steps: int) -> Tensor:
    """`FlowMatchEulerDiscreteScheduler`: its sigma is 1 - t, and its model answers with noise minus data."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=torch.linspace(1, 1 / steps, steps).tolist())
    states = torch.empty(steps + 1, *x.shape)
    states[0] = x
    for k, timestep in enumerate(scheduler.timesteps):
        x = scheduler.step(-field(x, k / steps), timestep, x, return_dict=False)[0]
        states[k + 1] = x
    return states


def torchsde(hint: bool = False) -> Callable[[Field, Tensor, int], Tensor]:
    """`sdeint` with the field as drift and a noise of strength 1; with the hint it is told dt beforehand."""
    from torchsde import BrownianInterval, sdeint

    class Process(nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

        def f(self, t: Tensor, x: Tensor) -> Tensor:
            return self.field(x, float(t))

        def g(self, t: Tensor, x: Tensor) -> Tensor:
            return torch.ones_like(x)

    def run(field: Field, x: Tensor, steps: int) -> Tensor:
        path = BrownianInterval(0.0, 1.0, size=tuple(x.shape), dt=1 / steps) if hint else None
        times = torch.linspace(0, 1, steps + 1)
        return sdeint(Process(field), x, times, bm=path, method="euler", dt=1 / steps)

    return run


def torchcfm_loop(
    net: nn.Module, data: Tensor, steps: int, batch: int, fused: bool = False
) -> Iterator[float]:
    """The loop of torchcfm's examples, on a pair of noise and data drawn as here."""
    from torchcfm.conditional_flow_matching import ConditionalFlowMatcher

    matcher = ConditionalFlowMatcher(sigma=0.0)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=fused or None)
    for _ in range(steps):
        adam.zero_grad()
        z = data[torch.randint(len(data), (batch,))]
        t, x, target = matcher.sample_location_and_conditional_flow(torch.randn_like(z), z)
        loss = torch.mean((net(x, t[:, None]) - target) ** 2)
        loss.backward()
        adam.step()
        yield loss.item()


def flow_matching_loop(
    net: nn.Module, data: Tensor, steps: int, batch: int, fused: bool = False
) -> Iterator[float]:
    """The loop of flow_matching's examples, on a pair of noise and data drawn as here."""
    from flow_matching.path import AffineProbPath
    from flow_matching.path.scheduler import CondOTScheduler

    path = AffineProbPath(scheduler=CondOTScheduler())
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=fused or None)
    for _ in range(steps):
        adam.zero_grad()
        z = data[torch.randint(len(data), (batch,))]
        sample = path.sample(t=torch.rand(batch), x_0=torch.randn_like(z), x_1=z)
        loss = torch.pow(net(sample.x_t, sample.t[:, None]) - sample.dx_t, 2).mean()
        loss.backward()
        adam.step()
        yield loss.item()
