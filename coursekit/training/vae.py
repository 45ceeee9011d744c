"""The loss of a variational autoencoder: what is lost of the image, and what its latent says."""

from torch import Generator, Tensor, nn

from .losses import Loss


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """Kullback–Leibler divergence of diagonal Gaussians from the standard one, in nats.

        KL( N(m, diag s^2) || N(0, I) ) = 1/2 sum over axes of [ m^2 + s^2 - 1 - log s^2 ]

    Kingma & Welling 2014, appendix B. It is 0 where m = 0 and s = 1, and positive elsewhere: the average
    number of nats that a latent tells of its image, beyond what the prior says, if codes were ideal.

    Args:
        mean: means, (batch, *event).
        log_var: logarithms of the variances s^2, the same shape.
    Returns:
        (batch,), one divergence for each Gaussian.
    Raises:
        ValueError: the shapes differ, or there is no event axis.

    >>> gaussian_kl(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2))
    tensor([12.5000])
    """
    if mean.shape != log_var.shape or mean.ndim < 2:
        raise ValueError(
            f"means have shape {tuple(mean.shape)} and log-variances {tuple(log_var.shape)}; give both as "
            "(batch, *event)"
        )
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).flatten(1).sum(1)


def vae_loss(beta: float = 1.0, variance: float = 1.0) -> Loss:
    """Make the loss of a variational autoencoder: the negative evidence lower bound, but for constants.

        E [ || x - D(z) ||^2 ] / (2 variance) + beta KL( q(z | x) || N(0, I) ),   z from q(z | x)

    Kingma & Welling 2014 for beta = 1: with the constant (dim / 2) log(2 pi variance), the decoder being
    N(D(z), variance I), it bounds the negative log-likelihood of x from above. Higgins et al. 2017 for other
    `beta`; what it minimises is the bound of a decoder with variance beta * variance, times beta. A large
    product blurs images and leaves latents near the prior, a small one keeps images and leaves the prior far.

    Args:
        beta: weight of the divergence, not negative; 0 makes a plain autoencoder whose latents are noisy.
        variance: variance of a pixel around the decoder's answer, positive.
    Returns:
        A loss, called as loss(vae, x, generator=None) and usable with `fit`: the mean over the batch, a
        tensor without axes. `vae(x, generator)` must return what `ConvVAE` does: a decoded sample shaped like
        x, mean and log-variance; labels are not used. The call raises ValueError on another shape.
    Raises:
        ValueError: `beta` is negative or `variance` is not positive.

    >>> from coursekit.nets import ConvVAE
    >>> vae = ConvVAE()
    >>> loss = vae_loss(beta=0.2)
    >>> loss(vae, torch.zeros(3, 1, 28, 28)).shape
    torch.Size([])
    """
    if not beta >= 0 or not variance > 0:
        raise ValueError(
            f"beta = {beta}, variance = {variance}; beta is at least 0 and the variance positive"
        )

    # Its data `z` are images x, whose latents are drawn inside the autoencoder: the name is that of `Loss`.
    def loss(
        net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        decoded, mean, log_var = net(z, generator)
        if decoded.shape != z.shape:
            raise ValueError(
                f"the autoencoder returned shape {tuple(decoded.shape)} for data of shape {tuple(z.shape)}; "
                "it must return one decoded sample for each, shaped like the data"
            )
        lost = (z - decoded).square().flatten(1).sum(1) / (2 * variance)
        return (lost + beta * gaussian_kl(mean, log_var)).mean()

    return loss
