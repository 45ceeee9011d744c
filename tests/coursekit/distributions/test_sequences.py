"""Laws of sequences: sampling, entropy and posteriors against counting by hand, and errors."""

import math

import pytest
import torch

from coursekit import Sequences, evidence

ROWS = torch.tensor([[0, 1, 2], [0, 2, 2], [1, 1, 0], [2, 0, 1], [2, 0, 1]])
WEIGHTS = torch.tensor([1.0, 2.0, 3.0, 0.5, 1.5])
LAWS = {
    "alike": Sequences(ROWS, tokens=4),
    "weighted": Sequences(ROWS, WEIGHTS),
    "one row": Sequences(ROWS[:1]),
    "one place": Sequences(torch.tensor([[0], [0], [1]])),
}
every = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())


def all_states(law):
    each = torch.arange(law.tokens + 1)
    return torch.cartesian_prod(*[each] * law.length).reshape(-1, law.length)


def by_hand(law, x):
    """Sum over the table row by row, in Python: probability of agreeing, and the posterior."""
    weights = torch.ones(len(law.rows)) if law.weights is None else law.weights
    total, table = 0.0, torch.zeros(law.length, law.tokens, dtype=torch.float64)
    for row, weight in zip(law.rows.tolist(), (weights / weights.sum()).tolist(), strict=True):
        if all(shown in (token, law.mask) for token, shown in zip(row, x.tolist(), strict=True)):
            total += weight
            for place, token in enumerate(row):
                table[place, token] += weight
    return total, table / total if total else None


@every
def test_posterior_and_probability_of_every_state_are_those_counted_by_hand(law):
    states = all_states(law)
    posterior, log_prob = law.posterior(states), law.log_prob(states)
    assert torch.allclose(posterior.sum(-1), torch.ones(len(states), law.length).double())
    for x, found, logarithm in zip(states, posterior, log_prob, strict=True):
        total, table = by_hand(law, x)
        assert math.isclose(float(logarithm.exp()), total, abs_tol=1e-6)
        if table is not None:
            assert torch.allclose(found, table, atol=1e-6)


@every
def test_entropy_is_the_mean_of_minus_log_prob(law):
    rows = law.rows.unique(dim=0)
    logarithm = law.log_prob(rows)
    assert math.isclose(law.entropy(), -float((logarithm.exp() * logarithm).sum()), abs_tol=1e-12)
    assert math.isclose(float(logarithm.exp().sum()), 1.0, rel_tol=1e-12)


@every
def test_samples_have_the_law(law):
    x = law.sample(4000, torch.Generator().manual_seed(0))
    assert (x.shape, x.dtype) == ((4000, law.length), torch.int64)
    with evidence("samples") as claim:
        for row in law.rows.unique(dim=0):
            claim.share(str(row), (x == row).all(1), float(law.log_prob(row[None]).exp()))
    assert law.sample(0).shape == (0, law.length)


def test_samples_come_from_the_generator_alone():
    for law in LAWS.values():
        torch.manual_seed(1)
        first = law.sample(50, torch.Generator().manual_seed(3))
        torch.manual_seed(2)
        assert torch.equal(first, law.sample(50, torch.Generator().manual_seed(3)))


def test_a_slip_makes_rows_that_disagree_less_probable():
    """Bayes' rule with an observation that is wrong at a place with relative probability s."""
    law, x, s = LAWS["weighted"], torch.tensor([[0, 1, 2], [2, 1, 3]]), 0.3
    found = law.posterior(x, s)
    for state, table in zip(x, found, strict=True):
        misses = ((state != ROWS) & (state != law.mask)).sum(1)
        weight = WEIGHTS.double() * s**misses
        for place in range(3):
            counted = torch.zeros(3).double().index_add_(0, ROWS[:, place], weight) / weight.sum()
            assert torch.allclose(table[place], counted)
    one_by_one = torch.cat([law.posterior(x[:1], 0.3), law.posterior(x[1:], 0.6)])
    assert torch.allclose(law.posterior(x, torch.tensor([[0.3], [0.6]])), one_by_one)


def test_the_exact_denoiser_gives_finite_logarithms_of_the_posterior():
    law, x = LAWS["alike"], all_states(LAWS["alike"])
    logits = law.denoiser(x, 0.3)
    assert bool(logits.isfinite().all())
    assert torch.allclose(logits.softmax(-1), law.posterior(x), atol=1e-12)
    assert torch.equal(logits, law.denoiser(x, 0.9))  # time does not matter
    assert (law.denoiser.tokens, law.denoiser.length, law.denoiser.mask) == (4, 3, 4)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Sequences(torch.zeros(3, 2)), r"\.long\(\)"),
        (lambda: Sequences(torch.zeros(0, 2).long()), "table"),
        (lambda: Sequences(ROWS, tokens=2), "0 to 1"),
        (lambda: Sequences(ROWS, WEIGHTS[:2]), "one for each row"),
        (lambda: Sequences(ROWS, -WEIGHTS), "at least 0"),
        (lambda: LAWS["alike"].posterior(torch.zeros(2, 4).long()), r"\(batch, 3\)"),
        (lambda: LAWS["alike"].posterior(torch.zeros(2, 3)), r"\.long\(\)"),
        (lambda: LAWS["alike"].posterior(torch.full((2, 3), 5)), "marks a hidden place"),
        (lambda: LAWS["alike"].posterior(torch.full((2, 3), 4), 1.5), "from 0 to 1"),
        (lambda: LAWS["alike"].log_prob(torch.full((2, 3), -1)), "0 to 3"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, said):
    with pytest.raises(ValueError, match=said):
        make()
