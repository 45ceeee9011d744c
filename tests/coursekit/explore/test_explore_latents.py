"""The explorer of latents: its walks end at the digits, and its two draws share their noise."""

import importlib
import re
import time

import pytest
import torch
from panels import assert_every_control_draws, moved

from coursekit import explore
from coursekit.evaluation.classifiers import mnist_classifier
from coursekit.nets import load_vae

module = importlib.import_module("coursekit.explore.latents")  # the package's `latents` is the function


def read(text):
    """What the classifier reads: walk in latents, mixture of pixels, draw of the prior, draw of the flow."""
    pattern = r"latents as (\d), .* pixels as (\d)\..* read as (\d), .* read as (\d)\.$"
    return tuple(map(int, re.search(pattern, text).groups()))


def test_the_ten_digits_are_read_as_what_they_are():
    digits = module._digits()
    assert digits.shape == (10, 1, 28, 28)
    assert mnist_classifier().classify(digits).tolist() == list(range(10))


@pytest.mark.parametrize(("first", "second"), [(3, 8), (0, 1), (7, 2)])
def test_a_walk_begins_and_ends_at_its_digits_in_latents_and_in_pixels(first, second):
    panel = explore.latents()
    assert read(moved(panel, first=first, second=second, s=0.0))[:2] == (first, first)
    assert read(moved(panel, s=1.0))[:2] == (second, second)


def test_both_draws_come_from_the_noise_of_the_seed():
    """The prior's is that noise decoded; the flow's is another image, the digit asked for more often."""
    vae = load_vae("vae_mnist")
    with torch.no_grad():
        for seed in (0, 7):
            noise = torch.randn(1, 4, 7, 7, generator=torch.Generator().manual_seed(seed))
            prior, flow = module._draws(5, seed)
            torch.testing.assert_close(prior, vae.decode(noise).clamp(-1, 1)[0])
            assert (prior - flow).abs().max() > 0.5
    found = torch.stack([module._draws(label, seed) for label in range(10) for seed in range(3)])
    asked = torch.arange(10).repeat_interleave(3)
    priors, flows = ((mnist_classifier().classify(part) == asked).sum() for part in found.unbind(1))
    assert flows >= 27
    assert priors <= 12


def test_every_control_gives_another_picture_and_the_same_setting_the_same():
    panel = explore.latents()
    assert_every_control_draws(panel, {"first": 1, "second": 4, "s": 0.8, "seed": 3})


def test_the_shipped_draws_are_remembered_and_answers_come_in_good_time():
    panel = explore.latents()
    begun = time.process_time()
    moved(panel, s=0.7)
    moved(panel, seed=11)
    # 150 ms each are wanted on a busy core; this only catches what went wrong by an order of magnitude.
    assert time.process_time() - begun < 3
