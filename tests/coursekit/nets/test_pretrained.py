"""Checkpoints come back as they went, and hold nothing that could run; the shipped one makes digits."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from coursekit import solve, time_grid
from coursekit.cli.sample import generate, pictures_of
from coursekit.data import clip_conditions, digits, pair_words, pairs_of
from coursekit.evaluation.classifiers import digit_classifiers, mnist_classifier, window_classifier
from coursekit.evaluation.metrics import accuracy, frechet_distance
from coursekit.nets import MLP, DiT, FiLMMLP, UNet, load_pretrained, load_vae, pretrained
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


SHIPPED = {
    "mnist_300s": 2_000_000,
    "patches_data": 700_000,
    "patches_velocity": 700_000,
    "patches_noise": 700_000,
}
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
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert f"reads {told['agreement_w1.5']:.1%} of its digits" in readme
    assert f"is {told['frechet']:.1f}, where real images get {told['frechet_floor']:.1f}" in readme
    assert told["processor_seconds"] <= 300
    assert told["agreement_w1.5"] >= 0.97
    assert told["frechet"] <= 2 * told["frechet_floor"]


def test_the_three_that_are_compared_differ_in_their_prediction_alone():
    cards = [json.loads((WEIGHTS / f"patches_{one}.json").read_text()) for one in PREDICTIONS]
    for one, told in zip(PREDICTIONS, cards, strict=True):
        assert told["predict"] == one
        assert told["command"].replace(f"--predict {one}", "") == cards[0]["command"].replace(
            "--predict data", ""
        )
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


def test_the_shipped_autoencoder_and_its_generator_are_small_and_say_how_they_were_made():
    names = ("vae_mnist", "latent_mnist")
    assert sum(len((WEIGHTS / f"{name}.safetensors").read_bytes()) for name in names) <= 1_500_000
    for name, net in zip(names, (load_vae("vae_mnist"), load_pretrained("latent_mnist")), strict=True):
        told = json.loads((WEIGHTS / f"{name}.json").read_text())
        assert told["command"].startswith("python tools/make_latents.py")
        assert told["sizes"] == net.config
        assert told["parameters"] == sum(weight.numel() for weight in net.parameters())
        assert told["processor_seconds"] <= 66
        assert all(weight.dtype == torch.float32 for weight in net.state_dict().values())
        assert told["command"] in (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")


def test_the_shipped_autoencoder_keeps_digits_and_its_prior_makes_none():
    told, vae = json.loads((WEIGHTS / "vae_mnist.json").read_text()), load_vae("vae_mnist")
    assert told["agreement"] >= 0.98
    assert told["frechet"] < 10 < 300 < told["frechet_prior"]
    assert told["active_axes"] < told["axes"] == 4 * 7 * 7
    assert float(vae.scale) == pytest.approx(told["scale"], rel=1e-3)
    y = torch.arange(10).repeat(4)
    images = generate(load_pretrained("mnist_300s"), "data", y, 1.5, steps=8)
    assert (vae.images(vae.latents(images)) - images).square().mean() < 0.03
    assert accuracy(mnist_classifier().classify(vae.images(vae.latents(images))), y) > 0.8


def test_the_shipped_latent_generator_makes_the_digits_asked_for():
    net, vae, y = load_pretrained("latent_mnist"), load_vae("vae_mnist"), torch.arange(10).repeat(4)
    assert net.event == vae.latents(torch.zeros(1, 1, 28, 28)).shape[1:]
    made = vae.images(generate(net, "data", y, 1.5, steps=8, clip=False))
    assert accuracy(mnist_classifier().classify(made), y) > 0.8


def test_latents_and_pixels_are_compared_at_equal_seconds():
    table = json.loads((WEIGHTS / "latent_against_pixel.json").read_text())
    runs = {run["name"]: run for run in table["runs"]}
    assert {"latent mlp 60 s", "pixel mlp 60 s", "latent transformer 60 s", "pixel transformer 60 s"} <= set(
        runs
    )
    assert {run["spread"] for run in table["runs"]} == {"1", "as encoded", "0.1", "10"}
    for run in table["runs"]:
        assert run["steps"] * run["step_ms"] == pytest.approx(1000 * run["seconds"], rel=1e-3), run["name"]
        if "machine" not in run:  # such have the steps that fit into these seconds here
            assert run["processor_seconds"] == pytest.approx(run["seconds"], rel=0.12), run["name"]
        assert all(
            {f"agreement_w{w}", f"frechet_w{w}", f"ms_per_image_w{w}"} <= set(run) for w in ("1", "1.5", "2")
        )
    shipped = json.loads((WEIGHTS / "latent_mnist.json").read_text())
    assert {key: shipped[key] for key in runs["latent mlp 60 s"]} == runs["latent mlp 60 s"]
    assert table["vae"] == json.loads((WEIGHTS / "vae_mnist.json").read_text())
    assert runs["latent mlp 60 s"]["frechet_w1.5"] < 2 * table["frechet_floor"]


def told_of(name):
    return json.loads((WEIGHTS / f"{name}.json").read_text())


def test_a_caption_is_understood_by_attention_and_not_by_a_bag_of_words():
    """Pairs that training never showed; the bag draws most of them the wrong way round."""
    words, bag = told_of("placed_digits"), told_of("placed_digits_bag")
    assert words["right_held_out_w2"] >= 0.9
    assert words["mirrored_held_out_w2"] <= 0.02
    assert bag["right_held_out_w2"] <= 0.05
    assert bag["mirrored_held_out_w2"] >= 0.5
    assert words["processor_seconds"] <= 125


def test_clips_hold_their_digit_and_without_attention_over_time_their_motion_is_lost():
    names = ("moving_digits", "moving_digits_attention", "moving_digits_frames")
    clips, attention, frames = (told_of(name) for name in names)
    alike = ("steps", "batch", "lr", "decay", "seed", "predict", "dropped_labels", "heun_steps")
    assert all(clips[key] == attention[key] == frames[key] for key in alike)
    assert attention["parameters"] - frames["parameters"] < 0.001 * frames["parameters"]
    assert clips["same_digit_w2"] >= 0.85
    assert clips["frame_agreement_w2"] >= 0.9
    assert clips["direction_w2"] >= 0.9
    assert clips["residual_w2"] <= 2 * clips["residual_real"]
    assert frames["frame_agreement_w2"] >= 0.9
    assert attention["same_digit_w2"] >= 0.85
    assert attention["residual_w2"] <= 3 * attention["residual_real"]
    assert frames["residual_w2"] >= 4 * attention["residual_w2"]
    assert frames["legal_w2"] <= 0.05


def test_the_readme_says_what_was_measured_of_words_and_clips():
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    words, bag, clips = (told_of(name) for name in ("placed_digits", "placed_digits_bag", "moving_digits"))
    assert f"draw {words['right_held_out_w2']:.1%} as the caption says" in readme
    assert f"a bag of words {bag['right_held_out_w2']:.1%}" in readme
    assert f"puts {bag['mirrored_held_out_w2']:.1%} the wrong way round" in readme
    assert f"hold their digit in {clips['same_digit_w2']:.1%} of cases" in readme
    assert (
        f"within {clips['residual_w2']:.3f} pixels, where real clips get {clips['residual_real']:.3f}"
        in readme
    )


def test_what_words_and_clips_ship_is_small():
    pairs = ("placed_digits", "placed_digits_bag")
    clips = ("moving_digits", "moving_digits_attention", "moving_digits_frames", "what_where")
    names = (*pairs, *clips, "window_classifier")
    sizes = [len((WEIGHTS / f"{name}.safetensors").read_bytes()) for name in names]
    assert sum(sizes) <= 6_000_000


def test_the_shipped_generators_of_words_and_clips_do_what_their_records_say():
    judge = window_classifier()
    left, right = (side[:20] for side in pairs_of("held out").unbind(1))
    images = generate(load_pretrained("placed_digits"), "data", pair_words(left, right), 2.0)
    seen = judge.read_pairs(images)
    assert ((seen[0] == left) & (seen[1] == right)).double().mean() >= 0.8
    labels, directions = torch.arange(20) % 10, torch.arange(20) // 10
    net = load_pretrained("moving_digits")
    clips = pictures_of(net, generate(net, "data", clip_conditions(labels, directions), 2.0))
    assert (judge.classify(clips) == labels[:, None]).double().mean() >= 0.85
