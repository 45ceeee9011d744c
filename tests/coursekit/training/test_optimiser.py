"""Adam against torch's own, and what it remembers."""

import copy
import subprocess
import sys

import pytest
import torch

from coursekit.nets import MLP
from coursekit.training import Adam


def trained(net, optimiser, forget, steps):
    x = torch.randn(64, 2, generator=torch.Generator().manual_seed(1))
    for _ in range(steps):
        forget()
        (net(x, 0.5) - x).square().mean().backward()
        optimiser.step()
    return [weight.detach().clone() for weight in net.parameters()]


def test_weights_are_those_of_torch():
    ours, theirs = MLP(2), None
    theirs = copy.deepcopy(ours)
    adam, official = (
        Adam(ours.parameters(), 1e-2, 1e-5),
        torch.optim.Adam(theirs.parameters(), 1e-2, eps=1e-5),
    )
    first = trained(ours, adam, adam.zero_grad, 30)
    second = trained(theirs, official, official.zero_grad, 30)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_the_first_step_moves_each_weight_by_the_rate():
    """In step 1 both averages are corrected to the gradient itself, so the step is lr times its sign."""
    weight = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    adam = Adam([weight], 0.1)
    (weight * torch.tensor([5.0, -0.01, 300.0])).sum().backward()
    adam.step()
    torch.testing.assert_close(weight.detach(), torch.tensor([0.9, 2.1, 2.9]))


def test_it_goes_on_from_a_state():
    whole, broken = MLP(2), None
    broken = copy.deepcopy(whole)
    adam = Adam(whole.parameters(), 1e-2)
    wanted = trained(whole, adam, adam.zero_grad, 20)
    first = Adam(broken.parameters(), 1e-2)
    trained(broken, first, first.zero_grad, 10)
    state = {name: value.clone() for name, value in first.state_dict().items()}
    second = Adam(broken.parameters(), 1e-2)
    second.load_state_dict(state)
    for a, b in zip(trained(broken, second, second.zero_grad, 10), wanted, strict=True):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match="other parameters"):
        Adam(MLP(3).parameters(), 1e-2).load_state_dict(state)


def test_weights_without_a_gradient_stay():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    adam = Adam([used, unused], 0.1)
    adam.step()  # nothing to do
    used.sum().backward()
    adam.step()
    assert torch.equal(unused.detach(), torch.ones(2))
    assert (used < 1).all()


@pytest.mark.parametrize(
    ("weights", "lr"), [([], 0.1), ([torch.ones(1)], 0.0), ([torch.ones(1)], float("nan"))]
)
def test_nothing_to_improve_is_an_error(weights, lr):
    with pytest.raises(ValueError, match="give some"):
        Adam(weights, lr)


def test_training_does_not_load_the_compiler():
    program = """
import sys
import coursekit
from coursekit.training import velocity_loss
from coursekit.nets import MLP
from coursekit.training import fit
for step in fit(MLP(2), velocity_loss(coursekit.GaussianPath()), coursekit.Chessboard().sample(100), 2):
    pass
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
