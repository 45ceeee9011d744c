"""Pictures of two digits: what the captions say is what they show, and what is held out never occurs."""

import pytest
import torch

from coursekit import data
from coursekit.base import ink_centre


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs(pictures):
    return set(zip(pictures.left.tolist(), pictures.right.tolist(), strict=True))


def test_no_held_out_pair_is_seen_and_all_others_are():
    seen = pairs(data.placed_digits(4000, generator=generator()))
    assert len(seen) == 80
    assert not seen & data.HELD_OUT
    assert pairs(data.placed_digits(1000, "held out", "test", generator())) == data.HELD_OUT
    assert len(pairs(data.placed_digits(4000, "all", generator=generator()))) == 100


def test_each_digit_stands_on_both_sides_in_training_and_each_held_out_pair_turned_round():
    seen = set(map(tuple, data.pairs_of("seen").tolist()))
    assert {left for left, _ in seen} == {right for _, right in seen} == set(range(10))
    assert {(right, left) for left, right in data.HELD_OUT} <= seen


def test_a_caption_says_what_the_picture_shows_in_either_way():
    pictures = data.placed_digits(500, "all", generator=generator())
    ways = set()
    for words, left, right in zip(
        pictures.words, pictures.left.tolist(), pictures.right.tolist(), strict=True
    ):
        said = data.caption(words)
        names = data.VOCABULARY[left], data.VOCABULARY[right]
        names = ["an eight" if name == "eight" else f"a {name}" for name in names]
        plain, turned = f"{names[0]} left of {names[1]}", f"{names[1]} right of {names[0]}"
        assert said in (plain, turned)
        ways.add(said == plain)
        assert torch.equal(data.word_indices(said), words)
    assert ways == {True, False}


def test_a_bag_of_words_cannot_tell_a_pair_from_its_mirror_image():
    one = data.word_indices("a three left of a seven")
    other = data.word_indices("a seven left of a three")
    assert one.sort().values.tolist() == other.sort().values.tolist()
    assert not torch.equal(one, other)


def test_the_digits_stand_apart():
    pictures = data.placed_digits(1000, "all", generator=generator())
    ink = (pictures.images[:, 0] + 1) / 2
    assert pictures.images.shape == (1000, 1, 16, 16)
    left, right = ink_centre(ink[:, :, :8]), ink_centre(ink[:, :, 8:])
    assert ((left - torch.tensor([7.5, 4.0])).abs().median(0).values < 0.5).all()
    assert ((right - torch.tensor([7.5, 3.5])).abs().median(0).values < 0.5).all()
    assert ink[:, 0].max() == 0


def test_an_is_written_before_eight_and_read_as_a():
    words = data.pair_words(torch.tensor([8]), torch.tensor([8]))[0]
    assert data.caption(words) == "an eight left of an eight"
    for said in ("an eight left of an eight", "a eight left of an eight", "A eight left of a eight"):
        assert torch.equal(data.word_indices(said), words)
    assert words[0] == words[4] == data.VOCABULARY.index("a")
    assert "an" not in data.VOCABULARY


def test_the_null_word_is_not_spelt():
    assert data.caption(torch.full((6,), data.NULL_WORD)) == ""


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: data.placed_digits(0), "positive"),
        (lambda: data.placed_digits(1, "unseen"), "held out"),
        (lambda: data.placed_digits(1, part="both"), "'train' or 'test'"),
        (lambda: data.word_indices("a three above a seven"), "unknown: above"),
        (lambda: data.word_indices("a three"), "2 words"),
    ],
)
def test_wrong_requests_are_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
