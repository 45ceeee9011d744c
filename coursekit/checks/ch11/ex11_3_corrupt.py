"""Exercise 11.3, find the bug: tokens are hidden."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from .common import banded, standard_error, together

TOKENS, PLACES, MASK = 9, 5, 14
N, CALLS, ROWS = 40_000, 240, 16
LEVELS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
MARGIN = margin(60)


def _corrupt(z: Tensor, t: Tensor, mask: int) -> Tensor:
    return torch.where(torch.rand(z.shape) < t, z, mask)


def _by(
    kept: Callable[[Tensor, Tensor], Tensor] = lambda z, t: torch.rand(z.shape) < t,
    mark: Callable[[Tensor, int], Tensor] = lambda z, mask: torch.full_like(z, mask),
) -> Callable[..., Tensor]:
    """What is kept, and what stands where it is not."""
    return lambda z, t, mask: torch.where(kept(z, t), z, mark(z, mask))


def _ranks(z: Tensor) -> Tensor:
    return torch.rand(z.shape).argsort(dim=1).argsort(dim=1)


MISTAKES: dict[str, Mistake] = {
    "rows all or nothing": (
        _by(lambda z, t: (torch.rand(len(z), 1) < t).expand(z.shape)),
        "In your rows either every token is hidden or none. The share of hidden tokens is right at each "
        "time, but no sentence is ever half hidden, and generating one leads through half-hidden sentences. "
        "Look at the coins of a single row.",
    ),
    "one coin a place": (
        _by(lambda z, t: torch.rand(z.shape[1]) < t),
        "One coin for each place decides for all rows of the batch: the same places are hidden everywhere. "
        "Rows should know nothing of one another.",
    ),
    "a single coin": (
        _by(lambda z, t: (torch.rand(1, 1) < t).expand(z.shape)),
        "A single coin decides for all of your batch: rows with the same time are hidden together. Each "
        "token should be hidden by itself.",
    ),
    "hides with t": (
        _by(lambda z, t: torch.rand(z.shape) >= t),
        "You hide a token with probability t, and show it otherwise. In this course time 1 is data, where "
        "nothing is hidden, and time 0 is noise.",
    ),
    "one t for all": (
        _by(lambda z, t: torch.rand(z.shape) < t.mean()),
        "All rows are hidden by the mean of the times. Each row has a time of its own.",
    ),
    "the first time for all": (
        _by(lambda z, t: torch.rand(z.shape) < t[:1]),
        "All rows are hidden by the time of the first row. Each row has a time of its own.",
    ),
    "a fixed number hidden": (
        _by(lambda z, t: _ranks(z) < (t * z.shape[1]).round()),
        "In your rows the *number* of hidden tokens is fixed by the time, and chance only decides which. "
        "With a coin for each token the number varies too: some rows are luckier than others.",
    ),
    "the end is hidden": (
        _by(lambda z, t: torch.arange(z.shape[1]) < (t * z.shape[1]).round()),
        "You hide the end of each row. Any token may be hidden, each by itself, in whatever order.",
    ),
    "the end is hidden, by chance": (
        _by(lambda z, t: torch.arange(z.shape[1]) < (t * z.shape[1] + torch.rand(t.shape)).floor()),
        "You hide the end of each row. Any token may be hidden, each by itself, in whatever order.",
    ),
    "another mark": (
        _by(mark=lambda z, mask: torch.zeros_like(z)),
        "Where a token is hidden you write 0, which is a token like others. The mark for hidden places is "
        "`mask`, as it is handed over.",
    ),
    "the mark before": (
        _by(mark=lambda z, mask: torch.full_like(z, mask - 1)),
        "Where a token is hidden you write `mask - 1`. The mark is `mask` itself, as it is handed over.",
    ),
    "minus one for the mark": (
        _by(mark=lambda z, mask: torch.full_like(z, -1)),
        "Where a token is hidden you write -1. The mark for hidden places is `mask`, as it is handed over.",
    ),
    "other tokens in place of a mark": (
        _by(mark=lambda z, mask: torch.randint(TOKENS, z.shape)),
        "Where a token should be hidden you put another one. That is the uniform source; here the reader "
        "should see *that* something is missing, by `mask`.",
    ),
    "tokens shuffled": (
        _by(mark=lambda z, mask: z[torch.randperm(len(z))]),
        "Where a token should be hidden you put that of another row. Here the reader should see *that* "
        "something is missing, by `mask`.",
    ),
    "t squared": (
        _by(lambda z, t: torch.rand(z.shape) < t**2),
        "Your tokens are shown with probability t squared. Along the straight scheduler of this exercise it "
        "is t itself. Do two coins have to agree?",
    ),
    "root of t": (
        _by(lambda z, t: torch.rand(z.shape) < t.sqrt()),
        "Your tokens are shown with a probability that is the root of t. On the straight scheduler of this "
        "exercise it is t itself.",
    ),
    "always the same share": (
        _by(lambda z, t: torch.rand(z.shape) < 0.85),
        "You hide the same share at all times, as BERT does. Its rows are all but complete; to generate, a "
        "network has to have seen rows of which nearly nothing is shown. Where does `t` come in?",
    ),
    "coin from randn": (
        _by(lambda z, t: torch.randn(z.shape) < t),
        "Your coin is a normal number: it lies below t with another probability than t. A probability asks "
        "for numbers that are uniform between 0 and 1.",
    ),
    "hides above one half": (
        _by(lambda z, t: (t > 0.5).expand(z.shape)),
        "No chance is left in what you hide: rows are hidden before the middle of the time, and shown after "
        "it. Time is a probability here.",
    ),
    "the time of another row": (
        _by(lambda z, t: torch.rand(z.shape) < t.flip(0)),
        "Your rows are hidden by the times of other rows: the order of the two does not match.",
    ),
}
HINT_MARK = (
    "Some entries of your result are neither the token that was there nor `mask`. A token stays what it is, "
    "or is replaced by `mask`. Print a row before and after."
)
HINT_ROWS = (
    "The check hides many small batches at one time, and counts in how many rows a place is hidden. The rows "
    "do not decide by themselves. What do rows have in common in your function?"
)
HINT_PLACES = (
    "The check hides many rows at one time, and counts the hidden tokens of each. Their number varies from "
    "row to row as it would not if each token were hidden by itself. Print some rows at t = 0.4."
)
HINT_SHARE = (
    "Not the right share of the tokens is hidden: at time t a token is shown with probability t, and hidden "
    "otherwise, each row by its own time and each place alike. Print the share for t = {0:g}."
)
HINT_ENDS = "At time 0 all tokens should be hidden, and at time 1 none. Which of the two goes wrong in yours?"
HINT_SQUARE = (
    "With as many rows as places your function is not right, though it was before. Row k has time k: torch "
    "lines axes up from the right, and where sizes match there is not even an error. Which shape have the "
    "times when they meet the coins?"
)


@exercise("11.3", "Find the bug: hide", "core", "z, t, mask", _corrupt, MISTAKES, random=True)
def corrupt(student: StudentFunction) -> Iterator[Fact]:
    """What stands where; who is hidden together; the share at each time, row by row; both ends."""

    def hide(z: Tensor, t: Tensor, mask: int = MASK) -> Tensor:
        return student(z, t, mask, shape=tuple(z.shape), whole=True)

    level = torch.arange(N) % len(LEVELS)
    t = torch.tensor(LEVELS)[level][:, None]
    z = torch.randint(TOKENS, (N, PLACES))
    x = hide(z, t)
    strange = (x != z) & (x != MASK)
    kinds = torch.stack([(strange & chosen).double().mean() for chosen in (x == x, x == 0, x < 0)])
    what = "share of other entries, of zeros and of negative numbers among them"
    first = Fact("neither token nor mark", what, torch.zeros(3), kinds, HINT_MARK, 1e-6, 0.05)
    yield first
    few = torch.randint(TOKENS, (CALLS, ROWS, PLACES))
    gone = torch.stack([(hide(rows, torch.full((ROWS, 1), 0.4)) != rows).double() for rows in few])
    hide(few[0], torch.full((ROWS, 1), 0.7))  # so that an answer which knows of time is not called constant
    facts = [first, *together(gone, "hidden tokens", HINT_ROWS, HINT_PLACES)]
    yield from facts[1:]
    shares = torch.stack([(x != z)[level == i].double().mean(dim=0) for i in range(len(LEVELS))])
    wanted = (1 - torch.tensor(LEVELS, dtype=torch.float64))[:, None].expand(shares.shape)
    slack = MARGIN * standard_error(wanted, N / len(LEVELS))
    worst = int((shares - wanted).abs().amax(dim=1).argmax())
    hint = HINT_SHARE.format(LEVELS[worst])
    facts.append(banded("wrong share hidden", "share of hidden tokens", shares, wanted, wanted, slack, hint))
    yield facts[-1]
    if not all(fact.holds() for fact in facts):
        return
    yield from failing(_more(hide))


def _more(hide: Callable[..., Tensor]) -> Iterator[Fact]:
    """Both ends of time, as many rows as places, another mark, a single row of one place."""
    z = torch.randint(3, (500, 4))
    ends = torch.stack([(hide(z, torch.full((500, 1), t), 3) == 3).double().mean() for t in (0.0, 1.0)])
    yield Fact(
        "wrong at an end", "share hidden at times 0 and 1", torch.tensor([1.0, 0.0]), ends, HINT_ENDS, 1e-3
    )
    z, t = torch.randint(3, (6, 6)), torch.linspace(0, 1, 6)[:, None]
    by_row = torch.stack([(hide(z, t, 3) == 3).double().mean(dim=1) for _ in range(200)]).mean(dim=0)
    yield Fact("time along the wrong axis", "share hidden in each row", 1 - t[:, 0], by_row, HINT_SQUARE, 0.1)
    x = hide(torch.tensor([[2]]), torch.tensor([[0.0]]), 7)
    yield Fact("neither token nor mark", "mark of a single token", 7.0, float(x), HINT_MARK)
