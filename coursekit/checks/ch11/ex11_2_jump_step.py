"""Exercise 11.2: a step of a jump process."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..core.engine import exercise
from ..core.facts import Fact, margin, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from .common import Chooser, banded, pick, standard_error, together

PLACES, TOKENS, KINDS = 3, 4, 2
TOTALS = torch.tensor([[5.0, 0.6, 2.0], [3.0, 1.2, 0.9]])
"""How fast each kind of row leaves each place."""
LONG, SHORT = 0.16, 0.05
N, CALLS, ROWS = 60_000, 240, 16
MARGIN = margin(150)


def _step(x: Tensor, rates: Tensor, h: float) -> Tensor:
    return pick((one_hot(x, rates.shape[-1]) + h * rates).clamp(min=0))


def _off(rates: Tensor) -> Tensor:
    return rates.clamp(min=0)


def _leave(rates: Tensor, h: float) -> Tensor:
    return h * _off(rates).sum(dim=-1)


def _coin(
    chance: Callable[[Tensor, float], Tensor] = _leave,
    target: Callable[[Tensor, Tensor], Tensor] = lambda x, off: pick(off + 1e-30),
    draw: Callable[[Tensor], Tensor] = lambda x: torch.rand(x.shape),
) -> Callable[..., Tensor]:
    """Whether a place moves, by a coin, and where to."""
    return lambda x, rates, h: torch.where(draw(x) < chance(rates, h), target(x, _off(rates)), x)


def _weights(
    weights: Callable[[Tensor, Tensor, float], Tensor], choose: Chooser = pick
) -> Callable[..., Tensor]:
    """A token by weights of its own, staying included, from state's one-hot, rates and step."""
    return lambda x, rates, h: choose(weights(one_hot(x, rates.shape[-1]).to(rates), rates, h))


def _one_place(x: Tensor, rates: Tensor, h: float) -> Tensor:
    here = torch.arange(x.shape[1]) == torch.randint(x.shape[1], (len(x), 1))
    return torch.where(here, _step(x, rates, h), x)


MISTAKES: dict[str, Mistake] = {
    "always jumps": (
        _weights(lambda own, r, h: _off(r) + 1e-30),
        "Every place of yours jumps in every step, however short it is. If the chances to move are brought "
        "to the sum one, `h` cancels. How likely is it that a place stays, and where does that enter?",
    ),
    "h left out": (
        _coin(lambda r, h: _leave(r, 1.0)),
        "In your step `h` makes no difference to who moves. A rate is a chance *per time*: in half the time "
        "half as many places move.",
    ),
    "root of h": (
        _coin(lambda r, h: _leave(r, h**0.5)),
        "Your places move with a chance that grows with the root of `h`. That is for Brownian motion, which "
        "moves all the time. Jumps are rare: in half the time half as many places move.",
    ),
    "h squared": (
        _coin(lambda r, h: _leave(r, h * h)),
        "Your places move far too seldom: their chance falls with the square of `h`. In how many of your "
        "lines is `h` a factor?",
    ),
    "stays with 1 - h": (
        _weights(lambda own, r, h: torch.where(own > 0, 1 - h, h * r)),
        "You let a place stay with weight 1 - h, whatever its rates are. Chances add up to one: what is left "
        "if each of the others takes `h` times its rate?",
    ),
    "stays with weight one": (
        _weights(lambda own, r, h: own + h * _off(r)),
        "A place of yours keeps weight one for staying, and the chances to move come on top: they add up to "
        "more than one, and are then scaled down. What is taken from staying if something moves?",
    ),
    "softmax of the rates": (
        _weights(lambda own, r, h: torch.softmax(r, dim=-1)),
        "You put the rates through a softmax. Rates are no logits: a rate of zero means never, and a softmax "
        "makes a chance of it. Which probability belongs to a rate in a time `h`?",
    ),
    "softmax of the probabilities": (
        _weights(lambda own, r, h: torch.softmax(own + h * r, dim=-1)),
        "What you hand to the softmax are probabilities already. The softmax makes others of them, and "
        "nothing is impossible any more.",
    ),
    "the likeliest token": (
        _weights(lambda own, r, h: own + h * r, lambda p: p.argmax(dim=-1)),
        "You take the likeliest token where one is to be drawn. In a short step that is nearly always the "
        "old one, and rare jumps would never happen. Chance has to decide.",
    ),
    "the fastest rate always": (
        _coin(target=lambda x, off: off.argmax(dim=-1)),
        "Whether a place moves is left to chance in your step, and where to is not: it always goes where "
        "the rate is largest. The others should get their share too.",
    ),
    "any token alike": (
        _coin(target=lambda x, off: torch.randint(off.shape[-1], x.shape)),
        "Your places move to any token with the same chance. Among those that move, tokens should share in "
        "proportion to their rates.",
    ),
    "any other token alike": (
        _coin(target=lambda x, off: pick((off > 0).double() + 1e-30)),
        "Your places move to all of the other tokens with the same chance. Among those that move, tokens "
        "should share in proportion to their rates.",
    ),
    "where rates are small": (
        _coin(target=lambda x, off: pick(torch.where(off > 0, 1 / off.clamp(min=1e-6), 1e-30))),
        "Your places move the more often to a token, the *smaller* its rate is. It should be the other way "
        "round.",
    ),
    "rates of the target squared": (
        _coin(target=lambda x, off: pick(off.square() + 1e-30)),
        "Where a place of yours moves, fast rates get more than their share. Tokens should share in "
        "proportion to their rates: do these enter twice?",
    ),
    "softmax for the target": (
        _coin(target=lambda x, off: pick(torch.softmax(torch.where(off > 0, off, -1e9), dim=-1))),
        "Where a place moves, you choose by a softmax of the rates. They are no logits: tokens should share "
        "in proportion to the rates themselves.",
    ),
    "next token": (
        _coin(target=lambda x, off: (x + 1) % off.shape[-1]),
        "A place that moves goes to the next token in your step. It may go to any, in proportion to its "
        "rates.",
    ),
    "target added to the state": (
        _coin(target=lambda x, off: (x + pick(off + 1e-30)) % off.shape[-1]),
        "You add the drawn token to the old one. A jump replaces: there is nothing between two tokens, and "
        "no sum of them.",
    ),
    "one coin a row": (
        _coin(draw=lambda x: torch.rand(len(x), 1)),
        "All places of a row decide by one coin in your step. Each place has a coin of its own: in which "
        "shape do you draw?",
    ),
    "one coin for the batch": (
        _coin(draw=lambda x: torch.rand(1, x.shape[1])),
        "All rows of your batch decide by one coin. Each row has coins of its own: in which shape do you "
        "draw?",
    ),
    "a single coin": (
        _coin(draw=lambda x: torch.rand(1, 1)),
        "One coin decides for all places of all rows. Each place of each row has a coin of its own: in "
        "which shape do you draw?",
    ),
    "one place a row": (
        _one_place,
        "In each row of yours one place at most may move. In a step all places may, each by itself.",
    ),
    "coin from randn": (
        _coin(draw=lambda x: torch.randn(x.shape)),
        "Your coin is a normal number, and half of those are below zero, so far too many places move. A "
        "chance asks for numbers that are uniform between 0 and 1.",
    ),
    "coin turned over": (
        _coin(chance=lambda r, h: 1 - _leave(r, h)),
        "Your places move with the probability with which they should stay. Look at your comparison.",
    ),
    "mean rate of the batch": (
        lambda x, r, h: _coin(lambda r, h: _leave(r, h).mean(dim=0, keepdim=True))(x, r, h),
        "All rows leave with the mean rate of the batch in your step. Each row has rates of its own.",
    ),
    "mean rate of the row": (
        lambda x, r, h: _coin(lambda r, h: _leave(r, h).mean(dim=1, keepdim=True))(x, r, h),
        "All places of a row leave with the mean of its rates. Each place has rates of its own.",
    ),
    "mean of the rates for the sum": (
        _coin(lambda r, h: _leave(r, h) / r.shape[-1]),
        "Your places leave with the *mean* of their rates. Any of the jumps may happen, and chances that "
        "exclude one another add up.",
    ),
    "exponential without 1 minus": (
        _coin(lambda r, h: torch.exp(-_leave(r, h))),
        "Your places move with probability $e^{-h\\lambda}$, which is the chance that *nothing* happens.",
    ),
    "largest rate for the sum": (
        _coin(lambda r, h: h * _off(r).amax(dim=-1)),
        "Your places leave with their largest rate alone. Any of the jumps may happen, and chances that "
        "exclude one another add up.",
    ),
}
HINT_ROWS = (
    "The check makes many small steps from equal rows, and counts how many rows move. They move together "
    "more than coins of their own would let them. Each row, and each place in it, should decide by itself: "
    "in which shape do you draw?"
)
HINT_PLACES = (
    "The check makes many steps from equal rows. The places of a row move together, or take turns. Each "
    "place should decide by itself, whatever the others do: in which shape do you draw?"
)
HINT_LEAVE = (
    "Not the right share of the places moves. A place whose rates to other tokens add up to $\\lambda$ moves "
    "with probability $h\\lambda$ in a short step. Take one place and two tokens, and work out by hand what "
    "your lines do with `h` = {0:g}."
)
HINT_TARGET = (
    "The right share of the places moves, but not to the right tokens. Among those that move, each token "
    "should have a share in proportion to its rate, in each row and place by rates of its own."
)
HINT_STILL = (
    "All rates are zero here, so every place should keep its token, whatever `h` is. Shown words of a "
    "sentence have such rates. Yours move, or your function stops."
)
HINT_ABSENT = (
    "The largest tokens do not occur in this state, which is no reason not to move there: it is `rates` that "
    "says how many tokens there are. Do you count them off `x`? `one_hot(x)` does unless it is told a number."
)
HINT_ROUND = "Here `h` times the sum of the rates is one, but for rounding. {0}"


def _worlds() -> tuple[Tensor, Tensor]:
    """Rates (kinds, places, from, to) with own entries that are minus the sum, and shares of the targets."""
    shares = torch.rand(KINDS, PLACES, TOKENS, TOKENS).pow(2) + 0.1
    shares = shares * (1 - torch.eye(TOKENS))
    shares = shares / shares.sum(dim=-1, keepdim=True)
    rates = TOTALS[..., None, None] * shares
    return rates - torch.diag_embed(rates.sum(dim=-1)), shares


def _rates_of(base: Tensor, kind: Tensor, x: Tensor) -> Tensor:
    return base[kind[:, None], torch.arange(x.shape[1]), x]


def _by_cell(value: Tensor, kind: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of values (rows, places) for each kind, place and old token, and how many there are."""
    cell = (kind[:, None] * PLACES + torch.arange(PLACES)) * TOKENS + x
    count = torch.bincount(cell.flatten(), minlength=KINDS * PLACES * TOKENS).double()
    total = torch.bincount(cell.flatten(), value.flatten().double(), KINDS * PLACES * TOKENS)
    return total / count.clamp(min=1), count


def _as_if(left: Tensor, expected: Tensor) -> str:
    """A sentence on the factor between the shares that move and the expected ones, if it is one."""
    ratio = left / expected
    factor = float(ratio.mean())
    if not 0.02 < factor < 0.8 or float(ratio.std()) > 0.15 * factor:
        return ""
    return f" Yours moves as if `h` were {number(factor)} times as long."


def _sure(answer: Callable[..., Tensor], name: str, *given: object) -> Tensor:
    """A call in which only one thing is new, so that an error is told by its name."""
    try:
        return answer(*given)
    except Fault as fault:
        if fault.name not in ("raises", "wrong shape"):
            raise
        raise Fault(name, f"{fault.message.split(' It was called')[0]} {NEW[name]}") from None


NEW = {
    "stops where nothing moves": HINT_STILL,
    "tokens counted off the state": HINT_ABSENT,
    "stops at rounding": HINT_ROUND.format(
        "So the probability to stay may come out as a tiny negative number, such as -1e-7, and that is to be "
        "taken for zero. A last step of every walk is of this kind."
    ),
}


@exercise("11.2", "A step of a jump process", "core", "x, rates, h", _step, MISTAKES, random=True, limit=10.0)
def jump_step(student: StudentFunction) -> Iterator[Fact]:
    """Who moves together, how many move, where to; places without rates, absent tokens, and rounding."""

    def step(x: Tensor, rates: Tensor, h: float) -> Tensor:
        return student(x, rates, h, shape=tuple(x.shape), whole=True)

    base, shares = _worlds()
    one = torch.tensor([[2, 0, 1]]).expand(ROWS, PLACES)
    rates = _rates_of(base, torch.zeros(ROWS, dtype=torch.int64), one)
    rates = rates / rates.clamp(min=0).sum(dim=-1, keepdim=True)
    moved = torch.stack([(step(one, rates, 0.4) != one).double() for _ in range(CALLS)])
    facts = together(moved, "places that move", HINT_ROWS, HINT_PLACES)
    yield from facts
    x, kind = torch.randint(TOKENS, (N, PLACES)), torch.randint(KINDS, (N,))
    rates = _rates_of(base, kind, x)
    totals = TOTALS[..., None].expand(KINDS, PLACES, TOKENS).flatten().double()
    for h in (LONG, SHORT):
        y = step(x, rates, h)
        left, count = _by_cell((y != x).double(), kind, x)
        low, high = 1 - torch.exp(-h * totals), h * totals
        what = f"share of places that move in a time {h:g}"
        slack = MARGIN * standard_error(high, count)
        hint = HINT_LEAVE.format(h) + _as_if(left, high)
        facts.append(banded("wrong share moves", what, left, low, high, slack, hint))
        yield facts[-1]
    cells = torch.stack([_by_cell((y == s) & (x != s), kind, x)[0] for s in range(TOKENS)], dim=-1)
    goes = cells / left.clamp(min=1e-9)[:, None]
    wanted = shares.flatten(0, 2).double()
    slack = 0.5 * high[:, None] + MARGIN * standard_error(wanted, (count * left).clamp(min=20)[:, None])
    what = "share of a token among places that move"
    facts.append(banded("wrong targets", what, goes, wanted, wanted, slack, HINT_TARGET))
    yield facts[-1]
    if not all(fact.holds() for fact in facts):
        return
    yield from failing(_special(step))


def _special(step: Callable[..., Tensor]) -> Iterator[Fact]:
    """Places that cannot move, tokens that do not occur, steps as long as they may be; other shapes."""
    x = torch.tensor([[0, 5, 3, 2, 1, 4, 5]])
    still = _sure(step, "stops where nothing moves", x, torch.zeros(1, 7, 6), 0.3)
    share = (still != x).double().mean()
    yield Fact("moves without a rate", "share that moves", 0.0, share, HINT_STILL)
    x = torch.zeros(300, 1, dtype=torch.int64)
    rates = torch.zeros(300, 1, 6)
    rates[..., 5], rates[..., 0] = 2.0, -2.0
    y = _sure(step, "tokens counted off the state", x, rates, 0.25)
    came = torch.stack([(y == 5).double().mean(), ((y != 0) & (y != 5)).double().mean()])
    few = torch.tensor([0.45, 0.0])
    what = "share that moves to the last token, and to others"
    yield Fact("tokens counted off the state", what, few, came, HINT_ABSENT, 0.2)
    rates = torch.tensor([-3.0, 1.0, 2.0]).expand(50, 4, 3) * (1 + 2e-7)
    x = torch.zeros(50, 4, dtype=torch.int64)
    y = _sure(step, "stops at rounding", x, rates, 1 / 3 + 1e-7)
    hint = HINT_ROUND.format("Nearly all places should move, and yours do not.")
    moved = (y != x).double().mean()
    yield Fact("wrong where all move", "share that moves", 0.85, moved, hint, 0.35)
