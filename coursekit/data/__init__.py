"""Data sets of handwritten digits: scikit-learn's small ones, which need no download, and MNIST.

`placed` makes pictures of two digits with captions of the small ones, `moving` clips of one that moves,
`digit_tokens` sequences of a few levels of grey. `sentences` are two languages small enough to be known,
`prose` is that of the course.
"""

from .digit_tokens import DigitTokens, LabelledTokens, digit_tokens, tokens_to_images
from .files import DataUnavailable
from .labelled import Digits, Labelled
from .loaders import digits, mnist
from .moving import (
    DIRECTIONS,
    NULL_MOVE,
    SPEED,
    WALLS,
    Clips,
    bounce,
    clip_conditions,
    draw_clips,
    moving_digits,
)
from .pieces import Pieces, learn_pieces
from .placed import (
    HELD_OUT,
    NULL_WORD,
    VOCABULARY,
    Placed,
    caption,
    pair_words,
    pairs_of,
    placed_digits,
    word_indices,
)
from .prose import Prose, prose
from .sentences import Sentences, three_letter_words, toy_english

__all__ = [
    "DIRECTIONS",
    "HELD_OUT",
    "NULL_MOVE",
    "NULL_WORD",
    "SPEED",
    "VOCABULARY",
    "WALLS",
    "Clips",
    "DataUnavailable",
    "DigitTokens",
    "Digits",
    "Labelled",
    "LabelledTokens",
    "Pieces",
    "Placed",
    "Prose",
    "Sentences",
    "bounce",
    "caption",
    "clip_conditions",
    "digit_tokens",
    "digits",
    "draw_clips",
    "learn_pieces",
    "mnist",
    "moving_digits",
    "pair_words",
    "pairs_of",
    "placed_digits",
    "prose",
    "three_letter_words",
    "tokens_to_images",
    "toy_english",
    "word_indices",
]
