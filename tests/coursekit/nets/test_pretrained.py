"""Checkpoints come back as they went, and hold nothing that could run; the shipped one makes digits."""

import json
from importlib.resources import files

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from coursekit import solve, time_grid
from coursekit.cli.sample import generate
from coursekit.data import digits
from coursekit.evaluation.classifiers import digit_classifiers, mnist_classifier
from coursekit.evaluation.metrics import accuracy, frechet_distance
from coursekit.nets import MLP, DiT, FiLMMLP, UNet, load_pretrained, pretrained
from coursekit.training import guided

WEIGHTS = files("coursekit") / "weights"
PREDICTIONS = ("data", "velocity", "noise")


def plain():
    return MLP(2, hidden=8, layers=2), torch.randn(3, 2), ()


def conditioned():
    net = FiLMMLP(2, 4, classes=3, hidden=8, blocks=3, cond_dim=4)
    return net, torch.randn(3, 2, 4, 4), (torch.tensor([0, 1, 3]),)


def convolutional():
    return UNet(1, 5, classes=3, width=8, levels=2), torch.randn(3, 1, 5, 5), (torch.tensor([0, 1, 3]),)


def attentive():
    net = DiT(1, 4, classes=3, patch=2, width=8, depth=1, heads=2, bottleneck=2)
    return net, torch.randn(3, 1, 4, 4), (torch.tensor([0, 1, 3]),)


@pytest.mark.parametrize("make", [plain, conditioned, convolutional, attentive])
def test_a_network_comes_back_with_its_sizes_and_weights(make, tmp_path):
    net, x, labels = make()
    for weight in net.parameters():
        torch.nn.init.normal_(weight)
    pretrained.save(net, tmp_path / "net.safetensors")
    again = pretrained.load(tmp_path / "net.safetensors")
    assert type(again) is type(net)
    assert torch.equal(again(x, 0.3, *labels), net(x, 0.3, *labels))
    assert not again.training
    assert not any(weight.requires_grad for weight in again.parameters())


@pytest.mark.parametrize("form", ["half", "float64"])
def test_whatever_the_file_holds_is_computed_in_float32(form, tmp_path):
    net, x, labels = attentive()
    for weight in net.parameters():
        torch.nn.init.normal_(weight)
    whole, other = tmp_path / "whole.safetensors", tmp_path / "other.safetensors"
    pretrained.save(net, whole)
    pretrained.save(net if form == "half" else net.double(), other, half=form == "half")
    again = pretrained.load(other)
    net.float()
    if form == "half":
        for weight in net.parameters():
            weight.data = weight.data.half().float()
    assert torch.equal(again(x, 0.3, *labels), net(x, 0.3, *labels))
    assert all(weight.dtype == torch.float32 for weight in again.state_dict().values())
    if form == "half":
        assert other.stat().st_size < 0.75 * whole.stat().st_size  # the header has its share


def test_notes_are_kept_in_the_header(tmp_path):
    pretrained.save(plain()[0], tmp_path / "net.safetensors", steps=7, seeds=[1, 2])
    with safe_open(tmp_path / "net.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["notes"]) == {"steps": 7, "seeds": [1, 2]}


def test_networks_that_cannot_be_rebuilt_are_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be rebuilt"):
        pretrained.save(torch.nn.Linear(2, 2), tmp_path / "net.safetensors")


def test_pickles_are_refused_unread(tmp_path):
    path = tmp_path / "net.pt"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="arbitrary code"):
        pretrained.load(path)
    disguised = path.rename(tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="damaged or no safetensors"):
        pretrained.load(disguised)


def test_files_of_others_and_missing_files_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(FileNotFoundError, match="no file"):
        pretrained.load(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="does not name the network"):
        pretrained.load(path)


def test_the_shipped_generator_is_small_and_says_how_it_was_made():
    assert len((WEIGHTS / "digits.safetensors").read_bytes()) < 1_000_000
    told = json.loads((WEIGHTS / "digits.json").read_text())
    assert told["agreement_w1.5"] >= 0.99
    assert told["frechet"] <= 1.3
    assert 0.5 <= told["frechet_floor"] <= 1.0
    assert told["nearest_neighbour_ratio"] >= 0.8
    assert told["command"].startswith("coursekit train digits")


def test_the_shipped_generator_of_mnist_is_small_and_says_how_it_was_made():
    assert len((WEIGHTS / "mnist.safetensors").read_bytes()) < 4_000_000
    told = json.loads((WEIGHTS / "mnist.json").read_text())
    net = load_pretrained("mnist")
    assert told["parameters"] == sum(weight.numel() for weight in net.parameters())
    assert told["command"].startswith("coursekit train mnist")
    assert told["agreement_w1.5"] >= 0.9


SHIPPED = {"mnist_300s": 2_000_000, "patches_data": 700_000, "patches_velocity": 700_000, "patches_noise": 700_000}
"""The transformers, and the bytes that each may take."""


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_transformers_are_small_and_say_how_they_were_made(name):
    net, told = load_pretrained(name), json.loads((WEIGHTS / f"{name}.json").read_text())
    assert len((WEIGHTS / f"{name}.safetensors").read_bytes()) <= SHIPPED[name]
    assert told["command"].startswith("coursekit train mnist")
    assert told["sizes"] == net.config
    assert told["parameters"] == sum(weight.numel() for weight in net.parameters())
    assert all(weight.dtype == torch.float32 for weight in net.parameters())
    assert {"agreement_w1", "agreement_w1.5", "agreement_w2", "frechet", "frechet_floor"} <= set(told)


def test_five_minutes_reach_what_they_promise():
    told = json.loads((WEIGHTS / "mnist_300s.json").read_text())
    assert told["agreement_w1.5"] >= 0.97
    assert told["frechet"] <= 2 * told["frechet_floor"]


def test_the_three_that_are_compared_differ_in_their_prediction_alone():
    cards = [json.loads((WEIGHTS / f"patches_{one}.json").read_text()) for one in PREDICTIONS]
    for one, told in zip(PREDICTIONS, cards, strict=True):
        assert told["predict"] == one
        assert told["command"].replace(f"--predict {one}", "") == cards[0]["command"].replace("--predict data", "")
    images, velocity, noise = (told["agreement_w1.5"] for told in cards)
    assert images > 0.9
    assert max(velocity, noise) < 0.3


def test_the_shipped_transformer_makes_the_digits_asked_for():
    """Its velocity from its prediction of the data, as the command samples from it."""
    net, y = load_pretrained("mnist_300s"), torch.arange(10).repeat(4)
    made = generate(net, "data", y, 1.5, steps=8)
    assert made.abs().max() <= 1 + 1e-5
    assert accuracy(mnist_classifier().classify(made), y) > 0.8


def test_the_shipped_generator_of_mnist_makes_the_digits_asked_for():
    net, y = load_pretrained("mnist"), torch.arange(10).repeat(4)
    noise = torch.randn(len(y), *net.event, generator=torch.Generator().manual_seed(5))
    made = solve(guided(net, y, 1.5), noise, time_grid(8))
    seen = mnist_classifier().classify(made)
    assert accuracy(seen, y) > 0.75  # of forty: at the card's rate this fails once in thousands


def test_the_shipped_generator_makes_the_digits_asked_for():
    net, classifiers, (z, y) = load_pretrained("digits"), digit_classifiers(), digits().test
    noise = torch.randn(len(y), 1, 8, 8, generator=torch.Generator().manual_seed(5))
    made = {w: solve(guided(net, y, w), noise, time_grid(20)) for w in (1.0, 1.5)}
    assert accuracy(classifiers.classify(made[1.5]), y) >= 0.99
    assert frechet_distance(classifiers.features(made[1.0]), classifiers.features(z)) <= 1.3
