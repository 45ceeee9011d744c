"""The explorers of digits: what Python hands to the page, and the stills where no script runs."""

import html
import json
import re

import pytest
import torch
from safetensors.torch import load

from coursekit import explore
from coursekit.explore.browser import STATIC
from coursekit.nets import FiLMMLP, UNet, load_pretrained


def page_settings(explorer):
    text = explorer._repr_mimebundle_()[0]["text/html"]
    return json.loads(html.unescape(re.search(r'data-settings="([^"]*)"', text)[1])), text


@pytest.mark.parametrize("make", [explore.digit, explore.guidance])
def test_the_page_is_handed_the_network(make):
    explorer = make()
    net = load_pretrained("digits")
    weights = load(explorer.weights)
    assert weights.keys() == net.state_dict().keys()
    for name, tensor in net.state_dict().items():
        assert torch.equal(weights[name], tensor)
    assert explorer.settings["whose"] == "the course’s network"


def test_the_readers_own_network_is_handed_over_in_single_precision():
    net = FiLMMLP(size=4, hidden=16).double()
    explorer = explore.guidance(net)
    weights = load(explorer.weights)
    assert weights["proj_in.weight"].dtype == torch.float32
    assert torch.equal(weights["proj_in.weight"], net.proj_in.weight.float())
    assert explorer.settings["whose"] == "your network"
    length = int.from_bytes(explorer.weights[:8], "little")
    header = json.loads(explorer.weights[8 : 8 + length])["__metadata__"]
    assert header["net"] == "FiLMMLP"
    assert json.loads(header["config"]) == net.config


def test_a_page_without_a_kernel_fetches_the_course_s_weights_and_says_so():
    settings, text = page_settings(explore.guidance(FiLMMLP()))
    assert settings["weights"] == "digits.safetensors"
    assert settings["whose"] == "the course’s network"
    assert 'data-coursekit="digits"' in text
    assert len(json.dumps(settings)) < 500  # the weights are not in the page


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (explore.digit, "Noise turns into a handwritten 3, in 6 pictures from t = 0 to t = 1."),
        (explore.guidance, "20 steps of Heun: each image took 80 evaluations of the course’s network."),
    ],
)
def test_the_still_says_what_it_shows(make, words):
    assert words in make().picture.alt


def test_settings_begin_where_asked():
    assert explore.digit(w=3.0).settings["w"] == 3.0
    assert explore.guidance(most=4.0).settings["most"] == 4.0


def test_what_the_page_cannot_run_is_refused():
    with pytest.raises(TypeError, match="this is a UNet"):
        explore.digit(UNet())
    with pytest.raises(ValueError, match="grey images of ten digits"):
        explore.guidance(FiLMMLP(channels=3))
    with pytest.raises(ValueError, match="grey images of ten digits"):
        explore.guidance(FiLMMLP(classes=4))
    with pytest.raises(ValueError, match="w = 9"):
        explore.digit(w=9.0)


def test_the_bundle_is_small():
    assert (STATIC / "digits.js").stat().st_size <= 40_000
