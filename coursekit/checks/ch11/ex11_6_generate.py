"""Exercise 11.6: words out of blanks."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from .common import (
    LANGUAGE,
    LENGTH,
    MASK,
    TOKENS,
    Chooser,
    banded,
    code,
    every,
    pick,
    posterior,
    standard_error,
    together,
)

STATES = TOKENS + 1
LOOKS = (1, 2, 4)
N, CALLS, ROWS = 20_000, 200, 8
MARGIN = margin(200)


@cache
def _table() -> Tensor:
    """The exact denoiser's probabilities in all states with hidden letters, (216, 3, 5)."""
    return posterior(every(STATES, LENGTH), LANGUAGE, MASK)


@cache
def law_after(looks: int) -> Tensor:
    """Probability of each of the 216 states after so many looks of the exact denoiser, by enumeration."""
    x = every(STATES, LENGTH)
    hidden = (x == MASK)[..., None]
    stays = one_hot(x, STATES).double()
    guess = torch.cat([_table(), torch.zeros(len(x), LENGTH, 1, dtype=torch.float64)], dim=-1)
    law = torch.zeros(len(x), dtype=torch.float64)
    law[-1] = 1.0
    for i in range(looks):
        one = torch.where(hidden, stays + (guess - stays) / (looks - i), stays)
        kernel = torch.ones(len(x), len(x), dtype=torch.float64)
        for j in range(LENGTH):
            kernel = kernel * one[:, j][:, x[:, j]]
        law = law @ kernel
    return law


class Net:
    """The exact denoiser of the words, as a network that keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Tensor] = []

    def __call__(self, *given: Tensor) -> Tensor:
        """Logits (batch, 3, 5) of states (batch, 3)."""
        x = given[0] if len(given) == 1 else None
        if not isinstance(x, Tensor) or x.dim() != 2 or x.shape[1] != LENGTH or x.is_floating_point():
            came = f"a tensor of shape {tuple(x.shape)}" if isinstance(x, Tensor) else "that"
            came = f"{len(given)} things" if len(given) != 1 else came
            came = "decimal numbers" if isinstance(x, Tensor) and x.is_floating_point() else came
            raise Fault("net misused", HINT_NET.format(LENGTH, came))
        if int(x.max()) > MASK or int(x.min()) < 0:
            raise Fault("net misused", HINT_NUMBERS)
        self.shown.append(x.detach().clone())
        return _table()[code(x, STATES)].clamp(min=1e-30).log().float()


HINT_NET = (
    "Your function calls `net` with something else than states. It takes one thing: whole numbers of shape "
    "(n, length), here with rows of {0} letters, and not {1}."
)
HINT_NUMBERS = "Your function hands `net` numbers that are neither tokens nor `mask`."
Rule = Callable[..., Tensor]


def _rule(
    share: Callable[[int, int], float] = lambda i, steps: 1 / (steps - i),
    *,
    choose: Chooser = pick,
    hidden_only: bool = True,
    coins: Callable[[Tensor], Tensor] = lambda x: torch.rand(x.shape),
    order: Callable[[Tensor, Tensor], Tensor] | None = None,
    weights: Callable[[Tensor], Tensor] = lambda logits: logits.softmax(dim=-1),
    carry: bool = True,
    start: Callable[[int, int, int], Tensor] = lambda n, length, mask: torch.full((n, length), mask),
) -> Rule:
    """Generation of which each part may be another one."""

    def rule(net: Callable[[Tensor], Tensor], n: int, length: int, steps: int, mask: int) -> Tensor:
        x = begun = start(n, length, mask)
        for i in range(steps):
            p = weights(net(x if carry else begun))
            drawn = choose(p)
            hidden = x == mask
            if order is None:
                go = coins(x) < share(i, steps)
                go = go & hidden if hidden_only else go
            else:
                due = hidden.sum(dim=1, keepdim=True) - round(length * (1 - (i + 1) / steps))
                score = order(p, drawn).masked_fill(~hidden, -1.0)
                go = (score.argsort(dim=1, descending=True).argsort(dim=1) < due) & hidden
            x = torch.where(go.expand(x.shape), drawn, x)
        return x

    return rule


def _probability(p: Tensor, drawn: Tensor) -> Tensor:
    return p.gather(-1, drawn[..., None])[..., 0] + 1e-6 * torch.rand(drawn.shape)


def _from_logits(logits: Tensor) -> Tensor:
    return (logits - logits.amin(dim=-1, keepdim=True)).clamp(min=1e-6)


def _row_token(p: Tensor) -> Tensor:
    return pick(p.mean(dim=1, keepdim=True)).expand(p.shape[:-1])


def _one_more(net: Callable[[Tensor], Tensor], n: int, length: int, steps: int, mask: int) -> Tensor:
    return _rule()(net, n, length, steps + 1, mask)


def _one_less(net: Callable[[Tensor], Tensor], n: int, length: int, steps: int, mask: int) -> Tensor:
    return _rule()(net, n, length, max(steps - 1, 1), mask)


def _by_places(net: Callable[[Tensor], Tensor], n: int, length: int, steps: int, mask: int) -> Tensor:
    return _rule(order=lambda p, drawn: torch.rand(drawn.shape))(net, n, length, length, mask)


MISTAKES: dict[str, Mistake] = {
    "reveals with 1/steps": (
        _rule(lambda i, steps: 1 / steps),
        "You reveal a hidden place with the same chance in every look, so some are still hidden at the end. "
        "Of those that are left, a growing share is due: how many looks are left, this one included?",
    ),
    "one look late": (
        _rule(lambda i, steps: 1 / (steps - i + 1)),
        "You count one look too many among those that are left, so some places are still hidden at the end. "
        "What should the chance be in the last look?",
    ),
    "exponential step": (
        _rule(lambda i, steps: 1 - math.exp(-1 / (steps - i))),
        "Your chance to reveal is that of a jump in continuous time. It never reaches one, so some places "
        "are still hidden at the end. The last look should reveal whatever is left.",
    ),
    "all in the first look": (
        _rule(lambda i, steps: 1.0),
        "All places are revealed in your first look, and the others have nothing to do. So the letters know "
        "nothing of one another, however many looks there are.",
    ),
    "all in the last look": (
        _rule(lambda i, steps: float(i == steps - 1)),
        "Nothing is revealed before your last look, and then everything. So the letters know nothing of one "
        "another, however many looks there are.",
    ),
    "draws again what stands": (
        _rule(hidden_only=False),
        "Letters that are shown already are drawn again in your loop. A place that has been revealed stays: "
        "which places may change in a look?",
    ),
    "draws everything again at the end": (
        _rule(lambda i, steps: 1.0, hidden_only=False),
        "Every look of yours draws all places anew, also those that are shown. A place that has been "
        "revealed stays.",
    ),
    "the likeliest letter": (
        _rule(choose=lambda p: p.argmax(dim=-1)),
        "You take the likeliest letter where one is to be drawn, so the same few words come again and again. "
        "The denoiser answers with a probability: draw from it.",
    ),
    "sharper than the denoiser": (
        _rule(choose=lambda p: pick(p.square())),
        "You draw from probabilities that are sharper than the denoiser's, as with a low temperature. Likely "
        "words then come too often.",
    ),
    "flatter than the denoiser": (
        _rule(choose=lambda p: pick(p.sqrt())),
        "You draw from probabilities that are flatter than the denoiser's, as with a high temperature. Are "
        "they brought to the power of one half?",
    ),
    "softmax twice": (
        _rule(weights=lambda logits: logits.softmax(dim=-1).softmax(dim=-1)),
        "The softmax is taken twice, so that nothing is impossible any more, and your words are hardly "
        "better than chance.",
    ),
    "logits for probabilities": (
        _rule(weights=_from_logits),
        "You draw by the logits, brought above zero, and not by probabilities. What turns one into the "
        "other?",
    ),
    "any letter": (
        _rule(choose=lambda p: torch.randint(p.shape[-1], p.shape[:-1])),
        "Your letters are drawn alike, whatever the denoiser says. What do you do with its answer?",
    ),
    "same places in all rows": (
        _rule(coins=lambda x: torch.rand(1, x.shape[1])),
        "One coin for each place decides for all rows: they are revealed in step. Each place of each row has "
        "a coin of its own.",
    ),
    "one coin a row": (
        _rule(coins=lambda x: torch.rand(len(x), 1)),
        "All hidden places of a row decide by one coin, so a row is revealed at once, in a single look. Its "
        "letters then know nothing of one another.",
    ),
    "same letters in all rows": (
        _rule(choose=lambda p: pick(p[:1]).expand(p.shape[:-1])),
        "The letters are drawn for the first row, and all others get the same. Each row has draws of its "
        "own.",
    ),
    "one letter for a row": (
        _rule(choose=_row_token),
        "All places of a row get the same letter in a look. Each place has a probability and a draw of its "
        "own.",
    ),
    "surest first": (
        _rule(order=_probability),
        "You reveal first where the drawn letter is most likely. That changes which words come: in this "
        "exercise a place is revealed by a coin, whatever has been drawn there.",
    ),
    "left to right": (
        _rule(order=lambda p, drawn: 1 - torch.arange(LENGTH).expand(drawn.shape) / LENGTH),
        "You reveal from left to right. In this exercise each hidden place is revealed by a coin of its own.",
    ),
    "as many in every look": (
        _rule(order=lambda p, drawn: torch.rand(drawn.shape)),
        "You reveal a fixed number of places in every look, and chance only decides which. That is a fine "
        "way to do it, but another one: here each hidden place has a coin of its own.",
    ),
    "one place at a time": (
        _by_places,
        "You reveal one place after the other, whatever `steps` is. Here the number of looks is given, and "
        "each hidden place has a coin of its own.",
    ),
    "the denoiser sees blanks only": (
        _rule(carry=False),
        "Every look of yours shows the denoiser the same blanks. So it never learns what has been revealed, "
        "and letters know nothing of one another.",
    ),
    "one look more": (
        _one_more,
        "The denoiser is asked once more than it should be. How often does your loop turn?",
    ),
    "one look less": (
        _one_less,
        "The denoiser is asked once less than it should be. How often does your loop turn?",
    ),
    "a letter to begin with": (
        _rule(hidden_only=False, start=lambda n, length, mask: torch.zeros(n, length, dtype=torch.int64)),
        "Your rows begin with a letter in each place, and with nothing hidden. They should begin with `mask` "
        "everywhere.",
    ),
    "random letters to begin with": (
        _rule(hidden_only=False, start=lambda n, length, mask: torch.randint(mask, (n, length))),
        "Your rows begin with random letters, which is the other source. Here they begin with `mask` "
        "everywhere.",
    ),
}
HINT_LOOKS = (
    "The denoiser should be asked once in each of `steps` looks, with all rows together. It was asked {0} "
    "for `steps` = {1}."
)
HINT_KEPT = "From one look to the next, letters that stood there have changed. What has been revealed stays."
HINT_DUE = (
    "The check looks at what is still hidden when the denoiser is asked, with four looks: it should be all, "
    "then three quarters, a half, a quarter. Which share of what is left is due in a look?"
)
HINT_LEFT = "At the end of your walk places are still hidden. The last look should reveal all that is left."
HINT_ROWS = (
    "In many small batches, rows have the same places revealed more often than coins of their own would let "
    "them. In which shape do you draw?"
)
HINT_PLACES = (
    "In many small batches, the places of a row are revealed together, or in turns. Each place has a coin of "
    "its own."
)
HINT_SHARE = (
    "With the exact denoiser the share of real words is known, as each place is revealed by a coin of its "
    "own and drawn from the denoiser's probabilities. Yours is another one. What is drawn, from what, and "
    "when?"
)
HINT_LAW = (
    "The share of real words is right, but not all rows of letters come as often as they should. With so "
    "many looks, which is the only place where chance comes in beside the coins?"
)
HINT_OTHER = "With {0} looks for {1} row{2} your function does not answer as it should, though it did before."


@exercise(
    "11.6",
    "Words out of blanks",
    "stretch",
    "net, n, length, steps, mask",
    _rule(),
    MISTAKES,
    random=True,
    limit=15.0,
)
def generate(student: StudentFunction) -> Iterator[Fact]:
    """Looks, what is hidden in each, what stays, what comes out after one, two and four of them."""

    def run(n: int, steps: int) -> tuple[Tensor, Net]:
        net = Net()
        x = student(net, n, LENGTH, steps, MASK, shape=(n, LENGTH), whole=True)
        return x, net

    ends, nets = zip(*(run(N, steps) for steps in LOOKS), strict=True)
    asked = [float(len(net.shown)) for net in nets]
    worst = max(range(len(LOOKS)), key=lambda i: abs(asked[i] - LOOKS[i]))
    times = f"{asked[worst]:g} time{'s' * (asked[worst] != 1)}"
    facts = [
        Fact(
            "wrong number of looks",
            "times that the denoiser is asked",
            torch.tensor(LOOKS).double(),
            torch.tensor(asked).double().clamp(max=99),
            HINT_LOOKS.format(times, LOOKS[worst]),
            0.5,
        )
    ]
    yield facts[0]
    facts += _watched([*nets[-1].shown, ends[-1]])
    yield from facts[1:]
    left = torch.stack([(x == MASK).double().mean() for x in ends])
    facts.append(
        Fact("still hidden", "share still hidden at the end", torch.zeros(3), left, HINT_LEFT, 1e-6, 0.01)
    )
    yield facts[-1]
    if all(fact.holds() for fact in facts[:2]):
        seen = [net.shown[1] for _, net in (run(ROWS, 2) for _ in range(CALLS)) if len(net.shown) > 1]
        facts += together((torch.stack(seen) == MASK).double(), "hidden places", HINT_ROWS, HINT_PLACES)
        yield from facts[-2:]
    if not all(fact.holds() for fact in facts):
        # What comes out tells mistakes apart that look alike so far.
        yield _words(ends)
        return
    yield _words(ends)
    yield from _laws(ends)
    for n, steps in ((1, 3), (3, 7)):
        x, _ = run(n, steps)
        odd = ((x < 0) | (x >= TOKENS)).double().mean()
        hint = HINT_OTHER.format(steps, n, "s" * (n > 1))
        yield from failing([Fact("wrong for few rows", "share that is no letter", 0.0, odd, hint)])


def _watched(states: list[Tensor]) -> Iterator[Fact]:
    """What is hidden in each look, and whether what is shown stays."""
    hidden = torch.stack([(x == MASK).double().mean() for x in states[:4]])
    wanted = 1 - torch.arange(len(hidden)).double() / 4
    yield Fact("wrong share revealed", "share hidden in each look", wanted, hidden, HINT_DUE, 0.02, 0.03)
    moved = [((a != MASK) & (a != b)).double().mean() for a, b in pairwise(states)]
    change = torch.stack(moved).sum() if moved else torch.zeros(())
    yield Fact("revealed letters change", "share of letters that change", 0.0, change, HINT_KEPT, 1e-6, 0.05)


def _words(ends: tuple[Tensor, ...]) -> Fact:
    real = torch.stack([_is_word(x).double().mean() for x in ends])
    words = code(LANGUAGE, STATES)
    wanted = torch.stack([law_after(steps)[words].sum() for steps in LOOKS])
    what = f"share of real words after {', '.join(map(str, LOOKS[:-1]))} and {LOOKS[-1]} looks"
    return Fact("wrong share of words", what, wanted, real, HINT_SHARE, MARGIN * (0.25 / N) ** 0.5, 0.035)


def _is_word(x: Tensor) -> Tensor:
    return torch.isin(code(x, STATES), code(LANGUAGE, STATES))


def _laws(ends: tuple[Tensor, ...]) -> Iterator[Fact]:
    for steps, x in zip(LOOKS, ends, strict=True):
        wanted = law_after(steps)
        shares = torch.bincount(code(x, STATES), minlength=len(wanted)).double() / len(x)
        slack = MARGIN * standard_error(wanted, len(x)) + 2e-4
        what = f"shares of all rows of letters after {steps} look{'s' * (steps > 1)}"
        yield from failing([banded("wrong law", what, shares, wanted, wanted, slack, HINT_LAW)])
