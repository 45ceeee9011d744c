"""Training that can be killed and resumed, by one process or by a team, with the same result."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor
from tqdm.auto import tqdm

from .. import checkpoints
from ..adam import Adam
from ..data import Labelled
from ..guidance import drop_labels
from ..losses import Matching
from ..nets import ImageNetwork
from ..training import EMA, cosine_rate, improve
from .folder import STATE, load_state, save_state, write, write_json
from .job import DATA, DROP, LOSSES, PATH, Job
from .team import Team

EPS = 1e-5
"""Adam divides by |gradient| + eps. With the usual 1e-8 a gradient that is nothing but rounding makes a whole
step, and two processes, which add in another order, drift apart from one."""


@dataclass
class Clock:
    """Steps made and seconds spent, over all runs that were resumed."""

    step: int = 0
    seconds: float = 0.0


def train(
    job: Job, folder: Path, team: Team, *, resume: bool = False, save_every: float = 30.0
) -> ImageNetwork:
    """Train the network of a job and write model.safetensors and config.json into a folder.

    Every random number of step k comes from (seed, k) and is drawn for the whole batch in every process,
    so a resumed run makes the same steps as an uninterrupted one, and a team the same as a single process.

    Args:
        job: what to train.
        folder: where the files go; made if it isn't there.
        team: this process's place.
        resume: go on from the state in the folder.
        save_every: seconds between two states on disk.
    Returns:
        The averaged network, on the team's device.
    Raises:
        ValueError: the folder holds another run, or none to resume; or the batch can't be shared evenly.
        FloatingPointError: the loss became infinite or not a number.
    """
    _check(job, folder, team, resume)
    torch.manual_seed(job.seed)  # the network's first weights
    net = job.build().to(team.device)
    ema, clock = EMA(net, job.recipe.decay), Clock()
    adam = Adam(net.parameters(), job.recipe.lr, EPS)
    if resume:
        clock = Clock(**load_state(folder, job, net, ema, adam))
    folder.mkdir(parents=True, exist_ok=True)
    known = DATA[job.data]().train
    data = Labelled(known.images.to(team.device), known.labels.to(team.device))
    net.train()
    last = time.monotonic()
    for _ in _progress(job, clock, team, _steps(job, clock, team, net, ema, adam, data)):
        if team.leads and (time.monotonic() - last >= save_every):
            save_state(folder, job, net, ema, adam, step=clock.step, seconds=clock.seconds)
            last = time.monotonic()
    if team.leads:
        save_state(folder, job, net, ema, adam, step=clock.step, seconds=clock.seconds)
        _finish(job, folder, ema.net, clock)
    return ema.net


def _check(job: Job, folder: Path, team: Team, resume: bool) -> None:
    if job.batch % team.size:
        raise ValueError(f"--batch {job.batch} can't be shared evenly by {team.size} processes")
    if (folder / STATE).exists() and not resume:
        raise ValueError(
            f"{folder} holds a run already: add --resume to go on with it, or choose another --out"
        )


def _steps(
    job: Job, clock: Clock, team: Team, net: ImageNetwork, ema: EMA, adam: Adam, data: Labelled
) -> Iterator[float]:
    """Make the steps that are left, and yield the loss of each."""
    joined, loss = team.joined(net), LOSSES[job.predict](PATH)
    generator = Generator(team.device)
    half = torch.autocast("cuda", torch.bfloat16) if team.device.type == "cuda" else nullcontext()
    begun, before = time.monotonic(), clock.seconds
    while (left := _left(job, clock)) > 0:
        clock.step += 1
        generator.manual_seed((job.seed << 32) + clock.step)
        z, t, eps, y = (team.share(part) for part in _batch(job, data, loss, net.null, generator))
        # Seconds left say how many steps there will be; the rate falls along a cosine to the last of them.
        steps = job.steps or max(clock.step, round(clock.step / max(1 - left, 1e-9)))
        adam.lr = job.recipe.lr * cosine_rate(clock.step, steps)
        with half:
            value = loss.value(joined, z, t, eps, y)
        number = improve(adam, value, ema)
        clock.seconds = (
            team.agreed(before + time.monotonic() - begun)
            if job.seconds
            else (before + time.monotonic() - begun)
        )
        yield number


def _left(job: Job, clock: Clock) -> float:
    """Share of the run that is still to come."""
    if job.steps is not None:
        return 1 - clock.step / job.steps
    return 1 - clock.seconds / (job.seconds or 1)


def _batch(job: Job, data: Labelled, loss: Matching, null: int, generator: Generator) -> tuple[Tensor, ...]:
    """Draw a whole batch: images, times, noise, and labels with some of them dropped."""
    rows = torch.randint(len(data.labels), (job.batch,), generator=generator, device=data.labels.device)
    z = data.images[rows]
    t, eps = loss.draw(z, generator)
    return z, t, eps, drop_labels(data.labels[rows], DROP, null, generator)


def _progress(job: Job, clock: Clock, team: Team, losses: Iterator[float]) -> Iterator[float]:
    """Pass the losses on, under a bar with the loss, the rate and the time left."""
    total, start = (job.steps, clock.step) if job.steps else (round(job.seconds or 0), round(clock.seconds))
    unit, smooth = ("step", 0.0) if job.steps else ("s", 0.0)
    with tqdm(total=total, initial=start, unit=unit, disable=not team.leads, mininterval=0.5) as bar:
        for loss in losses:
            smooth = loss if smooth == 0 else 0.98 * smooth + 0.02 * loss
            bar.update((clock.step if job.steps else int(clock.seconds)) - bar.n)
            bar.set_postfix_str(f"loss {smooth:.4f}, step {clock.step}", refresh=False)
            yield loss


def _finish(job: Job, folder: Path, net: ImageNetwork, clock: Clock) -> None:
    told = job.described() | {"steps": clock.step, "training_seconds": round(clock.seconds, 1)}
    write(folder / "model.safetensors", lambda part: checkpoints.save(net, part, **told))
    numbers = sum(weight.numel() for weight in net.parameters())
    sizes = {"network": type(net).__name__, "sizes": net.config, "parameters": numbers}
    write_json(folder / "config.json", told | sizes | {"path": "straight line", "dropped_labels": DROP})
