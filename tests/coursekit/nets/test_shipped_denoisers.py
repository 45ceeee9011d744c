"""The denoisers that ship are small, say how they were made, and do what their records say."""

import json
from importlib.resources import files

import pytest
import torch

from coursekit.data import digit_tokens, digits, prose, tokens_to_images
from coursekit.evaluation.classifiers import digit_classifiers
from coursekit.evaluation.metrics import accuracy, frechet_distance
from coursekit.evaluation.text import known_words
from coursekit.nets import load_pretrained
from coursekit.solvers import unmask
from coursekit.training import guided, likelihood_bound

WEIGHTS = files("coursekit") / "weights"


def told_of(name):
    return json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["digit_tokens", "prose"])
def test_they_are_small_and_say_how_they_were_made(name):
    net, told = load_pretrained(name), told_of(name)
    assert len((WEIGHTS / f"{name}.safetensors").read_bytes()) <= 3_000_000
    assert told["command"] == f"python tools/make_discrete.py {name}"
    assert told["sizes"] == net.config
    assert told["parameters"] == sum(weight.numel() for weight in net.parameters())
    assert all(weight.dtype == torch.float32 for weight in net.parameters())
    assert told["command"] in (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")


def test_digits_are_read_as_those_asked_for_and_look_like_real_ones():
    told = told_of("digit_tokens")
    assert told["processor_seconds"] <= 30
    assert told["agreement_w1.5_looks64"] >= 0.98
    assert told["frechet_w1.5_looks64"] <= 1.5
    assert told["frechet_w1_looks1"] > 1.5 * told["frechet_w1_looks64"]  # and the judge alone is fooled
    assert told["agreement_w1_looks1"] >= 0.9
    net, y = load_pretrained("digit_tokens"), torch.arange(10).repeat(30)
    generator = torch.Generator().manual_seed(5)
    start = torch.full((len(y), net.length), net.mask)
    *_, x = unmask(guided(net, y, 1.5), start, 32, mask=net.mask, generator=generator)
    judge, images = digit_classifiers(), tokens_to_images(x)
    assert accuracy(judge.classify(images), y) >= 0.97
    assert frechet_distance(judge.features(images), judge.features(digits().test.images)) <= 2.0
    z, labels = digit_tokens().test
    bound = likelihood_bound(net, z, 4, generator, y=labels).mean().item()
    assert bound == pytest.approx(told["held_out_nats"], abs=1.5)


def test_the_record_of_the_prose_says_that_it_loses_to_its_twin():
    table = told_of("prose_models")
    bits = {name: each["held_out"] for name, each in table["bits_a_letter"].items()}
    assert bits["autoregression"] < bits["masked diffusion"] < bits["gzip"]
    twins = [table["bits_a_letter"][name] for name in ("masked diffusion", "autoregression")]
    assert twins[0]["parameters"] == twins[1]["parameters"]
    assert twins[1]["processor_seconds"] < twins[0]["processor_seconds"]
    real, random, surest = (
        table["samples"][name]
        for name in ("held-out text", "random, T = 1, 64 looks", "surest, T = 1, 64 looks")
    )
    assert random["known_words"] < real["known_words"]
    assert surest["distinct"] < random["distinct"]  # smoother, and poorer
    assert surest["bits_by_5_gram"] < real["bits_by_5_gram"] < random["bits_by_5_gram"]
    assert all(each["longest_copy"] < real["longest_copy"] for each in (random, surest))


def test_the_prose_costs_and_spells_what_its_record_says():
    net, known, table = load_pretrained("prose"), prose(), told_of("prose_models")
    generator = torch.Generator().manual_seed(3)
    rows = known.held_out[:48]
    bits = (
        likelihood_bound(net, rows, 8, generator).sum() / known.letters(rows).sum() / torch.tensor(2.0).log()
    )
    assert bits.item() == pytest.approx(table["bits_a_letter"]["masked diffusion"]["held_out"], abs=0.25)
    *_, x = unmask(net, torch.full((8, net.length), net.mask), 64, generator=generator)
    share = known_words([known.text(row) for row in x], known.train_text)
    assert share == pytest.approx(table["samples"]["random, T = 1, 64 looks"]["known_words"], abs=0.12)
    prompt = known.encode("The network")
    *_, x = unmask(net, prompt[None], 64, generator=generator)
    assert known.text(x[0]).startswith("The network")
