"""Exercise 9.8: what a block of a transformer costs, told from how the count grows."""

from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake

TERMS = ("n d²", "n d h", "n² d", "m d²", "n m d")
RIGHT = (6.0, 2.0, 2.0, 2.0, 2.0)
"""Weights of these products: n tokens, width d, hidden width h, m words."""
POINTS = torch.randint(2, 12, (60, 4), generator=torch.Generator().manual_seed(9)).tolist()
REAL = (16, 64, 256, 0), (256, 384, 1536, 77), (1, 8, 32, 1)


def _rule(*weights: float) -> Callable[..., float]:
    def rule(tokens: int, width: int, hidden: int, words: int) -> float:
        n, d, h, m = tokens, width, hidden, words
        products = (n * d * d, n * d * h, n * n * d, m * d * d, n * m * d)
        return sum(weight * product for weight, product in zip(weights, products, strict=True))

    return rule


MISTAKES: dict[str, Mistake] = {
    "multiplications and additions apart": (
        _rule(12, 4, 4, 4, 4),
        "Your count is twice the right one: you count multiplications and additions apart, as FLOPs do. "
        "Here a "
        "multiplication with its addition is one.",
    ),
    "words left out": (
        _rule(4, 2, 2, 0, 0),
        "Your block does not look at the words at all. It has a second attention, with queries from the "
        "tokens "
        "and keys and values from the words.",
    ),
    "scores only": (
        _rule(6, 2, 1, 2, 1),
        "You count the scores of each attention and not the means of the values, which take as many "
        "products.",
    ),
    "keys and values of the words from the tokens": (
        _rule(8, 2, 2, 0, 2),
        "You make keys and values of the second attention once for each *token*. They are made of the words: "
        "how many are there?",
    ),
    "keys and values of the words left out": (
        _rule(6, 2, 2, 0, 2),
        "The keys and values of the words have to be made too: two matrices, once for each word.",
    ),
    "no output matrices": (
        _rule(4, 2, 2, 2, 2),
        "After each of the two attentions a matrix mixes what the heads have brought. Yours are missing "
        "from the count.",
    ),
    "one of the output matrices": (
        _rule(5, 2, 2, 2, 2),
        "One matrix on the tokens is missing. The first attention has four (query, key, value, output); how "
        "many of the second act on tokens?",
    ),
    "one layer of two": (
        _rule(6, 1, 2, 2, 2),
        "You count one of the two layers with which a token thinks: into the hidden width, and out of it.",
    ),
    "query, key and value as one": (
        _rule(4, 2, 2, 1, 2),
        "Query, key and value are three matrices, even where one layer makes all of them.",
    ),
    "tokens attend to the words in one go": (
        _rule(4, 2, 2, 0, 2),
        "Scores and means with the words are counted, and the second attention's own four matrices are not.",
    ),
    "no attention": (
        _rule(6, 2, 0, 2, 0),
        "You count matrices on tokens and words only. Scores and means of values are products too, and it is "
        "they that grow with the square of the tokens.",
    ),
    "attention among the words": (
        lambda tokens, width, hidden, words: (
            _rule(*RIGHT)(tokens, width, hidden, words) + 2 * words**2 * width
        ),
        "Your words look at one another. They are handed over as they are; only tokens ask.",
    ),
    "tokens and words together": (
        lambda n, d, h, m: 4 * (n + m) * d * d + 2 * (n + m) ** 2 * d + 2 * n * d * h,
        "Your count is that of one attention among tokens and words together. Here they are two, one after "
        "the "
        "other, and words do not ask.",
    ),
}
HINT_OTHER = (
    "Your count is not made of the five products that can occur: n d², n d h, n² d, m d² and n m d, for n "
    "tokens, m words, width d and hidden width h. {0}A matrix product of (a, b) and (b, c) takes a·b·c. "
    "Softmax, norms and biases are not counted."
)
HINT_TERM = "In your count {0}. {1} Count it anew."
HINT_UNUSED = "`hidden` does not come in. It is handed over, and need not be a fixed multiple of the width."
HINT_SPLIT = (
    "Together the square matrices are as many as they should be. Which of them act on tokens, and which on "
    "words?"
)
HINT_REAL = (
    "Your count was right for small sizes, and for {0} tokens, width {1}, hidden width {2} and {3} words it "
    "is not. Is a size, or a case, written into your function?{4}"
)
HINT_NO_WORDS = (
    " Without words, the matrices of the cross-attention that act on tokens are applied all the same."
)
WHERE = {
    "n d²": "It comes from square matrices that act on each token: which are there in the first attention, "
    "and "
    "which in the second?",
    "n d h": "It comes from the layers with which each token thinks by itself.",
    "n² d": "It comes from tokens that look at tokens: scores, and what is done with them.",
    "m d²": "It comes from square matrices that act on each word.",
    "n m d": "It comes from tokens that look at words: scores, and what is done with them.",
}


def _foreign(counts: Tensor) -> str:
    """Which products occur beside the five, in a sentence, if the count is made of products at all."""
    products = [letters for degree in range(4) for letters in combinations_with_replacement(range(4), degree)]
    points = torch.tensor(POINTS, dtype=torch.float64)
    table = torch.stack([points[:, list(letters)].prod(dim=1) for letters in products], dim=1)
    size = table.norm(dim=0)
    weights = torch.linalg.lstsq(table / size, counts[:, None], driver="gelsd").solution[:, 0] / size
    if float((table @ weights - counts).abs().max()) > 1e-3:
        return ""
    names = {
        "".join("ndhm"[i] for i in letters): weight for letters, weight in zip(products, weights, strict=True)
    }
    told = [
        f"{number(weight)} times {_spelt(name)}"
        for name, weight in names.items()
        if abs(float(weight)) > 1e-3 and name not in ("ndd", "ndh", "nnd", "ddm", "ndm")
    ]
    return f"It also has {' and '.join(told)}. " if told else ""


def _spelt(name: str) -> str:
    """A product such as n² d out of its letters."""
    powers = {1: "", 2: "²", 3: "³"}
    return " ".join(f"{letter}{powers[name.count(letter)]}" for letter in dict.fromkeys(name)) or "1"


def _miscounted(weights: Tensor) -> str:
    """Which of the five products do not occur as often as they should, and where they come from."""
    off = (weights - torch.tensor(RIGHT)).abs()
    wrong = [i for i in range(5) if float(off[i]) > 1e-3]
    said = ", ".join(f"{TERMS[i]} occurs {number(weights[i])} times" for i in wrong)
    if float(off[1]) > 1e-3 and float(weights[1].abs()) < 1e-3:
        return HINT_TERM.format(said, HINT_UNUSED)
    if wrong == [0, 3] and abs(float(weights[0] + weights[3]) - RIGHT[0] - RIGHT[3]) < 1e-3:
        return HINT_TERM.format(said, HINT_SPLIT)
    return HINT_TERM.format(said, WHERE[TERMS[int(off.argmax())]])


@exercise("9.8", "What a block costs", "stretch", "tokens, width, hidden, words", _rule(*RIGHT), MISTAKES)
def multiply_adds(student: StudentFunction) -> Iterator[Fact]:
    """Which products the count is made of, how often each, and three real sizes."""
    counts = torch.stack([student(*point, shape=()).double() for point in POINTS])
    table = torch.tensor(
        [[n * d * d, n * d * h, n * n * d, m * d * d, n * m * d] for n, d, h, m in POINTS],
        dtype=torch.float64,
    )
    weights = torch.linalg.lstsq(table, counts[:, None], driver="gelsd").solution[:, 0]
    rest = table @ weights - counts
    weights = weights.round(decimals=6)
    facts = [
        Fact(
            "other products",
            "what is not made of the five products",
            torch.zeros(len(POINTS)),
            rest.clamp(-1e6, 1e6),
            HINT_OTHER.format(_foreign(counts)),
            1e-3,
        ),
        Fact(
            "wrong count",
            "times that each product occurs",
            torch.tensor(RIGHT),
            weights.clamp(-99, 99),
            _miscounted(weights),
            1e-3,
            1e-3,
        ),
    ]
    yield from facts
    if not all(fact.holds() for fact in facts):
        return
    wanted = torch.tensor([_rule(*RIGHT)(*size) for size in REAL], dtype=torch.float64)
    got = torch.stack([student(*size, shape=()).double() for size in REAL])
    ratio = got / wanted
    worst = REAL[int((ratio - 1).abs().argmax())]
    hint = HINT_REAL.format(*worst, HINT_NO_WORDS if worst[3] == 0 else "")
    yield Fact("wrong in real sizes", "counts over the right ones, real sizes", torch.ones(3), ratio, hint)
