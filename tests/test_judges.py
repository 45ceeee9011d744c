"""The judges know real digits, were fit on the training part alone, and are made once."""

import pytest
import torch

from coursekit.data import Digits, Labelled, digits
from coursekit.judges import digit_judges, fit_judges
from coursekit.metrics import agreement

KNOWN, JUDGES = digits(), digit_judges()


def test_the_support_vector_machine_reads_unseen_digits():
    seen = JUDGES.classify(KNOWN.test.images)
    assert seen.dtype == torch.int64
    # Known to reach about 99 % on this data set (C = 10, radial kernel); 500 images: error below 0.5 %.
    assert agreement(seen, KNOWN.test.labels) > 0.98


def test_features_are_what_the_classifier_decides_on():
    features = JUDGES.features(KNOWN.test.images)
    assert features.shape == (500, 64)
    assert features.min() == 0
    scores = features.numpy() @ JUDGES.mlp.coefs_[1] + JUDGES.mlp.intercepts_[1]
    assert (scores.argmax(1) == JUDGES.mlp.predict(KNOWN.test.images.double().numpy())).all()
    assert (scores.argmax(1) == KNOWN.test.labels.numpy()).mean() > 0.96


def test_images_with_a_channel_are_the_same_images():
    some = KNOWN.test.images[:20]
    assert torch.equal(JUDGES.features(some.reshape(20, 1, 8, 8)), JUDGES.features(some))
    assert torch.equal(JUDGES.classify(some.reshape(20, 1, 8, 8)), JUDGES.classify(some))


def test_judges_are_made_once_and_settled():
    assert digit_judges() is JUDGES
    assert JUDGES.mlp.n_iter_ < JUDGES.mlp.max_iter  # training ended by itself


def test_the_held_out_part_plays_no_part():
    """With wrong labels on all held-out images the judges come out the same."""
    z, y = KNOWN.test
    spoilt = Digits(train=KNOWN.train, test=Labelled(z.flip(0), (y + 1) % 10))
    assert torch.equal(fit_judges(spoilt).features(z), JUDGES.features(z))


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match="judges know"):
        JUDGES.classify(torch.zeros(3, 49))
