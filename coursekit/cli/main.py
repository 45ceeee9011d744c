"""The command line: coursekit train, coursekit sample."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import torch

from ..base import limit_threads
from ..data import DIRECTIONS, DataUnavailable, clip_conditions, pair_words, pairs_of, word_indices
from .config import (
    DEFAULT_NET,
    EVENTS,
    PREDICTIONS,
    PRESETS,
    TRANSFORMER_SIZES,
    NetName,
    TrainConfig,
    check_net,
)
from .distributed import init_distributed
from .evaluate import evaluate
from .sample import SOLVERS, data_of, generate, load, pictures_of, save
from .train import train


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 after one sentence about what is wrong."""
    chosen = parser().parse_args(arguments)
    try:
        return chosen.run(chosen)
    except (ValueError, FloatingPointError, DataUnavailable, OSError) as error:
        print(f"coursekit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        saved = "; the same command with --resume continues from the last saved state"
        print(f"coursekit: stopped{saved * (chosen.run is _train)}", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    whole = argparse.ArgumentParser(
        "coursekit", description="Train generators of images and clips, and sample from them."
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a network on handwritten digits, still or moving"))
    _add_sample(commands.add_parser("sample", help="generate images or clips with a trained network"))
    return whole


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_train)
    parser.add_argument("data", choices=EVENTS)
    first = ", ".join(f"{net} for {data}" for data, net in DEFAULT_NET.items())
    parser.add_argument("--net", choices=get_args(NetName), help=f"unless given: {first}")
    parser.add_argument("--predict", choices=PREDICTIONS, help="unless given: what suits the network")
    parser.add_argument("--steps", type=int, help="number of steps")
    parser.add_argument("--seconds", type=float, help="seconds of training")
    parser.add_argument("--batch", type=int, help="images in a step, over all processes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patch", type=int, help="transformer: pixels along the side of a patch")
    parser.add_argument("--width", type=int, help="transformer: features of a patch")
    parser.add_argument(
        "--bottleneck", type=int, help="transformer: numbers that a patch is read through, or 0"
    )
    parser.add_argument("--lr", type=float, help="largest learning rate")
    parser.add_argument("--decay", type=float, help="of the average of the weights, below 1")
    parser.add_argument(
        "--threads", type=int, help="threads of each process; 1 unless OMP_NUM_THREADS is set"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--resume", action="store_true", help="continue the run in DIR")
    parser.add_argument(
        "--save-every", type=float, default=30.0, metavar="SECONDS", help="seconds between two saved states"
    )


def _add_sample(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_sample)
    parser.add_argument("folder", type=Path, metavar="DIR", help="what coursekit train wrote")
    parser.add_argument("--guidance", type=float, default=1.5, metavar="W")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--labels", help="digits to generate, such as 3 or 0,1,2; all in turn unless given")
    parser.add_argument(
        "--directions",
        help=f"clips: how they begin, such as 'up left,down right', of {', '.join(DIRECTIONS)}; all in turn "
        "unless given",
    )
    parser.add_argument(
        "--captions",
        help="pairs: what to draw, such as 'a three left of a seven'; several with commas; unless given, "
        "pairs that were held out of training",
    )
    parser.add_argument("--solver", choices=SOLVERS, default="heun")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="1 unless OMP_NUM_THREADS is set")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a .npz or .png file, of clips also .gif"
    )


def _train(chosen: argparse.Namespace) -> int:
    limit_threads(chosen.threads)
    config = settings(chosen)
    with init_distributed(chosen.device) as group:
        net = train(config, chosen.out, group, resume=chosen.resume, save_every=chosen.save_every)
        if group.is_main:
            for name, number in evaluate(config, chosen.out, net, group.device).items():
                print(f"{name:24} {number}")
            more = ", samples.gif" * (config.data == "moving-digits")
            print(f"written to {chosen.out}: model.safetensors, config.json, metrics.json, samples.png{more}")
    return 0


def settings(chosen: argparse.Namespace) -> TrainConfig:
    """What was asked for, and where nothing was, what suits the data and the network."""
    net = chosen.net or DEFAULT_NET[chosen.data]
    check_net(chosen.data, net)
    usual = PRESETS[chosen.data, net]
    same = ("steps", "seconds", "seed", *TRANSFORMER_SIZES, "lr", "decay")
    return TrainConfig(
        chosen.data,
        net,
        chosen.predict or usual.predict,
        usual.batch if chosen.batch is None else chosen.batch,
        **{name: getattr(chosen, name) for name in same},
    )


def _sample(chosen: argparse.Namespace) -> int:
    limit_threads(chosen.threads)
    if chosen.count < 1 or chosen.steps < 1:
        raise ValueError(f"--count {chosen.count}, --steps {chosen.steps}: both must be at least 1")
    net, predict = load(chosen.folder)
    data = data_of(chosen.folder)
    y = _wanted(chosen, data, net.null)
    images = pictures_of(
        net,
        generate(
            net, predict, y, chosen.guidance, solver=chosen.solver, steps=chosen.steps, seed=chosen.seed
        ),
    )
    save(images, y, chosen.out)
    print(f"{len(y)} {'clips' if data == 'moving-digits' else 'images'} written to {chosen.out}")
    return 0


ASKED = {"directions": "moving-digits", "captions": "placed-digits"}
"""Options that ask for something, and the data that they are for."""


def _wanted(chosen: argparse.Namespace, data: str, classes: int) -> torch.Tensor:
    """What to generate: a label for each of `--count`, or a row of several."""
    for option, of in ASKED.items():
        if getattr(chosen, option) is not None and data != of:
            raise ValueError(f"--{option} is for {of}, but the network was trained on {data}")
    if data == "placed-digits":
        if chosen.labels is not None:
            raise ValueError("--labels asks for single digits; ask for pairs by --captions")
        return _target_captions(chosen.captions, chosen.count)
    if data == "moving-digits":
        labels = _target_labels(chosen.labels, chosen.count, 10)
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < 10:
            raise ValueError(f"--labels {chosen.labels}: a digit moves, so give 0 to 9")
        turn = 10 if chosen.labels is None else len(chosen.labels.split(","))
        return clip_conditions(labels, _target_directions(chosen.directions, chosen.count, turn))
    return _target_labels(chosen.labels, chosen.count, classes)


def _target_captions(captions: str | None, count: int) -> torch.Tensor:
    """The given captions in turn; pairs that were held out unless there are some."""
    if captions is None:
        left, right = pairs_of("held out").unbind(1)
        words = pair_words(left, right)
    else:
        words = torch.stack([word_indices(each) for each in captions.split(",")])
    return words[torch.arange(count) % len(words)]


def _target_directions(directions: str | None, count: int, turn: int) -> torch.Tensor:
    """The given directions in turn, each for as many clips as there are digits."""
    names = (
        DIRECTIONS if directions is None else tuple(" ".join(each.split()) for each in directions.split(","))
    )
    unknown = [name for name in names if name not in DIRECTIONS]
    if unknown:
        raise ValueError(f"--directions: {unknown[0]!r} is none of {', '.join(DIRECTIONS)}")
    places = torch.tensor([DIRECTIONS.index(name) for name in names])
    return places[torch.arange(count) // turn % len(places)]


def _target_labels(labels: str | None, count: int, classes: int) -> torch.Tensor:
    """The given labels in turn, until there are `count`."""
    try:
        chosen = list(range(classes)) if labels is None else [int(label) for label in labels.split(",")]
    except ValueError:
        raise ValueError(f"--labels {labels}: give integers separated by commas, such as 0,1,2") from None
    return torch.tensor([chosen[i % len(chosen)] for i in range(count)])
