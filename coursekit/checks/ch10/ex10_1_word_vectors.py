"""Exercise 10.1: captions become rows of numbers."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, one_hot, pad

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.trained import trained_through

VOCABULARY = ("one", "two", "three", "seven", "a", "left", "right", "of")
WORLDS = (
    (VOCABULARY, ("a three left of a seven", "two", "", "seven seven right of one two"), 6, 5),
    (("red", "green", "blue"), ("blue red", "green"), 2, 2),
    (("x", "y", "z", "w"), ("w x y z",), 7, 1),
    (("small", "big", "dot"), ("dot", "big dot", "small dot", ""), 4, 4),
)
"""Vocabulary, captions, length and numbers of a word."""
Picks = Callable[[list[str], tuple[str, ...], int], list[int]]


def _indices(words: list[str], vocabulary: tuple[str, ...], length: int) -> list[int]:
    known = [vocabulary.index(word) for word in words]
    return known + [len(vocabulary)] * (length - len(known))


def _padded_with(index: int) -> Picks:
    return lambda words, vocabulary, length: (
        [vocabulary.index(word) for word in words] + [index % len(vocabulary)] * (length - len(words))
    )


def _one_off(words: list[str], vocabulary: tuple[str, ...], length: int) -> list[int]:
    return [(index + 1) % (len(vocabulary) + 1) for index in _indices(words, vocabulary, length)]


def _in_front(words: list[str], vocabulary: tuple[str, ...], length: int) -> list[int]:
    known = [vocabulary.index(word) for word in words]
    return [len(vocabulary)] * (length - len(known)) + known


def _rule(
    picks: Picks = _indices, finish: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda e, p, _: e + p
) -> Callable[..., Tensor]:
    """Vectors from indices and from what is done with embedding, places and the mask of real words."""

    def rule(captions: tuple[str, ...], vocabulary: tuple[str, ...], table: Tensor, places: Tensor) -> Tensor:
        length = len(places)
        rows = torch.tensor([picks(caption.split(), vocabulary, length) for caption in captions])
        real = torch.arange(length) < torch.tensor([len(caption.split()) for caption in captions])[:, None]
        return finish(table[rows], places, real[..., None])

    return rule


def _alphabet(captions: tuple[str, ...], vocabulary: tuple[str, ...], *rest: Tensor) -> Tensor:
    return _rule()(captions, tuple(sorted(vocabulary)), *rest)


def _by_words_index(
    captions: tuple[str, ...], vocabulary: tuple[str, ...], table: Tensor, places: Tensor
) -> Tensor:
    rows = []
    for caption in captions:
        words = caption.split()
        at = [words.index(word) for word in words] + list(range(len(words), len(places)))
        rows.append(table[torch.tensor(_indices(words, vocabulary, len(places)))] + places[torch.tensor(at)])
    return torch.stack(rows)


def _place_in_vocabulary(
    captions: tuple[str, ...], vocabulary: tuple[str, ...], table: Tensor, places: Tensor
) -> Tensor:
    rows = torch.tensor([_indices(caption.split(), vocabulary, len(places)) for caption in captions])
    return table[rows] + places[rows.clamp(max=len(places) - 1)]


MISTAKES: dict[str, Mistake] = {
    "no places": (
        _rule(finish=lambda e, p, real: e + 0 * p),
        "Your words have no places: a word has the same vector wherever it stands. Attention takes its keys "
        "as a set, so who stands where would be lost. Which row of `places` belongs to the third word?",
    ),
    "null shared with the first word": (
        _rule(_padded_with(0)),
        "Where there is no word you put the first word of the vocabulary. Then it means two things, itself "
        "and nothing. The table has one row more than there are words: what is it for?",
    ),
    "null shared with the last word": (
        _rule(_padded_with(-1)),
        "Where there is no word you put the last word of the vocabulary. Count from zero: which index comes "
        "after all words, and has a row of its own in the table?",
    ),
    "last word of the caption repeated": (
        _rule(
            lambda words, v, n: (
                [v.index(word) for word in words] + [v.index(words[-1]) if words else 0] * (n - len(words))
            )
        ),
        "You fill a caption up by repeating its last word, so a short caption says something that it does "
        "not say. What comes after the words is the null word, which has the last row of the table.",
    ),
    "zeros for no word": (
        _rule(finish=lambda e, p, real: torch.where(real, e + p, 0.0)),
        'Where there is no word your rows are zero. "No word" is something that a network has to learn '
        "too: it has a row of its own in the table, and its place as any other.",
    ),
    "no vector for no word": (
        _rule(finish=lambda e, p, real: torch.where(real, e, 0.0) + p),
        'Where there is no word you have the place alone. The table\'s last row is the vector of "no word".',
    ),
    "padding without a place": (
        _rule(finish=lambda e, p, real: e + torch.where(real, p, 0.0)),
        "Real words have their place, and the null words have none. All of the rows should: the null word "
        "after one word is another thing than the null word after five.",
    ),
    "padded in front": (
        _rule(_in_front),
        "Your captions end at the last place, with the null words before them. A caption begins at the first "
        "place, and is filled up behind.",
    ),
    "indices one too large": (
        _rule(_one_off),
        'All of your indices are one too large, as if index 0 were kept for "no word". Here words count from '
        '0, in the order of the vocabulary, and "no word" comes after all of them.',
    ),
    "vocabulary sorted": (
        _alphabet,
        "You number the words in alphabetical order. Row k of the table belongs to word k of the vocabulary, "
        "in the order in which it is handed over.",
    ),
    "words in alphabetical order": (
        _rule(lambda words, v, n: _indices(sorted(words), v, n)),
        "You put the words of a caption in alphabetical order. They have to stay where they are: the order "
        "says who is left of whom.",
    ),
    "words in reverse": (
        _rule(lambda words, v, n: _indices(words[::-1], v, n)),
        "Your captions are read from the end. The first word has the first place. Which line turns them "
        "round?",
    ),
    "repeated words dropped": (
        _rule(lambda words, v, n: _indices(list(dict.fromkeys(words)), v, n)),
        "A word that occurs twice is there once in your rows, so that all that come later move up. Each of "
        "the six words has a row. Is a set, or a dictionary of words, on the way?",
    ),
    "place of the first occurrence": (
        _by_words_index,
        "A word that occurs twice gets the place of its first occurrence both times. Looking for a word in "
        "its caption finds the first one only: count the words instead.",
    ),
    "place in the vocabulary": (
        _place_in_vocabulary,
        "Your place is that of the word in the *vocabulary*. Such a place says again which word it is. "
        "What is wanted is where it stands in the caption.",
    ),
    "places counted from one": (
        _rule(finish=lambda e, p, real: e + p.roll(-1, 0)),
        "Your places are shifted by one: the first word has the second row of `places`. Count from zero.",
    ),
    "places in reverse": (
        _rule(finish=lambda e, p, real: e + p.flip(0)),
        "Your places run backwards: the first word has the last row of `places`. It should have the first.",
    ),
    "places by caption": (
        _rule(finish=lambda e, p, real: e + p[torch.arange(len(e)) % len(p)][:, None]),
        "All words of one caption have the same place, and that of the next caption is another one: your "
        "places run along the batch. Along which axis do the words stand?",
    ),
    "one place for all": (
        _rule(finish=lambda e, p, real: e + p[0]),
        "All of your words have the first place. Row k of `places` belongs to word k of a caption.",
    ),
    "places summed over the caption": (
        _rule(finish=lambda e, p, real: e + p.mean(dim=0)),
        "You add the mean of all places to each word. Then all words have the same place, which tells "
        "nothing.",
    ),
    "multiplied by places": (
        _rule(finish=lambda e, p, real: e * p),
        "You multiply by the places. Here they are added: in this lab the vector of a word is a sum of two.",
    ),
    "scaled by the root of the width": (
        _rule(finish=lambda e, p, real: e * math.sqrt(e.shape[-1]) + p),
        "Your embeddings are multiplied by the root of their length, as in some translators of texts. Here "
        "they are taken as they are.",
    ),
    "normalised": (
        _rule(finish=lambda e, p, real: layer_norm(e + p, e.shape[-1:])),
        "Your rows are normalised. That belongs to the blocks of the transformer; here the plain sum is "
        "wanted.",
    ),
    "numbers instead of vectors": (
        _rule(finish=lambda e, p, real: one_hot(torch.zeros(e.shape[:2]).long(), e.shape[2]).float() + p),
        "Your rows do not come from `table`. An index picks a row there: which one?",
    ),
    "summed over the words": (
        _rule(finish=lambda e, p, real: (e + p).sum(dim=1)),
        "You add all words of a caption up. Then one vector is left, and a patch cannot choose what to "
        "look at. Each word keeps a row of its own.",
    ),
    "words before captions": (
        _rule(finish=lambda e, p, real: (e + p).transpose(0, 1)),
        "Your first axis runs along the words, and the second along the captions. Which should come first?",
    ),
    "vectors side by side": (
        _rule(finish=lambda e, p, real: torch.cat([e, p.expand_as(e)], dim=-1)),
        "Word and place stand side by side in your rows, which makes them twice as long. Here they are "
        "added.",
    ),
    "an extra row at the start": (
        _rule(finish=lambda e, p, real: pad(e + p, (0, 0, 1, 0))),
        "There is one row more than places. Captions have no mark at their start here.",
    ),
}
HINT_WORDS = (
    "With all places zero each row should be the row of the table that belongs to its word, exactly, and "
    "the table's last row where a caption has no more words. Yours is not. Print the indices of the first "
    "caption."
)
HINT_PLACES = (
    "With a table of zeros only the places are left, and row k of each caption should be row k of `places`, "
    "whatever the word, and where there is none. Yours is not: "
    "which row of `places` does each of your words get, and what "
    "becomes of it?"
)
HINT_BY_WORD = (
    "With a table of zeros only the places are left. In your rows a word has the same place wherever it "
    "stands, and two words have two: you look the places up by *which word* it is. Row k of each caption "
    "should be row k of `places`, whatever the word, and where there is none."
)
HINT_EMPTY = (
    " It stops at captions of no words only: without the empty one in `captions` it does not. What does your "
    'way of taking words apart make of an empty text? `split(" ")` gives one word of no letters, and '
    "`split()` gives none."
)
HINT_SUM = (
    "Words alone and places alone are right, but together they are not their sum. Which operation is between?"
)
HINT_OTHER = (
    "With another vocabulary, of {0} words, and captions of {1} places your function is not right, though it "
    "was with the first. Which number, or which list of words, is written into it?"
)


def _by_word(bare: Tensor, rows: Tensor) -> bool:
    """Whether places (captions, length, dim) go by the word, whose index is in `rows` (captions, length)."""
    own = [bare[rows == index] for index in rows.unique()]
    firsts = torch.stack([part[0] for part in own])
    return len(firsts.unique(dim=0)) > 1 and all(torch.equal(part, part[:1].expand_as(part)) for part in own)


@exercise("10.1", "Words with places", "core", "captions, vocabulary, table, places", _rule(), MISTAKES)
def word_vectors(student: StudentFunction) -> Iterator[Fact]:
    """Words without places, places without words, both; other vocabularies, lengths and widths."""
    for vocabulary, captions, length, dim in WORLDS:
        first = vocabulary is VOCABULARY
        table, places = torch.randn(len(vocabulary) + 1, dim), torch.randn(length, dim)
        shape = (len(captions), length, dim)
        rows = [_indices(caption.split(), vocabulary, length) for caption in captions]

        def of(
            table: Tensor,
            places: Tensor,
            captions: tuple[str, ...] = captions,
            vocabulary: tuple[str, ...] = vocabulary,
            shape: tuple[int, ...] = shape,
        ) -> Tensor:
            try:
                return student(list(captions), vocabulary, table, places, shape=shape)
            except Fault as fault:
                some = [caption for caption in captions if caption]
                if fault.name != "raises" or len(some) == len(captions):
                    raise
                try:
                    student(some, vocabulary, table, places, shape=(len(some), *shape[1:]))
                except Fault:
                    raise fault from None
                raise Fault(
                    "stops at an empty caption", fault.message.split(" It was called")[0] + HINT_EMPTY
                ) from None

        both = of(table, places)
        words = of(table, torch.zeros_like(places))
        bare = of(torch.zeros_like(table), places)
        picked, placed = table[torch.tensor(rows)], places.expand(shape)
        by_word = first and _by_word(bare, torch.tensor(rows))
        where = ("places by word", HINT_BY_WORD) if by_word else ("wrong places", HINT_PLACES)
        facts = [
            Fact("wrong words", "rows where places are zero", picked, words, HINT_WORDS, 1e-5),
            Fact(where[0], "rows where the table is zero", placed, bare, where[1], 1e-5),
            Fact("no sum", "rows with both", picked + placed, both, HINT_SUM, 1e-5),
        ]
        if first:
            # All are measured, so that mistakes which look alike in one of them are told apart.
            yield from facts
        else:
            hint = HINT_OTHER.format(len(vocabulary), length)
            for f in facts:
                yield Fact("wrong for other words", f.label, f.expected, f.measured, hint, 1e-5)
        if not all(fact.holds() for fact in facts):
            return
    table, places = torch.randn(9, 3), torch.randn(6, 3)
    for given in ((table.clone().requires_grad_(), places), (table, places.clone().requires_grad_())):
        yield from trained_through(student, ["a two"], VOCABULARY, *given, shape=(1, 6, 3))
