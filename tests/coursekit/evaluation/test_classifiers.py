"""The classifiers know real digits, were fit on the training part alone, and are made once."""

import pytest
import torch

from coursekit.data import Digits, Labelled, digits
from coursekit.evaluation.classifiers import digit_classifiers, fit_classifiers, mnist_classifier
from coursekit.evaluation.metrics import accuracy

KNOWN, CLASSIFIERS = digits(), digit_classifiers()


def test_the_support_vector_machine_reads_unseen_digits():
    seen = CLASSIFIERS.classify(KNOWN.test.images)
    assert seen.dtype == torch.int64
    # Known to reach about 99 % on this data set (C = 10, radial kernel); 500 images: error below 0.5 %.
    assert accuracy(seen, KNOWN.test.labels) > 0.98


def test_features_are_what_the_classifier_decides_on():
    features = CLASSIFIERS.features(KNOWN.test.images)
    assert features.shape == (500, 64)
    assert features.min() == 0
    scores = features.numpy() @ CLASSIFIERS.mlp.coefs_[1] + CLASSIFIERS.mlp.intercepts_[1]
    assert (scores.argmax(1) == CLASSIFIERS.mlp.predict(KNOWN.test.images.flatten(1).double().numpy())).all()
    assert (scores.argmax(1) == KNOWN.test.labels.numpy()).mean() > 0.96


def test_classifiers_are_made_once_and_settled():
    assert digit_classifiers() is CLASSIFIERS
    assert CLASSIFIERS.mlp.n_iter_ < CLASSIFIERS.mlp.max_iter  # training ended by itself
    assert mnist_classifier() is mnist_classifier()


def test_the_held_out_part_plays_no_part():
    """With wrong labels on all held-out images the classifiers come out the same."""
    z, y = KNOWN.test
    spoilt = Digits(train=KNOWN.train, test=Labelled(z.flip(0), (y + 1) % 10))
    assert torch.equal(fit_classifiers(spoilt).features(z), CLASSIFIERS.features(z))


def own_size(classifiers):
    return 8 if classifiers is CLASSIFIERS else 28


@pytest.mark.parametrize("classifiers", [CLASSIFIERS, mnist_classifier()], ids=["digits", "mnist"])
class TestBothKindsOfJudges:
    def images(self, classifiers, n=7):
        return torch.rand(n, 1, own_size(classifiers), own_size(classifiers)) * 2 - 1

    def test_answers_have_one_form(self, classifiers):
        images = self.images(classifiers)
        seen, features = classifiers.classify(images), classifiers.features(images)
        assert (seen.shape, seen.dtype) == ((7,), torch.int64)
        assert (features.shape, features.dtype) == ((7, 64), torch.float64)
        assert features.min() >= 0
        assert not features.requires_grad

    def test_each_image_is_judged_by_itself(self, classifiers):
        """Whatever lies beside it, in this batch or the next."""
        images = self.images(classifiers, 1201)
        rows = torch.tensor([0, 499, 500, 1200])
        assert torch.allclose(
            classifiers.features(images)[rows], classifiers.features(images[rows]), atol=1e-4
        )

    def test_what_needs_a_gradient_or_more_digits_is_judged_as_well(self, classifiers):
        images = self.images(classifiers)
        wanted = classifiers.features(images)
        assert torch.equal(classifiers.features(images.clone().requires_grad_()), wanted)
        assert torch.equal(classifiers.features(images.double()), wanted)

    @pytest.mark.parametrize("shape", [(3, 64), (3, 784), (3, 1, 9, 9), (3, 3, 28, 28), (8, 8), (28, 28)])
    def test_images_of_another_shape_are_refused_with_the_remedy(self, classifiers, shape):
        wanted = rf"reshape\(-1, 1, {own_size(classifiers)}, {own_size(classifiers)}\)"
        for ask in (classifiers.classify, classifiers.features):
            with pytest.raises(ValueError, match=wanted):
                ask(torch.zeros(shape))

    def test_images_for_the_other_judges_are_sent_there(self, classifiers):
        other = mnist_classifier() if classifiers is CLASSIFIERS else CLASSIFIERS
        name = "mnist_classifier" if classifiers is CLASSIFIERS else "digit_classifiers"
        with pytest.raises(ValueError, match=name):
            classifiers.classify(self.images(other))
