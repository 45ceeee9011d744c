"""The judges know real digits, were fit on the training part alone, and are made once."""

import pytest
import torch

from coursekit.data import Digits, Labelled, digits
from coursekit.judges import digit_judges, fit_judges, mnist_judges
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
    assert (scores.argmax(1) == JUDGES.mlp.predict(KNOWN.test.images.flatten(1).double().numpy())).all()
    assert (scores.argmax(1) == KNOWN.test.labels.numpy()).mean() > 0.96


def test_judges_are_made_once_and_settled():
    assert digit_judges() is JUDGES
    assert JUDGES.mlp.n_iter_ < JUDGES.mlp.max_iter  # training ended by itself
    assert mnist_judges() is mnist_judges()


def test_the_held_out_part_plays_no_part():
    """With wrong labels on all held-out images the judges come out the same."""
    z, y = KNOWN.test
    spoilt = Digits(train=KNOWN.train, test=Labelled(z.flip(0), (y + 1) % 10))
    assert torch.equal(fit_judges(spoilt).features(z), JUDGES.features(z))


def own_size(judges):
    return 8 if judges is JUDGES else 28


@pytest.mark.parametrize("judges", [JUDGES, mnist_judges()], ids=["digits", "mnist"])
class TestBothKindsOfJudges:
    def images(self, judges, n=7):
        return torch.rand(n, 1, own_size(judges), own_size(judges)) * 2 - 1

    def test_answers_have_one_form(self, judges):
        images = self.images(judges)
        seen, features = judges.classify(images), judges.features(images)
        assert (seen.shape, seen.dtype) == ((7,), torch.int64)
        assert (features.shape, features.dtype) == ((7, 64), torch.float64)
        assert features.min() >= 0
        assert not features.requires_grad

    def test_each_image_is_judged_by_itself(self, judges):
        """Whatever lies beside it, in this batch or the next."""
        images = self.images(judges, 1201)
        rows = torch.tensor([0, 499, 500, 1200])
        assert torch.allclose(judges.features(images)[rows], judges.features(images[rows]), atol=1e-4)

    def test_what_needs_a_gradient_or_more_digits_is_judged_as_well(self, judges):
        images = self.images(judges)
        wanted = judges.features(images)
        assert torch.equal(judges.features(images.clone().requires_grad_()), wanted)
        assert torch.equal(judges.features(images.double()), wanted)

    @pytest.mark.parametrize("shape", [(3, 64), (3, 784), (3, 1, 9, 9), (3, 3, 28, 28), (8, 8), (28, 28)])
    def test_images_of_another_shape_are_refused_with_the_remedy(self, judges, shape):
        wanted = rf"reshape\(-1, 1, {own_size(judges)}, {own_size(judges)}\)"
        for ask in (judges.classify, judges.features):
            with pytest.raises(ValueError, match=wanted):
                ask(torch.zeros(shape))

    def test_images_for_the_other_judges_are_sent_there(self, judges):
        other = mnist_judges() if judges is JUDGES else JUDGES
        name = "mnist_judges" if judges is JUDGES else "digit_judges"
        with pytest.raises(ValueError, match=name):
            judges.classify(self.images(other))
