"""Continuing clips: some frames are given, and the network generates the others to go with them."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from ..base import Time, as_time
from .losses import Loss


class Continued(nn.Module):
    """A network of clips that is shown some frames as they are, at their time t = 1, and returns them as they
    are.

        x_k <- z_k,  t_k <- 1,  prediction_k <- z_k   in each frame k that is given

    The others attend to the given ones and are generated to go with them. The network predicts data, and
    takes a time for each frame, as `ClipDiT` does. Ho et al. 2022 ("Video diffusion models") replace frames
    while they sample; a network that is also trained with frames at other times than the rest does better
    (Chen et al. 2024, "Diffusion forcing").

    Args:
        net: called as net(x, t, y) with times (batch, frames, 1, …, 1); predicts data.
        clips: holds the given frames, (n, frames, *event); what it holds elsewhere does not matter. A batch
        of
            several times n states, as guidance makes one, repeats them.
        given: which frames are given, (n, frames) of bool.
    Raises:
        ValueError: `given` is not shaped like the first axes of `clips`.

    >>> from coursekit.nets import ClipDiT
    >>> net, clips = ClipDiT(), torch.randn(3, 8, 18, 1, 1)
    >>> first = torch.arange(8).expand(3, 8) < 1
    >>> answer = Continued(net, clips, first)(torch.randn(3, 8, 18, 1, 1), 0.5, torch.tensor([[7, 11]] * 3))
    >>> torch.equal(answer[:, 0], clips[:, 0])
    True
    """

    def __init__(self, net: nn.Module, clips: Tensor, given: Tensor) -> None:
        super().__init__()
        if given.shape != clips.shape[:2]:
            raise ValueError(
                f"given has shape {tuple(given.shape)} for clips of shape {tuple(clips.shape)}; say of each "
                f"frame whether it is given, {tuple(clips.shape[:2])}"
            )
        self.net, self.clips, self.given = net, clips, given
        self.null = getattr(net, "null", None)

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Predict the data of clips `x` (batch, frames, *event) at times and labels; same shape as `x`."""
        copies = len(x) // len(self.clips)
        clips = self.clips.repeat(copies, *(1,) * (self.clips.dim() - 1))
        given = self.given.repeat(copies, 1).reshape(*x.shape[:2], *(1,) * (x.dim() - 2))
        times = torch.where(given, 1.0, as_time(t, x))
        return torch.where(given, clips, self.net(torch.where(given, clips, x), times, y))


def draw_given(
    n: int, frames: int, share: float, most: int = 2, generator: Generator | None = None
) -> Tensor:
    """Draw which frames of clips are given: the first few of some clips.

    Args:
        n: clips.
        frames: frames of each.
        share: of the clips in which frames are given, from 0 to 1.
        most: frames that are given at most; from one up to as many, each number as often.
        generator: source of randomness; on a device, the mask is there too.
    Returns:
        (n, frames) of bool.
    Raises:
        ValueError: `share` is not a fraction, or `most` does not lie between 1 and `frames` - 1.

    >>> draw_given(2, 8, share=1.0, most=1)[:, :3]
    tensor([[ True, False, False],
            [ True, False, False]])
    """
    if not 0 <= share <= 1 or not 1 <= most < frames:
        raise ValueError(f"share = {share}, most = {most}; give a fraction, and 1 to {frames - 1} frames")
    device = generator.device if generator is not None else torch.device("cpu")
    count = torch.randint(1, most + 1, (n, 1), generator=generator, device=device)
    count = torch.where(torch.rand(n, 1, generator=generator, device=device) < share, count, 0)
    return torch.arange(frames, device=device) < count


@dataclass(frozen=True, eq=False)
class GivenFrames:
    """The loss that `with_given_frames` makes: another loss, of a network that is shown some frames.

    >>> from coursekit.training import prediction_loss
    >>> GivenFrames(prediction_loss(GaussianPath(), "data"), share=0.3).most
    2
    """

    loss: Loss
    share: float
    most: int = 2

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean loss of `net` on clips `z` (batch, frames, *event) with labels `y`, a tensor without axes."""
        given = draw_given(len(z), z.shape[1], self.share, self.most, generator).to(z.device)
        return self.loss(Continued(net, z, given), z, y, generator=generator)


def with_given_frames(loss: Loss, share: float, most: int = 2) -> GivenFrames:
    """Make a loss that shows a network of clips the first frames of some, so that it learns to continue them.

    Args:
        loss: of a network that predicts data, called as loss(net, z, y, generator=generator). Given frames
            contribute no error to it.
        share: of the clips of a batch in which frames are given.
        most: frames that are given at most.
    Returns:
        A loss, called like the other one.

    >>> from coursekit.nets import ClipDiT
    >>> from coursekit.training import prediction_loss
    >>> loss = with_given_frames(prediction_loss(GaussianPath(), "data", "data"), share=0.3)
    >>> loss(ClipDiT(), torch.randn(5, 8, 18, 1, 1), torch.tensor([[7, 11]] * 5)).shape
    torch.Size([])
    """
    return GivenFrames(loss, share, most)
