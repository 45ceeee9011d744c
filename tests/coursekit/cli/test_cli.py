"""The command: a killed run, a resumed one and a team of two end with the weights of a single process."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from coursekit.cli import run_state as files
from coursekit.cli.config import PREDICTIONS, TrainConfig
from coursekit.cli.distributed import Distributed
from coursekit.cli.main import main, parser, settings
from coursekit.cli.sample import generate, load
from coursekit.cli.train import train
from coursekit.nets import pretrained

ALONE = Distributed(0, 1, torch.device("cpu"))
JOB = TrainConfig("digits", "mlp", "velocity", batch=64, steps=12)


def weights(folder):
    return pretrained.load(folder / "model.safetensors").state_dict()


def gap(a, b):
    a, b = weights(a), weights(b)
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def test_a_run_in_two_parts_is_the_same_run(tmp_path):
    """Stopped by an exception in step 7, the state being that of step 5."""
    train(JOB, tmp_path / "whole", ALONE)
    calls = []

    class Stop(Exception):
        pass

    def counting(*arguments, **told):
        calls.append(told["step"])
        if told["step"] == 7:
            raise Stop
        if told["step"] <= 5:
            files.save_state(*arguments, **told)

    from coursekit.cli import train as module

    module.save_state, kept = counting, module.save_state
    try:
        with pytest.raises(Stop):
            train(JOB, tmp_path / "parts", ALONE, save_every=0)
    finally:
        module.save_state = kept
    assert calls == [1, 2, 3, 4, 5, 6, 7]
    assert not (tmp_path / "parts" / "model.safetensors").exists()
    train(JOB, tmp_path / "parts", ALONE, resume=True)
    assert gap(tmp_path / "whole", tmp_path / "parts") == 0


def command(*arguments):
    return [sys.executable, "-m", "coursekit", *map(str, arguments)]


def test_a_run_that_is_killed_goes_on_to_the_same_weights(tmp_path):
    """SIGKILL at a moment of its own choosing, while it writes a state after every step."""
    steps = ("--steps", 400, "--batch", 32, "--save-every", 0)
    job = TrainConfig("digits", "mlp", "velocity", batch=32, steps=400)
    process = subprocess.Popen(
        command("train", "digits", *steps, "--out", tmp_path / "killed"),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "killed" / files.STATE).exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "killed" / "model.safetensors").exists(), "it ended before it was killed"
    train(job, tmp_path / "killed", ALONE, resume=True)
    train(job, tmp_path / "whole", ALONE)
    assert gap(tmp_path / "whole", tmp_path / "killed") == 0


def test_two_processes_hold_the_weights_of_one(tmp_path):
    job = TrainConfig("digits", "mlp", "velocity", batch=64, steps=100)
    train(job, tmp_path / "one", ALONE)
    starter = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*starter, *command("train", "digits", "--steps", 100, "--batch", 64, "--out", tmp_path / "two")[1:]],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert gap(tmp_path / "one", tmp_path / "two") < 5e-5
    assert json.loads((tmp_path / "two" / "metrics.json").read_text())["images_compared"] == 500


@pytest.mark.parametrize("predict", PREDICTIONS)
def test_every_prediction_can_be_sampled_from(predict, tmp_path):
    train(TrainConfig("digits", "mlp", predict, batch=128, steps=150), tmp_path, ALONE)
    net, stored = load(tmp_path)
    assert stored == predict
    images = generate(net, predict, torch.arange(10), 1.0)
    assert images.shape == (10, 1, 8, 8)
    assert images.isfinite().all()
    assert images.abs().max() < 5


def test_images_do_not_depend_on_how_many_are_made_at_once(tmp_path, monkeypatch):
    train(JOB, tmp_path, ALONE)
    net, predict = load(tmp_path)
    y = torch.arange(10)
    whole = generate(net, predict, y, 1.5)
    monkeypatch.setattr("coursekit.cli.sample.AT_ONCE", 3)
    torch.testing.assert_close(generate(net, predict, y, 1.5), whole)


def test_the_command_as_a_user_types_it(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "digits", "--seconds", "1", "--out", str(out)]) == 0
    assert {"model.safetensors", "config.json", "metrics.json", "samples.png"} <= set(os.listdir(out))
    assert json.loads((out / "config.json").read_text())["training_seconds"] < 2
    assert main(["sample", str(out), "--count", "7", "--out", str(tmp_path / "x.npz")]) == 0
    with np.load(tmp_path / "x.npz") as made:
        assert made["x"].shape == (7, 1, 8, 8)
        assert np.abs(made["x"]).max() <= 1
        assert made["y"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    picture = tmp_path / "x.png"
    assert main(["sample", str(out), "--labels", "3,5", "--solver", "euler", "--out", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "100 images written" in capsys.readouterr().out


TRANSFORMER = ["train", "digits", "--net", "transformer", "--steps", "5"]


def test_a_transformer_of_chosen_sizes_is_recorded_resumed_and_sampled_from(tmp_path, capsys):
    out = tmp_path / "run"
    sizes = ["--patch", "4", "--width", "32", "--bottleneck", "3"]
    words = [*TRANSFORMER, "--predict", "data", "--lr", "0.01", "--batch", "16", "--out", str(out)]
    assert main([*words, *sizes]) == 0
    told = json.loads((out / "config.json").read_text())
    assert {name: told["sizes"][name] for name in ("patch", "width", "bottleneck")} == {
        "patch": 4,
        "width": 32,
        "bottleneck": 3,
    }
    assert (told["predict"], told["lr"], told["decay"]) == ("data", 0.01, 0.99)
    net, predict = load(out)
    assert predict == "data"
    images = generate(net, predict, torch.arange(10), 2.0)
    assert images.isfinite().all()
    assert images.abs().max() <= 1 + 1e-5  # the last step ends on the predicted image
    capsys.readouterr()
    assert main([*words, "--resume"]) == 1
    assert "--patch 4, --width 32, --bottleneck 3" in capsys.readouterr().err
    assert main([*words, *sizes, "--resume"]) == 0


@pytest.mark.parametrize(
    ("line", "net", "predict", "sizes"),
    [
        ("digits", "mlp", "velocity", {}),
        ("digits --net transformer", "transformer", "velocity", {"patch": 2, "width": 64, "bottleneck": 0}),
        ("mnist", "transformer", "data", {"patch": 14, "width": 128, "depth": 4, "bottleneck": 16}),
        ("mnist --net mlp", "mlp", "data", {"hidden": 512}),
        ("mnist --net unet", "unet", "velocity", {"width": 24}),
        ("mnist --predict noise --patch 7", "transformer", "noise", {"patch": 7, "width": 128}),
    ],
)
def test_what_is_not_asked_for_is_what_suits_the_data(line, net, predict, sizes):
    config = settings(parser().parse_args(["train", *line.split(), "--steps", "5", "--out", "run"]))
    assert (config.net, config.predict) == (net, predict)
    assert sizes.items() <= config.build().config.items()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "digits", "--out", "new"], "either steps or seconds"),
        (
            ["train", "digits", "--steps", "5", "--seconds", "5", "--out", "new"],
            "either steps or seconds",
        ),
        (["train", "digits", "--steps", "-5", "--out", "new"], "must be positive"),
        (["train", "digits", "--steps", "5", "--out", "new", "--resume"], "no run to resume"),
        (["train", "digits", "--steps", "12", "--batch", "64", "--out", "run"], "holds a run already"),
        (["train", "digits", "--steps", "13", "--batch", "64", "--out", "run", "--resume"], "--steps 12"),
        (["train", "digits", "--steps", "5", "--device", "cuda", "--out", "new"], "there is cpu"),
        (["train", "digits", "--steps", "5", "--patch", "4", "--out", "new"], "the network is mlp"),
        (
            ["train", "digits", "--steps", "5", "--net", "unet", "--width", "8", "--out", "new"],
            "only for --net transformer",
        ),
        ([*TRANSFORMER, "--patch", "3", "--out", "new"], "must divide size"),
        ([*TRANSFORMER, "--bottleneck", "-1", "--out", "new"], "or 0"),
        ([*TRANSFORMER, "--lr", "0", "--out", "new"], "must be positive"),
        (["sample", "new", "--out", "x.npz"], "no finished run"),
        (["sample", "run", "--out", "x.jpg"], "neither .npz"),
        (["sample", "run", "--labels", "three", "--out", "x.npz"], "integers separated"),
        (["sample", "run", "--labels", "12", "--out", "x.npz"], "give 0 to 10"),
        (["sample", "run", "--count", "0", "--out", "x.npz"], "at least 1"),
    ],
)
def test_faults_are_told_in_one_sentence(arguments, said, tmp_path, monkeypatch, capsys):
    if "cuda" in arguments and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    monkeypatch.chdir(tmp_path)
    if "run" in arguments:
        train(JOB, tmp_path / "run", ALONE)
    capsys.readouterr()
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_damaged_state_is_told(tmp_path, capsys):
    train(JOB, tmp_path, ALONE)
    (tmp_path / files.STATE).write_bytes(b"half of a file")
    arguments = ["train", "digits", "--steps", "12", "--batch", "64", "--resume", "--out", str(tmp_path)]
    assert main(arguments) == 1
    assert "is damaged" in capsys.readouterr().err


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path):
    with pytest.raises(ValueError, match="split evenly among 3"):
        train(JOB, tmp_path, Distributed(0, 3, torch.device("cpu")))
