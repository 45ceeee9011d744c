"""Cross-attention, attention over time, the codec and continuation: what each can see, and what it cannot."""

import pytest
import torch
from torch import nn

from coursekit import data
from coursekit.nets import AttentionBlock, ClipDiT, DiT, WhatWhere, load_codec, pretrained
from coursekit.paths import GaussianPath
from coursekit.training import Continued, draw_given, guided, prediction_loss, with_given_frames


def stirred(net):
    """All weights random: the layers that start at zero hide what they would mix."""
    generator = torch.Generator().manual_seed(0)
    for weight in net.parameters():
        nn.init.normal_(weight, std=0.3, generator=generator)
    return net.eval().requires_grad_(False)


LEFT = data.word_indices("a three left of a seven")[None]
MIRRORED = data.word_indices("a seven left of a three")[None]


def test_a_new_block_is_the_identity_with_and_without_context():
    x, c, words = torch.randn(2, 5, 16), torch.randn(2, 8), torch.randn(2, 6, 4)
    assert torch.equal(AttentionBlock(16, 2, 8, context_dim=4)(x, c, words), x)
    assert torch.equal(AttentionBlock(16, 2, 8, length=5)(x, c), x)


def test_self_attention_is_that_of_torch():
    block = stirred(AttentionBlock(16, 4, 8))
    for film in (block.film_attn, block.film_mlp):
        nn.init.zeros_(film.to_scale_shift.weight)
        nn.init.zeros_(film.to_scale_shift.bias)
    nn.init.zeros_(block.fc2.weight)
    nn.init.zeros_(block.fc2.bias)
    x = torch.randn(2, 5, 16)
    theirs = nn.MultiheadAttention(16, 4, batch_first=True).eval()
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = block.qkv.weight, block.qkv.bias
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = block.proj.weight, block.proj.bias
    normed = block.norm(x)
    torch.testing.assert_close(block(x, torch.zeros(2, 8)), x + theirs(normed, normed, normed)[0])


def test_cross_attention_is_that_of_torch():
    block = stirred(AttentionBlock(16, 4, 8, context_dim=6))
    for layer in (block.proj, block.fc2):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    x, words = torch.randn(2, 5, 16), torch.randn(2, 3, 6)
    theirs = nn.MultiheadAttention(16, 4, batch_first=True, kdim=6, vdim=6).eval()
    theirs.q_proj_weight.data = block.query.weight
    theirs.k_proj_weight.data, theirs.v_proj_weight.data = block.key_value.weight.chunk(2)
    theirs.in_proj_bias.data = torch.cat([block.query.bias, block.key_value.bias])
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = block.cross_proj.weight, block.cross_proj.bias
    torch.testing.assert_close(
        block(x, torch.zeros(2, 8), words), x + theirs(block.norm(x), words, words)[0], rtol=1e-4, atol=1e-5
    )


def test_a_block_wants_the_context_that_it_was_built_for():
    x, c = torch.randn(2, 5, 16), torch.randn(2, 8)
    with pytest.raises(ValueError, match="needs a context"):
        AttentionBlock(16, 2, 8, context_dim=4)(x, c)
    with pytest.raises(ValueError, match="takes no context"):
        AttentionBlock(16, 2, 8)(x, c, torch.randn(2, 6, 4))


def test_a_block_over_time_knows_distances_and_only_those():
    """Alike under a shift of the frames where none drops out; different when two frames change places."""
    block = stirred(AttentionBlock(16, 2, 8, length=6))
    x, c = torch.randn(1, 6, 16), torch.randn(1, 8)
    turned = torch.arange(6).flip(0)
    assert (block(x[:, turned], c) - block(x, c)[:, turned]).abs().max() > 1e-3
    block.distance.copy_(torch.zeros_like(block.distance))
    torch.testing.assert_close(block(x[:, turned], c), block(x, c)[:, turned])


def test_blocks_attend_along_the_last_axis_but_one_and_keep_groups_apart():
    block = stirred(AttentionBlock(16, 2, 8))
    x, c = torch.randn(2, 3, 5, 16), torch.randn(2, 8)
    each = torch.stack([block(x[:, group], c) for group in range(3)], dim=1)
    torch.testing.assert_close(block(x, c), each)
    torch.testing.assert_close(block(x, c[:, None, None]), each)


def test_cross_attention_tells_captions_apart_that_a_bag_of_words_cannot():
    x = torch.randn(1, 1, 16, 16)
    vocabulary = len(data.VOCABULARY)
    words, bag = (stirred(DiT(size=16, classes=vocabulary, width=16, depth=1, words=n)) for n in (6, 0))
    assert (words(x, 0.5, LEFT) - words(x, 0.5, MIRRORED)).abs().max() > 1e-3
    torch.testing.assert_close(bag(x, 0.5, LEFT), bag(x, 0.5, MIRRORED))
    assert (bag(x, 0.5, LEFT) - bag(x, 0.5, torch.full_like(LEFT, bag.null))).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("y", "said"), [(torch.tensor([3]), "6 words"), (torch.zeros(1, 5, dtype=torch.long), "6 words")]
)
def test_captions_of_another_length_are_refused(y, said):
    net = DiT(size=16, classes=14, width=16, depth=1, words=6)
    with pytest.raises(ValueError, match=said):
        net(torch.randn(1, 1, 16, 16), 0.5, y)


def test_captions_are_guided_like_labels():
    net = stirred(DiT(size=16, classes=14, width=16, depth=1, words=6))
    x = torch.randn(2, 1, 16, 16)
    y = torch.cat([LEFT, MIRRORED])
    nothing = torch.full_like(y, net.null)
    wanted = -0.5 * net(x, 0.3, nothing) + 1.5 * net(x, 0.3, y)
    torch.testing.assert_close(guided(net, y, 1.5)(x, 0.3), wanted, rtol=1e-4, atol=1e-4)


CLIP = {"frames": 5, "channels": 2, "size": 4, "classes": 14, "patch": 2, "width": 16, "depth": 2, "heads": 2}
Y = torch.tensor([[7, 11]])


@pytest.mark.parametrize("sizes", [CLIP, CLIP | {"size": 1, "patch": 1, "depth": 1}])
def test_frames_see_one_another_over_time_and_not_without(sizes):
    net, alone = stirred(ClipDiT(**sizes)), stirred(ClipDiT(**sizes, over_time=0))
    x = torch.randn(1, *net.event)
    other = x.clone()
    other[:, 0] += 1
    assert (net(x, 0.5, Y) - net(other, 0.5, Y))[:, 1:].abs().max() > 1e-3
    torch.testing.assert_close(alone(x, 0.5, Y)[:, 1:], alone(other, 0.5, Y)[:, 1:])


def test_patches_of_a_clip_return_to_their_places():
    """With all blocks the identity and no positions, the head sees each patch alone."""
    net = stirred(ClipDiT(**CLIP))
    for block in net.blocks:
        for layer in (block.proj, block.fc2):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    x = torch.randn(1, *net.event)
    other = x.clone()
    other[0, 3, :, 2:, :2] += 1
    changed = (net(x, 0.5, Y) - net(other, 0.5, Y)).abs().sum(2)[0] > 1e-6
    assert changed[3, 2:, :2].all()
    assert changed.sum() == 4


def test_a_clip_can_have_a_time_for_each_frame():
    net = stirred(ClipDiT(**CLIP))
    x = torch.randn(2, *net.event)
    y = Y.expand(2, 2)
    same = torch.full((2, 5, 1, 1, 1), 0.3)
    torch.testing.assert_close(net(x, same, y), net(x, 0.3, y), rtol=1e-3, atol=1e-3)
    first = same.clone()
    first[:, 0] = 1.0
    assert (net(x, first, y) - net(x, 0.3, y)).abs().max() > 1e-3


def test_wrong_sizes_and_shapes_of_clips_are_refused():
    with pytest.raises(ValueError, match="divide"):
        ClipDiT(size=4, patch=3)
    with pytest.raises(ValueError, match="at least 1"):
        ClipDiT(frames=0)
    with pytest.raises(ValueError, match="built for"):
        ClipDiT(**CLIP)(torch.randn(1, 4, 2, 4, 4), 0.5, Y)


@pytest.mark.parametrize(
    "net",
    [ClipDiT(**CLIP), ClipDiT(**CLIP, over_time=0), DiT(size=16, classes=14, width=16, depth=1, words=6)],
    ids=["clips", "frames", "words"],
)
def test_they_come_back_from_a_file(net, tmp_path):
    stirred(net)
    pretrained.save(net, tmp_path / "net.safetensors")
    again = pretrained.load(tmp_path / "net.safetensors")
    y = LEFT if isinstance(net, DiT) else Y
    x = torch.randn(1, *net.event)
    assert torch.equal(again(x, 0.3, y), net(x, 0.3, y))


def test_given_frames_stay_and_the_others_see_them():
    net = stirred(ClipDiT(**CLIP))
    x, clips = torch.randn(2, 2, *net.event)
    given = torch.arange(5).expand(2, 5) < 2
    continued, y = Continued(net, clips, given), Y.expand(2, 2)
    answer = continued(x, 0.3, y)
    assert torch.equal(answer[:, :2], clips[:, :2])
    other = clips.clone()
    other[:, 0] += 1
    assert (Continued(net, other, given)(x, 0.3, y) - answer)[:, 2:].abs().max() > 1e-3
    other = clips.clone()
    other[:, 3:] += 1
    torch.testing.assert_close(Continued(net, other, given)(x, 0.3, y), answer)
    assert guided(continued, y, 2.0)(x, 0.3).shape == x.shape


def test_given_frames_cost_nothing():
    """A network that returns zero errs on the frames that it must generate, and on no others."""

    class Zero(nn.Module):
        null = 14

        def forward(self, x, t, y):
            return torch.zeros_like(x)

    z, y = torch.ones(4000, 8, 1, 1, 1), Y.expand(4000, 2)
    loss = with_given_frames(prediction_loss(GaussianPath(), "data", "data"), share=0.5, most=2)
    value = float(loss(Zero(), z, y, generator=torch.Generator().manual_seed(0)))
    assert abs(value - (1 - 0.5 * 1.5 / 8)) < 0.01


def test_how_many_frames_are_given():
    given = draw_given(6000, 8, share=0.5, most=2, generator=torch.Generator().manual_seed(0))
    counts = given.sum(1).bincount(minlength=3) / 6000
    torch.testing.assert_close(counts, torch.tensor([0.5, 0.25, 0.25]), atol=0.03, rtol=0)
    assert not given[:, 2:].any()
    for wrong in ({"share": 2.0}, {"share": 0.5, "most": 8}, {"share": 0.5, "most": 0}):
        with pytest.raises(ValueError, match="give a fraction"):
            draw_given(1, 8, **wrong)


def test_the_codec_keeps_digit_and_place():
    clips = data.moving_digits(200, "test", generator=torch.Generator().manual_seed(0))
    codec = load_codec()
    latents = codec.latents(clips.frames)
    assert latents.shape == (200, 8, 18, 1, 1)
    decoded = codec.clips(latents)
    assert decoded.min() >= -1
    assert decoded.max() <= 1 + 1e-5
    assert (decoded - clips.frames).square().mean() < 0.02
    ours = codec.windows(clips.frames.flatten(0, 1))[1]
    again = codec.windows(decoded.flatten(0, 1))[1]
    assert (ours - again).norm(dim=1).median() < 0.1


def test_a_shift_of_the_frame_is_a_shift_of_two_numbers():
    """The window moves with the digit: by whole pixels, exactly."""
    clips = data.moving_digits(50, "test", generator=torch.Generator().manual_seed(0))
    inner = torch.full((50, 1, 2), 7.0)
    codec = WhatWhere()
    codec.gain.fill_(3.0)
    images = data.digits().test.images[:50]
    here, there = (codec.latents(data.draw_clips(images, inner + step))[:, 0, :, 0, 0] for step in (0, 1))
    assert len(clips.labels) == 50
    torch.testing.assert_close(here[:, :-2], there[:, :-2], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        there[:, -2:] - here[:, -2:], torch.full((50, 2), 3 / 7.5), rtol=1e-3, atol=1e-4
    )


def test_the_answer_is_exact_at_the_end_whatever_the_weights():
    for flat in (0, 8):
        net = stirred(ClipDiT(**CLIP, flat=flat))
        x = torch.randn(2, *net.event)
        assert torch.equal(net(x, 1.0, Y.expand(2, 2)), x)


def test_a_new_network_answers_as_if_numbers_were_independent_of_variance_one():
    x, t = torch.randn(2, 8, 18, 1, 1), 0.4
    answer = ClipDiT(flat=16)(x, t, Y.expand(2, 2))
    torch.testing.assert_close(answer, t / (t**2 + (1 - t) ** 2) * x)


def test_the_flat_branch_sees_the_whole_clip():
    net = stirred(ClipDiT(**CLIP, over_time=0, flat=8))
    x = torch.randn(1, *net.event)
    other = x.clone()
    other[:, 0] += 1
    assert (net(x, 0.5, Y) - net(other, 0.5, Y))[:, 1:].abs().max() > 1e-3
