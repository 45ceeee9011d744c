"""Toy English keeps its grammar, and its counts are those of its free choices."""

import math

import pytest
import torch

from coursekit import data
from coursekit.data import sentences as grammar


@pytest.fixture(scope="module")
def english():
    return data.toy_english()


@pytest.mark.parametrize("language", [data.toy_english, data.three_letter_words])
def test_every_sentence_is_different_and_comes_back_from_its_text(language):
    known = language()
    assert len(known.rows.unique(dim=0)) == len(known.rows)
    assert known.rows.min() == 0
    assert known.rows.max() == known.tokens - 1 == len(set(known.vocabulary)) - 1
    for row in known.rows[:: max(1, len(known.rows) // 50)]:
        assert torch.equal(known.encode(known.text(row)), row)
    assert known.valid(known.rows).all()


def test_toy_english_has_as_many_sentences_as_choices(english):
    assert english.rows.shape == (4 * 6 * 30 * 12, 9)
    assert english.law.entropy() == pytest.approx(math.log(8640))
    counts = [len(english.rows[:, place].unique()) for place in range(9)]
    assert counts[0] == 4
    assert counts[1] == 6
    assert counts[5] == 1
    assert counts[6] == counts[7] == 2


def test_whatever_has_a_number_agrees_and_whatever_has_a_reason_has_it(english):
    singular = {animal for habitat in grammar.HABITATS for animal, _ in habitat.animals}
    homes = {
        name: place for habitat in grammar.HABITATS for pair in habitat.animals for name in pair
        for place in [habitat.places]
    }  # fmt: skip
    reasons = {verb: why for verbs, why in grammar.REASONS.items() for verb in verbs}
    for row in english.rows[::7]:
        number, _, animal, verb, place, _, pronoun, being, reason = (english.vocabulary[i] for i in row)
        one = number == "one"
        assert (verb.endswith("s"), pronoun, being) == ((True, "it", "is") if one else (False, "they", "are"))
        assert animal in singular or not one
        assert place in homes[animal]
        assert reason in reasons[verb]


def test_most_rows_are_no_sentences(english):
    generator = torch.Generator().manual_seed(0)
    chance = torch.randint(english.tokens, (2000, 9), generator=generator)
    assert not english.valid(chance).any()
    wrong = english.rows.clone()
    wrong[:, 0] = english.rows[(torch.arange(8640) + 4320) % 8640, 0]  # another number, which may agree
    both = english.valid(wrong)
    one = english.vocabulary.index("one")
    assert torch.equal(both, (wrong[:, 0] == one) == (english.rows[:, 0] == one))
    hidden = english.rows.clone()
    hidden[:, 3] = english.mask
    assert not english.valid(hidden).any()


def test_blanks_are_read_and_written(english):
    x = english.encode("two small mice ____ under the table because they _ tired")
    assert (x == english.mask).nonzero().flatten().tolist() == [3, 7]
    assert english.text(x).count("____") == 2
    assert (english.encode("Two ...") == english.mask).sum() == 8
    assert (english.encode("…") == english.mask).all()
    words = data.three_letter_words()
    assert words.encode("c__").tolist() == [1, words.mask, words.mask]
    assert words.text(words.encode("c__"), blank="?") == "c??"
    assert words.text(words.rows[:2]) == "ace\nact"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("two small whales ...", "'whales' is no word"),
        ("two small mice", "has 3 places, but a sentence here has 9"),
        ("_ _ _ _ _ _ _ _ _ _", "has 10 places"),
    ],
)
def test_what_is_no_sentence_is_refused_in_words(english, text, told):
    with pytest.raises(ValueError, match=told):
        english.encode(text)


def test_a_split_divides_by_chance_and_loses_nothing(english):
    known, new = english.split(0.2, torch.Generator().manual_seed(0))
    other, _ = english.split(0.2, torch.Generator().manual_seed(1))
    assert len(torch.cat([known, new]).unique(dim=0)) == 8640
    assert len(known) == 1728
    assert not torch.equal(known, other)
    assert len(known[:, 0].unique()) == 4
    with pytest.raises(ValueError, match="leave some"):
        english.split(1.0)


def test_the_words_are_of_five_letters():
    words = data.three_letter_words()
    assert words.vocabulary == ("a", "c", "e", "r", "t")
    assert words.rows.shape == (16, 3)
    assert "tea" in words.text(words.rows).split()
    assert words.law.entropy() == pytest.approx(math.log(16))
