"""Digits in a few levels of grey: the same digits, rounded."""

import pytest
import torch

from coursekit import data


@pytest.mark.parametrize("levels", [2, 4, 17])
def test_tokens_are_the_nearest_levels_of_the_same_digits(levels):
    images, tokens = data.digits(), data.digit_tokens(levels)
    for part in ("train", "test"):
        (pixels, y), (z, labels) = getattr(images, part), getattr(tokens, part)
        assert torch.equal(labels, y)
        assert z.dtype == torch.int64
        assert set(z.unique().tolist()) == set(range(levels))
        drawn = data.tokens_to_images(z, levels)
        assert drawn.shape == pixels.shape
        assert (drawn - pixels).abs().max() <= 1 / (levels - 1) + 1e-6
    if levels == 17:
        assert torch.allclose(data.tokens_to_images(tokens.train.tokens, 17), images.train.images)


def test_hidden_pixels_are_no_numbers():
    z = data.digit_tokens().test.tokens[:3].clone()
    z[0, 5] = 4
    images = data.tokens_to_images(z)
    assert images.isnan().nonzero().tolist() == [[0, 0, 0, 5]]


@pytest.mark.parametrize("levels", [1, 18])
def test_other_numbers_of_levels_are_refused(levels):
    with pytest.raises(ValueError, match="2 to 17"):
        data.digit_tokens(levels)
