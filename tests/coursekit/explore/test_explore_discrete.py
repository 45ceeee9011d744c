"""The explorers of chapter 11: a triangle that follows the forward equation, blanks filled look by look."""

import re

import pytest
import torch
from panels import assert_every_control_draws, moved

from coursekit import data, explore

ENGLISH = data.toy_english()


def shares(text):
    """Probabilities now and in the end, in per cent, and the net flow."""
    numbers = [int(n) for n in re.findall(r"(\d+)%", text)]
    return numbers[:3], numbers[4:7], numbers[3]


def test_the_triangle_begins_at_the_start_and_ends_where_it_settles():
    panel = explore.simplex()
    assert shares(moved(panel, t=0.0, start="half 0, half 1"))[0] == [50, 50, 0]
    now, end, flow = shares(moved(panel, up=3.0, on=3.0, home=3.0, t=4.0, start="certainly state 2"))
    assert now == end == [33, 33, 33]
    assert flow == 0
    _, end, _ = shares(moved(panel, up=3.0, on=0.0, home=3.0))
    assert end[1] == max(end)


def test_every_control_of_the_triangle_gives_another_picture():
    changes = {"up": 0.5, "on": 2.0, "home": 1.0, "t": 2.0, "start": "half 0, half 1"}
    assert_every_control_draws(explore.simplex(), changes)


@pytest.mark.parametrize("order", ["random", "surest first", "least entropy first", "left to right"])
def test_one_place_a_look_writes_sentences_and_keeps_what_is_given(order):
    panel = explore.unmasking(
        ENGLISH.law.denoiser, ENGLISH, "____ ____ kittens ____ ____ because ____ ____ cold"
    )
    for seed in range(4):
        said = moved(panel, order=order, seed=seed, look=9)
        assert "It is a sentence" in said
        assert " kittens shiver" in said
        assert "are cold" in said


def test_it_stops_where_the_reader_wants_to_look():
    panel = explore.unmasking(ENGLISH.law.denoiser, ENGLISH)
    for look in range(10):
        assert moved(panel, look=look).count("____") == 9 - look
    assert moved(panel, look=0, place=6).endswith("likeliest at place 6, with 100%; exact are 100%.")
    assert "After 1 of 1 looks" in moved(panel, looks=1, look=5)


def test_a_low_temperature_makes_the_denoiser_surer_than_it_should_be():
    panel = explore.unmasking(
        ENGLISH.law.denoiser, ENGLISH, "several ____ ____ ____ ____ ____ they ____ ____"
    )
    said = moved(panel, look=0, place=9, temperature=0.2)
    guess, exact = map(int, re.findall(r"(\d+)%", said))
    assert guess > exact


def test_every_control_of_the_blanks_gives_another_picture_and_words_of_no_language_are_refused_in_words():
    panel = explore.unmasking(ENGLISH.law.denoiser, ENGLISH)
    moved(panel, look=2)
    changes = {
        "words": "two ____ ____ ____ ____ ____ ____ ____ ____",
        "looks": 3,
        "order": "left to right",
        "look": 5,
        "place": 1,
        "temperature": 0.5,
        "seed": 3,
    }
    assert_every_control_draws(panel, changes)
    panel._controls["words"].value = "two purple ____ ____ ____ ____ ____ ____ ____"
    assert "purple" in panel._page.value
    assert 'role="alert"' in panel._page.value


def test_a_network_is_asked_with_gradients_off():
    weight = torch.zeros(ENGLISH.tokens, requires_grad=True)

    def net(x, t):
        return weight.expand(*x.shape, ENGLISH.tokens)

    net.mask = ENGLISH.mask
    assert "looks" in explore.unmasking(net, ENGLISH).picture.alt
