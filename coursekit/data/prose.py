"""The prose of this course, frozen: a small text to learn to write from."""

import gzip
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files

import torch
from torch import Tensor

from .pieces import Pieces

LENGTH = 64
"""Pieces of a row."""
STRIDE = 16
"""Pieces from the start of one training row to that of the next: they overlap, held-out rows do not."""
BLOCK, EVERY = 20, 10
"""So many sentences at a time are held out, one such block in so many."""


@dataclass(frozen=True, eq=False)
class Prose:
    """A text in rows of 64 pieces, of which a part is held out.

    Args:
        train_text: the sentences to learn from, one a line.
        held_out_text: the sentences held out.
        pieces: its alphabet.

    >>> prose = data.prose()
    >>> prose.train.shape[1], prose.tokens
    (64, 512)
    """

    train_text: str
    held_out_text: str
    pieces: Pieces

    @property
    def tokens(self) -> int:
        """Pieces in the alphabet."""
        return len(self.pieces.pieces)

    @property
    def mask(self) -> int:
        """The index that marks a hidden place, one above the last piece."""
        return self.tokens

    @property
    def length(self) -> int:
        """Places of a row."""
        return LENGTH

    @cached_property
    def train(self) -> Tensor:
        """Rows to learn from, (n, 64); each starts 16 pieces after the one before it."""
        return torch.tensor(self.pieces.encode(self.train_text)).unfold(0, LENGTH, STRIDE)

    @cached_property
    def held_out(self) -> Tensor:
        """Rows held out, (n, 64), which do not overlap."""
        return torch.tensor(self.pieces.encode(self.held_out_text)).unfold(0, LENGTH, LENGTH)

    def encode(self, text: str) -> Tensor:
        """Cut a text into pieces, filled up with hidden places: (64,).

        An underscore stands for one hidden piece, from a letter up to a word.

        Raises:
            ValueError: it is longer than 64 pieces, or holds a character that the prose does not.

        >>> prose = data.prose()
        >>> prose.text(prose.encode("The noise __ the data"))[:22]
        'The noise__ the data__'
        """
        parts = text.replace(" _", "_").split("_")
        indices = self.pieces.encode(parts[0])
        for part in parts[1:]:
            indices += [self.mask, *self.pieces.encode(part)]
        if len(indices) > LENGTH:
            raise ValueError(f"the text has {len(indices)} pieces; shorten it to {LENGTH}")
        return torch.tensor(indices + [self.mask] * (LENGTH - len(indices)))

    def text(self, x: Tensor, blank: str = "_") -> str:
        """Spell a row (length,) out, with `blank` for hidden places; a line ends where a sentence does."""
        return self.pieces.spell(x.tolist(), blank)

    def letters(self, x: Tensor) -> Tensor:
        """Count the characters of rows (n, length), spaces too, (n,): for bits a letter."""
        sizes = torch.tensor([len(piece) for piece in self.pieces.pieces])
        return sizes[x].sum(-1)


@lru_cache(maxsize=1)
def prose() -> Prose:
    """Load the prose of this course: sentences without formulas from its lectures, help texts and README.

    It was frozen when its model was trained, so it is not the text of today; `python tools/make_prose.py`
    made it. Of every ten blocks of twenty sentences one is held out; the 512 pieces were learnt from the
    others. No sentence of a lab's answers or checks is in it.

    >>> prose = data.prose()
    >>> len(prose.held_out_text) < len(prose.train_text) / 5
    True
    """
    folder = files(__package__)
    lines = gzip.decompress((folder / "prose.txt.gz").read_bytes()).decode().splitlines()
    table = json.loads((folder / "prose_pieces.json").read_text(encoding="utf-8"))
    pieces = Pieces(tuple(table["pieces"]), tuple((first, second) for first, second in table["merges"]))
    return Prose(*split_prose(lines), pieces)


def split_prose(lines: list[str]) -> tuple[str, str]:
    """Divide sentences into those to learn from and those held out, each as one text, a sentence a line."""
    held = [k // BLOCK % EVERY == EVERY - 1 for k in range(len(lines))]
    parts = (
        "".join(f"{line}\n" for line, out in zip(lines, held, strict=True) if out is wanted)
        for wanted in (False, True)
    )
    return next(parts), next(parts)
