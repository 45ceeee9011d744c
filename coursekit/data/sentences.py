"""Two languages small enough to be known completely: a toy English, and words of three letters."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from ..distributions import Sequences

NUMBERS = ("one", "two", "five", "several")
"""How many there are; after the first, all that can agree with it is singular."""
ADJECTIVES = ("small", "young", "clever", "quiet", "friendly", "restless")


class Habitat(NamedTuple):
    """Animals, singular and plural, and the places where they are found."""

    animals: tuple[tuple[str, str], ...]
    places: tuple[str, ...]


HABITATS = (
    Habitat(
        (("mouse", "mice"), ("kitten", "kittens"), ("puppy", "puppies"), ("parrot", "parrots")),
        ("under the table", "behind the curtain", "on the stairs"),
    ),
    Habitat(
        (("otter", "otters"), ("swan", "swans"), ("turtle", "turtles")),
        ("by the lake", "along the canal", "near the harbour"),
    ),
    Habitat(
        (("fox", "foxes"), ("deer", "deer"), ("badger", "badgers")),
        ("in the forest", "below the cliff", "beside the stream"),
    ),
)
REASONS = {
    ("rests", "rest"): ("tired", "full"),
    ("runs", "run"): ("late", "excited"),
    ("waits", "wait"): ("patient", "curious"),
    ("shivers", "shiver"): ("cold", "scared"),
    ("hides", "hide"): ("shy", "scared"),
    ("plays", "play"): ("happy", "excited"),
}
"""What they do, singular and plural, and why."""
WORDS = (
    *("ace", "act", "arc", "are", "art", "ate", "car", "cat"),
    *("ear", "eat", "era", "err", "rat", "tar", "tea", "tee"),
)
"""Sixteen words of the letters a, c, e, r and t."""


@dataclass(frozen=True, eq=False)
class Sentences:
    """A language of which every sentence is known, all of the same length and all equally probable.

    Args:
        rows: its sentences, (n, length) places in the vocabulary.
        vocabulary: its words; a word may hold spaces, such as "under the table".
        joint: what stands between two words: a space, or nothing where the words are letters.

    >>> english = data.toy_english()
    >>> english.text(english.rows[0])
    'one small mouse rests under the table because it is tired'
    """

    rows: Tensor
    vocabulary: tuple[str, ...]
    joint: str = " "

    @property
    def tokens(self) -> int:
        """Words in the vocabulary."""
        return len(self.vocabulary)

    @property
    def mask(self) -> int:
        """The index that marks a hidden place, one above the last word."""
        return self.tokens

    @property
    def length(self) -> int:
        """Places of a sentence."""
        return self.rows.shape[1]

    @cached_property
    def law(self) -> Sequences:
        """The law of the sentences: all equally probable, so that its entropy is the log of their number."""
        return Sequences(self.rows, tokens=self.tokens)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.vocabulary)}

    @cached_property
    def _keys(self) -> Tensor:
        return self._as_keys(self.rows).sort().values

    def _as_keys(self, x: Tensor) -> Tensor:
        """One whole number for each row: its tokens are the digits."""
        powers = (self.tokens + 1) ** torch.arange(self.length, device=x.device)
        return (x * powers).sum(1)

    def text(self, x: Tensor, blank: str | None = None) -> str:
        """Spell a sentence (length,) out, or several (n, length), one a line.

        Args:
            x: places in the vocabulary, `mask` where a word is hidden.
            blank: what stands for a hidden word: "____" for a word, "_" for a letter, unless given.

        >>> words = data.three_letter_words()
        >>> words.text(torch.tensor([1, words.mask, 4]))
        'c_t'
        """
        if x.dim() > 1:
            return "\n".join(self.text(row, blank) for row in x)
        hidden = ("____" if self.joint else "_") if blank is None else blank
        return self.joint.join(hidden if i == self.mask else self.vocabulary[i] for i in x.tolist())

    def encode(self, text: str) -> Tensor:
        """Look the words of a sentence up: (length,) places in the vocabulary.

        Underscores stand for a hidden word or letter, and "..." at the end hides all that follows.

        Raises:
            ValueError: a word is unknown, or there are too few or too many of them.

        >>> english = data.toy_english()
        >>> x = english.encode("two small mice ____ under the table ...")
        >>> english.text(x, blank="?")
        'two small mice ? under the table ? ? ? ?'
        """
        stripped = text.strip().removesuffix("…").removesuffix("...")
        indices = self._read(stripped.split() if self.joint else list(stripped.strip()))
        if stripped != text.strip():
            indices += [self.mask] * (self.length - len(indices))
        if len(indices) != self.length:
            raise ValueError(
                f"'{text}' has {len(indices)} places, but a sentence here has {self.length}: put underscores "
                "for those that are left open, or '...' at the end"
            )
        return torch.tensor(indices)

    def _read(self, parts: list[str]) -> list[int]:
        """Places in the vocabulary of written words, the longest that fits first."""
        longest = max(len(word.split()) for word in self.vocabulary)
        indices, start = [], 0
        while start < len(parts):
            if set(parts[start]) == {"_"}:
                indices.append(self.mask)
                start += 1
                continue
            for end in range(start + longest, start, -1):
                found = self._index.get(" ".join(parts[start:end]).lower())
                if found is not None and end <= len(parts):
                    indices.append(found)
                    start = end
                    break
            else:
                raise ValueError(
                    f"'{parts[start]}' is no word of this language; it has {', '.join(self.vocabulary)}"
                )
        return indices

    def valid(self, x: Tensor) -> Tensor:
        """Which of the rows (n, length) are sentences of the language, (n,) of bool.

        >>> english = data.toy_english()
        >>> english.valid(torch.stack([english.rows[7], english.rows[7].flip(0)]))
        tensor([ True, False])
        """
        keys = self._as_keys(x)
        at = torch.searchsorted(self._keys, keys).clamp(max=len(self._keys) - 1)
        return self._keys[at] == keys

    def split(self, fraction: float, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
        """Divide the sentences by chance: a fraction of them, and all others.

        Raises:
            ValueError: the fraction leaves one of the two without any sentence.

        >>> known, new = data.toy_english().split(0.2)
        >>> len(known), len(new)
        (1728, 6912)
        """
        size = round(fraction * len(self.rows))
        if not 0 < size < len(self.rows):
            raise ValueError(f"a fraction of {fraction} is {size} of {len(self.rows)} sentences; leave some")
        order = torch.randperm(len(self.rows), generator=generator)
        return self.rows[order[:size]], self.rows[order[size:]]


def toy_english() -> Sentences:
    """Make a toy English of 8,640 sentences with nine words each, all equally probable.

        number · adjective · animal · verb · place · because · pronoun · is or are · reason

    Choices are free but for sense and grammar: the place fits the animal, the reason fits the verb, and
    everything that has a number agrees. So there are 4 numbers, 6 adjectives, 30 pairs of animal and place,
    12 of verb and reason, and the entropy is log(4 · 6 · 30 · 12) = 9.064 nats. An adverbial of place counts
    as one word.

    >>> english = data.toy_english()
    >>> len(english.rows), english.length, english.tokens
    (8640, 9, 65)
    """
    lines = []
    for number, adjective, habitat in itertools.product(NUMBERS, ADJECTIVES, HABITATS):
        plural = number != NUMBERS[0]
        pronoun, being = ("they", "are") if plural else ("it", "is")
        for animal, place, (verb, reasons) in itertools.product(*habitat, REASONS.items()):
            start = (number, adjective, animal[plural], verb[plural], place)
            lines += [(*start, "because", pronoun, being, reason) for reason in reasons]
    return _sentences(lines, " ")


def three_letter_words() -> Sentences:
    """List 16 words of the letters a, c, e, r and t, each as probable as any other.

    Three places with five letters have 125 states, 216 with hidden places: few enough that every law of this
    chapter can be added up.

    >>> words = data.three_letter_words()
    >>> words.vocabulary, words.text(words.rows[7])
    (('a', 'c', 'e', 'r', 't'), 'cat')
    """
    return _sentences([tuple(word) for word in WORDS], "")


def _sentences(lines: Sequence[tuple[str, ...]], joint: str) -> Sentences:
    vocabulary = tuple(sorted({word for line in lines for word in line}))
    index = {word: place for place, word in enumerate(vocabulary)}
    return Sentences(torch.tensor([[index[word] for word in line] for line in lines]), vocabulary, joint)
