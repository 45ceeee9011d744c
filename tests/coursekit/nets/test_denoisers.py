"""Networks of tokens: shapes, labels, causality, and that they learn what can be learnt."""

import math

import pytest
import torch

from coursekit import fit
from coursekit.data import three_letter_words
from coursekit.nets import AttentionBlock, TokenMLP, TokenTransformer, pretrained
from coursekit.training import guided, likelihood_bound, masked_loss

KINDS = {
    "mlp": lambda **more: TokenMLP(5, 3, hidden=16, blocks=2, **more),
    "transformer": lambda **more: TokenTransformer(5, 3, 16, 2, 2, **more),
    "without convolutions": lambda **more: TokenTransformer(5, 3, 16, 2, 2, kernel=0, **more),
}


def shaken(net):
    """A network whose zero-initialised layers are not zero."""
    generator = torch.Generator().manual_seed(0)
    for weight in net.parameters():
        with torch.no_grad():
            weight.add_(0.3 * torch.randn(weight.shape, generator=generator))
    return net.eval()


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_a_new_network_thinks_all_tokens_equally_probable(kind):
    logits = kind()(torch.randint(6, (7, 3)), 0.5)
    assert logits.shape == (7, 3, 5)
    assert torch.equal(logits, torch.zeros_like(logits))


def test_every_place_counts_for_every_other_and_the_time_for_none(kind):
    net, x = shaken(kind()), torch.full((1, 3), 5)
    for place in range(3):
        changed = x.clone()
        changed[0, place] = 2
        assert ((net(changed, 0.5) - net(x, 0.5)).abs().amax(-1) > 1e-4).all()
    assert torch.equal(net(x, 0.1), net(x, 0.9))
    assert not torch.allclose(net(torch.tensor([[1, 2, 5]]), 0.0), net(torch.tensor([[2, 1, 5]]), 0.0))


def test_labels_matter_and_none_is_the_null_label(kind):
    net, x = shaken(kind(classes=4)), torch.full((2, 3), 5)
    a, b = net(x, 0.0, torch.tensor([0, 3]))
    assert (a - b).abs().max() > 1e-3
    assert torch.equal(net(x, 0.0), net(x, 0.0, torch.full((2,), net.null)))
    mixed = guided(net, torch.tensor([1, 2]), 2.0)(x, 0.3)
    plain, told = net(x, 0.0), net(x, 0.0, torch.tensor([1, 2]))
    assert torch.allclose(mixed, 2 * told - plain, atol=1e-5)


def test_what_does_not_fit_is_refused(kind):
    net = kind()
    with pytest.raises(ValueError, match="integers"):
        net(torch.zeros(2, 3), 0.0)
    with pytest.raises(ValueError, match=r"\(batch, 3\)"):
        net(torch.zeros(2, 4, dtype=torch.long), 0.0)
    with pytest.raises(ValueError, match="without labels"):
        net(torch.zeros(2, 3, dtype=torch.long), 0.0, torch.zeros(2, dtype=torch.long))
    with pytest.raises(ValueError, match="one for each state"):
        kind(classes=2)(torch.zeros(2, 3, dtype=torch.long), 0.0, torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize("sizes", [{"heads": 3}, {"kernel": 4}, {"dropout": 1.0}, {"depth": 0}])
def test_sizes_that_do_not_go_together_are_refused(sizes):
    with pytest.raises(ValueError, match="must"):
        TokenTransformer(5, 3, **{"width": 16} | sizes)
    with pytest.raises(ValueError, match="at least"):
        TokenMLP(0, 3)


@pytest.mark.parametrize("kernel", [0, 5])
def test_a_causal_network_never_looks_ahead(kernel):
    net = shaken(TokenTransformer(7, 12, 16, 2, 2, causal=True, kernel=kernel))
    z = torch.randint(7, (3, 12))
    changed = z.clone()
    changed[:, 6] = (z[:, 6] + 1) % 7
    moved = (net(changed, 0.0) - net(z, 0.0)).abs().amax((0, 2))
    assert (moved[:7] == 0).all()  # the place itself must not see its own token either
    assert (moved[7:] > 0).all()
    with pytest.raises(ValueError, match="length"):
        AttentionBlock(16, 2, 1, causal=True)


def test_a_network_comes_back_with_its_sizes_and_weights(kind, tmp_path):
    net, x = shaken(kind(classes=2)), torch.randint(6, (4, 3))
    pretrained.save(net, tmp_path / "net.safetensors")
    again = pretrained.load(tmp_path / "net.safetensors")
    assert again.config == net.config
    assert torch.equal(again(x, 0.0, torch.tensor([0, 1, 2, 0])), net(x, 0.0, torch.tensor([0, 1, 2, 0])))


@pytest.mark.parametrize("name", KINDS)
def test_the_words_are_learnt_to_their_entropy(name):
    torch.manual_seed(0)
    words, generator = three_letter_words(), torch.Generator().manual_seed(0)
    net = KINDS[name]()
    for _ in fit(net, masked_loss(), words.rows, steps=600, batch=64, lr=5e-3, generator=generator):
        pass
    bound = likelihood_bound(net.eval(), words.rows, draws=300, generator=generator).mean().item()
    assert bound - math.log(16) < 0.1


def test_dropout_acts_in_training_alone():
    torch.manual_seed(0)
    net, x = shaken(TokenTransformer(5, 3, 16, 2, 2, dropout=0.5)), torch.randint(6, (4, 3))
    assert torch.equal(net(x, 0.0), net(x, 0.0))
    net.train()
    assert not torch.equal(net(x, 0.0), net(x, 0.0))
