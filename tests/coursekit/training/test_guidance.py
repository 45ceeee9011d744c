"""Label dropping by its frequencies, guidance by its identities."""

import pytest
import torch

from coursekit import solve, time_grid
from coursekit.nets import FiLMMLP
from coursekit.training import drop_labels, guided, with_dropped_labels

NULL = 4


class Counting(torch.nn.Module):
    """A field that is known in closed form and counts its calls: (y + 1) x + t, and -x for the null label."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, x, t, y):
        self.calls.append(len(x))
        factor = torch.where(y == NULL, -1, y + 1).to(x)[:, None]
        return factor * x + t


def test_labels_are_dropped_one_by_one_at_the_rate():
    y = torch.arange(NULL).repeat(2500)
    dropped = drop_labels(y, 0.2, NULL, torch.Generator().manual_seed(0)) == NULL
    share = dropped.double().mean().item()
    assert share == pytest.approx(0.2, abs=5 * (0.2 * 0.8 / len(y)) ** 0.5)
    pairs = (dropped[1:] & dropped[:-1]).double().mean().item()  # neighbours know nothing of each other
    assert pairs == pytest.approx(0.04, abs=5 * (0.04 * 0.96 / len(y)) ** 0.5 * 1.5)


def test_labels_that_stay_are_kept_and_the_input_is_left_alone():
    y = torch.arange(NULL).repeat(50)
    before = y.clone()
    new = drop_labels(y, 0.5, NULL, torch.Generator().manual_seed(0))
    assert torch.equal(y, before)
    assert torch.equal(new[new != NULL], y[new != NULL])
    assert new.dtype == y.dtype


def test_rates_zero_and_one_drop_nothing_and_everything():
    y = torch.arange(NULL)
    assert torch.equal(drop_labels(y, 0.0, NULL), y)
    assert bool((drop_labels(y, 1.0, NULL) == NULL).all())


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_that_is_no_probability_is_refused(rate):
    with pytest.raises(ValueError, match="not a probability"):
        drop_labels(torch.arange(3), rate, NULL)


@pytest.mark.parametrize("w", [0, 0.0, 0.5, 1, 1.0, 1.5, 4.0, -1.0])
@pytest.mark.parametrize("t", [0.3, torch.tensor([0.1, 0.2, 0.3]), torch.tensor([[0.1], [0.2], [0.3]])])
def test_field_is_the_weighted_sum_of_both_branches(w, t):
    x, y = torch.randn(3, 2), torch.tensor([0, 3, 1])
    tt = torch.as_tensor(t).reshape(-1, 1).expand(3, 1)
    factor = (1 - w) * -1 + w * (y + 1)  # of the known network, in closed form
    torch.testing.assert_close(guided(Counting(), y, w, null=NULL)(x, t), factor[:, None] * x + tt)


def test_guidance_zero_is_unconditional_and_one_is_conditional_to_the_bit():
    net = FiLMMLP(1, 2, NULL, hidden=8)
    for weight in net.parameters():
        torch.nn.init.normal_(weight)
    x, y = torch.randn(4, 1, 2, 2), torch.tensor([0, 1, 2, 3])
    assert torch.equal(guided(net, y, 0.0, null=NULL)(x, 0.4), net(x, 0.4, torch.full_like(y, NULL)))
    assert torch.equal(guided(net, y, 1.0, null=NULL)(x, 0.4), net(x, 0.4, y))


@pytest.mark.parametrize(("w", "rows"), [(0.0, 3), (1.0, 3), (1.5, 6)])
def test_one_call_with_no_more_rows_than_needed(w, rows):
    net = Counting()
    guided(net, torch.tensor([0, 1, 2]), w, null=NULL)(torch.randn(3, 2), 0.3)
    assert net.calls == [rows]


def test_the_null_label_needs_no_guidance():
    x, y = torch.randn(3, 2), torch.full((3,), NULL)
    torch.testing.assert_close(guided(Counting(), y, 2.5, null=NULL)(x, 0.0), -x)


def test_a_simulator_takes_it_like_any_field():
    x, y = torch.randn(3, 2, dtype=torch.float64), torch.tensor([0, 0, 0])
    end = solve(guided(Counting(), y, 1.5, null=NULL), x, time_grid(400))  # factor -(-0.5) + 1.5 = 2
    # dx/dt = 2 x + t: x(1) = e^2 x + (e^2 - 3) / 4
    e2 = torch.e**2
    torch.testing.assert_close(end, e2 * x + (e2 - 3) / 4, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "y", [torch.tensor([[0], [1]]), torch.tensor([0.0, 1.0]), torch.tensor([True, False]), torch.tensor(1)]
)
def test_labels_of_another_kind_are_refused(y):
    with pytest.raises(ValueError, match="integers"):
        guided(Counting(), y, 1.5, null=NULL)


@pytest.mark.parametrize("y", [torch.tensor([0, 5]), torch.tensor([-1, 2])])
def test_labels_out_of_range_are_refused(y):
    with pytest.raises(ValueError, match="labels run from"):
        guided(Counting(), y, 1.5, null=NULL)


def test_another_number_of_states_is_refused():
    with pytest.raises(ValueError, match="one label for each state"):
        guided(Counting(), torch.tensor([0, 1]), 1.5, null=NULL)(torch.randn(3, 2), 0.3)


@pytest.mark.parametrize("w", [float("nan"), float("inf")])
def test_a_scale_that_is_no_number_is_refused(w):
    with pytest.raises(ValueError, match="guidance scale"):
        guided(Counting(), torch.tensor([0, 1]), w, null=NULL)


def test_the_null_label_is_that_of_the_network_unless_given():
    net, x, y = FiLMMLP(1, 2, NULL, hidden=8), torch.randn(2, 1, 2, 2), torch.tensor([0, 1])
    assert torch.equal(guided(net, y, 0.0)(x, 0.4), net(x, 0.4, torch.full_like(y, NULL)))
    assert guided(net, y, 0.0, null=2).null == 2
    with pytest.raises(ValueError, match="declares no null label"):
        guided(Counting(), y, 1.5)


def test_a_loss_with_dropped_labels_passes_the_rest_on():
    seen = {}

    def loss(net, z, y=None, *, generator=None):
        seen.update(z=z, y=y, generator=generator)
        return z.mean()

    z, y = torch.randn(200, 1), torch.arange(NULL).repeat(50)
    generator = torch.Generator().manual_seed(0)
    value = with_dropped_labels(loss, 0.3, null=NULL)(None, z, y, generator=generator)
    assert value == z.mean()
    assert seen["z"] is z
    assert seen["generator"] is generator
    assert torch.equal(seen["y"], drop_labels(y, 0.3, NULL, torch.Generator().manual_seed(0)))
    with pytest.raises(ValueError, match="give data and labels"):
        with_dropped_labels(loss, 0.3, null=NULL)(None, z)


def test_a_loss_with_dropped_labels_asks_the_network_for_the_null_label():
    net, labels = FiLMMLP(1, 2, NULL, hidden=8), []

    def loss(net, z, y=None, *, generator=None):
        labels.extend(y.tolist())
        return z.mean()

    with_dropped_labels(loss, 1.0)(net, torch.randn(2, 1, 2, 2), torch.tensor([0, 1]))
    assert labels == [NULL, NULL]
