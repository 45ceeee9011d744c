"""The training loop: what it yields, what it learns, what it refuses."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from coursekit import GaussianPath
from coursekit.nets import MLP
from coursekit.training import EMA, Adam, cosine_rate, draw_batch, fit, training_steps, velocity_loss


class Point(nn.Module):
    """A network with one weight, so that training has a known answer."""

    def __init__(self, start=5.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start))

    def forward(self, x, t):
        return self.weight.expand_as(x)


def distance(net, z, y=None, *, generator=None):
    return (net.weight - z).square().mean()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_learns_the_mean_that_least_squares_asks_for():
    net, data = Point(), torch.tensor([[1.0], [2.0], [6.0]])
    for _ in fit(net, distance, data, 400, batch=300, lr=0.1, generator=seeded()):
        pass
    # A batch's mean is off by 2.16 / sqrt(300) = 0.12; the falling rate averages over some fifty.
    assert net.weight.item() == pytest.approx(3.0, abs=0.1)


def test_learns_the_field_of_a_gaussian_down_to_its_floor():
    """The floor of the loss is pi / 2 for data N(0, 1): see test_losses."""
    torch.manual_seed(0)
    net, data = MLP(1, hidden=32), torch.randn(4000, 1, generator=seeded(1))
    losses = [s.loss for s in fit(net, velocity_loss(GaussianPath()), data, 400, generator=seeded())]
    assert sum(losses[:10]) / 10 > 1.7
    x, t = torch.randn(20_000, 1, generator=seeded(2)), torch.rand(20_000, 1, generator=seeded(3))
    s = t**2 + (1 - t) ** 2
    x = x * s.sqrt()  # the law of the states at time t
    excess = (net(x, t) - (2 * t - 1) * x / s).square().mean().item()
    assert excess < 0.02 * torch.pi / 2


def test_yields_every_step_with_its_loss_before_the_update():
    net = Point(5.0)
    batches = []

    def loss(net, z, y=None, *, generator=None):
        batches.append(len(z))
        return distance(net, z)

    steps = list(fit(net, loss, torch.zeros(4, 1), 3, batch=2, lr=0.5))
    assert batches == [2, 2, 2]
    assert [s.step for s in steps] == [1, 2, 3]
    assert steps[0].loss == pytest.approx(25.0)
    assert all(later.loss < earlier.loss for earlier, later in pairwise(steps))


def test_the_caller_may_stop():
    net = Point(5.0)
    for step in fit(net, distance, torch.zeros(4, 1), 1000, lr=0.5):
        if step.step == 2:
            break
    assert 3.5 < net.weight.item() < 5.0  # two steps of Adam move by at most the rate each


def test_same_generator_same_run_of_batches_and_of_the_loss_s_own_randomness():
    def noisy(net, z, y=None, *, generator=None):
        return distance(net, z + torch.randn(z.shape, generator=generator))

    def run(seed):
        net = Point()
        return [
            s.loss
            for s in fit(
                net, noisy, torch.randn(50, 1, generator=seeded(9)), 5, batch=8, generator=seeded(seed)
            )
        ]

    assert run(0) == run(0) != run(1)


def test_labels_travel_with_their_points():
    data = torch.arange(40.0)[:, None]

    def loss(net, z, y, *, generator=None):
        assert torch.equal(z[:, 0].long() * 3, y)
        return distance(net, z)

    assert len(list(fit(Point(), loss, (data, torch.arange(40) * 3), 3, batch=16))) == 3


def test_the_rate_rises_then_falls_to_almost_zero():
    rates = [cosine_rate(k, 100) for k in range(1, 101)]
    top = rates.index(max(rates))
    assert 2 <= top <= 6
    assert rates[top] > 0.98
    assert rates == sorted(rates[: top + 1]) + sorted(rates[top + 1 :], reverse=True)
    assert 0 < rates[-1] < 1e-3
    assert cosine_rate(1, 1) > 0.9


def test_steps_report_the_rate_used():
    steps = list(fit(Point(), distance, torch.zeros(4, 1), 50, lr=0.3))
    assert [s.lr for s in steps] == pytest.approx([0.3 * cosine_rate(k, 50) for k in range(1, 51)])


def test_average_follows_a_weight_at_rest_and_forgets_the_start():
    net = Point(5.0)
    ema = EMA(net, 0.99)
    with torch.no_grad():
        net.weight.fill_(1.0)
    for _ in range(100):
        ema.update()
    # k / (k + 9) up to k = 100: the start's share is the product 9! 100! / 109!, below 1e-9.
    assert ema.net.weight.item() == pytest.approx(1.0, abs=1e-5)
    assert net.weight.item() == 1.0


def test_average_keeps_its_decay_after_the_warm_up():
    net = Point(0.0)
    ema = EMA(net, 0.8)
    for _ in range(40):  # 36 / (36 + 9) = 0.8
        ema.update()
    with torch.no_grad():
        net.weight.fill_(1.0)
    shares = []
    for _ in range(3):
        ema.update()
        shares.append(1 - ema.net.weight.item())
    assert shares == pytest.approx([0.8, 0.64, 0.512])


def test_average_is_updated_while_training_and_needs_no_gradient():
    net = Point(5.0)
    ema = EMA(net, 0.9)
    net.eval()  # as after a picture on the way
    for _ in fit(net, distance, torch.zeros(4, 1), 50, lr=0.2, ema=ema):
        assert net.training
    assert not ema.net.training
    assert net.weight.item() < ema.net.weight.item() < 5.0  # it lags behind
    assert not ema.net.weight.requires_grad
    assert ema.updates == 50


@pytest.mark.parametrize("decay", [-0.1, 1.0, 1.5])
def test_impossible_decay_is_refused(decay):
    with pytest.raises(ValueError, match="below 1"):
        EMA(Point(), decay)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch": 0}, {"lr": 0.0}])
def test_impossible_numbers_are_refused_at_the_call(wrong):
    with pytest.raises(ValueError, match="must be positive"):
        fit(Point(), distance, torch.zeros(4, 1), **({"steps": 5} | wrong))


@pytest.mark.parametrize(
    "data",
    [torch.zeros(0, 1), (torch.zeros(4, 1), torch.zeros(3)), (), tuple(torch.zeros(4, 1) for _ in range(3))],
)
def test_data_that_do_not_match_are_refused_at_the_call(data):
    with pytest.raises(ValueError, match="rows"):
        fit(Point(), distance, data, 5)


def test_a_loss_that_is_no_number_stops_the_run():
    def broken(net, z, y=None, *, generator=None):
        return net.weight * float("nan")

    with pytest.raises(FloatingPointError, match="smaller lr"):
        list(fit(Point(), broken, torch.zeros(4, 1), 5))


def test_the_loop_makes_one_step_for_each_rate_and_counts_on():
    net, ema, asked = Point(1.0), None, []

    def batch_loss(step):
        asked.append(step)
        return net.weight.square()

    ema = EMA(net)
    steps = list(training_steps(batch_loss, Adam(net.parameters(), 1.0), [0.1, 0.2], ema=ema, first=7))
    assert [(step.step, step.lr) for step in steps] == [(7, 0.1), (8, 0.2)]
    assert asked == [7, 8]
    assert steps[0].loss == 1.0
    assert ema.updates == 2


def test_rates_are_taken_one_step_at_a_time():
    """So that they can depend on what has happened until then, such as the time that is left."""
    net, taken = Point(1.0), []

    def rates():
        for rate in (0.1, 0.2, 0.3):
            taken.append(rate)
            yield rate

    next(training_steps(lambda step: net.weight.square(), Adam(net.parameters(), 1.0), rates()))
    assert taken == [0.1]


def test_rows_of_data_and_labels_stay_together():
    z = torch.arange(10.0)[:, None]
    rows, labels = draw_batch((z, torch.arange(10)), 50, seeded())
    assert torch.equal(rows[:, 0].long(), labels)
    assert len(labels.unique()) > 5
