"""Exercise 11.7: the perfect denoiser."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing

SIZES = ((40, 5, 7, 12), (9, 3, 4, 6), (1, 4, 3, 2))
"""Sentences, length, tokens and states."""
Rule = Callable[..., Tensor]


def _agrees(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    """Where states (batch, 1, length) and sentences (n, length) do not contradict each other."""
    return (x[:, None] == rows) | (x[:, None] == mask)


def _average(weights: Tensor, rows: Tensor, mask: int) -> Tensor:
    total = weights.sum(dim=1)[:, None, None].clamp(min=1e-30)
    return torch.einsum("bn,njs->bjs", weights, one_hot(rows, mask).to(weights)) / total


def _rule(weights: Callable[[Tensor, Tensor, int], Tensor]) -> Rule:
    """The average of all sentences, with other weights (batch, n)."""
    return lambda x, rows, mask: _average(weights(x, rows, mask).float(), rows, mask)


def _exact(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    return _average(_agrees(x, rows, mask).all(dim=-1).float(), rows, mask)


def _count(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    return (x[:, None] == rows).sum(dim=-1)


def _first(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    fits = _agrees(x, rows, mask).all(dim=-1)
    return fits & (fits.cumsum(dim=1) == 1)


def _hidden_alone(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    """Shown places left without a probability."""
    return torch.where((x == mask)[..., None], _exact(x, rows, mask), 0.0)


def _flat_where_shown(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    return torch.where((x == mask)[..., None], _exact(x, rows, mask), 1 / mask)


def _distinct(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    return _exact(x, rows.unique(dim=0), mask)


def _place_by_place(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    """Each place by its own agreement alone."""
    return torch.where(
        (x == mask)[..., None], one_hot(rows, mask).float().mean(dim=0), one_hot(x.clamp(max=mask - 1), mask)
    )


def _neighbours(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    """Only the places before a hidden one are asked."""
    out = []
    for j in range(x.shape[1]):
        fits = _agrees(x[:, : j + 1], rows[:, : j + 1], mask).all(dim=-1).float()
        out.append(_average(fits, rows[:, j : j + 1], mask)[:, 0])
    return torch.stack(out, dim=1)


def _alike(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    possible = (_exact(x, rows, mask) > 0).float()
    return possible / possible.sum(dim=-1, keepdim=True).clamp(min=1)


def _over_places(x: Tensor, rows: Tensor, mask: int) -> Tensor:
    p = _exact(x, rows, mask)
    return p / p.sum(dim=1, keepdim=True).clamp(min=1e-9)


MISTAKES: dict[str, Mistake] = {
    "average of all sentences": (
        _rule(lambda x, rows, mask: torch.ones(len(x), len(rows))),
        "Your answer is the average of all sentences, whatever is shown. Which sentences could lie behind "
        "this state at all?",
    ),
    "place by place": (
        _place_by_place,
        "Your hidden places know nothing of what is shown: each gets how often its tokens occur there. What "
        "is shown rules out sentences, and with them tokens at the other places.",
    ),
    "weighted by the number of agreements": (
        _rule(lambda x, rows, mask: _count(x, rows, mask) + 1e-9),
        "Every sentence counts in your answer by the number of places that agree. One place that does not "
        "agree rules a sentence out, whatever the others are.",
    ),
    "softmax of the agreements": (
        _rule(lambda x, rows, mask: torch.softmax(_count(x, rows, mask).float(), dim=1)),
        "Every sentence counts in your answer, by a softmax of how much it agrees. One place that does not "
        "agree rules a sentence out.",
    ),
    "hidden places have to agree": (
        _rule(lambda x, rows, mask: (x[:, None] == rows).all(dim=-1)),
        "Your sentences have to agree at the hidden places as well, where `mask` stands, which no sentence "
        "has. A hidden place agrees with everything.",
    ),
    "any place that agrees": (
        _rule(lambda x, rows, mask: _agrees(x, rows, mask).any(dim=-1)),
        "A sentence counts in your answer as soon as *one* place agrees. All of the shown places have to.",
    ),
    "any shown place that agrees": (
        _rule(lambda x, rows, mask: (x[:, None] == rows).any(dim=-1) | (x == mask).all(dim=1)[:, None]),
        "A sentence counts in your answer as soon as *one* shown place agrees. All of them have to.",
    ),
    "the first sentence that agrees": (
        _rule(_first),
        "Only the first sentence that agrees counts in your answer. All of those that do are possible, and "
        "equally likely.",
    ),
    "repeated sentences counted once": (
        _distinct,
        "A sentence that stands there twice counts once in your answer. Rows are equally likely, so it is "
        "twice as likely as others. Is a set, or `unique`, on the way?",
    ),
    "shown places left empty": (
        _hidden_alone,
        "Where a token is shown your probabilities are zero. A shown token is certain: it has probability "
        "one.",
    ),
    "shown places left open": (
        _flat_where_shown,
        "Where a token is shown all tokens have the same probability in your answer. A shown token is "
        "certain.",
    ),
    "not divided": (
        lambda x, rows, mask: torch.einsum(
            "bn,njs->bjs", _agrees(x, rows, mask).all(dim=-1).float(), one_hot(rows, mask).float()
        ),
        "Your numbers are counts of sentences, not shares. By what are they to be divided, and is that the "
        "same for all states?",
    ),
    "divided by all sentences": (
        lambda x, rows, mask: torch.einsum(
            "bn,njs->bjs", _agrees(x, rows, mask).all(dim=-1).float(), one_hot(rows, mask).float()
        )
        / len(rows),
        "You divide by the number of all sentences. What is wanted are shares among those that agree with "
        "the state.",
    ),
    "softmax of the counts": (
        lambda x, rows, mask: torch.softmax(
            torch.einsum(
                "bn,njs->bjs", _agrees(x, rows, mask).all(dim=-1).float(), one_hot(rows, mask).float()
            ),
            dim=-1,
        ),
        "You put counts through a softmax, which makes exponentials of them. Shares are counts divided by "
        "their sum.",
    ),
    "logarithms": (
        lambda x, rows, mask: _exact(x, rows, mask).clamp(min=1e-9).log(),
        "You return logarithms. What is wanted are the probabilities themselves, which sum to 1 at each "
        "place.",
    ),
    "the likeliest token": (
        lambda x, rows, mask: one_hot(_exact(x, rows, mask).argmax(dim=-1), mask).float(),
        "You give all of the probability to the likeliest token. The others that are possible should have "
        "their share.",
    ),
    "all possible tokens alike": (
        _alike,
        "All tokens that are possible have the same probability in your answer. How many of the agreeing "
        "sentences have each?",
    ),
    "only what stands before": (
        _neighbours,
        "Your hidden places know only what stands before them, as in a model that writes from left to right. "
        "What comes later rules sentences out too.",
    ),
    "normalised over the places": (
        _over_places,
        "Your numbers add up to one along the places. They should along the tokens: each place has some "
        "token.",
    ),
    "agreement of the whole batch": (
        _rule(lambda x, rows, mask: _agrees(x, rows, mask).all(-1).any(0, keepdim=True).expand(len(x), -1)),
        "A sentence counts in your answer if it agrees with any of the states. Each state has sentences of "
        "its own.",
    ),
    "tokens counted from one": (
        lambda x, rows, mask: _exact(x, rows, mask).roll(1, dims=-1),
        "All of your tokens are one too large. Tokens are counted from zero: the first entry belongs to "
        "token 0.",
    ),
}  # fmt: skip
HINT_SHOWN = (
    "A token that is shown is certain: at its place the answer is one for it, and zero for all others. Yours "
    "is not."
)
HINT_SUM = (
    "At each place the probabilities should add up to one. Yours do not. Over what do you add, and divide?"
)
HINT_HIDDEN = (
    "At hidden places the answer should be the share of each token among the sentences that agree with *all* "
    "that is shown, sentences that stand there twice counted twice. Yours is not. Take three sentences of "
    "two words and do it by hand."
)
HINT_LAST = (
    "No sentence holds the largest token, and it has a place in the answer all the same, with probability "
    "zero: `mask` says how many tokens there are. Do you count them off the sentences?"
)
HINT_BLANK = (
    "Where all places are hidden every sentence agrees. Your answer is another one than their shares."
)
HINT_OTHER = (
    "With {0} sentence{3} of {1} words and {2} tokens your function is not right, though it was before. "
    "Which number is written into it?"
)


def _case(n: int, length: int, tokens: int, states: int) -> tuple[Tensor, Tensor]:
    """States that agree with some sentence, and sentences of which some stand there twice."""
    rows = torch.randint(min(3, tokens), (n, length))
    rows[:, 0] = torch.randint(tokens, (n,))
    rows[0, 0] = tokens - 1
    rows = torch.cat([rows, rows[: n // 3]])[torch.randperm(n + n // 3)]
    x = rows[torch.randint(len(rows), (states,))]
    x = torch.where(torch.rand(x.shape) < 0.55, tokens, x)
    x[1 % states] = rows[0]  # nothing hidden
    x[0, -1] = tokens
    return x, rows


@exercise("11.7", "The perfect denoiser", "stretch", "x, sentences, mask", _exact, MISTAKES)
def exact_posterior(student: StudentFunction) -> Iterator[Fact]:
    """Shown places, sums, shares among the sentences that agree; blanks; tokens that no sentence holds."""
    for n, length, tokens, states in SIZES:
        first = n == SIZES[0][0]
        x, rows = _case(n, length, tokens, states)
        p = student(x, rows, tokens, shape=(states, length, tokens)).double()
        hidden = x == tokens
        shown = p.gather(-1, x.clamp(max=tokens - 1)[..., None])[..., 0]
        wanted = _shares(x, rows, tokens)
        facts = [
            Fact(
                "shown tokens not certain",
                "probability of shown tokens",
                torch.ones(int((~hidden).sum())),
                shown[~hidden],
                HINT_SHOWN,
                1e-4,
            ),
            Fact(
                "no sum of one",
                "sum of a place's probabilities",
                torch.ones(states * length),
                p.sum(dim=-1).flatten(),
                HINT_SUM,
                1e-4,
                5e-3,
            ),
            Fact(
                "wrong shares",
                "probabilities at hidden places",
                wanted[hidden].flatten(),
                p[hidden].flatten(),
                HINT_HIDDEN,
                1e-4,
                5e-3,
            ),
        ]
        if first:
            yield from facts
        else:
            hint = HINT_OTHER.format(len(rows), length, tokens, "s" * (len(rows) > 1))
            yield from failing(
                Fact("wrong for other sentences", f.label, f.expected, f.measured, hint, f.tol) for f in facts
            )
        if not all(fact.holds() for fact in facts):
            return
    x, rows = torch.tensor([[6, 1], [6, 6]]), torch.tensor([[0, 1], [2, 1], [2, 3]])
    try:
        p = student(x, rows, 6, shape=(2, 2, 6)).double()
    except Fault as fault:
        if fault.name not in ("raises", "wrong shape"):
            raise
        raise Fault("tokens counted off the sentences", HINT_LAST) from None
    what = "probability of a token that no sentence holds"
    yield from failing(
        [Fact("tokens counted off the sentences", what, 0.0, p[..., 4:].abs().max(), HINT_LAST)]
    )
    wanted = torch.tensor([1 / 3, 0.0, 2 / 3])
    yield from failing(
        [Fact("wrong where all is hidden", "shares of the first tokens", wanted, p[1, 0, :3], HINT_BLANK)]
    )


def _shares(x: Tensor, rows: Tensor, tokens: int) -> Tensor:
    """Shares of tokens among the rows that agree, counted one by one."""
    shares = torch.zeros(*x.shape, tokens, dtype=torch.float64)
    for i, state in enumerate(x.tolist()):
        agree = [
            row for row in rows.tolist() if all(s in (tokens, r) for s, r in zip(state, row, strict=True))
        ]
        for row in agree:
            for j, token in enumerate(row):
                shares[i, j, token] += 1 / len(agree)
    return shares
