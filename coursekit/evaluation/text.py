"""How good generated text is, and what a text costs those who know another: n-grams and compression.

None of these numbers suffices. A text of one word over and over has real words only and costs an n-gram
almost nothing (Zheng et al. 2024 on "generative perplexity"); a copy of the training text is perfect in
everything but `longest_copy`.
"""

import gzip
import lzma
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

WORD = re.compile(r"[A-Za-z']+")
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda text: gzip.compress(text, 9, mtime=0),
    "xz": lambda text: lzma.compress(text, preset=9),
}


@lru_cache(maxsize=1)
def _continuations(known: str, order: int) -> tuple[dict[str, Counter[str]], int]:
    """How often each letter followed each context of fewer than `order` letters; size of the alphabet."""
    following: dict[str, Counter[str]] = {}
    for place, letter in enumerate(known):
        for length in range(min(order, place + 1)):
            following.setdefault(known[place - length : place], Counter())[letter] += 1
    return following, len(set(known))


def ngram_bits(known: str, text: str, order: int) -> float:
    """Bits a letter that a text costs a reader who foretells each letter from the order - 1 before it.

        p_k(c) = ( n_k(c) + T_k p_(k-1)(c) ) / ( N_k + T_k ),   p_0 = 1 / letters of the alphabet

    n_k(c) is how often c followed the last k - 1 letters in the known text, N_k their sum, and T_k the number
    of different letters that did: interpolation after Witten & Bell 1991.

    Args:
        known: the text that was read before.
        text: the text that is foretold, not empty.
        order: letters of an n-gram, at least 1.
    Returns:
        The mean of -log2 p, below that of real text if the text is more foreseeable than language is.
    Raises:
        ValueError: a text is empty or `order` below 1.

    >>> [round(ngram_bits("ab" * 5000, "ab" * 500, order), 2) for order in (1, 2)]
    [1.0, 0.0]
    """
    _need(known, text)
    if order < 1:
        raise ValueError(f"order = {order}; give 1 or more letters")
    following, alphabet = _continuations(known, order)
    bits = 0.0
    for place, letter in enumerate(text):
        probability = 1 / (alphabet + (letter not in following[""]))
        for length in range(min(order, place + 1)):
            seen = following.get(text[place - length : place])
            if seen is None:
                break
            total, kinds = seen.total(), len(seen)
            probability = (seen[letter] + kinds * probability) / (total + kinds)
        bits -= math.log2(probability)
    return bits / len(text)


def compressed_bits(known: str, text: str, method: Literal["gzip", "xz"] = "xz") -> float:
    """Bits a letter by which a compressed file grows if a text is put behind a known one.

    A code of a text is a model of it (Shannon 1948). gzip remembers 32,768 letters, xz all of them.

    Args:
        known: the text that stands before.
        text: the text to compress, not empty.
        method: "gzip" or "xz".
    Raises:
        ValueError: a text is empty or the method unknown.

    >>> compressed_bits("to be or not to be, ", "to be or not to be, ") < 4
    True
    """
    _need(known, text)
    if method not in COMPRESSORS:
        raise ValueError(f"method = '{method}'; choose one of {', '.join(COMPRESSORS)}")
    before, after = (len(COMPRESSORS[method](part.encode())) for part in (known, known + text))
    return 8 * (after - before) / len(text)


def distinct(texts: Sequence[str], n: int = 4) -> float:
    """Share of different ones among all runs of n letters in texts: low where a text repeats itself.

    It falls with the length and the number of the texts: compare equals. Li et al. 2016.

    Raises:
        ValueError: no text has n letters.

    >>> distinct(["abcabc"], n=3)
    0.75
    """
    runs = [text[start : start + n] for text in texts for start in range(len(text) - n + 1)]
    if not runs:
        raise ValueError(f"no text has a run of {n} letters")
    return len(set(runs)) / len(runs)


def longest_copy(text: str, known: str) -> int:
    """Length of the longest run of letters of a text that stands in the known text word for word.

    >>> longest_copy("a cat sat there", "the cat sat down")
    9
    """
    longest = start = 0
    while start + longest < len(text):
        if text[start : start + longest + 1] in known:
            longest += 1
        else:
            start += 1
    return longest


def known_words(texts: Sequence[str], known: str) -> float:
    """Share of the words of texts that occur in the known text.

    The first and the last word of a text may be cut, and do not count. Capitals make no difference.

    Raises:
        ValueError: there is no word.

    >>> round(known_words(["the cat zat on the"], "The cat sat on the mat."), 3)
    0.667
    """
    vocabulary = {word.lower() for word in WORD.findall(known)}
    words = _whole_words(texts)
    return sum(word in vocabulary for word in words) / len(words)


def most_frequent_word(texts: Sequence[str]) -> tuple[str, float]:
    """Name the most frequent word of texts and its share of all words, counted as by `known_words`.

    Raises:
        ValueError: there is no word.

    >>> most_frequent_word(["so the end of the day is the end"])
    ('the', 0.42857142857142855)
    """
    words = _whole_words(texts)
    word, count = Counter(words).most_common(1)[0]
    return word, count / len(words)


def _whole_words(texts: Sequence[str]) -> list[str]:
    words = [word.lower() for text in texts for word in WORD.findall(text)[1:-1]]
    if not words:
        raise ValueError("no text has three words; give longer ones")
    return words


def _need(known: str, text: str) -> None:
    if not known or not text:
        raise ValueError("a text is empty; give one to know and one to foretell")
