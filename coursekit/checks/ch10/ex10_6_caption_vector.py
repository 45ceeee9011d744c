"""Exercise 10.6: one vector for a caption, that knows the order."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing
from ..shared.trained import trained_through

WORLDS = ((13, 6, 16), (6, 4, 8), (9, 9, 32), (5, 2, 12))
"""Words of the vocabulary with the null word, words of a caption, and numbers of a vector."""
ENOUGH = 0.15
"""Least distance of a caption from itself in another order, beside that from other captions."""


def _reference(words: Tensor, table: Tensor, places: Tensor) -> Tensor:
    return (table[words] * places).sum(dim=1)


def _bag(words: Tensor, table: Tensor, places: Tensor) -> Tensor:
    return table[words].sum(dim=1)


MISTAKES: dict[str, Mistake] = {}
HINT_ORDER = (
    "Captions of {0} words, with the same words in another order, get the same vector, or nearly the same: "
    "your vector is a bag of them. {1} What has to happen to a word and its place *before* all words are put "
    "together?"
)
PLACES_UNUSED = "With other `places` your vectors are the very same: the places are not used."
PLACES_ADDED = (
    "Other `places` add the same numbers to the vectors of all captions, whatever they say: the sum of all "
    "places is the same in every order."
)
PLACES_MULTIPLIED = (
    "Other `places` multiply the vectors of all captions by the same numbers, whatever they say: the product "
    "of all places is the same in every order."
)
PLACES_APART = (
    "Other `places` do change them, but not by which word stands where: is a place looked up by what the "
    "word is, or do places come in after the sum?"
)
HINT_NEIGHBOURS = (
    "Some captions can be told from their other orders, and some cannot. When the words in places {0} and "
    "{1} are exchanged, your vector is as before, or nearly. Does every place have a mark of its own?"
)
HINT_WORDS = (
    "Your vector does not depend on the word in place {0}: captions that differ there only are the same. "
    "All words count. Does your function read some of them only?"
)
HINT_SAME = (
    "The same caption, twice in a batch, has two different vectors. A vector depends on its own caption, "
    "and not on where it stands in the batch, or what the others are."
)
HINT_TABLE = (
    "Your vector does not change if the embeddings do: what the words mean has to come from `table`, which "
    "is what a network learns."
)


def _distances(student: StudentFunction, words: int, length: int, dim: int) -> dict[str, Tensor]:
    """Distances of captions from others: with two words exchanged, with one word another."""
    table, places, n = torch.randn(words, dim), torch.randn(length, dim), 24
    captions = torch.stack(
        [
            torch.randperm(words)[:length] if words >= length else torch.randint(words, (length,))
            for _ in range(n)
        ]
    )

    def of(rows: Tensor, table: Tensor = table, places: Tensor = places) -> Tensor:
        return student(rows, table, places, shape=(len(rows), dim)).double()

    base = of(captions)
    pairs = [(i, j) for i in range(length) for j in range(i + 1, length)]
    swapped = []
    for i, j in pairs:
        other = captions.clone()
        other[:, [i, j]] = captions[:, [j, i]]
        swapped.append((of(other) - base).norm(dim=1).median())
    changed = []
    for k in range(length):
        other = captions.clone()
        other[:, k] = (other[:, k] + 1 + torch.arange(n) % (words - 1)) % words
        changed.append((of(other) - base).norm(dim=1).median())
    twice = of(captions[[0, 1, 0]])
    alone = of(captions[:1])
    return {
        "swapped": torch.stack(swapped),
        "changed": torch.stack(changed),
        "pairs": torch.tensor(pairs),
        "twice": torch.stack([(twice[2] - twice[0]).norm(), (alone[0] - base[0]).norm()]),
        "base": base,
        "moved": of(captions, places=torch.randn(length, dim)),
        "table": (of(captions, table=table.flip(0)) - base).norm(),
    }


def _use_of_places(base: Tensor, moved: Tensor) -> str:
    """What other places do to vectors (captions, numbers) of a bag of words."""
    added, scale = moved - base, 1e-3 * float(base.abs().mean() + moved.abs().mean())
    if float(added.abs().max()) < 1e-6:
        return PLACES_UNUSED
    if float(added.std(dim=0).max()) < scale:
        return PLACES_ADDED
    factor = (moved * base).sum(dim=0) / base.square().sum(dim=0)
    return PLACES_MULTIPLIED if float((moved - factor * base).abs().max()) < scale else PLACES_APART


@exercise("10.6", "A vector that knows the order", "stretch", "words, table, places", _reference, MISTAKES)
def caption_vector(student: StudentFunction) -> Iterator[Fact]:
    """Whether captions in another order, and with other words, have other vectors."""
    for words, length, dim in WORLDS:
        seen = _distances(student, words, length, dim)
        swapped, changed = seen["swapped"], seen["changed"]
        typical = float(changed.median())
        what = f", captions of {length} words"
        same = float(seen["twice"].max())
        yield from failing(
            [
                Fact(
                    "not one vector for a caption",
                    f"distance of a caption from itself{what}",
                    0.0,
                    same,
                    HINT_SAME,
                    1e-3,
                )
            ]
        )
        if float(seen["table"]) < 1e-6:
            yield Fact(
                "words without meaning", f"other embeddings, other vectors{what}", 1.0, 0.0, HINT_TABLE
            )
            return
        ignored = int(changed.argmin())
        share = float(changed.min()) / max(typical, float(swapped.max()), 1e-9)
        read = Fact(
            "words not read",
            f"least effect of one word, beside a typical one{what}",
            1.0,
            min(share, 1.0),
            HINT_WORDS.format(ignored + 1),
            1 - ENOUGH / 2,
            expected_text=f"at least {ENOUGH / 2:g}",
        )
        yield from failing([read])
        if not read.holds():
            return
        ratio = swapped / max(typical, 1e-9)
        least = int(ratio.argmin())
        if float(ratio.max()) < ENOUGH:
            name = "a bag of words"
            hint = HINT_ORDER.format(length, _use_of_places(seen["base"], seen["moved"]))
        else:
            i, j = (int(k) + 1 for k in seen["pairs"][least])
            name, hint = "some orders not told apart", HINT_NEIGHBOURS.format(i, j)
        order = Fact(
            name,
            f"distance of captions with two words exchanged, beside other captions{what}",
            1.0,
            min(float(ratio.min()), 1.0),
            hint,
            1 - ENOUGH,
            expected_text=f"at least {ENOUGH:g}",
        )
        if words == WORLDS[0][0] or not order.holds():
            yield order
        if not order.holds():
            return
    table, places, caption = torch.randn(5, 4), torch.randn(3, 4), torch.tensor([[0, 1, 2]])
    yield from trained_through(student, caption, table.requires_grad_(), places, shape=(1, 4))
