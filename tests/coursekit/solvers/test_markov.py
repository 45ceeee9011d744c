"""Markov chains: closed forms, exact simulation, waiting times, and Euler's steps at their declared order."""

import math

import pytest
import torch

from coursekit import JumpEuler, MarkovChain, evidence, simulate, solve, time_grid
from coursekit.solvers import draw_tokens, gillespie, two_state

RATES = torch.tensor(
    [[-1.2, 0.3, 0.8, 0.0], [0.9, -0.9, 0.1, 0.0], [0.3, 0.4, -0.9, 2.0], [0.0, 0.2, 0.0, -2.0]]
)
CHAINS = {
    "four states": MarkovChain(RATES),
    "two states": MarkovChain(torch.tensor([[-2.0, 1.0], [2.0, -1.0]])),
    "a dead end": MarkovChain(torch.tensor([[-0.7, 0.0, 0.0], [0.5, 0.0, 0.0], [0.2, 0.0, 0.0]])),
}
every = pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS.keys())


def at_start(chain):
    return torch.eye(chain.states, dtype=torch.float64)[0]


@every
def test_transition_solves_the_forward_equation_from_the_identity(chain):
    for t in (0.0, 0.4, 2.0):
        now = torch.tensor(t, dtype=torch.float64)
        matrix, slope = torch.func.jvp(chain.transition, (now,), (torch.ones_like(now),))
        assert torch.allclose(slope, chain.rates @ matrix, atol=1e-12)
        assert torch.allclose(chain.derivative(matrix.T).T, slope, atol=1e-12)
        assert torch.allclose(matrix.sum(0), torch.ones(chain.states).double())
    assert torch.equal(chain.transition(0.0), torch.eye(chain.states).double())
    assert chain.transition(torch.tensor([0.1, 0.2])).shape == (2, chain.states, chain.states)


@every
def test_transitions_compose_and_uniformization_agrees(chain):
    assert torch.allclose(chain.transition(0.7) @ chain.transition(0.5), chain.transition(1.2), atol=1e-12)
    for t in (0.0, 0.3, 5.0):
        assert torch.allclose(chain.uniformized(t), chain.transition(t), atol=1e-12)


def test_two_states_in_closed_form():
    t = torch.linspace(0, 3, 7, dtype=torch.float64)
    for up, down in ((2.0, 1.0), (0.5, 0.0), (0.0, 3.0)):
        chain = MarkovChain(torch.tensor([[-up, down], [up, -down]]))
        for start in (0.0, 0.3, 1.0):
            law = torch.tensor([1 - start, start], dtype=torch.float64)
            assert torch.allclose(
                two_state(t, start, up, down), (chain.transition(t) @ law)[:, 1], atol=1e-12
            )


def test_the_stationary_law_stays():
    for name in ("four states", "two states"):
        chain = CHAINS[name]
        law = chain.stationary()
        assert torch.allclose(chain.derivative(law), torch.zeros(chain.states).double(), atol=1e-12)
        assert torch.allclose(chain.transition(50.0)[:, 0], law, atol=1e-9)


@every
def test_eulers_kernel_converges_at_the_declared_order(chain):
    steps = (64, 128, 256, 512)
    exact = chain.transition(2.0) @ at_start(chain)
    errors = [
        float(
            (torch.linalg.matrix_power(chain.euler_kernel(2.0 / n), n) @ at_start(chain) - exact).abs().sum()
        )
        for n in steps
    ]
    found = math.log(errors[0] / errors[-1]) / math.log(steps[-1] / steps[0])
    assert abs(found - JumpEuler.order) < 0.1


@every
def test_a_step_of_jump_euler_has_the_law_of_the_kernel(chain):
    x = torch.arange(chain.states)[:, None]
    found = JumpEuler().probabilities(chain, x, 0.0, 0.2)[:, 0]
    assert torch.allclose(found.T, chain.euler_kernel(0.2), atol=1e-12)
    many = simulate(
        chain, torch.zeros(4000, 2).long(), time_grid(5), JumpEuler(torch.Generator().manual_seed(0))
    )
    law = torch.linalg.matrix_power(chain.euler_kernel(0.2), 5) @ at_start(chain)
    with evidence("five steps, two places that are independent") as claim:
        for state in range(chain.states):
            claim.share(f"state {state}", many[-1, :, 0] == state, float(law[state]))
            claim.share(f"state {state}, 2nd place", many[-1, :, 1] == state, float(law[state]))
        both = (many[-1] == 0).all(1)
        claim.share("both places in state 0", both, float(law[0] ** 2))


@every
def test_exact_paths_have_the_law_of_the_chain_at_every_time(chain):
    paths = gillespie(chain, torch.zeros(4000, dtype=torch.int64), 2.0, torch.Generator().manual_seed(1))
    with evidence("exact paths") as claim:
        for t in (0.3, 2.0):
            law = chain.transition(t)[:, 0]
            for state in range(chain.states):
                claim.share(f"t = {t}, state {state}", paths.at(t) == state, float(law[state]))
        waited = paths.times[:, 1]
        rate = float(chain.leaving[0])
        claim.law(
            "first wait", waited[waited < 2.0], lambda w: (1 - (-rate * w).exp()) / (1 - math.exp(-2 * rate))
        )
    assert torch.equal(paths.end, paths.at(2.0))
    jumped = paths.states[:, :-2] != paths.states[:, 1:-1]
    assert torch.equal(jumped.sum(1), paths.count)


def test_numbers_come_from_the_generator():
    chain, x = CHAINS["four states"], torch.zeros(30, 3, dtype=torch.int64)
    ends = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        ends.append(solve(chain, x, time_grid(4), JumpEuler(torch.Generator().manual_seed(0))))
    assert torch.equal(*ends)
    assert bool((x == 0).all())  # the start is left as it was


def test_tokens_are_drawn_with_the_probabilities_of_the_logits():
    logits = torch.tensor([0.0, -1.0, -torch.inf, 2.0]).expand(5000, -1)
    drawn = draw_tokens(logits, torch.Generator().manual_seed(0))
    with evidence("tokens") as claim:
        for token, p in enumerate(logits[0].double().softmax(0).tolist()):
            claim.share(str(token), drawn == token, p)
    assert draw_tokens(logits[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (lambda: MarkovChain(torch.ones(2, 3)), ValueError, "square"),
        (lambda: MarkovChain(torch.tensor([[1, -1], [-1, 1]])), ValueError, "floating-point"),
        (lambda: MarkovChain(-CHAINS["two states"].rates), ValueError, "negative"),
        (lambda: MarkovChain(CHAINS["four states"].rates.T), ValueError, r"rates\.T"),
        (lambda: MarkovChain(torch.rand(3, 3)), ValueError, "minus the sum"),
        (lambda: CHAINS["a dead end"].stationary(), ValueError, "several"),
        (lambda: CHAINS["two states"].transition(-1.0), ValueError, "forwards"),
        (lambda: two_state(torch.ones(1), 0.0, -1.0, 2.0), ValueError, "at least 0"),
        (lambda: gillespie(CHAINS["two states"], torch.zeros(3, 1).long(), 1.0), ValueError, r"\(batch,\)"),
        (lambda: gillespie(CHAINS["two states"], torch.full((3,), 2), 1.0), ValueError, "0 to 1"),
        (lambda: solve(CHAINS["two states"], torch.zeros(3, 1), time_grid(2)), ValueError, r"\.long\(\)"),
        (lambda: solve(CHAINS["two states"], torch.zeros(3).long(), time_grid(2)), ValueError, "length"),
        (
            lambda: solve(CHAINS["two states"], torch.zeros(3, 1).long(), time_grid(2, 1.0, 0.0)),
            ValueError,
            "increase",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, kind, said):
    with pytest.raises(kind, match=said):
        make()
