"""A variational autoencoder of images: an encoder into a small grid of numbers, and a decoder back."""

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import silu

from .conditioning import zero_init

SHRINK = 4
"""A latent's side is that of the image divided by this."""
AT_ONCE = 500
"""Images encoded or decoded together where there are many: more would take memory and no less time."""


class ConvVAE(nn.Module):
    """A variational autoencoder of square images, with latents on a grid of a quarter of the side.

        encoder:  q(z | x) = N( mean(x), diag exp log_var(x) ),   decoder:  D(z), an image
        sample:   z = mean + exp(log_var / 2) eps,   eps from N(0, I)

    Written so, a sample is a smooth function of mean and log-variance, through which gradients pass: the
    reparameterisation of Kingma & Welling 2014. `coursekit.training.vae_loss` is its loss. All convolutions
    act on the small grid, where a pixel of the grid stands for 4 × 4 of the image; each latent sees its
    neighbourhood alone. As the first stage of a latent generator: Rombach et al. 2022.

    Trained latents do not have spread 1, which the noise of a flow has. `standardise` measures their mean and
    deviation, one number each, and `latents` and `images` take them into account.

    Args:
        channels: channels of the image.
        size: pixels along a side, a multiple of 4.
        latent: channels of the latent, numbers for each place of the grid.
        width: channels of the layers between, a multiple of 8.
    Raises:
        ValueError: a size is below 1, or not the multiple that it must be.

    >>> vae = ConvVAE()
    >>> mean, log_var = vae.encode(torch.zeros(2, 1, 28, 28))
    >>> mean.shape, log_var.shape, vae.decode(mean).shape
    (torch.Size([2, 4, 7, 7]), torch.Size([2, 4, 7, 7]), torch.Size([2, 1, 28, 28]))
    """

    shift: Tensor
    """Mean of the latents, one number: 0 until `standardise` measures it."""
    scale: Tensor
    """Standard deviation of the latents, one number: 1 until `standardise` measures it."""

    def __init__(self, channels: int = 1, size: int = 28, latent: int = 4, width: int = 48) -> None:
        super().__init__()
        self.config = {"channels": channels, "size": size, "latent": latent, "width": width}
        if min(self.config.values()) < 1:
            raise ValueError(f"every size must be at least 1, but they are {self.config}")
        if size % SHRINK or width % 8:
            raise ValueError(
                f"size = {size} must be a multiple of {SHRINK}, and width = {width} a multiple of 8"
            )
        pixels = channels * SHRINK**2
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, width, SHRINK, stride=SHRINK),
            _ResidualBlock(width),
            nn.SiLU(),
            nn.Conv2d(width, 2 * latent, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent, width, 3, padding=1),
            _ResidualBlock(width),
            nn.SiLU(),
            nn.Conv2d(width, pixels, 3, padding=1),
            nn.PixelShuffle(SHRINK),
        )
        self.register_buffer("shift", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Encode images (batch, channels, size, size) as mean and log-variance of their latents.

        Returns both as (batch, latent, size / 4, size / 4). Raises ValueError if images have another shape.
        """
        size = self.config["size"]
        _check("images", x, (self.config["channels"], size, size))
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean, log_var

    def decode(self, z: Tensor) -> Tensor:
        """Decode latents (batch, latent, size / 4, size / 4) as images (batch, channels, size, size).

        Values may lie a little outside [-1, 1]. Raises ValueError if latents have another shape.
        """
        side = self.config["size"] // SHRINK
        _check("latents", z, (self.config["latent"], side, side))
        return self.decoder(z)

    def forward(self, x: Tensor, generator: Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Encode images, draw a latent for each and decode it.

        Args:
            x: images, (batch, channels, size, size).
            generator: source of the noise, on the images' device; torch's own if None.
        Returns:
            The decoded images, shaped like `x`, and what `encode` returns: mean and log-variance.
        """
        mean, log_var = self.encode(x)
        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return self.decode(mean + (log_var / 2).exp() * eps), mean, log_var

    @torch.no_grad()
    def standardise(self, images: Tensor) -> None:
        """Measure mean and deviation of the latents' means over images, and keep them in `shift` and `scale`.

        One number each, for all channels and places, as in Rombach et al. 2022: directions of small spread
        stay small. Raises ValueError if there is no image or all latents are equal.
        """
        means = torch.cat([self.encode(part)[0] for part in images.split(AT_ONCE)])
        if means.numel() < 2 or not means.std() > 0:
            raise ValueError(f"the latents of {len(images)} images have no spread; give images that differ")
        self.shift.copy_(means.mean())
        self.scale.copy_(means.std())

    def latents(self, x: Tensor) -> Tensor:
        """Encode images as standardised latents, (mean - shift) / scale, without noise.

        >>> vae = ConvVAE()
        >>> x = torch.randn(50, 1, 28, 28)
        >>> vae.standardise(x)
        >>> torch.allclose(vae.latents(x).std(), torch.ones(()))
        True
        """
        means = torch.cat([self.encode(part)[0] for part in x.split(AT_ONCE)])
        return (means - self.shift) / self.scale

    def images(self, latents: Tensor) -> Tensor:
        """Decode standardised latents: decode(shift + scale * latents)."""
        return torch.cat([self.decode(self.shift + self.scale * part) for part in latents.split(AT_ONCE)])


class _ResidualBlock(nn.Module):
    """x -> x + B silu( A silu(norm(x)) ), with 3 × 3 convolutions A and B; B starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = zero_init(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(silu(self.conv1(silu(self.norm(x)))))


def _check(name: str, x: Tensor, event: tuple[int, ...]) -> None:
    if x.shape[1:] != event:
        raise ValueError(
            f"{name} have shape {tuple(x.shape)}, but this autoencoder was built for (batch, "
            f"{', '.join(map(str, event))}); reshape them, or build it with other sizes"
        )
