"""DDIM and ancestral sampling beside diffusers' schedulers, step by step from the same noise."""

import diffusers
import pytest
import torch

from coursekit import (
    DDIM,
    ChainScheduler,
    ConvertedField,
    ForwardChain,
    GaussianPath,
    cosine_betas,
    linear_betas,
    solve,
    time_grid,
)

VARIANCES = ["posterior", "forward"]


def answer(x, k):
    """A noise prediction of no use, the same for both libraries: a number k or (batch,) of steps made."""
    return torch.tanh(x) + 0.3 * torch.cos(x + k / 100)


def ours(x, steps, eta, variance, seed, betas):
    path, chain = GaussianPath(ChainScheduler(betas)), ForwardChain(betas)
    field = ConvertedField(lambda x, t: answer(x, chain.index(t)), path, "noise", "velocity")
    method = DDIM(path, eta, variance, torch.Generator().manual_seed(seed))
    return solve(field, x, time_grid(steps), method)


@pytest.mark.parametrize("variance", VARIANCES)
def test_ancestral_sampling_agrees_with_diffusers(variance):
    scheduler = diffusers.DDPMScheduler(
        1000,
        clip_sample=False,
        variance_type={"posterior": "fixed_small", "forward": "fixed_large"}[variance],
    )
    generator, start = torch.Generator().manual_seed(5), torch.randn(8, 4)
    x = start
    for k in range(1000, 0, -1):
        x = scheduler.step(answer(x, k), k - 1, x, generator=generator).prev_sample
    torch.testing.assert_close(ours(start, 1000, 1.0, variance, 5, linear_betas()), x, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("name", ["linear", "squaredcos_cap_v2"])
def test_ddim_agrees_with_diffusers(eta, name):
    scheduler = diffusers.DDIMScheduler(
        1000, beta_schedule=name, clip_sample=False, set_alpha_to_one=True, timestep_spacing="trailing"
    )
    scheduler.set_timesteps(20)
    generator, start = torch.Generator().manual_seed(6), torch.randn(8, 4)
    x = start
    for k in (scheduler.timesteps + 1).tolist():
        x = scheduler.step(answer(x, k), k - 1, x, eta=eta, generator=generator).prev_sample
    betas = linear_betas() if name == "linear" else cosine_betas()
    torch.testing.assert_close(ours(start, 20, eta, "posterior", 6, betas), x, rtol=2e-3, atol=2e-3)
