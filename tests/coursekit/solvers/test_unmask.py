"""Revealing hidden places: what is shown stays, looks are kept to, and orders have the laws they claim."""

import pytest
import torch

from coursekit import Sequences, evidence, unmask
from coursekit.solvers.unmask import CERTAIN

ROWS = torch.tensor([[0, 0, 1, 2], [0, 1, 0, 2], [1, 2, 2, 2], [1, 1, 1, 2], [0, 2, 1, 2]])
LAW = Sequences(ROWS)
BLANK = torch.full((3000, 4), LAW.mask)
ORDERS = ("random", "surest", "entropy", "left", "certain")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("looks", [1, 3, 4, 9, None])
def test_what_is_shown_stays_and_nothing_is_hidden_at_the_end(order, looks):
    x = BLANK[:40].clone()
    x[::2, 1] = 2
    before, count = x.clone(), 0
    for after in unmask(LAW.denoiser, x, looks, order, generator=seeded()):
        shown = before != LAW.mask
        assert torch.equal(after[shown], before[shown])
        before, count = after, count + 1
    assert bool((before != LAW.mask).all())
    assert looks is None or count == looks
    assert bool((x[:, 0] == LAW.mask).all())  # the start is left as it was


@pytest.mark.parametrize("order", ["random", "left", "entropy"])
def test_one_place_a_look_is_exact_if_the_order_does_not_look_at_the_draw(order):
    *_, x = unmask(LAW.denoiser, BLANK, order=order, generator=seeded())
    with evidence("rows") as claim:
        for row in ROWS:
            claim.share(str(row.tolist()), (x == row).all(1), 1 / 5)


def test_surest_first_changes_the_law_though_the_denoiser_is_perfect():
    *_, x = unmask(LAW.denoiser, BLANK, order="surest", generator=seeded())
    assert bool((LAW.log_prob(x) > -torch.inf).all())
    with evidence("rows") as claim:
        claim.fails.counts("rows", [int((x == row).all(1).sum()) for row in ROWS], [600.0] * 5)


def test_one_look_draws_every_place_alone():
    *_, x = unmask(LAW.denoiser, BLANK, 1, generator=seeded())
    marginals = LAW.posterior(BLANK[:1])[0]
    with evidence("one look") as claim:
        for row in ROWS:
            claim.share(str(row.tolist()), (x == row).all(1), float(marginals.gather(1, row[:, None]).prod()))


def test_certain_places_cost_nothing():
    """The last token is the same in every row, and is revealed in the first look beside a random place."""
    first = next(unmask(LAW.denoiser, BLANK, order="certain", generator=seeded()))
    assert bool((first[:, 3] == 2).all())
    assert set((first == LAW.mask).sum(1).tolist()) <= {2, 3}
    states = list(unmask(LAW.denoiser, BLANK, order="certain", generator=seeded()))
    x = states[-1]
    assert len(states) <= 4
    assert int((states[2] == LAW.mask).sum()) < 3000 / 2  # one place a look would leave one in each row
    with evidence("rows") as claim:
        for row in ROWS:
            claim.share(str(row.tolist()), (x == row).all(1), 1 / 5)
    assert 0.5 < CERTAIN < 1


def test_an_order_of_ones_own_sees_probabilities_and_decides():
    seen = []

    def backwards(p, hidden, count):
        seen.append((p.shape, int(hidden.sum()), count.tolist()[0]))
        places = torch.arange(4).expand_as(hidden)
        return hidden & (places == torch.where(hidden, places, -1).amax(1, keepdim=True))

    states = list(unmask(LAW.denoiser, BLANK[:5], order=backwards, generator=seeded()))
    assert [int((x == LAW.mask).sum()) for x in states] == [15, 10, 5, 0]
    assert seen[0] == ((5, 4, 3), 20, 1)


def test_a_low_temperature_takes_the_likeliest_token():
    prompt = torch.tensor([[0, 3, 3, 2]]).expand(500, -1)
    *_, x = unmask(LAW.denoiser, prompt, order="left", temperature=1e-3, generator=seeded())
    assert bool((x[:, 2] == torch.where(x[:, 1] == 1, 0, 1)).all())
    law = Sequences(ROWS, torch.tensor([1.0, 5.0, 1.0, 1.0, 1.0]))
    *_, cold = unmask(law.denoiser, BLANK[:50], order="left", temperature=1e-3, generator=seeded())
    assert bool((cold == ROWS[1]).all())


def test_labels_go_with_their_rows_and_times_are_shares_shown():
    times = []

    class Labelled:
        mask = 3

        def __call__(self, x, t, y):
            times.append(t.flatten().tolist())
            return 50 * torch.nn.functional.one_hot(y, 3).double()[:, None].expand(*x.shape, 3)

    y = torch.tensor([0, 1, 2])
    *_, x = unmask(Labelled(), BLANK[:3], 2, y=y, generator=seeded())
    assert torch.equal(x, y[:, None].expand(3, 4))
    assert times == [[0.0] * 3, [0.5] * 3]


def test_gradients_are_not_kept():
    weight = torch.zeros(3, requires_grad=True)
    *_, x = unmask(lambda x, t: weight.expand(*x.shape, 3), BLANK[:2], mask=3)
    assert x.dtype == torch.int64


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda: unmask(LAW.denoiser, BLANK.float()), "whole numbers"),
        (lambda: unmask(LAW.denoiser, BLANK[0]), r"\(batch, length\)"),
        (lambda: unmask(LAW.denoiser, BLANK, 0), "at least one"),
        (lambda: unmask(LAW.denoiser, BLANK, order="sure"), "random, surest"),
        (lambda: unmask(LAW.denoiser, BLANK, temperature=0.0), "positive"),
        (lambda: unmask(lambda x, t: x, BLANK), "give mask="),
        (lambda: next(unmask(lambda x, t: x, BLANK, mask=3)), r"logits \(batch, length, tokens\)"),
        (lambda: next(unmask(LAW.denoiser, BLANK, order=lambda p, h, n: h & False)), "at least one"),
        (lambda: next(unmask(LAW.denoiser, BLANK, order=lambda p, h, n: n)), "for each place"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(run, said):
    with pytest.raises(ValueError, match=said):
        run()
