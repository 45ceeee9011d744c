"""The flow-matching loss against its closed forms."""

import pytest
import torch

from coursekit import GaussianPath
from coursekit.losses import velocity_loss

N, DIM = 40_000, 3


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_loss_of_the_zero_field_is_the_mean_square_of_the_target():
    """The target of the straight line is z - eps: with z = m its mean square is m^2 + 1."""
    z = torch.full((N, DIM), 2.0)
    value = velocity_loss(GaussianPath())(lambda x, t: torch.zeros_like(x), z, generator=seeded())
    # var (2 - e)^2 = var(e^2 - 4 e) = 2 + 16
    assert value.item() == pytest.approx(5.0, abs=5 * (18 / (N * DIM)) ** 0.5)


def test_loss_of_the_true_field_is_zero_for_a_single_point():
    """All data in one point m: the field is (m - x) / (1 - t), known for every state."""
    z = torch.full((N, DIM), 2.0, dtype=torch.float64)
    value = velocity_loss(GaussianPath())(lambda x, t: (2 - x) / (1 - t), z, generator=seeded())
    assert value.item() < 1e-15


def test_loss_of_the_best_field_is_the_known_floor():
    """Data N(0, 1): E[z - eps | x] = (2t - 1) x / (t^2 + (1-t)^2), and what is left over is pi / 2 - 1...

    The variance of z - eps given x is 2 - (2t-1)^2 / s with s = t^2 + (1-t)^2, which is 1 / s; its integral
    over [0, 1] is pi / 2.
    """
    z = torch.randn(N, DIM, generator=seeded(1))

    def field(x, t):
        return (2 * t - 1) * x / (t**2 + (1 - t) ** 2)

    value = velocity_loss(GaussianPath())(field, z, generator=seeded())
    # Given t a squared residual has variance 2 / s^2, and 1 / s itself varies by less than 1: at most 9.
    assert value.item() == pytest.approx(torch.pi / 2, abs=5 * (9 / N / DIM) ** 0.5)


@pytest.mark.parametrize("event", [(3,), (1, 4, 4)])
def test_each_sample_has_its_own_time_and_noise(event):
    seen = {}

    def net(x, t):
        seen["x"], seen["t"] = x, t
        return torch.zeros_like(x)

    velocity_loss(GaussianPath())(net, torch.zeros(1000, *event), generator=seeded())
    assert seen["t"].shape == (1000,) + (1,) * len(event)
    assert seen["t"].unique().numel() > 990
    assert seen["t"].min() >= 0
    assert seen["t"].max() <= 1
    noise = (seen["x"] / (1 - seen["t"])).flatten(1)
    assert noise.std(0).min() > 0.8  # not shared along the batch
    assert noise.std(1).median() > 0.5  # nor along the axes


def test_labels_reach_the_network():
    y = torch.tensor([3, 1, 2])

    def net(x, t, labels):
        assert torch.equal(labels, y)
        return torch.zeros_like(x)

    assert velocity_loss(GaussianPath())(net, torch.zeros(3, 2), y).item() > 0


def test_same_generator_same_loss():
    loss, z = velocity_loss(GaussianPath()), torch.randn(8, 2)
    values = [loss(lambda x, t: x, z, generator=seeded(s)).item() for s in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


def test_pixels_as_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"x\.float\(\)"):
        velocity_loss(GaussianPath())(lambda x, t: x, torch.zeros(8, 64, dtype=torch.uint8))


def test_an_answer_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="shaped like the state"):
        velocity_loss(GaussianPath())(lambda x, t: x.sum(1, keepdim=True), torch.randn(8, 2))
