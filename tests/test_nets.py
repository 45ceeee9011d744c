"""Every network answers like a field, starts as declared, and learns from each of its inputs."""

import pytest
import torch

from coursekit.nets import MLP, FiLMBlock, FiLMMLP, FourierTime

BATCH = 5


def plain():
    return MLP(3, hidden=16, layers=2), 3, ()


def conditioned():
    return FiLMMLP(3, classes=4, hidden=16, blocks=2), 3, (torch.tensor([0, 1, 2, 3, 4]),)


NETS = pytest.mark.parametrize("make", [plain, conditioned])


def stirred(net):
    """The network with every weight moved, so that no zero start hides a missing connection."""
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return net


@NETS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_answers_with_shape_and_type_of_the_states(make, dtype):
    net, dim, labels = make()
    x = torch.randn(BATCH, dim, dtype=dtype)
    answer = net.to(dtype)(x, 0.3, *labels)
    assert answer.shape == x.shape
    assert answer.dtype == dtype


@NETS
def test_takes_a_time_in_every_form(make):
    net, dim, labels = make()
    stirred(net)
    x = torch.randn(BATCH, dim)
    answers = [net(x, t, *labels) for t in (0.3, torch.full((BATCH,), 0.3), torch.full((BATCH, 1), 0.3))]
    torch.testing.assert_close(answers[1], answers[0])
    torch.testing.assert_close(answers[2], answers[0])


@NETS
def test_each_sample_is_answered_for_itself(make):
    net, dim, labels = make()
    stirred(net)
    x, t = torch.randn(BATCH, dim), torch.rand(BATCH)
    alone = [net(x[i : i + 1], t[i : i + 1], *(y[i : i + 1] for y in labels)) for i in range(BATCH)]
    torch.testing.assert_close(net(x, t, *labels), torch.cat(alone))


@NETS
def test_state_and_time_change_the_answer(make):
    net, dim, labels = make()
    stirred(net)
    x = torch.randn(BATCH, dim)
    answer = net(x, 0.3, *labels)
    assert not torch.allclose(net(x + 0.1, 0.3, *labels), answer, atol=1e-4)
    assert not torch.allclose(net(x, 0.4, *labels), answer, atol=1e-4)


@NETS
def test_every_weight_gets_a_gradient(make):
    net, dim, labels = make()
    stirred(net)(torch.randn(BATCH, dim), torch.rand(BATCH), *labels).square().sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad.abs().sum() > 0, name


@NETS
def test_states_of_another_size_are_refused(make):
    net, dim, labels = make()
    with pytest.raises(ValueError, match="flatten images"):
        net(torch.randn(BATCH, dim + 1), 0.3, *labels)
    with pytest.raises(ValueError, match="flatten images"):
        net(torch.randn(BATCH, 1, dim), 0.3, *labels)


def test_labels_change_the_answer_and_null_is_one_of_its_own():
    net = stirred(FiLMMLP(3, classes=4, hidden=16))
    x = torch.randn(1, 3).expand(5, 3)
    answers = net(x, 0.3, torch.arange(5))
    assert torch.pdist(answers.detach()).min() > 1e-3
    assert net.null == 4


def test_a_fresh_conditioned_network_gives_zero():
    net = FiLMMLP(3, classes=4)
    assert net(torch.randn(BATCH, 3), 0.3, torch.arange(BATCH)).abs().max() == 0


def test_a_fresh_block_passes_its_input_on():
    x = torch.randn(BATCH, 8)
    assert torch.equal(FiLMBlock(8, 4)(x, torch.randn(BATCH, 4)), x)


def test_a_block_s_own_part_goes_by_the_pattern_of_its_input_with_or_without_a_condition():
    block, x, nothing = FiLMBlock(8, 4), torch.randn(BATCH, 8), torch.zeros(BATCH, 4)
    torch.nn.init.normal_(block.outward.weight)
    part = block(x, nothing) - x
    assert part.abs().min() > 0  # scale and shift are still zero
    torch.testing.assert_close(block(100 * x + 3, nothing) - (100 * x + 3), part, atol=1e-3, rtol=1e-3)


def test_the_digits_network_has_about_170_000_parameters():
    assert sum(p.numel() for p in FiLMMLP(64, 10).parameters()) == pytest.approx(170_000, rel=0.03)


def test_wrong_number_of_labels_is_refused():
    with pytest.raises(ValueError, match="one for each state"):
        FiLMMLP(3, classes=4)(torch.randn(BATCH, 3), 0.3, torch.tensor([1]))


@pytest.mark.parametrize("sizes", [{"dim": 0}, {"dim": 2, "hidden": 0}, {"dim": 2, "layers": 0}])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        MLP(**sizes)


def test_no_class_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        FiLMMLP(3, classes=0)


def test_time_embedding_is_bounded_and_tells_times_apart():
    t = torch.linspace(0, 1, 101)[:, None]
    waves = FourierTime(waves=8)(t)
    assert waves.shape == (101, 16)
    torch.testing.assert_close(waves[:, :8].square() + waves[:, 8:].square(), torch.ones(101, 8))
    torch.testing.assert_close(waves[:, :1], (torch.pi * t).sin())  # the slowest: half a turn
    torch.testing.assert_close(waves[:, 15:], (16 * torch.pi * t).cos(), atol=1e-4, rtol=0)  # the fastest
    assert torch.pdist(waves).min() > 0.05
    assert (waves[0] - waves[-1]).norm() > 1  # the ends of time are no neighbours
