"""Training that can be killed and resumed, by one process or by a group, with the same result."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor
from tqdm.auto import tqdm

from ..base import atomic_write
from ..data import Labelled
from ..nets import ImageNetwork, pretrained
from ..training import EMA, Adam, RegressionLoss, cosine_rate, drop_labels, improve
from .config import DATA, DROP, LOSSES, PATH, TrainConfig
from .distributed import Distributed
from .run_state import STATE, load_state, save_state, write_json

EPS = 1e-5
"""Adam divides by |gradient| + eps. With the usual 1e-8 a gradient that is nothing but rounding makes a whole
step, and two processes, which add in another order, drift apart from one."""


@dataclass
class Clock:
    """Steps made and seconds spent, over all runs that were resumed."""

    step: int = 0
    seconds: float = 0.0


def train(
    config: TrainConfig, folder: Path, group: Distributed, *, resume: bool = False, save_every: float = 30.0
) -> ImageNetwork:
    """Train the network of a config and write model.safetensors and config.json into a folder.

    Every random number of step k comes from (seed, k) and is drawn for the whole batch in every process,
    so a resumed run makes the same steps as an uninterrupted one, and a group the same as a single process.

    Args:
        config: what to train.
        folder: where the files go; made if it isn't there.
        group: this process's place.
        resume: go on from the state in the folder.
        save_every: seconds between two states on disk.
    Returns:
        The averaged network, on the group's device.
    Raises:
        ValueError: the folder holds another run, or none to resume; or the batch can't be shared evenly.
        FloatingPointError: the loss became infinite or not a number.
    """
    _check(config, folder, group, resume)
    torch.manual_seed(config.seed)  # the network's first weights
    net = config.build().to(group.device)
    ema, clock = EMA(net, config.recipe.decay), Clock()
    adam = Adam(net.parameters(), config.recipe.lr, EPS)
    if resume:
        clock = Clock(**load_state(folder, config, net, ema, adam))
    folder.mkdir(parents=True, exist_ok=True)
    known = DATA[config.data]().train
    data = Labelled(known.images.to(group.device), known.labels.to(group.device))
    net.train()
    last = time.monotonic()
    for _ in _progress(config, clock, group, _steps(config, clock, group, net, ema, adam, data)):
        if group.is_main and (time.monotonic() - last >= save_every):
            save_state(folder, config, net, ema, adam, step=clock.step, seconds=clock.seconds)
            last = time.monotonic()
    if group.is_main:
        save_state(folder, config, net, ema, adam, step=clock.step, seconds=clock.seconds)
        _finish(config, folder, ema.net, clock)
    return ema.net


def _check(config: TrainConfig, folder: Path, group: Distributed, resume: bool) -> None:
    if config.batch % group.size:
        raise ValueError(f"--batch {config.batch} can't be shared evenly by {group.size} processes")
    if (folder / STATE).exists() and not resume:
        raise ValueError(
            f"{folder} holds a run already: add --resume to go on with it, or choose another --out"
        )


def _steps(
    config: TrainConfig,
    clock: Clock,
    group: Distributed,
    net: ImageNetwork,
    ema: EMA,
    adam: Adam,
    data: Labelled,
) -> Iterator[float]:
    """Make the steps that are left, and yield the loss of each."""
    wrap_ddp, loss = group.wrap_ddp(net), LOSSES[config.predict](PATH)
    generator = Generator(group.device)
    half = torch.autocast("cuda", torch.bfloat16) if group.device.type == "cuda" else nullcontext()
    begun, before = time.monotonic(), clock.seconds
    while (left := _left(config, clock)) > 0:
        clock.step += 1
        generator.manual_seed((config.seed << 32) + clock.step)
        z, t, eps, y = (group.share(part) for part in _batch(config, data, loss, net.null, generator))
        # Seconds left say how many steps there will be; the rate falls along a cosine to the last of them.
        steps = config.steps or max(clock.step, round(clock.step / max(1 - left, 1e-9)))
        adam.lr = config.recipe.lr * cosine_rate(clock.step, steps)
        with half:
            value = loss.value(wrap_ddp, z, t, eps, y)
        number = improve(adam, value, ema)
        clock.seconds = (
            group.agreed(before + time.monotonic() - begun)
            if config.seconds
            else (before + time.monotonic() - begun)
        )
        yield number


def _left(config: TrainConfig, clock: Clock) -> float:
    """Share of the run that is still to come."""
    if config.steps is not None:
        return 1 - clock.step / config.steps
    return 1 - clock.seconds / (config.seconds or 1)


def _batch(
    config: TrainConfig, data: Labelled, loss: RegressionLoss, null: int, generator: Generator
) -> tuple[Tensor, ...]:
    """Draw a whole batch: images, times, noise, and labels with some of them dropped."""
    rows = torch.randint(len(data.labels), (config.batch,), generator=generator, device=data.labels.device)
    z = data.images[rows]
    t, eps = loss.draw(z, generator)
    return z, t, eps, drop_labels(data.labels[rows], DROP, null, generator)


def _progress(
    config: TrainConfig, clock: Clock, group: Distributed, losses: Iterator[float]
) -> Iterator[float]:
    """Pass the losses on, under a bar with the loss, the rate and the time left."""
    total, start = (
        (config.steps, clock.step) if config.steps else (round(config.seconds or 0), round(clock.seconds))
    )
    unit, smooth = ("step", 0.0) if config.steps else ("s", 0.0)
    with tqdm(total=total, initial=start, unit=unit, disable=not group.is_main, mininterval=0.5) as bar:
        for loss in losses:
            smooth = loss if smooth == 0 else 0.98 * smooth + 0.02 * loss
            bar.update((clock.step if config.steps else int(clock.seconds)) - bar.n)
            bar.set_postfix_str(f"loss {smooth:.4f}, step {clock.step}", refresh=False)
            yield loss


def _finish(config: TrainConfig, folder: Path, net: ImageNetwork, clock: Clock) -> None:
    told = config.described() | {"steps": clock.step, "training_seconds": round(clock.seconds, 1)}
    with atomic_write(folder / "model.safetensors") as part:
        pretrained.save(net, part, **told)
    numbers = sum(weight.numel() for weight in net.parameters())
    sizes = {"network": type(net).__name__, "sizes": net.config, "parameters": numbers}
    write_json(folder / "config.json", told | sizes | {"path": "straight line", "dropped_labels": DROP})
