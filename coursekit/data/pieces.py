"""Byte-pair encoding: text as pieces of words, from single letters up to whole words."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

SPLIT = re.compile(r" ?[A-Za-z]+| ?[0-9]+|\n| ?[^A-Za-z0-9\s]| ")
"""Words, numbers and marks, each with the space before it; no piece crosses their borders."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """An alphabet of pieces of words, made by joining the most frequent pair of neighbours again and again.

    Gage 1994; for language Sennrich, Haddow & Birch 2016. A space belongs to the word behind it.

    Args:
        pieces: the alphabet; first the letters, then what each merge made.
        merges: the pairs that are joined, in order.

    >>> pieces = data.learn_pieces("low lower lowest", size=10)
    >>> pieces.merges
    (('l', 'o'), ('lo', 'w'))
    >>> pieces.spell(pieces.encode("lower"))
    'lower'
    """

    pieces: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {piece: index for index, piece in enumerate(self.pieces)}

    @cached_property
    def _rank(self) -> dict[tuple[str, str], int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    @cached_property
    def _known(self) -> dict[str, list[int]]:
        return {}

    def encode(self, text: str) -> list[int]:
        """Cut a text into pieces, and return their indices.

        Raises:
            ValueError: the text holds a character that is no piece.
        """
        unknown = sorted(set(text) - self._index.keys())
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no piece; leave it out, or write it in plain letters")
        return [index for word in SPLIT.findall(text) for index in self._of_word(word)]

    def _of_word(self, word: str) -> list[int]:
        if word not in self._known:
            parts = list(word)
            while pairs := [pair for pair in pairwise(parts) if pair in self._rank]:
                parts = _join(parts, min(pairs, key=self._rank.__getitem__))
            self._known[word] = [self._index[part] for part in parts]
        return self._known[word]

    def spell(self, indices: list[int], blank: str = "_") -> str:
        """Put pieces together again; an index beyond the alphabet is a hidden piece."""
        return "".join(self.pieces[i] if i < len(self.pieces) else blank for i in indices)


def learn_pieces(text: str, size: int) -> Pieces:
    """Learn an alphabet of so many pieces from a text.

    Args:
        text: the text; its characters are the first pieces.
        size: pieces in all.
    Returns:
        The pieces, fewer if there is nothing left to join.
    Raises:
        ValueError: `size` is below the number of different characters.

    >>> data.learn_pieces("banana bandana", size=7).pieces
    (' ', 'a', 'b', 'd', 'n', 'an', 'ana')
    """
    pieces, merges = sorted(set(text)), []
    if size < len(pieces):
        raise ValueError(f"size = {size}, but the text has {len(pieces)} different characters; give more")
    words = Counter(SPLIT.findall(text))
    parts = {word: list(word) for word in words}
    while len(pieces) < size:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in pairwise(parts[word]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces.append("".join(best))
        parts = {word: _join(parts[word], best) for word in words}
    return Pieces(tuple(pieces), tuple(merges))


def _join(parts: list[str], pair: tuple[str, str]) -> list[str]:
    """Join a pair of neighbours wherever it stands."""
    joined: list[str] = []
    for part in parts:
        if joined and (joined[-1], part) == pair:
            joined[-1] += part
        else:
            joined.append(part)
    return joined
