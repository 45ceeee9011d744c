"""The divergence and the bound against their definitions: drawn, in closed form, and where it is tight."""

import math

import pytest
import torch
from torch import distributions, nn

from coursekit.training import fit, gaussian_kl, vae_loss


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class LinearVAE(nn.Module):
    """x = W z + b: encoder N(V x + c, diag exp(log_var)), decoder W z + b."""

    def __init__(self, q, d):
        super().__init__()
        self.V, self.c = nn.Parameter(torch.randn(q, d) / d**0.5), nn.Parameter(torch.randn(q))
        self.W, self.b = nn.Parameter(torch.randn(d, q)), nn.Parameter(torch.randn(d))
        self.log_var = nn.Parameter(torch.randn(q) - 1)

    def forward(self, x, generator=None):
        mean = x @ self.V.T + self.c
        log_var = self.log_var.expand_as(mean)
        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        return (mean + (log_var / 2).exp() * eps) @ self.W.T + self.b, mean, log_var


def test_the_divergence_is_that_of_torch_for_every_event_shape():
    mean, log_var = torch.randn(7, 3, 2, dtype=torch.float64), torch.randn(7, 3, 2, dtype=torch.float64)
    q = distributions.Normal(mean, (log_var / 2).exp())
    expected = distributions.kl_divergence(q, distributions.Normal(0.0, 1.0)).sum((1, 2))
    torch.testing.assert_close(gaussian_kl(mean, log_var), expected, rtol=1e-12, atol=1e-12)


def test_the_divergence_is_the_mean_of_the_log_ratio():
    mean, log_var = torch.tensor([[1.0, -0.5]]).double(), torch.tensor([[0.3, -1.2]]).double()
    z = mean + (log_var / 2).exp() * torch.randn(200_000, 2, generator=seeded(), dtype=torch.float64)
    log_q = -0.5 * ((z - mean).square() / log_var.exp() + log_var).sum(1)
    ratio = log_q + 0.5 * z.square().sum(1)
    error = 5 * ratio.std() / len(z) ** 0.5
    assert gaussian_kl(mean, log_var).item() == pytest.approx(ratio.mean().item(), abs=error.item())


def test_the_divergence_is_zero_at_the_prior_and_positive_elsewhere():
    assert gaussian_kl(torch.zeros(3, 4), torch.zeros(3, 4)).tolist() == [0, 0, 0]
    assert gaussian_kl(torch.zeros(1, 1), torch.tensor([[0.1]])) > 0
    assert gaussian_kl(torch.zeros(1, 1), torch.tensor([[-0.1]])) > 0


def test_the_loss_is_minus_log_likelihood_plus_the_divergence_from_the_true_posterior():
    """A linear decoder's law and posterior are Gaussian and known: the gap of the bound is a divergence."""
    torch.manual_seed(3)
    q, d, n, variance = 2, 4, 100_000, 0.7
    vae, x = LinearVAE(q, d).double(), torch.randn(1, d, dtype=torch.float64)
    with torch.no_grad():
        value = vae_loss(1.0, variance)(vae, x.expand(n, d), generator=seeded())
        decoded, mean, log_var = vae(x.expand(n, d), seeded(1))
        spread = ((decoded - x).square().sum(1) / (2 * variance)).std() / n**0.5
        law = distributions.MultivariateNormal(
            vae.b, vae.W @ vae.W.T + variance * torch.eye(d, dtype=torch.float64)
        )
        precision = torch.eye(q, dtype=torch.float64) + vae.W.T @ vae.W / variance
        posterior = distributions.MultivariateNormal(
            torch.linalg.solve(precision, (x - vae.b) @ vae.W / variance, left=False),
            precision_matrix=precision,
        )
        encoder = distributions.MultivariateNormal(mean[:1], torch.diag_embed(log_var[:1].exp()))
        gap = distributions.kl_divergence(encoder, posterior).item()
    expected = -law.log_prob(x).item() + gap - d / 2 * math.log(2 * math.pi * variance)
    assert gap > 0.5
    assert value.item() == pytest.approx(expected, abs=5 * spread.item())


def test_beta_is_a_variance_but_for_a_factor():
    torch.manual_seed(1)
    vae, x = LinearVAE(2, 4).double(), torch.randn(9, 4, dtype=torch.float64)
    weighted = vae_loss(beta=0.2)(vae, x, generator=seeded())
    bound = vae_loss(variance=0.2)(vae, x, generator=seeded())
    assert weighted.item() == pytest.approx(0.2 * bound.item(), rel=1e-12)


def test_training_finds_the_principal_axis_in_closed_form():
    """Probabilistic PCA (Tipping & Bishop 1999): |w|^2 is the largest eigenvalue less the variance."""
    torch.manual_seed(0)
    x = torch.randn(4000, 3, generator=seeded()) * torch.tensor([2.0, 0.5, 0.5])
    vae = LinearVAE(1, 3)
    for _ in fit(vae, vae_loss(1.0, 0.25), x, 2000, batch=500, lr=0.1, generator=seeded()):
        pass
    assert vae.W.square().sum().item() == pytest.approx(4 - 0.25, rel=0.03)
    assert vae.W[0].abs() > 10 * vae.W[1:].abs().max()


def test_what_cannot_be_a_loss_is_refused():
    for beta, variance in ((-0.1, 1.0), (1.0, 0.0), (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="at least 0"):
            vae_loss(beta, variance)
    with pytest.raises(ValueError, match="give both as"):
        gaussian_kl(torch.zeros(3, 2), torch.zeros(3, 1))
    with pytest.raises(ValueError, match="give both as"):
        gaussian_kl(torch.zeros(3), torch.zeros(3))
    short = lambda x, generator: (x[:, :1], x, x)  # noqa: E731
    with pytest.raises(ValueError, match="shaped like the data"):
        vae_loss()(short, torch.zeros(3, 2))
