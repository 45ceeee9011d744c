"""Exercise 11.9: the fewest looks by which a perfect denoiser writes sentences."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from ...data import Sentences, toy_english
from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

ROWS, MOST = 300, 40
ENOUGH, VALID = 7.0, 0.97
"""Largest mean number of looks, and smallest share of sentences of the language, that pass."""
LADDER = {
    "one place at a time": 9.0,
    "enough to pass": ENOUGH,
    "all certain places, and another at random": 6.4,
    "the best of our search": 2.0,
}
"""Looks of a sentence, of ways that write sentences of the language only; the best is not told."""
PLACES = ("number", "adjective", "animal", "verb", "place", "*because*", "pronoun", "*is* or *are*", "reason")
Choose = Callable[[Tensor, Tensor], Tensor]


@cache
def language() -> Sentences:
    """Toy English, whose perfect denoiser is asked."""
    return toy_english()


@dataclass(frozen=True)
class Written:
    """What a way of choosing wrote.

    Args:
        looks: mean number of looks until nothing was hidden.
        valid: share of the rows that are sentences of the language.
        x: the rows, (rows, 9).
        looked: the rows before each look and after the last, (looks + 1, rows, 9).
    """

    looks: float
    valid: float
    x: Tensor
    looked: Tensor


def blamed(found: Written) -> str:
    """The two places, revealed in one look, that contradict each other most often, in words."""
    english = language()
    pairs = torch.zeros(english.length, english.length, dtype=torch.int64)
    for path in found.looked[:, ~english.valid(found.x)].unbind(dim=1):
        for x, y in pairwise(path):
            (new,) = ((x != y) & (x == english.mask)).nonzero(as_tuple=True)
            agree = english.rows[((english.rows == x) | (x == english.mask)).all(dim=1)]
            hits = (agree == y)[:, new].long()
            pairs[new[:, None], new] += ((hits.T @ hits == 0) & (len(agree) > 0)).long()
    times, worst = pairs.triu(1).flatten().max(dim=0)
    if int(times) == 0:
        return ""
    i, j = divmod(int(worst), english.length)
    return f" Most often, {int(times)} times, {PLACES[i]} and {PLACES[j]} contradict each other."


def written(choose: Choose, seed: int = 0, rows: int = ROWS) -> Written:
    """Write sentences of toy English with its perfect denoiser, look by look.

    Args:
        choose: which places (rows, 9) to reveal now, by probabilities (rows, 9, words) and what is hidden.
        seed: of the words that are drawn.
        rows: how many sentences to write.
    Returns:
        How many looks it took, and how good the sentences are.
    Raises:
        Fault: after 40 looks there is still something hidden.
    """
    english, generator = language(), Generator().manual_seed(seed)
    x = torch.full((rows, english.length), english.mask)
    looks, looked = 0, [x]
    for _ in range(MOST):
        hidden = x == english.mask
        if not bool(hidden.any()):
            break
        p = english.law.posterior(x)
        drawn = torch.multinomial(p.flatten(0, 1), 1, generator=generator).reshape(x.shape)
        looks += int(hidden.any(dim=1).sum())
        x = torch.where(choose(p, hidden) & hidden, drawn, x)
        looked.append(x)
    hidden = x == english.mask
    if bool(hidden.any()):
        raise Fault("places stay hidden", HINTS["stay"].format(int(hidden.any(dim=1).sum()), rows, MOST))
    return Written(looks / rows, float(english.valid(x).double().mean()), x, torch.stack(looked))


HINTS = {
    "stay": "{0} of {1} sentences are not complete after {2} looks. In every look each sentence that is not "
    "complete should have a place revealed: is there always one that you choose?",
    "truth": "Your function should say for each place whether it is revealed now, true or false. Yours "
    "returns other numbers.",
    "broken": "{0} of the sentences are none of the language. Words that are drawn in the same look know "
    "nothing of one another.{1} Which of the places that you reveal together have something to do with "
    "each other, when neither is known?",
    "slow": "All is well with the sentences, but they take {0} looks. A word that is certain costs nothing: "
    "nobody has to wait for it. And how many words know nothing of one another?",
}


def _random_one(p: Tensor, hidden: Tensor) -> Tensor:
    score = torch.rand(hidden.shape).masked_fill(~hidden, -1.0)
    return score == score.amax(dim=1, keepdim=True)


def _certain(p: Tensor, hidden: Tensor) -> Tensor:
    return _random_one(p, hidden) | ((p.amax(dim=-1) >= 0.99) & hidden)


MISTAKES: dict[str, Mistake] = {
    "everything at once": (
        lambda p, hidden: hidden,
        "You reveal all places in a single look. Then every word is drawn by itself, and hardly any sentence "
        "is one of the language. Which places have to know of others?",
    ),
    "one place at a time": (
        _random_one,
        "You reveal one place in every look. No sentence suffers, and none is quicker than its number of "
        "words. Look at the probabilities after a few looks: is there nothing that might come along?",
    ),
    "nothing is waited for": (
        lambda p, hidden: (
            hidden & (p.amax(dim=-1) >= p.amax(dim=-1).masked_fill(~hidden, 0).mean(1, keepdim=True))
        ),
        "You reveal all places that are surer than the mean. Surer is not certain: words drawn in the same "
        "look may contradict each other.",
    ),
    "half of what is hidden": (
        lambda p, hidden: hidden & (hidden.cumsum(dim=1) <= (hidden.sum(dim=1, keepdim=True) + 1) // 2),
        "You reveal half of what is hidden in every look, from the left. Some of these words have to do with "
        "each other, as number and animal do, and are drawn without knowing of it.",
    ),
}


class _Read:
    """An answer of truth values, handed on as numbers that the check can read.

    One is added, so that to choose all that is hidden is not taken for an input that was handed through.
    """

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer

    def __call__(self, *given: Any) -> Any:
        """Truth values as twos and ones; what is no tensor as it came."""
        value = self.answer(*given)
        return value.double() + 1 if issubclass(type(value), Tensor) and not value.is_complex() else value


@exercise("11.9", "The fewest looks", "open", "p, hidden", _certain, MISTAKES, may_draw=True, limit=60.0)
def choose(student: StudentFunction) -> Iterator[Fact | str]:
    """The share of sentences of the language, and how many looks they take."""
    student.answer = _Read(student.answer)

    def by(p: Tensor, hidden: Tensor) -> Tensor:
        came = student(p, hidden, shape=tuple(hidden.shape)) - 1
        if not bool(((came == 0) | (came == 1)).all()):
            raise Fault("no truth values", HINTS["truth"], came)
        return came == 1

    english = language()
    x = english.rows[:3].clone()
    x[:, ::2] = english.mask
    by(english.law.posterior(x), x == english.mask)  # what is hidden differs from call to call
    found = written(by)
    broken = f"{1 - found.valid:.1%}"
    yield Fact(
        "sentences of no language",
        "share of sentences of the language",
        1.0,
        found.valid,
        HINTS["broken"].format(broken, blamed(found)),
        1 - VALID,
        0.06,
        f"at least {VALID:g}",
    )
    yield Fact(
        "too many looks",
        "mean number of looks",
        ENOUGH,
        max(found.looks, ENOUGH),
        HINTS["slow"].format(number(found.looks)),
        1e-6,
        0.25,
        f"at most {ENOUGH:g}",
        number(found.looks),
    )
    written(by, seed=1, rows=1)
    if found.valid >= VALID and found.looks <= ENOUGH:
        rungs = ", ".join(f"{rung} {looks:g}" for rung, looks in LADDER.items() if looks != ENOUGH)
        yield f"Your number of looks: {found.looks:.2f}, with {found.valid:.1%} valid. To compare: {rungs}."
