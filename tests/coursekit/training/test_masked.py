"""The loss of masked diffusion: three forms of one bound, which the exact denoiser attains."""

import itertools
import math

import pytest
import torch

from coursekit.data import three_letter_words
from coursekit.nets import TokenMLP
from coursekit.paths import CondOT, Cosine
from coursekit.training import MaskedLoss, likelihood_bound, masked_loss, order_bits, with_dropped_labels

WORDS = three_letter_words()
MASK = WORDS.mask
ENTROPY = math.log(16)


class Softened:
    """The exact denoiser, mixed with the uniform law: never right to the full."""

    mask = MASK

    def __init__(self, share=0.2):
        self.share = share

    def __call__(self, x, t):
        exact = WORDS.law.denoiser(x, t).exp()
        return ((1 - self.share) * exact + self.share / WORDS.tokens).log()


def over_all_hidings(denoiser, z):
    """The bound by enumeration: every set of hidden places, weighted as `count` weighs it."""
    total = torch.zeros(len(z), dtype=torch.float64)
    length = z.shape[1]
    for hidden in itertools.product([False, True], repeat=length):
        m = sum(hidden)
        if m == 0:
            continue
        here = torch.tensor(hidden)
        log_prob = denoiser(torch.where(here, MASK, z), 0.0).log_softmax(-1).gather(-1, z[..., None])[..., 0]
        total -= (log_prob * here).sum(1) / math.comb(length, m) / m
    return total


@pytest.mark.parametrize("denoiser", [WORDS.law.denoiser, Softened()], ids=["exact", "softened"])
@pytest.mark.parametrize(
    ("weight", "scheduler"), [("count", None), ("time", None), ("time", Cosine()), ("count", Cosine())]
)
def test_all_forms_and_schedulers_have_the_mean_that_enumeration_gives(denoiser, weight, scheduler):
    generator, loss = torch.Generator().manual_seed(0), masked_loss(weight, scheduler)
    wanted = over_all_hidings(denoiser, WORDS.rows).mean().item()
    z = WORDS.rows.repeat(25, 1)
    got = torch.stack([loss(denoiser, z, generator=generator) for _ in range(200)])
    # The weights of "time" have no variance; the middle half of the runs lies about the mean all the same.
    error = got.std().item() / len(got) ** 0.5
    assert abs(got.mean().item() - wanted) < 4 * error + 1e-9
    assert error < 0.03 * wanted


def test_the_exact_denoiser_attains_the_entropy_and_no_other_does():
    exact, soft = (over_all_hidings(one, WORDS.rows) for one in (WORDS.law.denoiser, Softened()))
    assert exact.numpy() == pytest.approx(ENTROPY, abs=1e-9)
    assert (soft > exact + 0.1).all()


def test_without_a_weight_the_loss_lies_below_the_entropy():
    generator = torch.Generator().manual_seed(0)
    got = masked_loss("none")(WORDS.law.denoiser, WORDS.rows.repeat(500, 1), generator=generator)
    assert got < 0.7 * ENTROPY


def test_what_is_hidden_is_as_the_form_says():
    generator, z = torch.Generator().manual_seed(0), torch.zeros(6000, 10, dtype=torch.long)
    x, t, weight = MaskedLoss("count").draw(z, 1, generator)
    counts = x.sum(1)
    assert torch.equal(counts.bincount(minlength=11)[1:], torch.full((10,), 600))  # stratified
    assert torch.equal(weight[:, 0], 10 / counts)
    assert torch.allclose(t[:, 0], 1 - counts / 10)
    assert x.double().mean(0).sub(0.55).abs().max() < 0.03
    for scheduler in (CondOT(), Cosine()):
        x, t, weight = MaskedLoss("time", scheduler).draw(z, 1, generator)
        shown = 1 - x.double().mean(1, keepdim=True)
        assert (shown - scheduler.alpha(t)).mean().abs() < 0.01
        assert (shown - scheduler.alpha(t)).abs().max() < 0.8
        assert torch.allclose(weight, scheduler.alpha_dot(t) / (1 - scheduler.alpha(t)))
    assert len({tuple(row) for row in x.tolist()}) > 500


def test_shown_places_cost_nothing_and_the_clean_row_stays_as_it_was():
    class Careless:
        mask = MASK

        def __call__(self, x, t):
            told = Softened()(x, t)
            return torch.where((x == MASK)[..., None], told, -told)

    generator = torch.Generator().manual_seed(1)
    z = WORDS.rows.clone()
    one = masked_loss()(Careless(), z, generator=generator.manual_seed(1))
    other = masked_loss()(Softened(), z, generator=generator.manual_seed(1))
    assert torch.equal(one, other)
    assert torch.equal(z, WORDS.rows)


def test_labels_go_to_the_network_and_can_be_dropped():
    net = TokenMLP(WORDS.tokens, 3, classes=2)
    torch.nn.init.normal_(net.head.weight)
    y = torch.arange(16) % 2
    seeds = [torch.Generator().manual_seed(3) for _ in range(2)]
    a, b = (
        masked_loss()(net, WORDS.rows, label, generator=seed)
        for label, seed in zip((y, 1 - y), seeds, strict=True)
    )
    assert a != b
    loss = with_dropped_labels(masked_loss(), 1.0)(net, WORDS.rows, y, generator=seeds[0].manual_seed(3))
    assert torch.isfinite(loss)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_every_word_costs_its_entropy_in_every_order(order):
    costs = order_bits(WORDS.law.denoiser, WORDS.rows, torch.tensor(order))
    assert costs.sum(1).numpy() == pytest.approx(ENTROPY, abs=1e-9)
    assert costs[:, order[0]].std() > 0.1  # and each place its own


def test_orders_average_to_the_bound_and_may_differ_between_rows():
    orders = torch.tensor(list(itertools.permutations(range(3))))
    denoiser, z = Softened(), WORDS.rows
    each = torch.stack([order_bits(denoiser, z, order).sum(1) for order in orders])
    assert torch.allclose(each.mean(0), over_all_hidings(denoiser, z))
    mixed = order_bits(denoiser, z[:6], orders)
    assert torch.allclose(mixed.sum(1), each[:, :6].diagonal())
    for wrong in (torch.tensor([0, 0, 1]), torch.tensor([0, 1])):
        with pytest.raises(ValueError, match="places once"):
            order_bits(denoiser, z, wrong)


def test_the_estimate_of_the_bound_is_right_in_the_mean():
    generator, denoiser = torch.Generator().manual_seed(0), Softened()
    wanted = over_all_hidings(denoiser, WORDS.rows)
    got = torch.stack([likelihood_bound(denoiser, WORDS.rows, 3, generator) for _ in range(400)])
    assert ((got.mean(0) - wanted) / (got.std(0) / 20)).abs().max() < 4.5
    many = likelihood_bound(denoiser, WORDS.rows.repeat(100, 1), 3, generator)  # in more than one chunk
    assert (many.reshape(100, 16).mean(0) - wanted).abs().max() < 0.3


def test_faults_are_named():
    with pytest.raises(ValueError, match="choose one of"):
        masked_loss("counts")
    with pytest.raises(ValueError, match="declares no mask"):
        masked_loss()(torch.nn.Linear(2, 2), WORDS.rows)
    with pytest.raises(ValueError, match="positive"):
        likelihood_bound(WORDS.law.denoiser, WORDS.rows, 0)

    class Flat(torch.nn.Module):
        mask = MASK

        def forward(self, x, t):
            return torch.zeros(len(x), 5)

    with pytest.raises(ValueError, match="must return logits"):
        masked_loss()(Flat(), WORDS.rows)
