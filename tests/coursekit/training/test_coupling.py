"""Optimal pairs: against brute force, and what they leave unchanged."""

from itertools import permutations

import pytest
import torch

from coursekit.training import minibatch_ot


def cost(z, eps):
    return float((z - eps).square().sum())


@pytest.mark.parametrize("event", [(1,), (2,), (1, 3, 3)])
def test_no_other_order_is_shorter(event):
    z, eps = torch.randn(2, 6, *event)
    best = min(cost(z, eps[list(order)]) for order in permutations(range(6)))
    assert cost(z, minibatch_ot(z, eps)) == pytest.approx(best, rel=1e-5)


def test_each_noise_appears_once_and_a_line_is_sorted():
    z, eps = torch.randn(2, 200, 1)
    paired = minibatch_ot(z, eps)
    assert torch.equal(paired.sort(0).values, eps.sort(0).values)
    assert torch.equal(paired[z[:, 0].argsort()], eps.sort(0).values)


def test_batches_of_different_size_are_refused():
    with pytest.raises(ValueError, match="pair equal batches"):
        minibatch_ot(torch.zeros(3, 2), torch.zeros(4, 2))
