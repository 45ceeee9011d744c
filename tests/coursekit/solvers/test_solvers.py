"""Every solver meets the order and the number of field calls that it declares."""

import math

import pytest
import torch
from laws import SOLVERS

from coursekit import (
    BrownianMotion,
    Chessboard,
    Euler,
    EulerMaruyama,
    GaussianPath,
    Heun,
    JumpEuler,
    MarkovChain,
    OrnsteinUhlenbeck,
    marginal_velocity,
    simulate,
    solve,
    solve_iter,
    time_grid,
)
from coursekit.solvers import SOLVERS as SOLVERS_BY_NAME
from coursekit.solvers import JumpSolver, SDESolver

every = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS.keys())
FLIPS = MarkovChain(torch.tensor([[-2.0, 1.0], [2.0, -1.0]]))
START = torch.linspace(-0.8, 0.8, 40, dtype=torch.float64)[:, None]


def bending(x, t):
    """Nonlinear and time-dependent, so that no two solvers agree on it by luck."""
    return x**2 * math.cos(t)


def bent(x0, t):
    """The flow of `bending`, in closed form: 1/x falls by sin t."""
    return x0 / (1 - x0 * math.sin(t))


def slope(solver, error, steps=(20, 40, 80, 160, 320)):
    hs = torch.tensor([1 / n for n in steps]).log()
    errors = torch.tensor([error(solver, n) for n in steps]).log()
    return float(((hs - hs.mean()) * (errors - errors.mean())).sum() / (hs - hs.mean()).square().sum())


@every
def test_error_falls_with_the_declared_order(solver):
    def error(solver, n):
        return float((solve(bending, START, time_grid(n), solver) - bent(START, 1.0)).abs().max())

    assert slope(solver, error) == pytest.approx(solver.order, abs=0.1)


@every
def test_forward_then_backward_returns_at_least_at_the_declared_order(solver):
    def error(solver, n):
        there = solve(bending, START, time_grid(n), solver)
        back = solve(bending, there, time_grid(n, 1.0, 0.0), solver)
        return float((back - START).abs().max())

    assert slope(solver, error) > solver.order - 0.1


@every
def test_declared_evaluations_are_made(solver):
    calls = []

    def counted(x, t):
        calls.append(t)
        return -x

    solve(counted, START, time_grid(10), solver)
    assert len(calls) == 10 * solver.evaluations
    assert all(isinstance(t, float) for t in calls)


@every
def test_uneven_times_reach_the_same_end(solver):
    times = torch.tensor([0.0, 0.1, 0.4, 0.45, 1.0])
    states = simulate(lambda x, t: torch.full_like(x, 2.0), START, times, solver)
    assert states.shape == (5, 40, 1)
    torch.testing.assert_close(states, START + 2 * times.double()[:, None, None])


def test_heun_is_exact_where_the_slope_is_linear_in_time():
    end = solve(lambda x, t: torch.full_like(x, 2 * t), START, time_grid(3), Heun())
    torch.testing.assert_close(end, START + 1)


def test_walk_simulate_and_flow_tell_the_same_story():
    times = time_grid(7)
    walked = list(solve_iter(bending, START, times))
    assert torch.equal(torch.stack(walked), simulate(bending, START, times))
    assert torch.equal(walked[-1], solve(bending, START, times))
    assert torch.equal(walked[0], START)


def test_the_start_is_not_written_to():
    start = START.clone()
    simulate(bending, start, time_grid(5), Euler())
    assert torch.equal(start, START)


def test_gradients_flow_only_when_the_start_asks_for_them():
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    assert not simulate(lambda x, t: weight * x, START, time_grid(3)).requires_grad
    start = START.clone().requires_grad_()
    for end in (solve(bending, start, time_grid(200)), simulate(bending, start, time_grid(200))[-1]):
        (gradient,) = torch.autograd.grad(end.sum(), start)
        torch.testing.assert_close(gradient, 1 / (1 - START * math.sin(1.0)) ** 2, rtol=1e-3, atol=0)
    assert not solve(lambda x, t: weight * x, START, time_grid(3)).requires_grad
    with torch.no_grad():  # the caller has the last word
        assert not solve(bending, start, time_grid(3)).requires_grad
        assert not simulate(bending, start, time_grid(3)).requires_grad


def test_heun_s_last_step_before_a_singular_end_is_an_euler_step():
    field = marginal_velocity(Chessboard(), GaussianPath())
    x = torch.randn(10, 2)
    for h in (0.1, 0.1 - 1e-12, 0.1 + 1e-12):  # the end as a rounding error may miss it
        assert torch.equal(Heun().step(field, x, 0.9, h), Euler().step(field, x, 0.9, h))
    assert not torch.equal(Heun().step(field, x, 0.9, 0.099), Euler().step(field, x, 0.9, 0.099))
    assert solve(field, x, time_grid(7)).isfinite().all()
    with pytest.raises(ValueError, match="singular"):
        solve(field, x, time_grid(7, 1.0, 0.0))


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (torch.tensor([0.0]), "at least two"),
        (torch.zeros(3, 1), "in a line"),
        (torch.tensor([0.0, 0.5, 0.5]), "all the way"),
        (torch.tensor([0.0, 0.5, 0.2]), "all the way"),
        (torch.tensor([0.0, math.nan]), "all the way"),
    ],
)
def test_bad_times_are_refused_before_the_first_step(times, said):
    with pytest.raises(ValueError, match=said):
        solve_iter(bending, START, times)


def test_states_that_cannot_be_followed_are_refused_before_the_first_step():
    with pytest.raises(ValueError, match=r"x\[:, None\]"):
        solve_iter(bending, START[:, 0], time_grid(2))
    with pytest.raises(ValueError, match=r"x\.float\(\)"):
        solve_iter(bending, START.long(), time_grid(2))


@every
@pytest.mark.parametrize("run", [simulate, solve])
def test_a_field_whose_answer_would_be_stretched_is_refused(solver, run):
    with pytest.raises(ValueError, match=r"\(40,.*\(40, 1\)"):
        run(lambda x, t: x[:, 0], START, time_grid(2), solver)


def test_no_states_stay_none():
    assert simulate(lambda x, t: -x, torch.zeros(0, 2), time_grid(3)).shape == (4, 0, 2)


def test_a_grid_needs_a_step():
    with pytest.raises(ValueError, match="at least one step"):
        time_grid(0)
    assert time_grid(10).tolist()[3] == pytest.approx(0.3, abs=1e-15)
    assert time_grid(4, 1.0, 0.0).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_the_solver_follows_from_what_is_given():
    times = time_grid(5)
    assert torch.equal(solve(bending, START, times), solve(bending, START, times, Heun()))
    process = BrownianMotion()
    torch.manual_seed(0)
    by_default = simulate(process, START, times)
    torch.manual_seed(0)
    assert torch.equal(by_default, simulate(process, START, times, EulerMaruyama()))


@pytest.mark.parametrize(("name", "solver"), SOLVERS_BY_NAME.items())
def test_a_solver_can_be_named(name, solver):
    followed = OrnsteinUhlenbeck(1.0, 0.0) if isinstance(solver, SDESolver) else bending
    start = START
    if isinstance(solver, JumpSolver):
        followed, start = FLIPS, torch.zeros(40, 1, dtype=torch.int64)
    ends = []
    for given in (name.title(), solver):
        torch.manual_seed(0)
        ends.append(solve(followed, start, time_grid(3), given))
    assert torch.equal(*ends)


@pytest.mark.parametrize(
    ("followed", "solver", "kind", "said"),
    [
        (BrownianMotion(), Heun(), TypeError, r"BrownianMotion is a process: .*EulerMaruyama\(\)"),
        (FLIPS, Heun(), TypeError, r"MarkovChain is a jump process: .*JumpEuler\(\)"),
        (BrownianMotion(), JumpEuler(), TypeError, r"JumpEuler follows a jump process, but BrownianMotion"),
        (BrownianMotion(), "euler", TypeError, "Euler follows a field"),
        (bending, EulerMaruyama(), TypeError, r"follows a process.*Heun\(\).*SDEExtension"),
        (bending, "euler-maruyama", TypeError, "function is a field"),
        (bending, Euler, TypeError, r"Euler is a class; .*Euler\(\)"),
        (bending, "rk4", ValueError, "'rk4'; there are euler, heun, euler-maruyama"),
        (START, None, TypeError, "Tensor can't be followed"),
    ],
)
@pytest.mark.parametrize("run", [simulate, solve, solve_iter])
def test_a_solver_that_does_not_fit_is_refused_before_the_first_step(run, followed, solver, kind, said):
    with pytest.raises(kind, match=said):
        run(followed, START, time_grid(2), solver)
