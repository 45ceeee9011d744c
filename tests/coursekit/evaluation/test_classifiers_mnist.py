"""The judge of MNIST is small, is worth what its file says, and reads what it was shipped for."""

import json
import os
from pathlib import Path

import pytest
import torch

import coursekit
from coursekit.data import digits, mnist
from coursekit.evaluation.classifiers import digit_classifiers, mnist_classifier
from coursekit.evaluation.metrics import accuracy

HERE = os.environ.get("COURSEKIT_DATA")
WEIGHTS = Path(coursekit.__file__).parent / "weights"
TOLD = json.loads((WEIGHTS / "mnist_classifier.json").read_text(encoding="utf-8"))


def test_it_is_small_and_was_found_good():
    parameters = sum(p.numel() for p in mnist_classifier().net.parameters())
    assert parameters == TOLD["parameters"] <= 150_000
    assert (WEIGHTS / "mnist_classifier.safetensors").stat().st_size < 500_000
    assert TOLD["training_images"] == 60_000
    assert TOLD["accuracy"] >= 0.99


def test_it_is_no_longer_trained():
    judge = mnist_classifier()
    before = [value.clone() for value in judge.net.state_dict().values()]
    judge.classify(torch.randn(20, 1, 28, 28))
    after = judge.net.state_dict().values()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert not any(p.requires_grad for p in judge.net.parameters())


def test_verdicts_are_decided_on_the_features():
    judge, images = mnist_classifier(), torch.randn(50, 1, 28, 28)
    last = judge.net.head
    scores = judge.features(images) @ last.weight.double().T + last.bias.double()
    seen = judge.classify(images)
    # The best digit's score, but for the rounding of float32 in sums of 64 terms.
    assert torch.allclose(scores.gather(1, seen[:, None])[:, 0], scores.amax(1), rtol=1e-4)
    assert torch.equal(judge.net(images).argmax(1), seen)


def test_it_reads_digits_of_other_writers():
    """The small digits, blown up to 20 x 20 in a frame of 4 as MNIST's are: needs no download."""
    images, labels = digits().test
    grown = torch.nn.functional.interpolate(images, size=(20, 20), mode="bicubic").clamp(-1, 1)
    framed = torch.nn.functional.pad(grown, (4, 4, 4, 4), value=-1.0)
    seen = mnist_classifier().classify(framed)
    assert accuracy(seen, labels) > 0.8
    assert accuracy(seen, digit_classifiers().classify(images)) > 0.8


@pytest.mark.skipif(not HERE, reason="MNIST itself is read only where COURSEKIT_DATA names its folder")
def test_it_is_worth_on_unseen_digits_what_its_file_says():
    images, labels = mnist(limit=1).test
    # Rounding, which differs between processors, may turn a few of the undecided ones.
    assert accuracy(mnist_classifier().classify(images), labels) == pytest.approx(TOLD["accuracy"], abs=5e-4)
