"""Every network answers like a field, starts as declared, and learns from each of its inputs."""

import pytest
import torch

from coursekit.nets import (
    MLP,
    AttentionBlock,
    ConvBlock,
    DiT,
    FiLMBlock,
    FiLMMLP,
    TimeEmbedding,
    UNet,
    patchify,
    unpatchify,
)

BATCH = 5


LABELS = (torch.tensor([0, 1, 2, 3, 4]),)
IMAGE_NETS = {
    "mlp": lambda channels=2, size=4: FiLMMLP(channels, size, classes=4, hidden=16, blocks=2),
    "unet": lambda channels=2, size=4: UNet(channels, size, classes=4, width=8, levels=2),
    "dit": lambda channels=2, size=4: DiT(channels, size, classes=4, patch=2, width=8, depth=2, heads=2),
    "bottleneck": lambda channels=2, size=4: DiT(
        channels, size, classes=4, patch=2, width=8, depth=1, heads=2, bottleneck=3
    ),
}
"""The networks of images: a new one is added here, once."""


def plain():
    return MLP(3, hidden=16, layers=2), (3,), ()


MAKERS = {
    "plain": plain,
    **{name: lambda make=make: (make(), (2, 4, 4), LABELS) for name, make in IMAGE_NETS.items()},
}
NETS = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
IMAGES = pytest.mark.parametrize("make", IMAGE_NETS.values(), ids=IMAGE_NETS.keys())


def stirred(net):
    """The network with every weight moved, so that no zero start hides a missing connection."""
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return net


@NETS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_answers_with_shape_and_type_of_the_states(make, dtype):
    net, event, labels = make()
    x = torch.randn(BATCH, *event, dtype=dtype)
    answer = net.to(dtype)(x, 0.3, *labels)
    assert answer.shape == x.shape
    assert answer.dtype == dtype


@NETS
def test_takes_a_time_in_every_form(make):
    net, event, labels = make()
    stirred(net)
    x = torch.randn(BATCH, *event)
    answers = [
        net(x, t, *labels)
        for t in (0.3, torch.full((BATCH,), 0.3), torch.full((BATCH, *(1 for _ in event)), 0.3))
    ]
    torch.testing.assert_close(answers[1], answers[0])
    torch.testing.assert_close(answers[2], answers[0])


@NETS
def test_each_sample_is_answered_for_itself(make):
    net, event, labels = make()
    stirred(net)
    x, t = torch.randn(BATCH, *event), torch.rand(BATCH)
    alone = [net(x[i : i + 1], t[i : i + 1], *(y[i : i + 1] for y in labels)) for i in range(BATCH)]
    # Kernels sum in another order for another batch: the 6th digit may differ.
    torch.testing.assert_close(net(x, t, *labels), torch.cat(alone), atol=1e-4, rtol=1e-4)


@NETS
def test_state_and_time_change_the_answer(make):
    net, event, labels = make()
    stirred(net)
    x = torch.randn(BATCH, *event)
    answer = net(x, 0.3, *labels)
    assert not torch.allclose(net(x + 0.1, 0.3, *labels), answer, atol=1e-4)
    assert not torch.allclose(net(x, 0.4, *labels), answer, atol=1e-4)


@NETS
def test_every_weight_gets_a_gradient(make):
    net, event, labels = make()
    stirred(net)(torch.randn(BATCH, *event), torch.rand(BATCH), *labels).square().sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad.abs().sum() > 0, name


@NETS
def test_states_of_another_size_are_refused(make):
    net, event, labels = make()
    with pytest.raises(ValueError, match="this network was built for"):
        net(torch.randn(BATCH, event[0] + 1, *event[1:]), 0.3, *labels)
    with pytest.raises(ValueError, match="this network was built for"):
        net(torch.randn(BATCH, 1, *event), 0.3, *labels)


@IMAGES
def test_labels_change_the_answer_and_null_is_one_of_its_own(make):
    net = stirred(make())
    x = torch.randn(1, *net.event).expand(5, *net.event)
    answers = net(x, 0.3, torch.arange(5))
    assert torch.pdist(answers.detach().flatten(1)).min() > 1e-3
    assert net.null == 4


@IMAGES
def test_a_fresh_conditioned_network_gives_zero(make):
    net = make()
    assert net(torch.randn(BATCH, *net.event), 0.3, *LABELS).abs().max() == 0


@IMAGES
@pytest.mark.parametrize(("channels", "size"), [(1, 2), (3, 6), (1, 8), (2, 10)])
def test_any_square_image_with_any_number_of_channels(make, channels, size):
    net = stirred(make(channels, size))
    assert net(torch.randn(BATCH, channels, size, size), 0.3, *LABELS).shape == (BATCH, channels, size, size)


@pytest.mark.parametrize("size", [5, 7, 9, 28])
def test_the_unet_takes_sides_that_do_not_halve_evenly(size):
    net = stirred(UNet(1, size, classes=4, width=8, levels=3))
    assert net(torch.randn(BATCH, 1, size, size), 0.3, *LABELS).shape == (BATCH, 1, size, size)


@pytest.mark.parametrize("kind", ["unet", "dit"])
def test_far_pixels_hear_of_one_another(kind):
    """Through the coarse levels of the U-Net, through attention in the transformer."""
    net = stirred(IMAGE_NETS[kind](1, 8))
    x = torch.randn(1, 1, 8, 8).requires_grad_()
    net(x, 0.3, LABELS[0][:1])[0, 0, 0, 0].backward()
    assert x.grad[0, 0, -1, -1].abs() > 1e-7


def test_patches_come_together_again_and_hold_neighbouring_pixels():
    x = torch.arange(2 * 3 * 6 * 6.0).reshape(2, 3, 6, 6)
    patches = patchify(x, 2)
    assert patches.shape == (2, 9, 12)
    assert torch.equal(unpatchify(patches, x.shape), x)
    assert torch.equal(patches[1, 5].reshape(3, 2, 2), x[1, :, 2:4, 4:6])  # second row, third column


def test_a_transformer_reads_a_patch_through_its_bottleneck_alone():
    """What the narrow map sends to 0 changes nothing, however large; without it every pixel counts."""
    narrow, plain = (
        stirred(DiT(1, 8, classes=4, patch=4, width=8, depth=1, heads=2, bottleneck=b)) for b in (5, 0)
    )
    assert sum(p.numel() for p in narrow.patch_embed.parameters()) == 16 * 5 + 5 * 8 + 8
    unread = torch.linalg.svd(narrow.patch_embed[0].weight.detach())[2][5:]  # (11, 16), orthonormal
    x = torch.randn(BATCH, 1, 8, 8)
    moved = x + unpatchify(10 * torch.randn(BATCH, 4, 11) @ unread, x.shape)
    torch.testing.assert_close(narrow(moved, 0.3, *LABELS), narrow(x, 0.3, *LABELS), atol=1e-4, rtol=1e-4)
    assert (plain(moved, 0.3, *LABELS) - plain(x, 0.3, *LABELS)).abs().max() > 0.1


def test_attention_does_not_see_the_order_of_the_patches():
    """Only their places, which the network adds, tell patches apart."""
    block = stirred(AttentionBlock(8, 2, 4))
    x, c, order = torch.randn(2, 6, 8), torch.randn(2, 4), torch.randperm(6)
    torch.testing.assert_close(block(x, c)[:, order], block(x[:, order], c))


@pytest.mark.parametrize(
    ("block", "event"),
    [(FiLMBlock(8, 4), (8,)), (ConvBlock(8, 4), (8, 5, 5)), (AttentionBlock(8, 2, 4), (6, 8))],
    ids=["mlp", "unet", "dit"],
)
def test_a_fresh_block_passes_its_input_on(block, event):
    x = torch.randn(BATCH, *event)
    assert torch.equal(block(x, torch.randn(BATCH, 4)), x)


def test_a_block_s_own_part_goes_by_the_pattern_of_its_input_with_or_without_a_condition():
    block, x, nothing = FiLMBlock(8, 4), torch.randn(BATCH, 8), torch.zeros(BATCH, 4)
    torch.nn.init.normal_(block.fc2.weight)
    part = block(x, nothing) - x
    assert part.abs().min() > 0  # scale and shift are still zero
    torch.testing.assert_close(block(100 * x + 3, nothing) - (100 * x + 3), part, atol=1e-3, rtol=1e-3)


def test_the_digits_network_has_about_170_000_parameters():
    assert sum(p.numel() for p in FiLMMLP().parameters()) == pytest.approx(170_000, rel=0.03)


def test_wrong_number_of_labels_is_refused():
    with pytest.raises(ValueError, match="one for each state"):
        FiLMMLP()(torch.randn(BATCH, 1, 8, 8), 0.3, torch.tensor([1]))


@pytest.mark.parametrize("sizes", [{"dim": 0}, {"dim": 2, "hidden": 0}, {"dim": 2, "layers": 0}])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        MLP(**sizes)


def test_no_class_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        FiLMMLP(classes=0)


def test_time_embedding_is_bounded_and_tells_times_apart():
    t = torch.linspace(0, 1, 101)[:, None]
    waves = TimeEmbedding(n_freqs=8)(t)
    assert waves.shape == (101, 16)
    torch.testing.assert_close(waves[:, :8].square() + waves[:, 8:].square(), torch.ones(101, 8))
    torch.testing.assert_close(waves[:, :1], (torch.pi * t).sin())  # the slowest: half a turn
    torch.testing.assert_close(waves[:, 15:], (16 * torch.pi * t).cos(), atol=1e-4, rtol=0)  # the fastest
    assert torch.pdist(waves).min() > 0.05
    assert (waves[0] - waves[-1]).norm() > 1  # the ends of time are no neighbours


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (lambda: UNet(width=12), "multiple of 8"),
        (lambda: DiT(size=9, patch=2), "must divide size"),
        (lambda: DiT(width=10, heads=4), "must divide width"),
        (lambda: DiT(bottleneck=-1), "or 0"),
    ],
)
def test_sizes_that_do_not_fit_one_another_are_refused(make, remedy):
    with pytest.raises(ValueError, match=remedy):
        make()
