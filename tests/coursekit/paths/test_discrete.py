"""Discrete paths: the forward equation on every state, exact steps, floors; only samplers are sampled."""

import math

import pytest
import torch

from coursekit import Cosine, DiscretePath, Sequences, SquareRoot, evidence, time_grid
from coursekit.paths import CondOT, Enumerated
from coursekit.solvers import DenoisedJumps, JumpEuler, simulate

LAW = Sequences(torch.tensor([[0, 1], [1, 0], [1, 2], [2, 2]]), torch.tensor([1.0, 2.0, 2.0, 3.0]))
PATHS = {
    f"{source}, {type(scheduler).__name__}": DiscretePath(3, source, scheduler)
    for source in ("mask", "uniform")
    for scheduler in (CondOT(), Cosine(), SquareRoot())
}
every = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
TIMES = (0.15, 0.5, 0.85)


def total_variation(p, q):
    return float((p - q).abs().sum() / 2)


def slope(steps, errors):
    h = torch.tensor([1 / n for n in steps]).log()
    e = torch.tensor(errors).log()
    return float(((h - h.mean()) * (e - e.mean())).sum() / (h - h.mean()).square().sum())


@every
@pytest.mark.parametrize("kind", ["direct", "reversed"])
def test_rates_of_the_posterior_obey_the_forward_equation_on_every_state(path, kind):
    space = Enumerated(LAW, path)
    for t in TIMES:
        now = torch.tensor(t, dtype=torch.float64)
        p, slope_of_p = torch.func.jvp(space.marginal, (now,), (torch.ones_like(now),))
        rates = space.rate_matrix(t, kind)
        assert torch.allclose(rates @ p, slope_of_p, atol=1e-12)
        assert torch.allclose(rates.sum(0), torch.zeros(len(p)).double(), atol=1e-12)
        assert bool((rates - rates.diagonal().diag() >= -1e-15).all())


@every
def test_without_the_posterior_the_forward_equation_fails(path):
    """The frequency of each token at its place, whatever is shown."""
    frequency = LAW.posterior(torch.full((1, 2), LAW.mask))
    space = Enumerated(LAW, path, lambda x, t: frequency.expand(len(x), -1, -1).clamp_min(1e-30).log())
    now = torch.tensor(0.5, dtype=torch.float64)
    p, slope_of_p = torch.func.jvp(space.marginal, (now,), (torch.ones_like(now),))
    assert float((space.rate_matrix(0.5) @ p - slope_of_p).abs().max()) > 0.05


@every
def test_the_conditional_rates_are_those_of_a_law_of_one_sequence(path):
    z = torch.tensor([[1, 2]])
    space = Enumerated(Sequences(z, tokens=3), path)
    x = space.states
    for t in TIMES:
        one = path.conditional_rates(z.expand_as(x), x, t)
        possible = space.marginal(t) > 0
        assert torch.allclose(one[possible], path.rates(space.posterior(t), x, t)[possible])


@every
def test_samples_of_the_path_have_its_marginal(path):
    space = Enumerated(LAW, path)
    z = LAW.sample(6000, torch.Generator().manual_seed(0))
    with evidence("samples of the path") as claim:
        for t in (0.2, 0.6, 1.0):
            x = path.sample(z, t, torch.Generator().manual_seed(1))
            found = torch.bincount(space.index(x), minlength=len(space.states))
            claim.counts(f"t = {t}", found, 6000 * space.marginal(t))
    start = path.start((6000, 2), torch.Generator().manual_seed(2))
    assert (int(start.max()), start.dtype) == (path.states - 1, torch.int64)


def test_times_go_with_their_rows():
    path, z = DiscretePath(3), torch.ones(2000, 4, dtype=torch.int64)
    t = torch.tensor([0.0, 1.0]).repeat(1000)
    x = path.sample(z, t)
    assert bool((x[0::2] == 3).all())
    assert bool((x[1::2] == 1).all())
    assert torch.equal(path.sample(z, t[:, None]), x)


@every
def test_the_law_of_eulers_steps_converges_at_the_declared_order(path):
    space, steps = Enumerated(LAW, path), (32, 64, 128, 256)
    errors = [total_variation(space.law_after(n), space.marginal(1.0)) for n in steps]
    assert abs(slope(steps, errors) - JumpEuler.order) < 0.15, errors


@every
def test_the_kernel_is_the_law_of_jump_eulers_step(path):
    space = Enumerated(LAW, path)
    process = DenoisedJumps(lambda x, t: path.posterior(LAW, x, t).clamp_min(1e-300).log(), path)
    if path.source == "mask":
        process = DenoisedJumps(LAW.denoiser, path)
    places = JumpEuler().probabilities(process, space.states, 0.3, 0.2)
    kernel = torch.stack([places[:, j, space.states[:, j]] for j in range(2)]).prod(0).T
    assert torch.allclose(kernel, space.euler_kernel(0.3, 0.2), atol=1e-12)
    assert torch.allclose(kernel.sum(0), torch.ones(len(kernel)).double())


def test_jump_euler_samples_the_law_that_is_pushed_exactly():
    space = Enumerated(LAW, DiscretePath(3))
    process = DenoisedJumps(LAW.denoiser, space.path)
    x = simulate(
        process, space.path.start((6000, 2)), time_grid(3), JumpEuler(torch.Generator().manual_seed(5))
    )[-1]
    with evidence("three steps") as claim:
        claim.counts("law", torch.bincount(space.index(x), minlength=16), 6000 * space.law_after(3))
        right = 6000 * space.marginal(1.0)
        claim.fails.counts("the data's law", torch.bincount(space.index(x), minlength=16), right + 1e-9)


def test_euler_is_the_ancestral_step_where_alpha_is_t_and_nowhere_else():
    straight, bent = (Enumerated(LAW, DiscretePath(3, "mask", each)) for each in (CondOT(), Cosine()))
    assert torch.allclose(straight.euler_kernel(0.3, 0.1), straight.ancestral_kernel(0.3, 0.1), atol=1e-14)
    assert float((bent.euler_kernel(0.3, 0.1) - bent.ancestral_kernel(0.3, 0.1)).abs().max()) > 1e-3


def test_one_place_at_a_time_in_random_order_is_exact():
    space = Enumerated(LAW, DiscretePath(3))
    assert total_variation(space.law_in_random_order(), space.marginal(1.0)) < 1e-14


def test_the_posterior_of_a_mask_does_not_depend_on_time_and_that_of_random_tokens_does():
    mask, uniform = (Enumerated(LAW, DiscretePath(3, source)) for source in ("mask", "uniform"))
    assert torch.equal(mask.posterior(0.2), mask.posterior(0.8))
    assert float((uniform.posterior(0.2) - uniform.posterior(0.8)).abs().max()) > 0.1


@every
def test_floors_of_masks_and_of_reversed_noising_are_the_entropy_and_direct_rates_of_noise_cost_more(path):
    space = Enumerated(LAW, path)
    assert math.isclose(space.floor("reversed"), LAW.entropy(), abs_tol=1e-5)
    if path.source == "mask":
        assert math.isclose(space.floor(), LAW.entropy(), abs_tol=1e-6)
    else:
        assert space.floor() > LAW.entropy() + 0.1


def test_a_worse_denoiser_has_a_higher_bound():
    path = DiscretePath(3)
    soft = Enumerated(LAW, path, lambda x, t: LAW.denoiser(x, t).clamp_min(-3.0))
    assert soft.bound() > soft.floor() + 0.01
    assert math.isclose(soft.floor(), LAW.entropy(), abs_tol=1e-6)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: DiscretePath(0), "at least one"),
        (lambda: DiscretePath(3, "blank"), "mask, uniform"),
        (lambda: DiscretePath(3).sample(torch.full((2, 2), 3), 0.5), "0 to 2"),
        (lambda: DiscretePath(3).sample(torch.zeros(2, 2), 0.5), r"\.long\(\)"),
        (lambda: DiscretePath(3).sample(torch.zeros(2, 2).long(), torch.zeros(3)), "3"),
        (lambda: Enumerated(LAW, DiscretePath(3)).rate_matrix(1.0), "below 1"),
        (lambda: Enumerated(LAW, DiscretePath(3, "uniform")).rate_matrix(0.0, "reversed"), "above 0"),
        (lambda: Enumerated(LAW, DiscretePath(4)), "both the same"),
        (lambda: Enumerated(Sequences(torch.zeros(1, 9).long(), tokens=3), DiscretePath(3)), "too many"),
        (lambda: Enumerated(LAW, DiscretePath(3)).law_after(0), "at least one step"),
        (lambda: Enumerated(LAW, DiscretePath(3, "uniform")).law_in_random_order(), "mask"),
        (lambda: DiscretePath(4).posterior(LAW, torch.zeros(1, 2).long(), 0.5), "both the same"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, said):
    with pytest.raises(ValueError, match=said):
        make()
