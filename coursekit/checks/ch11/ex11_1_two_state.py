"""Exercise 11.1: a coin that flips by itself."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing

CASES = ((0.0, 2.0, 0.7), (1.0, 0.4, 1.5), (0.3, 1.0, 1.6), (0.8, 3.0, 0.2))
"""Probability of state 1 at the start, and the rates up and down."""
TIMES = (0.2, 0.7, 1.5)
LATE = 80.0
NODES = 24
"""Points of a quadrature over time."""


def _rule(
    settled: Callable[[float, float], float] = lambda u, d: u / (u + d),
    fade: Callable[[Tensor, float, float], Tensor] = lambda t, u, d: torch.exp(-(u + d) * t),
    mix: Callable[[float, float, Tensor], Tensor] = lambda s, q, f: q + (s - q) * f,
) -> Callable[..., Tensor]:
    """The probability in the long run, what is left of the start, and how both are put together."""
    return lambda t, start, up, down: mix(start, settled(up, down), fade(t, up, down)) + t.new_zeros(t.shape)


def _step(t: Tensor, start: float, up: float, down: float) -> Tensor:
    return start + t * (up * (1 - start) - down * start)


MISTAKES: dict[str, Mistake] = {
    "settles at the other share": (
        _rule(settled=lambda u, d: d / (u + d)),
        "Your coin settles in the wrong state: with a large `up` it should be found in state 1 most of the "
        "time. In the long run as many flips lead up as down. What does that say about the two shares?",
    ),
    "the other state": (
        lambda t, s, u, d: 1 - _rule()(t, s, u, d),
        "You return the probability of state 0. What is wanted is that of state 1, which is `start` at "
        "time 0.",
    ),
    "only `up` in the exponent": (
        _rule(fade=lambda t, u, d: torch.exp(-u * t)),
        "What is left of the start fades with `up` alone in your answer. A coin forgets by flips in both "
        "directions: write down the derivative of your answer, and compare it with flow in minus flow out.",
    ),
    "only `down` in the exponent": (
        _rule(fade=lambda t, u, d: torch.exp(-d * t)),
        "What is left of the start fades with `down` alone in your answer. A coin forgets by flips in both "
        "directions: write down the derivative of your answer, and compare it with flow in minus flow out.",
    ),
    "difference of the rates": (
        _rule(fade=lambda t, u, d: torch.exp(-(u - d) * t)),
        "Your exponent holds the difference of the rates. For equal rates nothing would ever be forgotten. "
        "Collect the terms with $p$ in the equation: which factor stands before it?",
    ),
    "product of the rates": (
        _rule(fade=lambda t, u, d: torch.exp(-u * d * t)),
        "Your exponent holds the product of the rates, which has the unit one over time squared. Collect "
        "the terms with $p$ in the equation: which factor stands before it?",
    ),
    "mean of the rates": (
        _rule(fade=lambda t, u, d: torch.exp(-(u + d) / 2 * t)),
        "Your coin forgets half as fast as it should: there is a factor too many in the exponent.",
    ),
    "twice as fast": (
        _rule(fade=lambda t, u, d: torch.exp(-2 * (u + d) * t)),
        "Your coin forgets twice as fast as it should. A symmetric coin in the text of other books flips "
        "with one rate both ways; here there are two rates: which factor stands before $p$ in the equation?",
    ),
    "start forgotten": (
        _rule(mix=lambda s, q, f: q * (1 - f)),
        "Your coin always begins in state 0. It begins in state 1 with probability `start`: which term of "
        "your answer should hold that at time 0, and fade?",
    ),
    "starts in state 1": (
        _rule(mix=lambda s, q, f: q + (1 - q) * f),
        "Your coin always begins in state 1. It does so with probability `start` only, and otherwise it "
        "begins in state 0.",
    ),
    "start never fades": (
        _rule(mix=lambda s, q, f: s + q * (1 - f)),
        "Your coin never forgets its start: for late times your answer still depends on `start`, and may "
        "exceed one. The weight of the start has to fade as that of the long run grows.",
    ),
    "long run left out": (
        _rule(mix=lambda s, q, f: s * f),
        "Your probability fades to zero, as if no flip led up. What has to be added, and how does it grow?",
    ),
    "no way back": (
        lambda t, s, u, d: 1 - (1 - s) * torch.exp(-u * t),
        "In your answer nothing leads back from state 1: whatever has flipped up stays there. That is how "
        "long one waits for the *first* flip. Where does `down` come in?",
    ),
    "one Euler step": (
        _step,
        "Your answer is a single step of Euler: it starts in the right direction and goes straight on. "
        "For late times it is no probability at all. The equation is linear: solve it.",
    ),
    "one Euler step, cut off": (
        lambda t, s, u, d: _step(t, s, u, d).clamp(0, 1),
        "Your answer is one straight step, cut off at 0 and 1. Near the start it is right, later it is not: "
        "the flow gets weaker as the shares come into balance. The equation is linear: solve it.",
    ),
    "grows": (
        _rule(fade=lambda t, u, d: torch.exp((u + d) * t)),
        "The exponential in your answer grows. Whatever is left of the start should fade: which sign has "
        "the exponent?",
    ),
    "long run from the start": (
        _rule(fade=lambda t, u, d: 0 * t),
        "Your answer does not depend on time: it is where the coin settles in the long run. At time 0 "
        "nothing has flipped yet.",
    ),
    "the start for ever": (
        _rule(fade=lambda t, u, d: 0 * t + 1),
        "Your answer is `start` at all times, as if the coin never flipped. Where do the two rates come in?",
    ),
    "weights exchanged": (
        _rule(mix=lambda s, q, f: s * (1 - f) + q * f),
        "The two weights have changed places: at time 0 your answer is the long run, and late it is the "
        "start.",
    ),
    "ratio of the rates": (
        _rule(settled=lambda u, d: u / d),
        "Your coin settles at the ratio of the two rates, which may exceed one. In the long run the flow up, "
        "`up` times the share below, equals the flow down. Solve that for a share.",
    ),
    "steps of one": (
        _rule(fade=lambda t, u, d: (1 - 0.1 * (u + d)) ** (10 * t)),
        "Your answer is that of a coin which is thrown at fixed times, ten in a unit. Time is continuous "
        "here: what does $(1-h\\lambda)^{t/h}$ become as the steps get shorter?",
    ),
    "steps of length one": (
        _rule(fade=lambda t, u, d: torch.as_tensor(1 - u - d) ** t.round()),
        "Your answer is that of a coin which is thrown once in a unit of time: you take rates for "
        "probabilities. A rate may exceed one. Solve the equation in continuous time.",
    ),
    "half and half": (
        _rule(settled=lambda u, d: 0.5),
        "Your coin settles at one half, whatever the rates are. In the long run the flow up, `up` times the "
        "share below, equals the flow down.",
    ),
}
HINT_START = (
    "At time 0 your answer is not `start`. Nothing has flipped yet: insert $t=0$ into your formula, and see "
    "which terms are left."
)
HINT_FLOW = (
    "The probability at time $t$ is `start` and what has flowed in since, up times $1-p$ minus down times "
    "$p$, summed over time. The check does this sum with your own $p$, and comes to another number than "
    "`start`. {0}Differentiate your formula: is the derivative flow in minus flow out?"
)
HINT_LATE = (
    "After a long time flow up and flow down should be equal, so that nothing changes any more. With your "
    "probability they are not."
)
HINT_ORDER = (
    "The same times in another order give other probabilities. Each time is asked about by itself: does "
    "your function walk from one to the next, or use the first or last of them?"
)
HINT_ONE = (
    "With {0} your function is not right, though it was before. Which case does your formula leave out?"
)


def _left(student: StudentFunction, time: float, start: float, up: float, down: float) -> Tensor:
    """Probability at a time, less what has flowed in until then by the answer itself: the start, if right."""
    nodes, weights = _legendre(NODES)
    t = torch.cat([time * nodes, torch.tensor([time], dtype=torch.float64)])
    p = student(t, start, up, down, shape=(NODES + 1,)).double()
    flow = up * (1 - p[:-1]) - down * p[:-1]
    return p[-1] - time * (weights * flow).sum()


def _told(student: StudentFunction, start: float, up: float, down: float) -> str:
    """Where an answer settles, and how fast its distance from there fades, in words."""
    t = torch.tensor([0.0, 0.2, 0.4, LATE])
    p = student(t, start, up, down, shape=(4,), finite=False).double()
    away = p[:3] - p[3]
    if not bool(p.isfinite().all()) or float(p[3].abs()) > 1e3 or float(away.abs().min()) < 1e-6:
        return ""
    settles = f"For `up` = {up:g} and `down` = {down:g} yours settles at {number(p[3])}"
    rates = -(away[1:] / away[:-1]).log() / 0.2
    if bool(rates.isfinite().all()) and float(rates.std()) < 2e-3 * float(rates.abs().max()):
        return (
            f"{settles}, and its distance from there fades like an exponential with rate {number(rates[0])}. "
        )
    return f"{settles}. "


def _legendre(n: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights of Gauss and Legendre on [0, 1], by the eigenvalues of the Jacobi matrix."""
    k = torch.arange(1, n, dtype=torch.float64)
    beside = k / (4 * k.square() - 1).sqrt()
    values, vectors = torch.linalg.eigh(torch.diag(beside, 1) + torch.diag(beside, -1))
    return (values + 1) / 2, vectors[0].square()


@exercise("11.1", "A coin that flips by itself", "core", "t, start, up, down", _rule(), MISTAKES)
def two_state(student: StudentFunction) -> Iterator[Fact]:
    """The start, flow in minus flow out summed over time, the balance in the long run, the order of times."""
    zero = torch.stack([student(torch.zeros(2), *case, shape=(2,))[0] for case in CASES])
    starts = torch.tensor([case[0] for case in CASES])
    left = torch.stack([torch.stack([_left(student, t, *case) for t in TIMES]) for case in CASES])
    late = torch.stack(
        [student(torch.tensor([LATE]), *case, shape=(1,), finite=False)[0] for case in CASES]
    ).double()
    up, down = (torch.tensor([case[i] for case in CASES], dtype=torch.float64) for i in (1, 2))
    facts = [
        Fact("wrong start", "probability at time 0", starts, zero, HINT_START, 1e-5, 2e-3),
        Fact(
            "not flow in minus flow out",
            "probability less what has flowed in",
            starts[:, None].expand(-1, len(TIMES)),
            left.clamp(-1e6, 1e6),
            HINT_FLOW.format(_told(student, *CASES[0])),
            2e-5,
            2e-3,
        ),
        Fact(
            "no balance in the long run",
            "flow up minus flow down, late",
            torch.zeros(len(CASES)),
            (up * (1 - late) - down * late).nan_to_num(1e6).clamp(-1e6, 1e6),
            HINT_LATE,
            3e-4,  # a matrix exponential in single precision is off by this much
            2e-3,
        ),
    ]
    yield from facts
    if not all(fact.holds() for fact in facts):
        return
    t = torch.tensor([1.3, 0.0, 0.4, 2.2, 0.4])
    order = torch.tensor([3, 2, 0, 4, 1])
    once = student(t, 0.9, 0.5, 1.1, shape=(5,))
    again = student(t[order], 0.9, 0.5, 1.1, shape=(5,))
    yield from failing(
        [Fact("times not by themselves", "probabilities", once[order], again, HINT_ORDER, 1e-6)]
    )
    for words, case in (("`up` = 0", (0.6, 0.0, 1.3)), ("`down` = 0", (0.2, 0.8, 0.0))):
        came = torch.stack([_left(student, t, *case) for t in TIMES])
        wanted = torch.full((len(TIMES),), case[0])
        what, hint = f"probability less what has flowed in, {words}", HINT_ONE.format(words)
        yield from failing([Fact("wrong without a way back", what, wanted, came, hint, 2e-5)])
