"""The autoencoder's shapes, its sample, its standardised latents, and its way through a file."""

import pytest
import torch

from coursekit.nets import ConvVAE, load_vae, pretrained
from coursekit.training import EMA, fit, vae_loss


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def stirred(vae):
    """The autoencoder with every weight moved, so that no zero start hides a missing connection."""
    with torch.no_grad():
        for weight in vae.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return vae


def small():
    return stirred(ConvVAE(channels=2, size=8, latent=3, width=8))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_and_types_are_those_of_the_images(dtype):
    vae, x = small().to(dtype), torch.randn(5, 2, 8, 8, dtype=dtype)
    mean, log_var = vae.encode(x)
    decoded, again, _ = vae(x)
    assert mean.shape == log_var.shape == (5, 3, 2, 2)
    assert decoded.shape == x.shape
    assert torch.equal(again, mean)
    assert {each.dtype for each in (mean, log_var, decoded, vae.latents(x))} == {dtype}


def test_a_sample_has_the_mean_and_the_deviation_that_the_encoder_tells():
    """A decoder that hands the latent on shows what was drawn."""
    vae = small()
    vae.decode = lambda z: z
    drawn, _, _ = vae(torch.zeros(1, 2, 8, 8).expand(20_000, 2, 8, 8), seeded())
    mean, log_var = vae.encode(torch.zeros(1, 2, 8, 8))
    score = (drawn - mean) / (log_var / 2).exp()
    assert score.mean(0).abs().max() < 5 / 20_000**0.5
    assert (score.square().mean(0) - 1).abs().max() < 5 * (2 / 20_000) ** 0.5


def test_the_generator_decides_the_sample():
    vae, x = small(), torch.randn(3, 2, 8, 8)
    first, same, other = (vae(x, seeded(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_gradients_reach_every_weight():
    vae = small()
    vae_loss()(vae, torch.randn(4, 2, 8, 8)).backward()
    assert all(weight.grad is not None and weight.grad.abs().max() > 0 for weight in vae.parameters())


def test_standardised_latents_have_mean_0_and_deviation_1_and_decode_as_the_plain_ones():
    vae, x = small(), torch.randn(700, 2, 8, 8) + 0.5
    assert (float(vae.shift), float(vae.scale)) == (0, 1)
    vae.standardise(x)
    latents = vae.latents(x).detach()
    assert abs(latents.mean()) < 1e-5
    assert latents.std() == pytest.approx(1, abs=1e-5)
    mean = vae.encode(x)[0]
    torch.testing.assert_close(vae.shift + vae.scale * latents, mean)
    torch.testing.assert_close(vae.images(latents), vae.decode(mean))


def test_a_latent_sees_its_neighbourhood_alone():
    """Two 3 × 3 convolutions on the grid: at most two places away, but for the mean of a group."""
    vae = ConvVAE(size=40, width=8)
    vae.encoder[1].norm = torch.nn.Identity()
    stirred(vae)
    x = torch.zeros(1, 1, 40, 40)
    y = x.clone()
    y[..., 0, 0] = 1
    moved = (vae.encode(x)[0] - vae.encode(y)[0]).abs().amax((0, 1)) > 0
    assert moved[:3, :3].all()
    assert moved.sum() == 9


def test_shapes_and_sizes_that_do_not_fit_are_refused():
    vae = small()
    with pytest.raises(ValueError, match=r"images have shape \(5, 2, 8\).*\(batch, 2, 8, 8\)"):
        vae.encode(torch.zeros(5, 2, 8))
    with pytest.raises(ValueError, match=r"latents have shape \(5, 3, 8, 8\).*\(batch, 3, 2, 2\)"):
        vae.decode(torch.zeros(5, 3, 8, 8))
    for sizes in ({"size": 30}, {"width": 12}):
        with pytest.raises(ValueError, match="multiple"):
            ConvVAE(**sizes)
    with pytest.raises(ValueError, match="at least 1"):
        ConvVAE(latent=0)
    for images in (torch.zeros(0, 2, 8, 8), torch.full((3, 2, 8, 8), torch.nan)):
        with pytest.raises(ValueError, match="no spread"):
            vae.standardise(images)


@pytest.mark.parametrize("half", [False, True])
def test_it_comes_back_from_a_file_with_its_scale(half, tmp_path):
    vae, x = small(), torch.randn(30, 2, 8, 8)
    vae.standardise(x)
    pretrained.save(vae, tmp_path / "vae.safetensors", half=half)
    again = pretrained.load(tmp_path / "vae.safetensors")
    assert isinstance(again, ConvVAE)
    assert again.config == vae.config
    assert not again.training
    assert not any(weight.requires_grad for weight in again.parameters())
    tolerance = {"rtol": 0, "atol": 0.05} if half else {"rtol": 0, "atol": 0}
    torch.testing.assert_close(again.latents(x), vae.latents(x), **tolerance)
    assert float(again.scale) == pytest.approx(float(vae.scale), rel=1e-3 if half else 0)


def test_the_loop_trains_it_and_its_smoothed_copy():
    vae, x = ConvVAE(size=8, width=16, latent=4), torch.randn(200, 1, 8, 8, generator=seeded()).sign()
    ema = EMA(vae, 0.9)
    losses = [step.loss for step in fit(vae, vae_loss(0.01), x, 150, batch=64, lr=5e-3, ema=ema)]
    assert sum(losses[-10:]) < 0.75 * sum(losses[:10])
    ema.net.standardise(x)
    assert ema.net.latents(x).std() == pytest.approx(1, abs=1e-5)
    assert float(vae.scale) == 1


def test_only_autoencoders_that_ship_can_be_asked_for():
    with pytest.raises(ValueError, match="no autoencoder 'mnist'"):
        load_vae("mnist")
