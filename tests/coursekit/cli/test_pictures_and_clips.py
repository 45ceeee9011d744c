"""The command on pictures with captions and on clips: the same loop, resumed alike, files of their own."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from coursekit import ConvertedField, GaussianPath, solve, time_grid
from coursekit.cli import worlds
from coursekit.cli.config import TrainConfig
from coursekit.cli.distributed import Distributed
from coursekit.cli.main import main
from coursekit.cli.sample import load, pictures_of
from coursekit.cli.train import train
from coursekit.data import DIRECTIONS, HELD_OUT, NULL_WORD, moving_digits
from coursekit.nets import ClipDiT, DiT, load_codec, pretrained
from coursekit.training import Continued, guided

ALONE = Distributed(0, 1, torch.device("cpu"))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Little to train on and to measure: what is tested is the way through."""
    monkeypatch.setattr(worlds, "PICTURES", 300)
    monkeypatch.setattr(worlds, "CLIPS", 300)
    monkeypatch.setattr(worlds, "AT_ONCE", 150)
    monkeypatch.setattr("coursekit.cli.evaluate.N_PAIRS", 160)
    monkeypatch.setattr("coursekit.cli.evaluate.N_CLIPS", 100)


def weights(folder):
    return pretrained.load(folder / "model.safetensors").state_dict()


@pytest.mark.parametrize(
    ("data", "net"),
    [
        ("placed-digits", "transformer"),
        ("placed-digits", "bag"),
        ("moving-digits", "transformer"),
        ("moving-digits", "attention"),
        ("moving-digits", "frames"),
    ],
)
def test_a_run_in_two_parts_is_the_same_run(data, net, tmp_path, monkeypatch):
    job = TrainConfig(data, net, "data", batch=8, steps=4)
    train(job, tmp_path / "whole", ALONE)

    class Stop(Exception):
        pass

    from coursekit.cli import train as module

    kept = module.save_state

    def stopping(*arguments, **told):
        if told["step"] == 3:
            raise Stop
        kept(*arguments, **told)

    monkeypatch.setattr(module, "save_state", stopping)
    with pytest.raises(Stop):
        train(job, tmp_path / "parts", ALONE, save_every=0)
    monkeypatch.setattr(module, "save_state", kept)
    train(job, tmp_path / "parts", ALONE, resume=True)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_training_data_are_what_the_networks_take():
    images, words = worlds.training_data("placed-digits")
    assert images.shape == (300, 1, 16, 16)
    assert words.shape == (300, 6)
    said = {(a, b) if way == 11 else (b, a) for _, a, way, _, _, b in words.tolist()}
    assert not said & HELD_OUT
    latents, conditions = worlds.training_data("moving-digits")
    assert latents.shape == (300, 8, 18, 1, 1)
    assert conditions.shape == (300, 2)
    assert torch.equal(worlds.training_data("moving-digits")[0], latents)
    with pytest.raises(ValueError, match="placed-digits"):
        worlds.training_data("letters")


def test_clips_as_a_user_types_it(tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", "moving-digits", "--steps", "3", "--batch", "8", "--out", str(run)]) == 0
    told = json.loads((run / "metrics.json").read_text())
    assert {"frame_agreement_w2", "same_digit_real", "residual_real", "frechet_floor"} <= set(told)
    with Image.open(run / "samples.gif") as moving:
        assert moving.n_frames == 8
        assert moving.size == (4 * (10 * 17 - 1), 4 * (4 * 17 - 1))
    assert isinstance(load(run)[0], ClipDiT)
    arguments = ["--count", "6", "--labels", "3,7", "--directions", "up left,down right"]
    for name in ("x.npz", "x.png", "x.gif"):
        assert main(["sample", str(run), *arguments, "--out", str(tmp_path / name)]) == 0
    with np.load(tmp_path / "x.npz") as made:
        assert made["x"].shape == (6, 8, 1, 16, 16)
        assert np.abs(made["x"]).max() <= 1
        assert made["y"].tolist() == [[3, 10], [7, 10], [3, 13], [7, 13], [3, 10], [7, 10]]
    with Image.open(tmp_path / "x.gif") as moving:
        assert (moving.n_frames, moving.info["loop"]) == (8, 0)
    with Image.open(tmp_path / "x.png") as strips:
        assert strips.size == (3 * (8 * 17 - 1), 3 * (6 * 17 - 1))
    assert "6 clips written" in capsys.readouterr().out


def test_pairs_as_a_user_types_it(tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", "placed-digits", "--steps", "3", "--batch", "8", "--out", str(run)]) == 0
    told = json.loads((run / "metrics.json").read_text())
    assert {"right_seen_w2", "right_held_out_w2", "mirrored_held_out_w2", "right_real"} <= set(told)
    assert told["right_real"] > 0.95
    net = load(run)[0]
    assert isinstance(net, DiT)
    assert (net.words, net.null) == (6, NULL_WORD)
    said = "a three left of a seven,a two right of a five"
    assert main(["sample", str(run), "--count", "3", "--captions", said, "--out", f"{tmp_path}/x.npz"]) == 0
    assert main(["sample", str(run), "--count", "20", "--out", f"{tmp_path}/x.png"]) == 0
    with np.load(tmp_path / "x.npz") as made:
        assert made["x"].shape == (3, 1, 16, 16)
        assert made["y"].tolist() == [[10, 3, 11, 13, 10, 7], [10, 2, 12, 13, 10, 5], [10, 3, 11, 13, 10, 7]]
    assert "20 images written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["train", "moving-digits", "--net", "unet", "--steps", "5", "--out", "new"],
            "transformer or attention or frames",
        ),
        (["train", "placed-digits", "--net", "mlp", "--steps", "5", "--out", "new"], "transformer or bag"),
        (["train", "mnist", "--net", "bag", "--steps", "5", "--out", "new"], "mlp or unet or transformer"),
        (["train", "moving-digits", "--patch", "2", "--steps", "5", "--out", "new"], "only --width"),
        (["train", "moving-digits", "--predict", "noise", "--steps", "5", "--out", "new"], "use data"),
        (["sample", "clips", "--labels", "12", "--out", "x.gif"], "give 0 to 9"),
        (["sample", "clips", "--directions", "north", "--out", "x.gif"], DIRECTIONS[0]),
        (["sample", "clips", "--captions", "a three left of a two", "--out", "x.gif"], "for placed-digits"),
        (["sample", "pairs", "--captions", "a three above a two", "--out", "x.png"], "unknown: above"),
        (["sample", "pairs", "--labels", "3", "--out", "x.png"], "--captions"),
        (["sample", "pairs", "--count", "2", "--steps", "1", "--out", "x.gif"], "do not move"),
        (["sample", "clips", "--count", "2", "--steps", "1", "--out", "x.jpg"], "nor .gif"),
    ],
)
def test_faults_are_told_in_one_sentence(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if arguments[1] in ("clips", "pairs"):
        data = {"clips": "moving-digits", "pairs": "placed-digits"}[arguments[1]]
        train(TrainConfig(data, "transformer", "data", batch=4, steps=1), tmp_path / arguments[1], ALONE)
    capsys.readouterr()
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_clip_is_continued_from_its_first_frame(tmp_path):
    net = train(TrainConfig("moving-digits", "transformer", "data", batch=4, steps=2), tmp_path, ALONE)
    real = moving_digits(3, "test", generator=torch.Generator().manual_seed(0))
    latents = load_codec().latents(real.frames)
    first = torch.arange(8).expand(3, 8) < 1
    answer = guided(Continued(net, latents, first), real.conditions, 2.0)
    velocity = ConvertedField(answer, GaussianPath(), "data", "velocity")
    made = solve(velocity, torch.randn(latents.shape), time_grid(4))
    torch.testing.assert_close(made[:, :1], latents[:, :1], rtol=1e-3, atol=1e-3)
    assert pictures_of(net, made).shape == (3, 8, 1, 16, 16)
