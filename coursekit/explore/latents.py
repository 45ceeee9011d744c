"""Explorer of an autoencoder's latents: a walk between two digits, and draws from two distributions."""

from functools import lru_cache

import torch
from matplotlib.axes import Axes
from torch import Tensor

from ..evaluation.classifiers import mnist_classifier
from ..nets import load_pretrained, load_vae
from ..paths import ConvertedField, GaussianPath
from ..plots import digit_grid
from ..solvers import solve, time_grid
from ..training import guided
from .panel import Explorer, choice, explorer, slider

STEPS, W = 10, 2.0
SEED = 9  # of the ten digits that a walk joins
TITLES = ("from", "walk in latents", "walk in pixels", "to", "prior's draw", "flow's draw")
PLACES = (0.0, 0.165, 0.33, 0.495, 0.68, 0.845)  # left edges of the pictures, the draws a little apart
WIDTH = 0.155


@lru_cache(maxsize=1)
def _digits() -> Tensor:
    """One digit of each kind, (10, 1, 28, 28), drawn by the course's generator: no data are needed."""
    return _drawn("mnist_300s", torch.arange(10), SEED).clamp(-1, 1)


def _drawn(name: str, y: Tensor, seed: int) -> Tensor:
    """What a shipped network that predicts the data makes of the noise of a seed."""
    net = load_pretrained(name)
    field = ConvertedField(guided(net, y, W), GaussianPath(), "data", "velocity")
    noise = torch.randn(len(y), *net.event, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return solve(field, noise, time_grid(STEPS), "Heun")


@lru_cache(maxsize=256)
def _draws(label: int, seed: int) -> Tensor:
    """The same noise, decoded as a draw from the prior and as the flow's start, (2, 1, 28, 28)."""
    vae = load_vae("vae_mnist")
    made = _drawn("latent_mnist", torch.tensor([label]), seed)
    prior = torch.randn(made.shape, generator=torch.Generator().manual_seed(seed))
    return torch.cat([vae.decode(prior), vae.images(made)]).clamp(-1, 1)


def latents() -> Explorer:
    """Explore the latent space of the course's autoencoder of MNIST, and what can be drawn from it.

        in latents:  D( (1 - s) mean(a) + s mean(b) ),   in pixels:  (1 - s) a + s b

    The two digits a and b were drawn by the course's generator. Beside the walks stand two draws that begin
    with the same noise: decoded as it is, a sample of the autoencoder's own prior N(0, I), and decoded after
    the latent flow has moved it to where digits are encoded.

    Returns:
        The explorer: menus for the two digits (the flow is asked for the first), a slider for the walk and
        one for the noise of the draws.
    """
    vae = load_vae("vae_mnist")

    def draw(ax: Axes, first: int, second: int, s: float, seed: int) -> str:
        with torch.no_grad():
            ends = _digits()[[first, second]]
            a, b = vae.encode(ends)[0]
            walk = vae.decode(((1 - s) * a + s * b)[None])
        pixels = (1 - s) * ends[:1] + s * ends[1:]
        shown = torch.cat([ends[:1], walk, pixels, ends[1:], _draws(first, seed)]).clamp(-1, 1)
        ax.set_axis_off()
        for image, title, left in zip(shown, TITLES, PLACES, strict=True):
            each = digit_grid(image[None], ax=ax.inset_axes((left, 0, WIDTH, 1)))
            each.spines[:].set(visible=True, color="#BBBBBB")
            each.set_title(title, fontsize="medium")
        _, latent, pixel, _, prior, flow = mnist_classifier().classify(shown).tolist()
        return (
            f"At s = {s:.2f} between {first} and {second}, a classifier reads the walk in latents as "
            f"{latent}, that in pixels as {pixel}. Noise of seed {seed}, decoded as it is, is read as "
            f"{prior}, if it is a digit at all; moved by the flow, which is asked for {first}, it is read as "
            f"{flow}."
        )

    return explorer(
        draw,
        (8.4, 1.7),
        first=choice("from the digit", list(range(10)), 3),
        second=choice("to the digit", list(range(10)), 8),
        s=slider("walk s", 0.0, 1.0, 0.5, 0.05),
        seed=slider("seed of the noise", 0, 50, 0),
    )
