"""Exercise 11.4: from the posterior to rates."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from .common import LANGUAGE, LENGTH, TOKENS, code, every, law_of

TIMES = (0.3, 0.6, 0.9)
Rule = Callable[..., Tensor]


@dataclass(frozen=True)
class World:
    """All states of three letters, and how their law moves from a source to the words, by enumeration.

    Args:
        states: of a place: as many as letters, with the uniform source, or one more, with the mask.
    """

    states: int

    @property
    def x(self) -> Tensor:
        """All states, (states ** 3, 3)."""
        return every(self.states, LENGTH)

    def _parts(self, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
        """Chance of each place of each state for each word, its derivative by alpha, and the words' law."""
        source = torch.zeros(self.states, dtype=torch.float64)
        source[TOKENS if self.states > TOKENS else slice(None)] = 1.0
        start = (source / source.sum())[self.x][:, None]
        words = every(TOKENS, LENGTH)
        there = (self.x[:, None] == words).double()
        law = law_of(LANGUAGE, TOKENS)
        return (1 - alpha) * start + alpha * there, there - start, law

    def law(self, alpha: float) -> Tensor:
        """Probability of each state."""
        place, _, law = self._parts(alpha)
        return place.prod(dim=-1) @ law

    def change(self, alpha: float, alpha_dot: float) -> Tensor:
        """Derivative of each state's probability by time."""
        place, slope, law = self._parts(alpha)
        by_place = [
            torch.cat([place[..., :j], slope[..., j : j + 1], place[..., j + 1 :]], dim=-1).prod(dim=-1)
            for j in range(LENGTH)
        ]
        return alpha_dot * (sum(by_place) @ law)  # type: ignore[operator]

    def posterior(self, alpha: float) -> Tensor:
        """Probability of each clean token at each place of each state, (states ** 3, 3, states)."""
        place, _, law = self._parts(alpha)
        joint = place.prod(dim=-1) * law
        total = joint.sum(dim=1)
        hot = one_hot(every(TOKENS, LENGTH), self.states).double()
        shares = torch.einsum("xz,zjs->xjs", joint, hot) / total.clamp(min=1e-30)[:, None, None]
        flat = torch.zeros(self.states, dtype=torch.float64)
        flat[:TOKENS] = 1 / TOKENS
        return torch.where(total[:, None, None] > 0, shares, flat)

    def flow(self, rates: Tensor, law: Tensor) -> Tensor:
        """What rates (states ** 3, 3, states) make of a law: the right side of the forward equation."""
        x, change = self.x, torch.zeros_like(law)
        for j in range(LENGTH):
            for s in range(self.states):
                y = x.clone()
                y[:, j] = s
                change.index_add_(0, code(y, self.states), law * rates[:, j, s])
        return change


UNIFORM, MASKED = World(TOKENS), World(TOKENS + 1)


def _rates(p: Tensor, x: Tensor, alpha: float, alpha_dot: float) -> Tensor:
    return alpha_dot / (1 - alpha) * (p - one_hot(x, p.shape[-1]))


def _speed(speed: Callable[[float, float], float]) -> Rule:
    return lambda p, x, a, d: speed(a, d) * (p - one_hot(x, p.shape[-1]))


def _of(change: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """The right speed with another difference of posterior and state."""
    return lambda p, x, a, d: d / (1 - a) * change(p, one_hot(x, p.shape[-1]).to(p))


def _balanced(change: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """Other rates to leave, and an own entry that fits them."""

    def rule(p: Tensor, x: Tensor, a: float, d: float) -> Tensor:
        own = one_hot(x, p.shape[-1]).to(p)
        away = change(p, own) * (1 - own)
        return d / (1 - a) * (away - own * away.sum(dim=-1, keepdim=True))

    return rule


def _surest(p: Tensor, own: Tensor) -> Tensor:
    return one_hot(p.argmax(dim=-1), p.shape[-1]).to(p)


MISTAKES: dict[str, Mistake] = {
    "speed left out": (
        _speed(lambda a, d: 1 / (1 - a)),
        "Your rates do not know how fast the path goes. The check hands over a scheduler that is not the "
        "straight line: a path that moves twice as fast has rates twice as large. Which argument have you "
        "not used?",
    ),
    "time left over left out": (
        _speed(lambda a, d: d),
        "Your rates stay finite up to the end. Then some of the noise never leaves: what has to happen to a "
        "rate as the time gets short in which the last tokens must have moved?",
    ),
    "divided by alpha": (
        _speed(lambda a, d: d / a),
        "Your rates are large at the start and small at the end. It should be the other way round: the less "
        "noise is left, the more of it has to leave per time. Which share of the path is still noise?",
    ),
    "times what is left": (
        _speed(lambda a, d: d * (1 - a)),
        "You multiply by the share of noise that is left. A rate is the chance to move *given* that a token "
        "has not moved yet: what is the flow divided by?",
    ),
    "straight line only": (
        _speed(lambda a, d: 1 / (1 - a**0.5)),
        "You use the time of one scheduler. Which one is at hand is said by `alpha` and `alpha_dot` alone.",
    ),
    "what is left, squared": (
        _speed(lambda a, d: d / (1 - a) ** 2),
        "Your rates grow too fast towards the end: you divide by what is left once too often.",
    ),
    "root of what is left": (
        _speed(lambda a, d: d / (1 - a) ** 0.5),
        "Your rates grow too slowly towards the end. Differentiate $1-\\alpha$, the chance that a token has "
        "not moved, and divide by it.",
    ),
    "twice too fast": (
        _speed(lambda a, d: 2 * d / (1 - a)),
        "All of your rates are twice as large as they should be. Which term is counted twice?",
    ),
    "towards the noise": (
        _speed(lambda a, d: -d / (1 - a)),
        "Your rates have the wrong sign: those to other tokens are negative. Probability should flow *from* "
        "the token at hand *to* those that the posterior names.",
    ),
    "own entry left as it is": (
        _of(lambda p, own: p),
        "Your rates do not add up to zero: what flows to other tokens is not taken away from the token at "
        "hand. What has to stand in its own entry?",
    ),
    "own entry zero": (
        _of(lambda p, own: p * (1 - own)),
        "Your rates to other tokens are right, and the own entry is zero. In this exercise it should hold "
        "what the token at hand loses, so that the rates of a place add up to zero.",
    ),
    "own entry minus one": (
        _of(lambda p, own: p * (1 - own) - own),
        "Your own entry is minus the whole speed, though with some probability the token at hand is the "
        "clean one, and then nothing moves. Entries of a place add up to zero.",
    ),
    "one taken from every entry": (
        _of(lambda p, own: p - 1),
        "You take one from each entry. It is to be taken from the entry of the token at hand alone: which "
        "function of torch puts a one there and zeros elsewhere?",
    ),
    "the mean taken away": (
        _of(lambda p, own: p - p.mean(dim=-1, keepdim=True)),
        "Your rates add up to zero, because you take the mean from each entry. But the token at hand plays "
        "no part: it is the one that loses. What does `x` do in your function?",
    ),
    "always jumps": (
        _balanced(lambda p, own: p / (p * (1 - own)).sum(dim=-1, keepdim=True).clamp(min=1e-9)),
        "Each place of yours leaves with the full speed, even where its token is the clean one already. You "
        "bring the rates to other tokens to the sum one: the posterior says how likely there is anything to "
        "do.",
    ),
    "the surest token": (
        _of(lambda p, own: _surest(p, own) - own),
        "All of your rates lead to the likeliest token. The others should get their share too: the posterior "
        "is a probability, and a rate is proportional to it.",
    ),
    "posterior of the batch": (
        _of(lambda p, own: p.mean(dim=0, keepdim=True).expand_as(p) - own),
        "You use the mean posterior of the batch for all rows. That knows how frequent letters are and "
        "nothing of the state at hand. Each row has a posterior of its own.",
    ),
    "posterior of the row": (
        _of(lambda p, own: p.mean(dim=1, keepdim=True).expand_as(p) - own),
        "You use the mean posterior of a row for all of its places. Each place has one of its own.",
    ),
    "all tokens alike": (
        _balanced(lambda p, own: torch.full_like(p, 1 / p.shape[-1])),
        "Your rates lead to all tokens alike, whatever the posterior says. What do you use `p` for?",
    ),
    "softmax of the posterior": (
        _of(lambda p, own: torch.softmax(p, dim=-1) - own),
        "You put the posterior through a softmax. It is a probability already, and the softmax makes all "
        "tokens nearly alike.",
    ),
    "logarithm of the posterior": (
        _balanced(lambda p, own: p.clamp(min=1e-9).log().abs()),
        "Your rates are made of logarithms of the posterior. A rate is proportional to the probability "
        "itself.",
    ),
    "posterior squared": (
        _balanced(lambda p, own: p.square()),
        "The posterior is squared in your rates. In which of your lines does it enter for the second time?",
    ),
    "not divided by the time": (
        _speed(lambda a, d: 1.0),
        "Your rates are the bare difference of posterior and state, equally fast at all times. Which number "
        "multiplied it for the continuous paths of chapter 04?",
    ),
}  # fmt: skip
HINT_SUM = (
    "The rates of a place should add up to zero: what flows to other tokens is taken from the token at hand. "
    "Yours do not. Print the row of one place, and look at its own entry."
)
HINT_NEGATIVE = (
    "Some of your rates to *another* token are negative, and a chance cannot be. Only the own entry is "
    "negative: it says what the token at hand loses."
)
HINT_FLOW = (
    "The check knows the law of all 125 three-letter states on the way from random letters to words, and by "
    "your rates it does not move as it should. Your `alpha` is {0:g} here and `alpha_dot` {1:g}. Take a "
    "place whose posterior is certain, and ask how fast the chance that it has not moved yet should fall.{2}"
)
HINT_MASK = (
    "With random letters your rates are right, and with the mask they are not. It is a state like others, "
    "the last: the posterior gives it probability zero, and where `x` is the mask, it is what loses."
)
HINT_ABSENT = (
    "The largest tokens do not occur in this state. How many states there are is said by the last axis of "
    "`p`. Do you count them off `x`? `one_hot(x)` does unless it is told a number."
)
HINT_ROWS = (
    "The same rows, a few of them only and in another order, get other rates. Each place has rates by its "
    "own posterior and its own token. Which of your operations runs along the batch or along the places?"
)


def _facts(student: StudentFunction, world: World, hint: str) -> Iterator[Fact]:
    """Sums, signs and the forward equation, at three times of the scheduler t squared."""
    n, s = len(world.x), world.states
    sums, least, flows, wanted = [], [], [], []
    for t in TIMES:
        given = world.posterior(t * t), world.x, t * t, 2 * t
        rates = student(*given, shape=(n, LENGTH, s)).double()
        occurs = (world.law(t * t) > 0)[:, None]
        sums.append((rates.sum(dim=-1) * occurs).flatten())
        others = rates.masked_fill(one_hot(world.x, s).bool(), 0.0)
        least.append((others.amin(dim=-1) * occurs).flatten())
        flows.append(world.flow(rates, world.law(t * t)))
        wanted.append(world.change(t * t, 2 * t))
    worst = int((torch.stack(flows) - torch.stack(wanted)).abs().amax(dim=1).argmax())
    t = TIMES[worst]
    zero = torch.zeros(len(TIMES) * n * LENGTH)
    source = "" if s == TOKENS else ", with the mask"
    yield _plain(
        "rates do not add up to zero",
        f"sum of a place's rates{source}",
        zero,
        torch.cat(sums),
        hint or HINT_SUM,
    )
    yield _plain(
        "negative rates",
        f"smallest rate to another token{source}",
        zero,
        torch.cat(least),
        hint or HINT_NEGATIVE,
    )
    yield Fact(
        "law does not move as it should",
        f"change of the law of all states{source}",
        torch.cat(wanted),
        torch.cat(flows),
        hint or HINT_FLOW.format(t * t, 2 * t, _pace(student, world)),
        2e-5,
        2e-3,
    )


PACES: dict[str, Callable[[float, float], float]] = {
    "`(1 - alpha) / alpha_dot`": lambda a, d: (1 - a) / d,
    "`alpha_dot / alpha`": lambda a, d: d / a,
    "`alpha / (1 - alpha)`": lambda a, d: a / (1 - a),
    "`alpha_dot / 1 - alpha`, a quotient and a difference": lambda a, d: d - a,
    "`alpha_dot / (1 - alpha**2)`": lambda a, d: d / (1 - a * a),
    "`alpha_dot / (1 - alpha)**2`": lambda a, d: d / (1 - a) ** 2,
    "`alpha_dot / sqrt(1 - alpha)`": lambda a, d: d / math.sqrt(1 - a),
    "`alpha_dot / (1 + alpha)`": lambda a, d: d / (1 + a),
    "`alpha_dot * (1 - alpha)`": lambda a, d: d * (1 - a),
    "`alpha_dot`": lambda a, d: d,
    "`1 - alpha`": lambda a, d: 1 - a,
    "`alpha`": lambda a, d: a,
}
"""What may stand before posterior minus state in place of the pace, by its name."""


def _pace(student: StudentFunction, world: World) -> str:
    """What an answer multiplies posterior minus state by, in words, if it does so at all times."""
    found = []
    for t in TIMES:
        p = world.posterior(t * t)
        rates = student(p, world.x, t * t, 2 * t, shape=tuple(p.shape)).double()
        line = p.double() - one_hot(world.x, p.shape[-1])
        factor = (rates * line).sum() / line.square().sum()
        if float((rates - factor * line).norm()) > 1e-3 * float(rates.norm()):
            return ""
        found.append(float(factor))
    for words, pace in PACES.items():
        ratio = [came / pace(t * t, 2 * t) for came, t in zip(found, TIMES, strict=True)]
        if max(abs(r - ratio[0]) for r in ratio) < 1e-3 * abs(ratio[0]):
            times = "" if abs(ratio[0] - 1) < 1e-3 else f"{number(ratio[0])} times "
            return f" You multiply posterior minus state by {times}{words}."
    return f" You multiply posterior minus state by {number(found[-1])} at the last of the times."


def _plain(name: str, label: str, wanted: Tensor, came: Tensor, hint: str) -> Fact:
    return Fact(name, label, wanted, came, hint, 2e-4, 5e-3)


@exercise("11.4", "From posterior to rates", "core", "p, x, alpha, alpha_dot", _rates, MISTAKES)
def posterior_rates(student: StudentFunction) -> Iterator[Fact]:
    """The forward equation on all three-letter states; then with a mask, for absent tokens, for few rows."""
    facts = list(_facts(student, UNIFORM, ""))
    yield from facts
    if not all(fact.holds() for fact in facts):
        return
    for fact in _facts(student, MASKED, HINT_MASK):
        yield from failing([fact])
    p = torch.rand(3, 2, 7)
    p = p / p.sum(dim=-1, keepdim=True)
    low = torch.tensor([[0, 1], [2, 0], [1, 1]])
    try:
        came = student(p, low, 0.5, 0.8, shape=(3, 2, 7))
    except Fault as fault:
        if fault.name not in ("raises", "wrong shape"):
            raise
        raise Fault(
            "tokens counted off the state", f"{fault.message.split(' It was called')[0]} {HINT_ABSENT}"
        ) from None
    own = came.gather(-1, low[..., None])[..., 0]
    wanted = -1.6 * (1 - p.gather(-1, low[..., None])[..., 0])
    yield from failing([Fact("tokens counted off the state", "own entries", wanted, own, HINT_ABSENT)])
    few = torch.tensor([77, 3, 124])
    alone = student(UNIFORM.posterior(0.36)[few], UNIFORM.x[few], 0.36, 1.2, shape=(3, LENGTH, TOKENS))
    beside = student(UNIFORM.posterior(0.36), UNIFORM.x, 0.36, 1.2, shape=(125, LENGTH, TOKENS))[few]
    yield from failing(
        [Fact("rows know of one another", "rates of three rows", beside, alone, HINT_ROWS, 1e-5)]
    )
