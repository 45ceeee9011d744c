"""A residual network that takes an image as a vector."""

from torch import Tensor, nn

from ..base import Time
from .conditioning import FiLM, ImageNetwork, zero_init


class FiLMBlock(nn.Module):
    """A residual layer whose units are scaled and shifted by time and label.

        x -> x + B silu( film(A norm(x), c) )

    Scale, shift and B start at zero, so that a new block is the identity and a deep stack trains from the
    first step.

    Args:
        hidden: number of units.
        cond_dim: length of the conditioning vector.

    >>> FiLMBlock(hidden=16, cond_dim=64)(torch.randn(2, 16), torch.randn(2, 64)).shape
    torch.Size([2, 16])
    """

    def __init__(self, hidden: int, cond_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden, elementwise_affine=False)
        self.fc1, self.film = nn.Linear(hidden, hidden), FiLM(cond_dim, hidden)
        self.fc2 = zero_init(nn.Linear(hidden, hidden))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Transform features (batch, hidden), conditioned on a vector (batch, cond_dim)."""
        middle = self.film(self.fc1(self.norm(x)), condition)
        return x + self.fc2(nn.functional.silu(middle))


class FiLMMLP(ImageNetwork):
    """A residual network of images as vectors; time and label scale and shift its units.

    It has no notion of neighbouring pixels. For small images that is no loss, and nothing trains faster: with
    the default sizes and 8 × 8 pixels it has about 170,000 parameters. The output starts at zero. Labels and
    the null label are those of `ConditionEmbedding`.

    Args:
        channels: channels of the image.
        size: pixels along a side.
        classes: number of labels, the null label not counted.
        hidden: units in each block.
        blocks: number of residual blocks.
        cond_dim: length of the vector that time and label are embedded in.
    Raises:
        ValueError: a size is below 1.

    >>> net = FiLMMLP()
    >>> net(torch.randn(2, 1, 8, 8), 0.5, torch.tensor([3, net.null])).shape
    torch.Size([2, 1, 8, 8])
    """

    def __init__(
        self,
        channels: int = 1,
        size: int = 8,
        classes: int = 10,
        hidden: int = 160,
        blocks: int = 2,
        cond_dim: int = 64,
    ) -> None:
        super().__init__(
            channels=channels,
            size=size,
            classes=classes,
            hidden=hidden,
            blocks=blocks,
            cond_dim=cond_dim,
        )
        self.proj_in = nn.Linear(channels * size**2, hidden)
        self.blocks = nn.ModuleList(FiLMBlock(hidden, cond_dim) for _ in range(blocks))
        last = zero_init(nn.Linear(hidden, channels * size**2))
        self.proj_out = nn.Sequential(nn.LayerNorm(hidden, elementwise_affine=False), nn.SiLU(), last)

    def forward(self, x: Tensor, t: Time, y: Tensor) -> Tensor:
        """Predict for states, times and labels, whose shapes are those of `ImageNetwork`."""
        condition = self.embed_condition(x, t, y)
        features = self.proj_in(x.flatten(1))
        for block in self.blocks:
            features = block(features, condition)
        return self.proj_out(features).reshape(x.shape)
