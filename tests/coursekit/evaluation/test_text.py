"""Numbers about texts: against sources whose entropy is known, and texts counted by hand."""

import math

import pytest
import torch

from coursekit.evaluation.text import (
    compressed_bits,
    distinct,
    known_words,
    longest_copy,
    most_frequent_word,
    ngram_bits,
)


def drawn(n, seed, stay=0.9):
    """Letters of a chain that stays with one of two for a while: its entropy rate is known."""
    generator = torch.Generator().manual_seed(seed)
    switches = torch.rand(n, generator=generator) >= stay
    return "".join("ab"[k] for k in (switches.cumsum(0) % 2).tolist())


def entropy(*probabilities):
    return -sum(p * math.log2(p) for p in probabilities)


def test_an_ngram_reaches_the_entropy_of_a_chain_from_order_two_on():
    known, text = drawn(40_000, 0), drawn(10_000, 1)
    error = 4 * 0.95 / 10_000**0.5  # the spread of -log2 p is 0.95 bits
    assert ngram_bits(known, text, 1) == pytest.approx(1, abs=0.01)
    for order in (2, 4):
        assert ngram_bits(known, text, order) == pytest.approx(entropy(0.9, 0.1), abs=error + 0.01)


def test_letters_never_seen_cost_much_and_not_everything():
    cost = ngram_bits("abab" * 20, "aXab", 3)
    assert ngram_bits("abab" * 20, "abab", 3) < cost < 20


def test_probabilities_add_up():
    known = "the cat sat on the mat"
    letters = sorted(set(known))
    for start in ("", "t", "th", "xx"):
        before = len(start) * ngram_bits(known, start, 3) if start else 0.0
        total = sum(2 ** -(ngram_bits(known, start + c, 3) * (len(start) + 1) - before) for c in letters)
        assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("method", ["gzip", "xz"])
def test_a_known_text_costs_little_and_noise_what_it_holds(method):
    generator = torch.Generator().manual_seed(0)
    noise = "".join("abcdefgh"[k] for k in torch.randint(8, (4000,), generator=generator).tolist())
    assert compressed_bits(noise, noise, method) < 0.2
    assert 3 < compressed_bits(noise[:2000], noise[2000:], method) < 4  # three bits, and no code is perfect


def test_gzip_forgets_what_xz_remembers():
    generator = torch.Generator().manual_seed(0)
    long = "".join("abcdefgh"[k] for k in torch.randint(8, (60_000,), generator=generator).tolist())
    assert compressed_bits(long, long[:3000], "xz") < 0.5 < 3 < compressed_bits(long, long[:3000], "gzip")


def test_repetition_and_copies_are_counted():
    assert distinct(["abcd", "abcd"], 4) == 0.5
    assert distinct(["aaaaaa"], 4) == pytest.approx(1 / 3)
    assert longest_copy("xxabcxx", "zabcz") == 3
    assert longest_copy("abc", "abc") == 3
    assert longest_copy("q", "abc") == longest_copy("", "abc") == 0


def test_words_are_those_of_the_known_text_and_cut_ones_do_not_count():
    assert known_words(["ut a Cat and a dat ca"], "the cat and a dog") == pytest.approx(4 / 5)
    word, share = most_frequent_word(["x the end the beg", "y the z"])
    assert (word, share) == ("the", 0.75)


def test_nothing_to_measure_is_refused():
    with pytest.raises(ValueError, match="empty"):
        ngram_bits("abc", "", 2)
    with pytest.raises(ValueError, match="order = 0"):
        ngram_bits("abc", "abc", 0)
    with pytest.raises(ValueError, match="choose one of"):
        compressed_bits("abc", "abc", "zip")
    with pytest.raises(ValueError, match="run of 4"):
        distinct(["abc"], 4)
    with pytest.raises(ValueError, match="three words"):
        known_words(["ab cd"], "abc")
