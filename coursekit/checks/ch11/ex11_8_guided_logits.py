"""Exercise 11.8: guidance of a denoiser of tokens."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring
from ..shared.quiet import failing

ROWS, LENGTH, TOKENS, NULL = 6, 4, 5, 3
SCALES = (0.0, 1.0, 2.0, 0.5, 3.5)
Rule = Callable[..., Tensor]
Net = Callable[[Tensor, Tensor], Tensor]


class Branches:
    """A network whose logits depend on place, token and label, and which keeps what it is asked.

    Args:
        impossible: give logits of minus infinity: to the last token always, to token 1 with a label.
    """

    def __init__(
        self, impossible: bool = False, length: int = LENGTH, tokens: int = TOKENS, null: int = NULL
    ) -> None:
        self.impossible, self.length, self.tokens, self.null = impossible, length, tokens, null
        made = torch.Generator().manual_seed(5)
        self.table = 1.5 * torch.randn(null + 1, tokens + 1, length, tokens, generator=made)
        self.table += 2 * torch.randn(null + 1, tokens + 1, length, 1, generator=made)
        self.shown: list[tuple[Tensor, Tensor]] = []

    def __call__(self, *given: Any) -> Tensor:
        """Logits (batch, length, tokens) of states (batch, length) with labels (batch,)."""
        if len(given) != 2 or not all(isinstance(part, Tensor) for part in given):
            raise Fault("net misused", HINT_NET)
        x, y = given
        if x.dim() != 2 or x.shape[1] != self.length or y.shape != x.shape[:1] or y.is_floating_point():
            raise Fault("net misused", HINT_NET)
        if int(y.max()) > self.null or int(y.min()) < 0:
            raise Fault("label of no class", HINT_LABEL.format(self.null))
        self.shown.append((x.clone(), y.clone()))
        return self.logits(x, y)

    def logits(self, x: Tensor, y: Tensor) -> Tensor:
        """What the network answers, without being noted."""
        rows = self.table[y[:, None], x, torch.arange(self.length)]
        if self.impossible:
            rows[..., -1] = -math.inf
            rows[..., 1] = torch.where((y == self.null)[:, None], rows[..., 1], -math.inf)
        return rows


HINT_NET = (
    "Your function does not call `net` as it has to be called: with states (batch, length) and labels "
    "(batch,), one whole number for each row. Where no label is meant, each row has the label `null`."
)
HINT_LABEL = (
    "Your function hands `net` a label that it does not know: labels run from 0 to {0}, and the last one "
    "means that none is given."
)


def _both(net: Net, x: Tensor, y: Tensor, null: int) -> tuple[Tensor, Tensor]:
    return net(x, torch.full_like(y, null)), net(x, y)


def _guided(net: Net, x: Tensor, y: Tensor, w: float, null: int) -> Tensor:
    without, given = _both(net, x, y, null)
    if w == 0:
        return without.log_softmax(dim=-1)
    mixed = without + w * (given - without)
    return torch.where(given == -math.inf, -math.inf, mixed).log_softmax(dim=-1)


def _mix(
    rule: Callable[[Tensor, Tensor, float], Tensor],
    finish: Callable[[Tensor], Tensor] = lambda m: m.log_softmax(-1),
) -> Rule:
    """Another mixture of the logits without and with the label."""

    def guided(net: Net, x: Tensor, y: Tensor, w: float, null: int) -> Tensor:
        without, given = (part.clamp(min=-60.0) for part in _both(net, x, y, null))
        return finish(rule(without, given, w))

    return guided


def _probabilities(u: Tensor, c: Tensor, w: float) -> Tensor:
    p = u.softmax(-1) + w * (c.softmax(-1) - u.softmax(-1))
    return (p.clamp(min=1e-12) / p.clamp(min=1e-12).sum(-1, keepdim=True)).log()


def _plain(u: Tensor, c: Tensor, w: float) -> Tensor:
    return u + w * (c - u)


def _literal(net: Net, x: Tensor, y: Tensor, w: float, null: int) -> Tensor:
    without, given = _both(net, x, y, null)
    return (without + w * (given - without)).log_softmax(dim=-1)


def _zero(net: Net, x: Tensor, y: Tensor, w: float, null: int) -> Tensor:
    without, given = net(x, torch.zeros_like(y)), net(x, y)
    return _plain(without, given, w).log_softmax(dim=-1)


def _hidden_state(net: Net, x: Tensor, y: Tensor, w: float, null: int) -> Tensor:
    without = net(torch.full_like(x, int(x.max())), torch.full_like(y, null))
    return _plain(without, net(x, y), w).log_softmax(dim=-1)


MISTAKES: dict[str, Mistake] = {
    **recurring(
        {
            "1 + w": _mix(lambda u, c, w: u + (1 + w) * (c - u)),
            "w and 1 - w swapped": _mix(lambda u, c, w: c + w * (u - c)),
            "guidance left out": _mix(lambda u, c, w: c + 0 * u),
            "label left out": _mix(lambda u, c, w: u + 0 * c),
        }
    ),
    "no number where a token is impossible": (
        _literal,
        "Your result is right where all logits are finite. A token that is impossible has the logit "
        "$-\\infty$, and there your sum is no number: $0\\cdot(-\\infty)$ is none, and neither is $-\\infty$ "
        "minus $-\\infty$. What should come out for such a token at `w` = 0, and what beyond?",
    ),
    "w and 1 - w swapped, as a sum": (
        _mix(lambda u, c, w: w * u + (1 - w) * c + 1.0),
        "The weights of the two branches have changed places: at `w` = 0 you follow the label, and at `w` = "
        "1 you ignore it.",
    ),
    "probabilities mixed": (
        _mix(_probabilities, lambda m: m),
        "You mix probabilities. Beyond `w` = 1 they would become negative, and have to be cut off. It is "
        "*logarithms* that are mixed, as scores were: there a label multiplies what the state says.",
    ),
    "not normalised": (
        _mix(_plain, lambda m: m),
        "Your numbers are right up to a constant at each place. What is wanted are logarithms of "
        "probabilities: their exponentials add up to one.",
    ),
    "probabilities returned": (
        _mix(_plain, lambda m: m.softmax(-1)),
        "You return probabilities. What is wanted are their logarithms, whose exponentials sum to 1 at "
        "each place.",
    ),
    "normalised over the places": (
        _mix(_plain, lambda m: m.log_softmax(1)),
        "Your normalisation runs along the places. At each place the tokens compete: along which axis do "
        "they stand?",
    ),
    "difference alone": (
        _mix(lambda u, c, w: w * (c - u)),
        "You return the difference of the two branches alone. That says where the label pushes; what the "
        "state says without it has to be added.",
    ),
    "sum of both": (
        _mix(lambda u, c, w: u + w * c),
        "Your weights do not add up to one: the branch without the label counts in full beside `w` times the "
        "other. At `w` = 1 only the branch with the label should be left.",
    ),
    "pushed away from the label": (
        _mix(lambda u, c, w: u - w * (c - u)),
        "The label pushes the wrong way: your result is what the label makes *less* likely. Look at the sign "
        "of the difference.",
    ),
    "temperature": (
        _mix(lambda u, c, w: w * c),
        "You multiply the logits with the label by `w`. That makes them sharper, whatever the label has to "
        "do with it: the branch without the label is missing.",
    ),
    "w squared": (
        _mix(lambda u, c, w: u + w * w * (c - u)),
        "Your result does not lie on the straight line through both branches: `w` enters twice.",
    ),
    "first class for no label": (
        _zero,
        "Where no label is meant you hand over class 0, which is a class like others. The label that means "
        "none is `null`.",
    ),
    "logarithm of logits": (
        _mix(lambda u, c, w: u.softmax(-1) + w * (c.softmax(-1) - u.softmax(-1))),
        "You take a softmax of each branch, mix, and hand that to another softmax. Logits are logarithms "
        "already, up to a constant: mix those.",
    ),
    "another state without the label": (
        _hidden_state,
        "The branch without the label is asked about another state. Both branches belong to the same `x`.",
    ),
    "cut off at one": (
        _mix(lambda u, c, w: u + min(w, 1.0) * (c - u)),
        "Your `w` is cut off at 1. Guidance goes beyond: to exaggerate the label is what it is for.",
    ),
}
HINT_ASKED = (
    "Both branches should be asked about the states that are handed over: once with the labels, once with "
    "`null` for each row. At `w` = 2 your function did not ask for {0}."
)
HINT_NORMAL = (
    "At each place the exponentials of your numbers should add up to one. They do not: along which axis, and "
    "where in your function, are they normalised?"
)
HINT_ENDS = (
    "At `w` = {0:g} the result should be the logarithms of the probabilities {1} the label, as the network "
    "has them. Yours are others.{2} Insert this `w` into your formula."
)
HINT_LINE = (
    "At `w` = 0 and 1 your function is right, and elsewhere it is not. The difference of two tokens' logits "
    "should lie on the straight line through those of both branches.{0} Which operation bends it?"
)
HINT_IMPOSSIBLE = (
    "Token 1 is impossible with the label in this network, and the last token always: their logits are minus "
    "infinity. At `w` = {0:g} {1}"
)
HINT_ROWS = "Rows one by one get another result than together. Which of your operations runs along the batch?"
HINT_OTHER = (
    "With {0} places, {1} tokens and `null` = {2} your function is not right, though it was before. Which "
    "number is written into it?"
)


def _wanted(net: Branches, x: Tensor, y: Tensor, w: float) -> Tensor:
    """Log-probabilities on the line through both branches, by differences from each place's token 0."""
    u, c = net.logits(x, torch.full_like(y, net.null)).double(), net.logits(x, y).double()
    weight = torch.exp((1 - w) * (u - u[..., :1]) + w * (c - c[..., :1]))
    return (weight / weight.sum(dim=-1, keepdim=True)).log()


def _mixture(net: Branches, x: Tensor, y: Tensor, came: Tensor, w: float | None = None) -> str:
    """Of how much of each branch a result is made, in words, if it is a sum of both."""
    u, c = net.logits(x, torch.full_like(y, net.null)).double(), net.logits(x, y).double()
    lines = torch.stack([(part - part[..., :1])[..., 1:].flatten() for part in (u, c)], dim=1)
    mine = (came - came[..., :1])[..., 1:].flatten()
    if not bool(mine.isfinite().all()):
        return ""
    weights = torch.linalg.lstsq(lines, mine[:, None]).solution[:, 0]
    if float((lines @ weights - mine).norm()) > 1e-3 * float(mine.norm()):
        return ""
    at = "" if w is None else f" At `w` = {w:g}"
    start = f"{at} you mix" if at else " You mix"
    without, given = number(weights[0]), number(weights[1])
    return f"{start} {without} times the logits without the label and {given} times those with it."


def _case(
    length: int = LENGTH, tokens: int = TOKENS, null: int = NULL, rows: int = ROWS
) -> tuple[Tensor, Tensor]:
    return torch.randint(tokens + 1, (rows, length)), torch.arange(rows) % null


@exercise("11.8", "Guidance for tokens", "stretch", "net, x, y, w, null", _guided, MISTAKES)
def guided_logits(student: StudentFunction) -> Iterator[Fact]:
    """Sums, both ends, the line between and beyond; what is asked; impossible tokens; other networks."""

    def of(net: Branches, w: float, x: Tensor, y: Tensor, finite: bool = True) -> Tensor:
        return student(net, x, y, w, net.null, shape=(*x.shape, net.tokens), finite=finite).double()

    net, cases = Branches(), [_case() for _ in SCALES]
    came = torch.stack([of(net, w, *case) for w, case in zip(SCALES, cases, strict=True)])
    sums = came.exp().sum(dim=-1).clamp(max=1e6)
    wanted = torch.stack([_wanted(net, *case, w) for w, case in zip(SCALES, cases, strict=True)])
    facts = [
        Fact(
            "not normalised",
            "sum of a place's probabilities",
            torch.ones(sums.numel()),
            sums.flatten(),
            HINT_NORMAL,
            1e-4,
            5e-3,
        ),
        Fact(
            "wrong without the label",
            "result at w = 0",
            wanted[0],
            came[0],
            HINT_ENDS.format(0, "without", _mixture(net, *cases[0], came[0])),
            1e-4,
            5e-3,
        ),
        Fact(
            "wrong with the label",
            "result at w = 1",
            wanted[1],
            came[1],
            HINT_ENDS.format(1, "with", _mixture(net, *cases[1], came[1])),
            1e-4,
            5e-3,
        ),
        Fact(
            "off the line",
            "results at w = 2, 0.5 and 3.5",
            wanted[2:],
            came[2:],
            HINT_LINE.format(_mixture(net, *cases[2], came[2], 2)),
            2e-4,
            5e-3,
        ),
    ]
    yield from facts
    if all(fact.holds() for fact in facts):
        yield from failing(_impossible(of))
    if all(fact.holds() for fact in facts):
        yield from failing(_more(of))


def _impossible(of: Callable[..., Tensor]) -> Iterator[Fact]:
    """Tokens that cannot occur: nothing that is no number, and no probability."""
    net = Branches(impossible=True)
    x, y = _case()
    u, c = net.logits(x, torch.full_like(y, net.null)), net.logits(x, y)
    for w in (0.0, 1.0, 2.0):
        p = of(net, w, x, y, finite=False).exp()
        nan = p.isnan().double().mean()
        hint = HINT_IMPOSSIBLE.format(
            w,
            "your result holds entries that are no number. Zero times infinity is none, and neither is "
            "infinity minus infinity.",
        )
        yield Fact(
            "no number where a token is impossible",
            f"share of results at w = {w:g} that are no number",
            0.0,
            nan,
            hint,
            1e-6,
            0.1,
        )
        gone = (u == -math.inf) if w == 0 else (c == -math.inf)
        hint = HINT_IMPOSSIBLE.format(
            w,
            "what is impossible gets a probability in your result. Are infinite logits replaced by numbers "
            "that are not small enough?",
        )
        most = p.nan_to_num()[gone].max()
        yield Fact(
            "impossible tokens get a probability",
            f"largest probability of an impossible token at w = {w:g}",
            0.0,
            most,
            hint,
            1e-5,
        )
        a, b = (u if w == 0 else c).softmax(-1).double(), p.nan_to_num()
        hint = HINT_IMPOSSIBLE.format(
            w, "the other tokens do not get the probabilities that the network gives them."
        )
        if w < 2:
            yield Fact("wrong beside impossible tokens", f"probabilities at w = {w:g}", a, b, hint, 1e-4)


def _more(of: Callable[..., Tensor]) -> Iterator[Fact]:
    """What is asked, rows one by one, other sizes."""
    net = Branches()
    x, y = _case()
    whole = of(net, 2.0, x, y)
    asked = {
        (tuple(row.tolist()), int(label)) for xs, ys in net.shown for row, label in zip(xs, ys, strict=True)
    }
    missing = [
        words
        for words, labels in (("the labels", y), ("`null`", torch.full_like(y, NULL)))
        if not all((tuple(row.tolist()), int(label)) in asked for row, label in zip(x, labels, strict=True))
    ]
    yield Fact(
        "branch not asked", "branches asked", 2.0, 2.0 - len(missing), HINT_ASKED.format(" or ".join(missing))
    )
    one = torch.cat([of(Branches(), 2.0, x[i : i + 1], y[i : i + 1]) for i in range(ROWS)])
    yield Fact("rows know of one another", "rows one by one", whole, one, HINT_ROWS, 1e-4)
    for length, tokens, null, rows in ((2, 3, 7, 9), (5, 8, 2, 1)):
        net, (x, y) = Branches(length=length, tokens=tokens, null=null), _case(length, tokens, null, rows)
        hint = HINT_OTHER.format(length, tokens, null)
        yield Fact(
            "wrong for another network",
            "result at w = 1.5",
            _wanted(net, x, y, 1.5),
            of(net, 1.5, x, y),
            hint,
            2e-4,
        )
